//! Copies of a whole file, of one moment, while others work on it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::sqlite::io_error;

/// After so many steps of its machine SQLite says that it is still copying. To look at a file's length costs less than they do.
const PROGRESS_STEPS: i32 = 2_000;

/// What a copy is called while it is written.
fn partial_of(to: &Path) -> PathBuf {
    let mut partial = to.as_os_str().to_owned();
    partial.push(".part");
    PathBuf::from(partial)
}

/// Copies a whole database through SQLite itself: a file copy of a WAL database is not a copy.
pub(crate) fn backup_connection(source: &Connection, to: &Path) -> Result<(), StoreError> {
    let partial = partial_of(to);
    std::fs::remove_file(&partial)
        .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(io_error(&error, &partial)) })?;
    source.execute("VACUUM INTO ?1", [partial.to_string_lossy()])?;
    std::fs::rename(&partial, to).map_err(|error| io_error(&error, to))
}

/// Writes a backup copy of an open file (a second connection; selling goes on). Never over the file itself: what is written
/// after that would go to a file without a name.
pub fn backup(path: &Path, to: &Path) -> Result<(), StoreError> {
    backup_with_progress(path, to, |_, _| {})
}

/// The same; `progress` is told (bytes written, bytes of the file), each percent once.
pub fn backup_with_progress(path: &Path, to: &Path, progress: impl Fn(i64, i64) + Send + 'static) -> Result<(), StoreError> {
    if to.exists() && std::fs::canonicalize(to).ok() == std::fs::canonicalize(path).ok() {
        return Err(StoreError::ReadOnly(to.display().to_string()));
    }
    let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let bytes = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    let total: i64 = source.query_row(bytes, [], |row| row.get(0))?;
    let (partial, mut told) = (partial_of(to), -1);
    progress(0, total);
    let watch = move || {
        let done = std::fs::metadata(&partial).map_or(0, |file| i64::try_from(file.len()).unwrap_or(i64::MAX)).min(total);
        let percent = i128::from(done) * 100 / i128::from(total.max(1));
        if percent != told {
            told = percent;
            progress(done, total);
        }
        // Going on.
        false
    };
    source.progress_handler(PROGRESS_STEPS, Some(watch))?;
    backup_connection(&source, to)
}
