//! A small disk of one's own, that can be full or closed to writing. Taken away at the end.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::ensure;

/// A disk in memory.
#[derive(Debug)]
pub struct SmallDisk {
    /// Where it is.
    pub folder: PathBuf,
    _parent: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` where this process may not mount.
    pub fn new(megabytes: u32) -> Option<Self> {
        let parent = tempfile::tempdir().ok()?;
        let folder = parent.path().join("disk");
        std::fs::create_dir(&folder).ok()?;
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "kontor-test"]).arg(&folder).output();
        match output {
            Ok(output) if output.status.success() => Some(Self { folder, _parent: parent }),
            other => {
                // Where everything must be tried it may.
                assert!(std::env::var_os("CI").is_none_or(|set| set != "true"), "a small disk cannot be mounted here: {other:?}");
                eprintln!("SKIPPED: a small disk cannot be mounted here: {other:?}");
                None
            }
        }
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
        Ok(())
    }

    /// Takes away what filled it.
    pub fn make_room(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    /// Nobody may write, or everybody again: `ro`, `rw`.
    pub fn remount(&self, way: &str) -> anyhow::Result<()> {
        let status = Command::new("mount").args(["-o", &format!("remount,{way}")]).arg(&self.folder).status()?;
        ensure!(status.success(), "remount {way}");
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = Command::new("umount").arg("-l").arg(&self.folder).status() {
            eprintln!("umount: {error}");
        }
    }
}
