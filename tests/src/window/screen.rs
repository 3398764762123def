//! A screen nobody sees: an X server of one window's own, so that windows of tests that run at the same time do not
//! take each other's keys.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

/// Size of the screen, and so of a window without a window manager.
pub const SIZE: &str = "1366x768x24";

/// A command for a program that must not outlive us, even if we are killed.
pub(super) fn companion(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", program]);
    command
}

/// An X server in memory; gone when dropped, and with it every window on it.
#[derive(Debug)]
pub struct Screen {
    server: Child,
    /// What `DISPLAY` is for programs on it.
    pub name: String,
}

impl Screen {
    /// Starts one on a free number.
    pub fn start() -> anyhow::Result<Self> {
        let mut command = companion("Xvfb");
        // Without -noreset a screen begins anew when its last window closes, and drops whoever connects at that moment.
        command.args(["-displayfd", "1", "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"]);
        let mut server = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("Xvfb")?;
        let mut number = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output).read_line(&mut number)?;
        }
        ensure!(!number.trim().is_empty(), "Xvfb did not start (is /tmp/.X11-unix writable?)");
        Ok(Self { server, name: format!(":{}", number.trim()) })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do here.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
