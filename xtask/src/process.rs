//! Starting other programs, and saying what went wrong with them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a command to its end, its output on our terminal. Anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and gives back what it wrote. Anything but success is an error.
pub fn read(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", shown(command), output.status, complaint.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command and gives back whatever came of it.
pub fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| format!("starting {}", shown(command)))
}

/// A command for a program that must not outlive us, even if we are killed.
pub fn companion(program: impl AsRef<OsStr>) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Asks a program we started to end by the signal named, and waits for it.
pub fn stop(child: &mut Child, signal: &str) {
    let pid = child.id().to_string();
    let asked = Command::new("kill").args(["-s", signal, &pid]).status();
    if !asked.is_ok_and(|status| status.success()) {
        // Already gone, or a system without `kill`; either way there is nothing more polite to do.
        let _ = child.kill();
    }
    let _ = child.wait();
}

/// Where a program is on the search path.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// Are we the system's administrator?
pub fn is_root() -> bool {
    cfg!(unix) && read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// A command as a person would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
