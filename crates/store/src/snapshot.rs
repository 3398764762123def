//! A ready file with a scope's rows at one rev: a new copy starts from it and pulls what came after.

use std::path::Path;

use kontor_domain::ids::CompanyId;
use kontor_domain::world::{Scope, Stored};

use crate::closed_file;
use crate::copy::{self, Local, Meta, PulledRow, perform_all};
use crate::error::StoreError;
use crate::feed::{self, FeedKind, FeedRow};
use crate::installation::Installation;
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
        Self::fill(sqlite::open(path, Synchronous::Off).await?, company)
    }

    /// A file that is open and empty.
    pub fn fill(file: SqliteFile, company: CompanyId) -> Result<Self, StoreError> {
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

/// Makes a copy of a ready file: it goes on from the rev of its rows. `false`: another version of the program made the
/// file, and its rows come one by one. What is answered is durable.
pub fn start_copy(path: &Path, installation: Installation, meta: &Meta) -> Result<bool, StoreError> {
    let version = closed_file::peek(path, |file| Ok(file.query_row("SELECT MAX(version) FROM _sqlx_migrations", [], |row| row.get(0))?))?;
    if version != Some(feed::schema()) {
        return Ok(false);
    }
    let file = sqlite::open_ready(path, Synchronous::Full)?;
    copy::make(file.connection(), installation.company, installation.device, installation.person.0, meta)?;
    drop(file);
    // It came without waiting for the disk.
    std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(|error| sqlite::io_error(&error, path))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use kontor_domain::ids::{DeviceId, PersonId};
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_file_of_another_version_starts_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let company = CompanyId(Uuid::from_u128(1));
        let who = Installation { company, device: DeviceId(Uuid::from_u128(2)), person: PersonId(Uuid::from_u128(3)) };
        let meta = Meta::fresh(None, Uuid::from_u128(4), 2);
        for (name, change, is_ours) in [
            ("ours", "SELECT 1", true),
            ("newer", "UPDATE _sqlx_migrations SET version = 900 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)", false),
            ("older", "DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)", false),
        ] {
            let path = folder.path().join(name);
            SnapshotFile::create(&path, company).await.unwrap().finish(Scope::COMPANY, 7).unwrap();
            rusqlite::Connection::open(&path).unwrap().execute_batch(change).unwrap();
            assert_eq!(start_copy(&path, who, &meta).unwrap(), is_ours, "{name}");
            let state = closed_file::peek(&path, copy::state).unwrap();
            assert_eq!(state.flatten().map(|copy| copy.cursors), is_ours.then(|| [(Scope::COMPANY, 7)].into()), "{name}");
        }
    }
}
