//! What happens to a server's file while no server has it: a shop's file becomes it, a backup comes back.

use std::path::{Path, PathBuf};

use kontor_domain::ids::CompanyId;
use rusqlite::{Connection, OpenFlags};

use crate::closed_file;
use crate::copy::uuid;
use crate::error::StoreError;
use crate::sqlite::{backup_connection, check_header, has_table, take_lock};

/// What a file holds of a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The company.
    pub company: CompanyId,
    /// Its last rev.
    pub rev: i64,
}

/// The companies of a file that may be open elsewhere.
pub fn held(path: &Path) -> Result<Vec<Held>, StoreError> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| StoreError::from(error).about(path))?;
    let mut statement = file.prepare("SELECT company, rev FROM clock ORDER BY company")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?.collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(|(company, rev)| Ok(Held { company: CompanyId(uuid(&company)?), rev })).collect()
}

/// Takes a shop's file over: `to` is a copy of it, made while no program has it open. It must be its own authority.
pub fn take_over(from: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::Other(format!("{} is there already", to.display())));
    }
    check_header(from)?;
    let lock = take_lock(from)?;
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| StoreError::from(error).about(from))?;
    let role: String = source.query_row("SELECT role FROM installation WHERE id = 1", [], |row| row.get(0))?;
    if role != "authority" {
        return Err(StoreError::Other(format!("{} is a copy of another server's company", from.display())));
    }
    backup_connection(&source, to)?;
    drop(lock);
    Ok(())
}

/// What must not go back with the data: a token that was taken back stays so, one that was given stays good, a series
/// that was given is not given again, and no code comes back.
fn keep_access(fresh: &Path, before: &Path) -> Result<(), StoreError> {
    let before = Connection::open_with_flags(before, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut fresh = Connection::open(fresh)?;
    if !has_table(&before, "device_token")? || !has_table(&fresh, "device_token")? {
        return Ok(());
    }
    let transaction = fresh.transaction()?;
    transaction.execute("DELETE FROM enrolment", [])?;
    let copied = [
        ("device_token", "id, company, device, secret_hash, created_at, revoked_at", "id"),
        ("device_person", "company, device, person, granted_at, revoked_at", "company, device, person"),
    ];
    for (table, columns, key) in copied {
        let places = vec!["?"; columns.split(',').count()].join(", ");
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT ({key}) DO UPDATE SET revoked_at = excluded.revoked_at");
        let mut write = transaction.prepare(&sql)?;
        let mut read = before.prepare(&format!("SELECT {columns} FROM {table}"))?;
        let count = read.column_count();
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let cells = (0..count).map(|place| row.get::<_, rusqlite::types::Value>(place)).collect::<Result<Vec<_>, _>>()?;
            write.execute(rusqlite::params_from_iter(cells))?;
        }
    }
    // What was sealed to a key is still opened by it.
    if has_table(&before, "seal_key")? && has_table(&transaction, "seal_key")? {
        let mut read = before.prepare("SELECT company, public_key, private_key, created_at FROM seal_key")?;
        let mut rows = read.query([])?;
        while let Some(row) = rows.next()? {
            let cells = (0..4).map(|place| row.get::<_, rusqlite::types::Value>(place)).collect::<Result<Vec<_>, _>>()?;
            let sql = "INSERT INTO seal_key (company, public_key, private_key, created_at) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (company) DO UPDATE SET public_key = excluded.public_key, private_key = excluded.private_key";
            transaction.execute(sql, rusqlite::params_from_iter(cells))?;
        }
    }
    let mut read = before.prepare("SELECT company, series FROM clock")?;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let (company, series): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
        transaction.execute("UPDATE clock SET series = max(series, ?2) WHERE company = ?1", rusqlite::params![company, series])?;
    }
    Ok(transaction.commit()?)
}

/// Puts a backup where the server's file is or was. What was there is kept beside it under the name that comes back.
/// The backup begins a new history: copies that saw what it does not have start anew and bring what they have.
pub fn restore(from: &Path, to: &Path, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
    check_header(from)?;
    let _lock = take_lock(to)?;
    let mut fresh = to.as_os_str().to_owned();
    fresh.push(".restoring");
    let fresh = PathBuf::from(fresh);
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| StoreError::from(error).about(from))?;
    backup_connection(&source, &fresh)?;
    {
        let file = Connection::open(&fresh)?;
        file.execute("UPDATE clock SET epoch = randomblob(16)", [])?;
        let check: String = file.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if check != "ok" {
            return Err(StoreError::Damaged(from.display().to_string()));
        }
    }
    let mut before = None;
    if to.exists() {
        // A file so damaged that it cannot be read says nothing about tokens: devices join again.
        if let Err(error) = keep_access(&fresh, to) {
            tracing::warn!(%error, "tokens and series are the backup's");
        }
        let mut name = to.as_os_str().to_owned();
        name.push(format!(".replaced-{now_ms}"));
        let kept = PathBuf::from(name);
        // Through SQLite: what is only in its log belongs to it.
        let old = Connection::open(to)?;
        backup_connection(&old, &kept)?;
        drop(old);
        before = Some(kept);
    }
    for ending in ["-wal", "-shm"] {
        let mut name = to.as_os_str().to_owned();
        name.push(ending);
        if let Err(error) = std::fs::remove_file(PathBuf::from(name))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(StoreError::ReadOnly(to.display().to_string()));
        }
    }
    closed_file::rename(&fresh, to)?;
    Ok(before)
}
