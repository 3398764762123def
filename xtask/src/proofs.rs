//! The programs of `kontor-tests` that a person starts one by one: proofs, measurements, pictures.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::run;
use crate::setup;
use crate::test::{self, Surroundings};
use crate::ui;
use crate::workspace::Workspace;

/// One of these programs.
pub struct Proof {
    program: &'static str,
    profile: Profile,
}

/// How it, and the program it is about, are built.
#[derive(Clone, Copy)]
enum Profile {
    /// As for the tests, with every assertion.
    Debug,
    /// As what is measured.
    Release,
}

impl Proof {
    /// kill -9 at random moments.
    pub const CRASH: Self = Self::new("crash", Profile::Debug);
    /// The files as they could be after a power cut.
    pub const POWERCUT: Self = Self::new("powercut", Profile::Debug);
    /// kill -9 of a shop server and its tills on a bad network.
    pub const OUTAGE: Self = Self::new("outage", Profile::Debug);
    /// How fast, how small.
    pub const BENCH: Self = Self::new("bench", Profile::Release);
    /// Pictures of every screen.
    pub const SCREENSHOTS: Self = Self::new("screenshots", Profile::Release);

    /// The screens in a browser.
    pub const BROWSER: Self = Self::new("browser", Profile::Debug);

    /// A shop server and two tills with windows.
    pub const DEMO: Self = Self::new("demo", Profile::Debug);

    const fn new(program: &'static str, profile: Profile) -> Self {
        Self { program, profile }
    }
}

/// Many copies, a bad network: a program that needs no window, built for speed with every assertion.
pub fn simulate(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    setup::ensure(workspace, &[setup::BUILD])?;
    build_simulator(workspace)?;
    run_simulator(workspace, arguments)
}

/// Measures. The API has a program of its own: it needs no window, and its floor no desktop.
pub fn bench(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    if arguments.first().is_none_or(|what| what != "api") {
        return run(workspace, &Proof::BENCH, arguments);
    }
    setup::ensure(workspace, &[setup::BUILD, setup::POSTGRES])?;
    let build = ["build", "--release", "--package", "kontor-api-bench"];
    workspace.step("bench api: building", || process::run(workspace.cargo().args(build)))?;
    process::run(Command::new(workspace.program("release", "bench-api")).current_dir(&workspace.root).args(arguments))
}

/// Feeds every parser for so many seconds.
pub fn fuzz(workspace: &Workspace, seconds: u64, seed: Option<u64>) -> Result<()> {
    setup::ensure(workspace, &[setup::BUILD])?;
    let drawn = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let seed = seed.unwrap_or_else(drawn);
    println!("fuzz: --seed {seed}");
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--package", "kontor-server", "--test", "fuzz", "--", "--nocapture"]);
    process::run(cargo.env("KONTOR_FUZZ_SECONDS", seconds.to_string()).env("KONTOR_FUZZ_SEED", seed.to_string()))
}

/// Builds the simulator.
pub fn build_simulator(workspace: &Workspace) -> Result<()> {
    let arguments = ["build", "--package", "kontor-simulate", "--features", "mutations", "--profile", "simulate"];
    workspace.step("simulate: building", || process::run(workspace.cargo().args(arguments)))
}

/// Runs the simulator that is built.
pub fn run_simulator(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    process::run(Command::new(workspace.program("simulate", "simulate")).current_dir(&workspace.root).args(arguments))
}

/// The first seed of a test run: each commit tries others, and the same commit the same.
pub fn first_seed(workspace: &Workspace) -> u64 {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&workspace.root).output();
    let commit = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    commit.get(..8).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(1)
}

/// Builds the program and Kontor, and runs it with these arguments.
pub fn run(workspace: &Workspace, proof: &Proof, arguments: &[String]) -> Result<()> {
    let name = proof.program;
    if !workspace.has_program("kontor-tests", name) {
        bail!("tests/src/bin/{name}.rs is not written yet");
    }
    setup::ensure(workspace, &[setup::BUILD])?;
    ui::build(workspace, ui::Build::Normal)?;
    let what = format!("{name}: building");
    let folder = match proof.profile {
        Profile::Debug => {
            workspace.step(&what, || test::build(workspace))?;
            "debug"
        }
        Profile::Release => {
            workspace.step(&what, || run::build_released(workspace, name))?;
            "release"
        }
    };
    let surroundings = Surroundings::start(workspace)?;
    let program = workspace.program(folder, name);
    let mut command = surroundings.command(program.as_os_str(), folder)?;
    process::run(command.args(arguments))
}
