//! `cargo xtask test`: everything that can be wrong with Kontor, looked for.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::display::Display;
use crate::postgres::{self, Cluster};
use crate::process;
use crate::proofs;
use crate::setup;
use crate::tools;
use crate::ui;
use crate::workspace::{FEATURES, Workspace};

/// A proof that is a program of `kontor-tests`, run after the tests.
struct SlowProof {
    name: &'static str,
    /// Its arguments for every change, and before a release.
    normal: &'static [&'static str],
    long: &'static [&'static str],
}

const SLOW_PROOFS: &[SlowProof] = &[
    SlowProof { name: "crash", normal: &["--kills", "200"], long: &["--kills", "10000"] },
    SlowProof { name: "powercut", normal: &["--instants", "200"], long: &["--instants", "5000", "--commands", "600"] },
    SlowProof { name: "outage", normal: &["--kills", "200"], long: &["--kills", "10000"] },
    SlowProof { name: "browser", normal: &[], long: &[] },
    // What `cargo xtask run` shows where there is no display.
    SlowProof { name: "run_flow", normal: &[], long: &[] },
];

/// How much is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Every change: under 45 minutes on two cores, from nothing.
    Normal,
    /// Before a release: the same tests with many more cases.
    Long,
}

impl Length {
    /// From `--long`.
    pub fn from_flag(long: bool) -> Self {
        if long { Self::Long } else { Self::Normal }
    }
}

/// What the tests find around them: a database, a display, the program.
pub struct Surroundings<'a> {
    workspace: &'a Workspace,
    cluster: Option<Cluster>,
    browser_modules: PathBuf,
    schemathesis: PathBuf,
    display: Display,
}

impl<'a> Surroundings<'a> {
    /// Installs what is missing and starts database and display.
    pub fn start(workspace: &'a Workspace) -> Result<Self> {
        let has_database = std::env::var_os(postgres::VARIABLE).is_some();
        let groups = [setup::HEADLESS, setup::TEST, setup::BROWSER, setup::SPELLING];
        setup::ensure(workspace, &groups)?;
        setup::node(workspace)?;
        let browser_modules = tools::ensure_browser_modules(workspace)?;
        let schemathesis = tools::ensure_schemathesis(workspace)?;
        let cluster = if has_database {
            None
        } else {
            setup::ensure(workspace, &[setup::POSTGRES])?;
            Some(workspace.step("PostgreSQL: starting", Cluster::start)?)
        };
        Ok(Self { workspace, cluster, browser_modules, schemathesis, display: Display::start()? })
    }

    /// A command that sees them. `profile_folder` says which build of the program is meant.
    pub fn command(&self, program: &std::ffi::OsStr, profile_folder: &str) -> Result<Command> {
        let mut command = self.display.command(program);
        let binary = self.workspace.program(profile_folder, "kontor");
        command.current_dir(&self.workspace.root).env("PATH", tools::search_path(self.workspace)?).env("KONTOR_BINARY", binary);
        command.env("KONTOR_BROWSER_MODULES", &self.browser_modules).env("KONTOR_SCHEMATHESIS", &self.schemathesis);
        if let Some(cluster) = &self.cluster {
            command.env(postgres::VARIABLE, cluster.url());
        }
        Ok(command)
    }
}

/// Runs all tests and proofs; goes on after a failure, so that one run tells all.
pub fn test(workspace: &Workspace, length: Length) -> Result<()> {
    setup::ensure(workspace, &[setup::BUILD])?;
    tools::ensure(workspace, &tools::NEXTEST)?;
    ui::build(workspace, ui::Build::Normal)?;
    workspace.step("building the programs and their tests", || build(workspace))?;
    let surroundings = Surroundings::start(workspace)?;
    let mut failures = Vec::new();
    let mut note = |name: &str, result: Result<()>| {
        if let Err(error) = result {
            eprintln!("    {error:#}");
            failures.push(name.to_owned());
        }
    };
    note("tests", workspace.step("tests", || nextest(&surroundings)));
    if length == Length::Long {
        note("properties", workspace.step("properties, a million times each", || properties(workspace)));
    }
    note("doc tests", workspace.step("doc tests", || doc_tests(&surroundings)));
    for SlowProof { name, normal, long } in SLOW_PROOFS {
        note(name, slow_proof(&surroundings, name, if length == Length::Long { long } else { normal }));
    }
    drop(surroundings);
    match proofs::build_simulator(workspace) {
        Err(error) => note("simulate", Err(error)),
        Ok(()) => {
            for (name, arguments) in simulations(workspace, length) {
                note(name, workspace.step(name, || proofs::run_simulator(workspace, &arguments)));
            }
        }
    }
    workspace.print_steps();
    if !failures.is_empty() {
        bail!("failed: {}", failures.join(", "));
    }
    Ok(())
}

/// What is tried on the simulator: the same seeds at every change, so that a change is what makes one fail, or, before a
/// release, seeds that nobody tried yet; and each rule broken once.
fn simulations(workspace: &Workspace, length: Length) -> [(&'static str, Vec<String>); 2] {
    let (seeds, from) = match length {
        Length::Normal => (2_000, 1),
        Length::Long => (50_000, proofs::first_seed(workspace)),
    };
    let seeds = vec!["--seeds".into(), seeds.to_string(), "--from".into(), from.to_string()];
    [("simulate", seeds), ("simulate --mutations", vec!["--mutations".into()])]
}

/// One build for all: the program, its tests and the proofs share every dependency only if they
/// are asked for together, because cargo joins the features of what it builds at once.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--workspace", "--bins", "--tests"]);
    process::run(cargo.args(FEATURES))
}

fn nextest(surroundings: &Surroundings) -> Result<()> {
    let cargo = surroundings.workspace.cargo();
    let mut command = surroundings.command(cargo.get_program(), "debug")?;
    command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    process::run(command.args(FEATURES))
}

/// What is tried with made-up carts, fifty times as often as with every change, optimised: else one takes hours.
fn properties(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["nextest", "run", "--package", "kontor-domain", "--package", "kontor-documents", "--no-fail-fast"]);
    process::run(cargo.args(["--cargo-profile", "simulate", "--profile", "long"]).env("KONTOR_LONG", "1"))
}

fn doc_tests(surroundings: &Surroundings) -> Result<()> {
    let mut cargo = surroundings.workspace.cargo();
    cargo.args(["test", "--quiet", "--workspace", "--doc"]);
    process::run(cargo.args(FEATURES))
}

fn slow_proof(surroundings: &Surroundings, name: &str, arguments: &[&str]) -> Result<()> {
    let workspace = surroundings.workspace;
    workspace.step(name, || {
        let program = workspace.program("debug", name);
        let mut command = surroundings.command(program.as_os_str(), "debug")?;
        command.env("KONTOR_RUN_DIR", workspace.leavings().join("run"));
        process::run(command.args(arguments))
    })
}
