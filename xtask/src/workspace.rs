//! Where things are, how cargo is called, and what has been done so far.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;
use crate::setup::Consent;

/// The feature with which the window shows the screens inside the program, not those of a
/// development server. It goes with every build, so that there is one build and not two.
pub const FEATURES: [&str; 2] = ["--features", "kontor-desktop/custom-protocol"];

/// This repository on this machine.
pub struct Workspace {
    /// The repository.
    pub root: PathBuf,
    /// Where cargo builds.
    pub target: PathBuf,
    /// May system packages be installed without asking?
    pub consent: Consent,
    metadata: Value,
    started: Instant,
    steps: RefCell<Vec<(String, Duration)>>,
}

impl Workspace {
    /// Asks cargo where everything is.
    pub fn find(consent: Consent) -> Result<Self> {
        let root = find_root()?;
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        let metadata = process::read(cargo_in(&root).args(arguments))?;
        let metadata: Value = serde_json::from_str(&metadata).context("reading `cargo metadata`")?;
        let target = metadata["target_directory"].as_str().context("`cargo metadata` names the target directory")?;
        Ok(Self { target: PathBuf::from(target), root, consent, started: Instant::now(), steps: RefCell::default(), metadata })
    }

    /// `cargo`, in the repository.
    pub fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// What runs and tests leave behind for a person to look at.
    pub fn leavings(&self) -> PathBuf {
        self.root.join("target")
    }

    /// A program built by cargo.
    pub fn program(&self, profile_folder: &str, name: &str) -> PathBuf {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.target.join(profile_folder).join(file)
    }

    /// Does a package have a program of this name?
    pub fn has_program(&self, package: &str, name: &str) -> bool {
        let packages = self.metadata["packages"].as_array();
        let targets = packages.into_iter().flatten().filter(|it| it["name"] == package).filter_map(|it| it["targets"].as_array()).flatten();
        targets.filter(|target| target["kind"][0] == "bin").any(|target| target["name"] == name)
    }

    /// Does something, saying what and how long it took.
    pub fn step<T>(&self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("==> {what}");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        let outcome = if result.is_ok() { "done" } else { "FAILED" };
        eprintln!("    {outcome}: {what}, {}", shown(took));
        self.steps.borrow_mut().push((format!("{what}: {outcome}"), took));
        result
    }

    /// Prints every step so far with its time.
    pub fn print_steps(&self) {
        eprintln!("\n==> Summary");
        for (what, took) in self.steps.borrow().iter() {
            eprintln!("{:>12}  {what}", shown(*took));
        }
        eprintln!("{:>12}  in all", shown(self.started.elapsed()));
    }
}

/// The repository, as the cargo that started us says it. Not as it was when we were compiled: two
/// clones that share a target directory share this program, and the other's folder would be built.
fn find_root() -> Result<PathBuf> {
    let ours = std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let root = Path::new(&ours).parent();
    Ok(root.context("xtask lies in a folder")?.to_owned())
}

/// `cargo` without what the cargo that started us told us about ourselves: some build scripts
/// watch these variables, and would run again whenever a person calls cargo directly in between.
fn cargo_in(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// A duration as a person reads it.
fn shown(took: Duration) -> String {
    let seconds = took.as_secs();
    match seconds {
        0..60 => format!("{seconds}.{} s", took.subsec_millis() / 100),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
