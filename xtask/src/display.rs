//! A screen nobody sees, for windows on machines without a display.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process;

/// An X server in memory; gone when dropped.
pub struct Display {
    server: Child,
    number: String,
    runtime: TempDir,
}

impl Display {
    /// Starts one on a number of its own choice, which must be free.
    pub fn start() -> Result<Self> {
        let runtime = tempfile::Builder::new().prefix("kontor-display-").tempdir().context("making a folder for the display")?;
        let mut command = process::companion("Xvfb");
        command
            .args(["-displayfd", "1", "-screen", "0", "1440x900x24"])
            // Without -noreset it begins anew when its last window closes, and drops whoever
            // connects at that moment.
            .args(["-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = command.spawn().context("starting Xvfb")?;
        let number = read_number(&mut server);
        if number.is_empty() {
            process::stop(&mut server, "TERM");
            bail!("Xvfb did not start (is /tmp/.X11-unix writable?)");
        }
        Ok(Self { server, number, runtime })
    }

    /// A command whose windows open here, with a message bus of its own: a Kontor that a person
    /// has open must not be found, nor find this one.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = process::companion("dbus-run-session");
        command.arg("--").arg(program);
        command
            .env("DISPLAY", format!(":{}", self.number))
            .env_remove("WAYLAND_DISPLAY")
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env("XDG_RUNTIME_DIR", self.runtime.path());
        command
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        process::stop(&mut self.server, "TERM");
    }
}

/// Can a person see windows here?
pub fn is_there() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// The server writes its number when it is ready, and nothing when it cannot start.
fn read_number(server: &mut Child) -> String {
    let mut line = String::new();
    if let Some(output) = server.stdout.take() {
        // An error leaves the line empty, which says enough.
        let _ = BufReader::new(output).read_line(&mut line);
    }
    line.trim().to_owned()
}
