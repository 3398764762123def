//! `cargo xtask`: everything that is done to this repository, in Rust and in one place.
//!
//! `cargo xtask run` and `cargo xtask test` are the two commands a newcomer needs. Each command is
//! one file; what they share (system packages, the wasm toolchain, a display, a database) is one
//! file each beside them.

mod check;
mod display;
mod postgres;
mod process;
mod proofs;
mod run;
mod setup;
mod test;
mod tools;
mod ui;
mod wasm;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::proofs::Proof;
use crate::workspace::Workspace;

/// Builds, runs, tests and measures Kontor.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    /// Install missing system packages without asking (also when CI=true).
    #[arg(long, short, global = true)]
    yes: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what is needed and open the window (without a display: sell five items and show proof).
    Run {
        /// Passed on to the program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run every test, on both database engines and in the real window.
    Test {
        /// The long forms too: a million carts, many seeds, ten thousand kills.
        #[arg(long)]
        long: bool,
    },
    /// Formatting, lints, house rules, licences, spelling.
    Check,
    /// Build the screens into ui/dist.
    Ui {
        /// Quick to build, slow to run.
        #[arg(long, conflicts_with = "dist")]
        dev: bool,
        /// As it is shipped: smallest.
        #[arg(long)]
        dist: bool,
    },
    /// Install the system packages that building, running and testing need.
    Setup,
    /// Kill the program at random moments and look what is left.
    Crash(Passed),
    /// Cut the power at any instant and look what is left.
    Powercut(Passed),
    /// Measure: till, search, start, api.
    Bench(Passed),
    /// Take pictures of the screens.
    Screenshots(Passed),
    /// Kill a shop server and two tills at random moments, on a network that loses, cuts and doubles what they say.
    Outage(Passed),
    /// The screens in Chromium, served by a shop server: sign in, sell, every screen; no barrier that axe knows. Pictures in
    /// target/browser.
    Browser(Passed),
    /// A shop server and two tills: sell while it is away, see them agree. Pictures in target/demo.
    Demo(Passed),
    /// Feed every parser that strangers reach with what is nearly right and with anything at all.
    Fuzz {
        /// How long each of them is fed.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        /// What the inputs are drawn from; without it another one each time, which is told.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Simulate copies that sync, crash and lose messages.
    Simulate(Passed),
}

/// Arguments of a program in `tests/src/bin`.
#[derive(clap::Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

fn main() -> ExitCode {
    match obey(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Without the backtrace that anyhow would add: what failed is nearly always another program.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(arguments: Arguments) -> Result<()> {
    let consent = setup::Consent::from_flag(arguments.yes);
    let workspace = Workspace::find(consent)?;
    match arguments.command {
        Command::Run { args } => run::run(&workspace, &args),
        Command::Test { long } => test::test(&workspace, test::Length::from_flag(long)),
        Command::Check => check::check(&workspace),
        Command::Ui { dev, dist } => ui::build(&workspace, ui::Build::from_flags(dev, dist)),
        Command::Setup => setup::ensure(&workspace, setup::EVERYTHING),
        Command::Crash(passed) => proofs::run(&workspace, &Proof::CRASH, &passed.args),
        Command::Powercut(passed) => proofs::run(&workspace, &Proof::POWERCUT, &passed.args),
        Command::Bench(passed) => proofs::bench(&workspace, &passed.args),
        Command::Screenshots(passed) => proofs::run(&workspace, &Proof::SCREENSHOTS, &passed.args),
        Command::Outage(passed) => proofs::run(&workspace, &Proof::OUTAGE, &passed.args),
        Command::Browser(passed) => proofs::run(&workspace, &Proof::BROWSER, &passed.args),
        Command::Fuzz { seconds, seed } => proofs::fuzz(&workspace, seconds, seed),
        Command::Demo(passed) => proofs::run(&workspace, &Proof::DEMO, &passed.args),
        Command::Simulate(passed) => proofs::simulate(&workspace, &passed.args),
    }
}
