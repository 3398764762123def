//! A small disk of a test's own, to be filled.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// A file system in memory that is taken away at the end.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where this process may not mount; in CI that is an error, or the test would prove nothing unseen.
    pub fn new(megabytes: u32) -> anyhow::Result<Option<Self>> {
        let parent = tempfile::tempdir()?;
        let folder = parent.path().join("disk");
        std::fs::create_dir(&folder)?;
        let mut mount = Command::new("mount");
        let output = mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "kontor-test"]).arg(&folder).output();
        match output {
            Ok(output) if output.status.success() => Ok(Some(Self { folder, _parent: parent })),
            other if std::env::var_os("CI").is_some() => bail!("a small disk cannot be mounted here: {other:?}"),
            other => {
                eprintln!("SKIPPED: a small disk cannot be mounted here: {other:?}");
                Ok(None)
            }
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Writes until nothing more goes in.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.ballast())?;
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        ensure!(file.write_all(&[0]).is_err(), "there is still room");
        Ok(())
    }

    /// Takes what filled it away.
    pub fn make_room(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.ballast()).context("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = Command::new("umount").arg("-l").arg(&self.folder).status() {
            eprintln!("umount: {error}");
        }
    }
}
