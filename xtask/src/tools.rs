//! Programs for developers. One that is on the search path is used as it is; else the version
//! named here is built into our own folder, and nothing of the person's is touched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// A program that cargo can install.
pub struct Tool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
}

/// Runs tests, each in its own process.
pub const NEXTEST: Tool = Tool { program: "cargo-nextest", package: "cargo-nextest", version: "0.9.151" };

/// Checks licences and where packages come from.
pub const DENY: Tool = Tool { program: "cargo-deny", package: "cargo-deny", version: "0.20.2" };

/// Finds misspelt words.
const TYPOS: Tool = Tool { program: "typos", package: "typos-cli", version: "1.52.0" };

/// Which packages exactly.
const LOCK: &str = "package-lock.json";

/// Asks an API what its description promises, and much that it does not.
const SCHEMATHESIS: (&str, &str) = ("schemathesis", "4.32.5");

/// Where a tool is, after installing it if it was missing.
pub fn ensure(workspace: &Workspace, tool: &Tool) -> Result<PathBuf> {
    if let Some(found) = find(workspace, tool) {
        return Ok(found);
    }
    let what = format!("building {} {} (once)", tool.package, tool.version);
    workspace.step(&what, || install(workspace, tool))?;
    find(workspace, tool).with_context(|| format!("{} was not installed", tool.program))
}

/// Where `typos` is. Python's package is made ready in seconds, cargo's takes minutes.
pub fn ensure_typos(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(found) = find(workspace, &TYPOS) {
        return Ok(found);
    }
    let environment = folder(workspace).join("python");
    let program = environment.join("bin").join(TYPOS.program);
    if program.is_file() {
        return Ok(program);
    }
    let what = format!("installing typos {} (once)", TYPOS.version);
    let package = format!("{}=={}", TYPOS.program, TYPOS.version);
    match workspace.step(&what, || install_from_python(&environment, &package)) {
        Ok(()) if program.is_file() => Ok(program),
        _ => ensure(workspace, &TYPOS),
    }
}

/// Where `schemathesis` is.
pub fn ensure_schemathesis(workspace: &Workspace) -> Result<PathBuf> {
    let (name, version) = SCHEMATHESIS;
    if let Some(found) = process::which(name) {
        return Ok(found);
    }
    let environment = folder(workspace).join(name);
    let program = environment.join("bin").join(name);
    if !program.is_file() {
        let package = format!("{name}=={version}");
        workspace.step(&format!("installing {name} {version} (once)"), || install_from_python(&environment, &package))?;
    }
    Ok(program)
}

/// The search path with our own tools first, so that `cargo nextest` is found.
pub fn search_path(workspace: &Workspace) -> Result<OsString> {
    let before = std::env::var_os("PATH").unwrap_or_default();
    let ours = folder(workspace).join("bin");
    let folders = std::iter::once(ours).chain(std::env::split_paths(&before));
    std::env::join_paths(folders).context("the search path holds a folder with a colon")
}

/// Where the packages are that drive and judge a browser: exactly those of `tests/browser/package-lock.json`.
pub fn ensure_browser_modules(workspace: &Workspace) -> Result<PathBuf> {
    let (source, place) = (workspace.root.join("tests/browser"), folder(workspace).join("browser"));
    let wanted = std::fs::read(source.join(LOCK)).with_context(|| source.display().to_string())?;
    // Written last: with it, the packages are there.
    let done = place.join("installed");
    if std::fs::read(&done).is_ok_and(|before| before == wanted) {
        return Ok(place);
    }
    workspace.step("installing what drives a browser (once)", || {
        std::fs::create_dir_all(&place)?;
        for name in ["package.json", LOCK] {
            std::fs::copy(source.join(name), place.join(name))?;
        }
        // No package runs anything while it is installed.
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        process::run(Command::new("npm").args(arguments).current_dir(&place))?;
        Ok(std::fs::write(&done, &wanted)?)
    })?;
    Ok(place)
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

fn find(workspace: &Workspace, tool: &Tool) -> Option<PathBuf> {
    let name = format!("{}{}", tool.program, std::env::consts::EXE_SUFFIX);
    let ours = folder(workspace).join("bin").join(name);
    process::which(tool.program).or_else(|| ours.is_file().then_some(ours))
}

/// Without optimisation: these tools wait for others most of the time, and a person for them.
fn install(workspace: &Workspace, tool: &Tool) -> Result<()> {
    let place = folder(workspace);
    let scratch = place.join("build");
    let version = ["--version", tool.version];
    let mut cargo = workspace.cargo();
    cargo
        .args(["install", "--quiet", "--locked", "--debug", tool.package])
        .args(version)
        .arg("--root")
        .arg(&place)
        .arg("--target-dir")
        .arg(&scratch)
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    let result = process::run(&mut cargo);
    // Only disk space; the next installation would overwrite it.
    let _ = std::fs::remove_dir_all(scratch);
    result
}

fn install_from_python(environment: &Path, package: &str) -> Result<()> {
    process::run(Command::new("python3").args(["-m", "venv"]).arg(environment))?;
    let pip = environment.join("bin").join("pip");
    process::run(Command::new(pip).args(["install", "--quiet", package]))
}
