//! Files of the simulated machines: made from a template, copied, cut.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kontor_store::closed_file;
use kontor_store::sqlite::{self, SqliteFile, Synchronous};

/// Databases with all migrations, made once.
pub struct Template {
    copy: Vec<u8>,
    server: Vec<u8>,
}

impl Template {
    /// Makes them.
    pub fn make() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("template.kontor");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        drop(runtime.block_on(sqlite::open(&path, Synchronous::Off))?);
        let copy = std::fs::read(&path)?;
        drop(open(&path)?.serve_copies()?);
        Ok(Self { copy, server: std::fs::read(&path)? })
    }

    /// A fresh file of a till.
    pub fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, &self.copy).with_context(|| path.display().to_string())
    }

    /// A fresh file that copies read from.
    pub fn write_server(&self, path: &Path) -> Result<()> {
        std::fs::write(path, &self.server).with_context(|| path.display().to_string())
    }
}

/// A machine's disk at one moment.
#[derive(Clone)]
pub struct Image {
    main: Vec<u8>,
    wal: Vec<u8>,
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Bytes of the write-ahead log of a file.
pub fn wal_length(path: &Path) -> u64 {
    std::fs::metadata(beside(path, "-wal")).map_or(0, |data| data.len())
}

impl Image {
    /// The disk as it is. No transaction may be running.
    pub fn take(path: &Path) -> Result<Self> {
        Ok(Self { main: std::fs::read(path)?, wal: std::fs::read(beside(path, "-wal")).unwrap_or_default() })
    }

    /// The same with the end of its log lost.
    pub fn cut(mut self, wal_length: usize) -> Self {
        self.wal.truncate(wal_length);
        self
    }

    /// Puts it where a closed file was.
    pub fn put(&self, path: &Path) -> Result<()> {
        closed_file::remove(path)?;
        std::fs::write(path, &self.main)?;
        if !self.wal.is_empty() {
            std::fs::write(beside(path, "-wal"), &self.wal)?;
        }
        Ok(())
    }
}

/// Opens a file as the program does.
pub fn open(path: &Path) -> Result<SqliteFile> {
    Ok(sqlite::open_ready(path, Synchronous::Off)?)
}
