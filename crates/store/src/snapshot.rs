//! A ready file with a scope's rows at one rev: a new copy starts from it and pulls what came after.

use std::path::Path;

use kontor_domain::ids::CompanyId;
use kontor_domain::world::{Scope, Stored};

use crate::copy::{Local, PulledRow, perform_all};
use crate::error::StoreError;
use crate::feed::{FeedKind, FeedRow};
use crate::sqlite::{self, SqliteFile, Synchronous};

/// A file that is being filled.
#[derive(Debug)]
pub struct SnapshotFile {
    file: SqliteFile,
    company: CompanyId,
}

impl SnapshotFile {
    /// A fresh file. What is half written when the program ends is of no use to anybody, so nothing is waited for.
    pub async fn create(path: &Path, company: CompanyId) -> Result<Self, StoreError> {
        let file = sqlite::open(path, Synchronous::Off).await?;
        // One file is sent, not one with a log beside it.
        file.connection().pragma_update(None, "journal_mode", "OFF")?;
        file.connection().execute_batch("BEGIN")?;
        Ok(Self { file, company })
    }

    /// Rows of one snapshot of the authority.
    pub fn add(&self, rows: Vec<FeedRow>) -> Result<(), StoreError> {
        let put = |row: FeedRow| Local::Put(PulledRow { table: row.table, stored: Stored { cells: row.cells, scope: row.scope, rev: row.rev } });
        let rows: Vec<Local> = rows.into_iter().filter(|row| row.kind == FeedKind::Put).map(put).collect();
        perform_all(self.file.connection(), self.company, &rows)
    }

    /// All rows of the scope up to this rev are there.
    pub fn finish(self, scope: Scope, rev: i64) -> Result<(), StoreError> {
        perform_all(self.file.connection(), self.company, &[Local::Cursor(scope, Some(rev))])?;
        self.file.connection().execute_batch("COMMIT")?;
        Ok(())
    }
}
