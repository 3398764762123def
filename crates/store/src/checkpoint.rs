//! Copying the WAL into the file beside the writer, so that no commit waits for it.

use std::cell::Cell;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::sqlite::{CHECKPOINT_PAGES, Synchronous};

/// Pages of WAL (128 MB) after which a commit waits: writing without a pause for long enough, the log would grow for ever.
const GROWN_PAGES: i32 = 4 * CHECKPOINT_PAGES;

thread_local! {
    /// Pages that the last commit of this thread left in the WAL.
    static PAGES: Cell<i32> = const { Cell::new(0) };
}

/// A thread with a connection of its own, that copies the WAL into the file when it is told to.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    due: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    /// For the file of this connection, whose commits are counted from now on and no longer copy by themselves.
    pub fn start(path: &Path, synchronous: Synchronous, writer: &Connection) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "synchronous", synchronous.level())?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        // One that waits is enough: it copies whatever is there when it comes to it.
        let (due, told) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("kontor-checkpoint".into())
            .spawn(move || run(&connection, &told))
            .map_err(|error| StoreError::Other(error.to_string()))?;
        writer.wal_hook(Some(count));
        Ok(Self { due, thread })
    }

    /// After a commit: a long WAL is copied.
    pub fn after_commit(&self) {
        if PAGES.get() >= CHECKPOINT_PAGES {
            self.copy();
        }
    }

    /// What is in the WAL is copied soon.
    pub fn copy(&self) {
        // Full: one waits already. Ended: the commit that finds the WAL grown copies it.
        let _ = self.due.try_send(());
    }

    /// Waits for the copy that runs, and closes.
    pub fn close(self) {
        drop(self.due);
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread ended with a panic");
        }
    }
}

fn run(connection: &Connection, told: &Receiver<()>) {
    while told.recv().is_ok() {
        checkpoint(connection);
    }
}

/// What each commit of the writer calls with the length of the WAL. An error told here would be the commit's, which stands.
fn count(wal: &Wal, pages: i32) -> rusqlite::Result<()> {
    PAGES.set(pages);
    if pages >= GROWN_PAGES
        && let Err(error) = wal.checkpoint()
    {
        tracing::warn!(%error, "checkpoint of a grown log");
    }
    Ok(())
}

/// Copies what no reader needs in the WAL any more.
pub(crate) fn checkpoint(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "checkpoint");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const PAGE_BYTES: i64 = 4096;

    /// A file in WAL mode, whose table is still in the log, and what copies it.
    fn writing(folder: &Path) -> (std::path::PathBuf, Connection, Checkpointer) {
        let path = folder.join("file.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        let checkpointer = Checkpointer::start(&path, Synchronous::Off, &writer).unwrap();
        writer.execute_batch("CREATE TABLE heap (bytes BLOB NOT NULL)").unwrap();
        (path, writer, checkpointer)
    }

    fn write_pages(writer: &Connection, pages: i64) {
        writer.execute("INSERT INTO heap (bytes) VALUES (zeroblob(?1))", [pages * PAGE_BYTES]).unwrap();
    }

    fn pages_of(path: &Path) -> i64 {
        i64::try_from(path.metadata().unwrap().len()).unwrap() / PAGE_BYTES
    }

    #[test]
    fn a_short_log_is_left_and_a_long_one_copied_beside_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer, checkpointer) = writing(folder.path());
        let before = pages_of(&path);
        checkpointer.after_commit();
        write_pages(&writer, i64::from(CHECKPOINT_PAGES));
        assert_eq!(pages_of(&path), before, "a commit copies nothing itself");
        checkpointer.after_commit();
        checkpointer.close();
        assert!(pages_of(&path) > i64::from(CHECKPOINT_PAGES));
    }

    #[test]
    fn a_log_that_has_grown_too_long_is_copied_by_the_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer, checkpointer) = writing(folder.path());
        write_pages(&writer, i64::from(GROWN_PAGES));
        assert!(pages_of(&path) > i64::from(GROWN_PAGES));
        checkpointer.close();
    }
}
