//! Files that nobody has open: looked into, removed, given another name.

use std::path::{Path, PathBuf};

use kontor_domain::ids::CompanyId;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::{has_table, io_error, take_lock};

/// Reads a file that is not open; `None` if it is not there. One that cannot be read is an error, not a missing one.
pub fn peek<T>(path: &Path, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    if !path.try_exists().map_err(|error| io_error(&error, path))? {
        return Ok(None);
    }
    let opened = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(StoreError::from);
    opened.and_then(|file| read(&file)).map(Some).map_err(|error| error.about(path))
}

/// Whether a file that is not open holds a company.
pub fn has_company(path: &Path) -> Result<bool, StoreError> {
    let found = peek(path, |file| Ok(has_table(file, "company")? && file.prepare("SELECT 1 FROM company")?.exists([])?))?;
    Ok(found.unwrap_or(false))
}

/// Whether a file that is not open holds the history of this company.
pub fn has_history(path: &Path, company: CompanyId) -> Result<bool, StoreError> {
    let owner = company.0.as_bytes();
    let found = peek(path, |file| Ok(has_table(file, "clock")? && file.prepare("SELECT 1 FROM clock WHERE company = ?1")?.exists([owner])?))?;
    Ok(found.unwrap_or(false))
}

/// The files that SQLite keeps beside a database, and the lock.
fn companions(path: &Path) -> impl Iterator<Item = PathBuf> {
    let name = path.as_os_str().to_owned();
    ["", "-wal", "-shm", ".lock"].into_iter().map(move |ending| {
        let mut name = name.clone();
        name.push(ending);
        PathBuf::from(name)
    })
}

/// Removes a closed file with all that stands beside it. A file that is not there is removed already.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    for file in companions(path) {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io_error(&error, &file)),
            _ => {}
        }
    }
    Ok(())
}

/// Gives a file that nobody has open another name, with all that was committed to it: what a killed program left in the
/// WAL is put into the file first.
pub fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    let _lock = take_lock(from)?;
    let file = Connection::open_with_flags(from, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let checkpoint = file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    let is_busy = checkpoint.map_err(|error| StoreError::from(error).about(from))?;
    if is_busy != 0 {
        return Err(StoreError::AlreadyOpen(from.display().to_string()));
    }
    file.close().map_err(|(_, error)| error)?;
    std::fs::rename(from, to).map_err(|error| io_error(&error, to))?;
    remove(from)
}
