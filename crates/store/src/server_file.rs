//! What happens to a server's file while no server has it: a shop's file becomes it, a backup comes back.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::access::Access;
use crate::backup::backup_connection;
use crate::closed_file;
use crate::error::StoreError;
use crate::sqlite::{self, check_header, take_lock};

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

/// Puts a backup where the server's file is or was. What was there is kept beside it under the name that comes back.
/// The backup begins a new history: copies that saw what it does not have start anew and bring what they have.
pub async fn restore(from: &Path, to: &Path, now_ms: i64, new_epoch: fn() -> Uuid) -> Result<Option<PathBuf>, StoreError> {
    check_header(from)?;
    let _lock = take_lock(to)?;
    let mut fresh = to.as_os_str().to_owned();
    fresh.push(".restoring");
    let fresh = PathBuf::from(fresh);
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| StoreError::from(error).about(from))?;
    backup_connection(&source, &fresh)?;
    let check: String = Connection::open(&fresh)?.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(StoreError::Damaged(from.display().to_string()));
    }
    come_back(&fresh, to, new_epoch).await?;
    let mut before = None;
    if to.exists() {
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

/// A file so damaged that it cannot be read says nothing about who may speak to the server: devices join again.
async fn come_back(fresh: &Path, before: &Path, new_epoch: fn() -> Uuid) -> Result<(), StoreError> {
    let access = Access::open(&sqlite::url(fresh, "rw")).await?;
    let mut is_done = false;
    if before.exists() {
        match Access::open(&sqlite::url(before, "ro")).await {
            Ok(before) => {
                is_done =
                    access.come_back(Some(&before), new_epoch).await.inspect_err(|error| tracing::warn!(%error, "tokens are the backup's")).is_ok();
                before.close().await;
            }
            Err(error) => tracing::warn!(%error, "tokens are the backup's"),
        }
    }
    let done = if is_done { Ok(()) } else { access.come_back(None, new_epoch).await };
    access.close().await;
    done
}
