//! System packages: which are needed for what, and how they come onto the machine.

use std::io::{IsTerminal, Write};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// What the desktop program is built from and needs when it runs.
pub const BUILD: &[&str] = &["build-essential", "pkg-config", "libwebkit2gtk-4.1-dev", "librsvg2-dev", "libxdo-dev", "fonts-noto-cjk"];

/// What opens, drives and photographs a window where there is no display.
pub const HEADLESS: &[&str] = &["xvfb", "webkit2gtk-driver", "dbus", "imagemagick"];

/// What the tests need on top of that.
pub const TEST: &[&str] = &["curl", "jq", "poppler-utils", "strace", "zbar-tools"];

/// The second database engine.
pub const POSTGRES: &[&str] = &["postgresql"];

/// A browser. What drives it needs `node` and `npm`: [`node`].
pub const BROWSER: &[&str] = &["chromium"];

/// What the spelling check, and what asks the API, are installed with.
pub const SPELLING: &[&str] = &["python3-venv"];

/// A compiler that comes with the sources of its standard library, for machines where rustup
/// cannot fetch the wasm target.
pub const WASM: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];

/// All that any command asks for, except what only some machines need.
pub const EVERYTHING: &[&[&str]] = &[BUILD, HEADLESS, TEST, POSTGRES, BROWSER, SPELLING];

/// May packages be installed without asking?
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Asked for by `--yes`, or an unattended machine.
    Given,
    /// A person is asked.
    Ask,
}

impl Consent {
    /// From `--yes`; a machine that says `CI=true` has nobody to ask.
    pub fn from_flag(yes: bool) -> Self {
        let unattended = std::env::var("CI").is_ok_and(|value| value == "true");
        if yes || unattended { Self::Given } else { Self::Ask }
    }
}

/// Installs what is missing of these packages. Asking dpkg takes a few milliseconds, so it is
/// asked each time: a remembered answer could be about another machine.
pub fn ensure(workspace: &Workspace, groups: &[&[&str]]) -> Result<()> {
    let wanted = groups.concat();
    if !is_debian() {
        tell_other_systems(workspace, &wanted);
        return Ok(());
    }
    let missing = missing(&wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    let what = format!("installing system packages (minutes): {}", missing.join(" "));
    ask(workspace.consent, &missing)?;
    workspace.step(&what, || install(&missing))
}

/// `node` with `npm`: those of the search path, wherever they are from; else the system's.
pub fn node(workspace: &Workspace) -> Result<()> {
    if process::which("node").is_some() && process::which("npm").is_some() { Ok(()) } else { ensure(workspace, &[&["nodejs", "npm"]]) }
}

/// Debian, Ubuntu and what descends from them.
pub fn is_debian() -> bool {
    process::which("dpkg-query").is_some() && process::which("apt-get").is_some()
}

fn missing<'a>(wanted: &[&'a str]) -> Result<Vec<&'a str>> {
    let format = "-f=${Package} ${db:Status-Status}\n";
    let mut query = Command::new("dpkg-query");
    // It fails when one package is unknown, and still answers for the others.
    let output = process::output(query.args(["-W", format]).args(wanted))?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_there = |package: &str| answer.lines().any(|line| line == format!("{package} installed"));
    Ok(wanted.iter().copied().filter(|it| !is_there(it)).collect())
}

/// Elsewhere packages have other names, and whoever chose such a system knows them.
fn tell_other_systems(workspace: &Workspace, wanted: &[&str]) {
    let told = workspace.target.join("packages-told");
    let list = other_system(std::env::consts::OS, wanted);
    if std::fs::read_to_string(&told).is_ok_and(|before| before == list) {
        return;
    }
    eprintln!("This is not Debian or Ubuntu. Kontor needs:\n    {list}");
    // Only to say it once; said twice it does no harm.
    let _ = std::fs::create_dir_all(&workspace.target).and_then(|()| std::fs::write(told, list));
}

/// What is needed on a system whose packages are not known here.
fn other_system(system: &str, wanted: &[&str]) -> String {
    match system {
        "macos" => "the command line tools of Xcode (xcode-select --install)".to_owned(),
        "windows" => "the C++ build tools of Visual Studio, and WebView2 (part of Windows 11)".to_owned(),
        _ => format!("what is called there: {}", wanted.join(" ")),
    }
}

fn ask(consent: Consent, missing: &[&str]) -> Result<()> {
    if consent == Consent::Given {
        return Ok(());
    }
    let list = missing.join(" ");
    if !std::io::stdin().is_terminal() {
        bail!("system packages are missing: {list}\ninstall them, or say --yes");
    }
    eprint!("Kontor needs these system packages: {list}\nInstall them with apt-get? [Y/n] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "" | "y" | "yes" => Ok(()),
        _ => bail!("nothing was installed; Kontor needs: {list}"),
    }
}

fn install(packages: &[&str]) -> Result<()> {
    // Two thousand lines about packages help nobody; what went wrong is in the error.
    process::read(apt_get()?.args(["-q", "update"])).context("fetching the list of packages (is the network there?)")?;
    let install = ["-q", "-y", "--no-install-recommends", "install"];
    process::read(apt_get()?.args(install).args(packages)).map(drop)
}

/// `apt-get` with the rights and the silence it needs.
fn apt_get() -> Result<Command> {
    let quiet = ["DEBIAN_FRONTEND=noninteractive", "apt-get"];
    let mut command = if process::is_root() {
        Command::new("env")
    } else if process::which("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    } else {
        bail!("installing packages needs an administrator, and there is no sudo");
    };
    command.args(quiet).args(["-o", "Dpkg::Use-Pty=0"]);
    Ok(command)
}
