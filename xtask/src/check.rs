//! `cargo xtask check`: what can be said about the source without running the program.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::setup;
use crate::tools;
use crate::workspace::{FEATURES, Workspace};

/// Runs every check; goes on after a failure, so that one run tells all.
pub fn check(workspace: &Workspace) -> Result<()> {
    setup::ensure(workspace, &[setup::BUILD, setup::SPELLING])?;
    let checks: [(&str, Check); 5] =
        [("formatting", format), ("lints", lints), ("house rules", tidy), ("licences and sources", deny), ("spelling", spelling)];
    let mut failures = Vec::new();
    for (name, check) in checks {
        if let Err(error) = workspace.step(name, || check(workspace)) {
            eprintln!("    {error:#}");
            failures.push(name);
        }
    }
    workspace.print_steps();
    if !failures.is_empty() {
        bail!("failed: {}", failures.join(", "));
    }
    Ok(())
}

type Check = fn(&Workspace) -> Result<()>;

fn format(workspace: &Workspace) -> Result<()> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn lints(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets"]);
    process::run(cargo.args(FEATURES).args(["--", "-D", "warnings"]))
}

/// For the whole workspace, though only one package has this test: so it shares what the other
/// tests are built from.
fn tidy(workspace: &Workspace) -> Result<()> {
    tools::ensure(workspace, &tools::NEXTEST)?;
    let mut cargo = workspace.cargo();
    cargo.env("PATH", tools::search_path(workspace)?);
    cargo.args(["nextest", "run", "--workspace", "--test", "tidy"]);
    process::run(cargo.args(FEATURES))
}

/// Without the advisories, which need a copy of their database; the rest works offline once the
/// packages of every system are here.
fn deny(workspace: &Workspace) -> Result<()> {
    let deny = tools::ensure(workspace, &tools::DENY)?;
    process::run(workspace.cargo().args(["fetch", "--quiet"]))?;
    let mut command = Command::new(deny);
    command.current_dir(&workspace.root).args(["--offline", "check"]);
    process::run(command.args(["licenses", "bans", "sources"]))
}

fn spelling(workspace: &Workspace) -> Result<()> {
    let typos = tools::ensure_typos(workspace)?;
    process::run(Command::new(typos).current_dir(&workspace.root))
}
