//! A session bus of one test's own, by which a second start of a program finds the first.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context as _, ensure};

use super::screen::companion;

/// A running bus; gone when dropped.
#[derive(Debug)]
pub struct Bus {
    daemon: Child,
    /// What `DBUS_SESSION_BUS_ADDRESS` is for programs on it.
    pub address: String,
}

impl Bus {
    /// Starts one.
    pub fn start() -> anyhow::Result<Self> {
        let mut command = companion("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address=1"]);
        let mut daemon = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("dbus-daemon")?;
        let mut address = String::new();
        if let Some(output) = daemon.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        ensure!(!address.trim().is_empty(), "dbus-daemon did not start");
        Ok(Self { daemon, address: address.trim().to_owned() })
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do here.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
