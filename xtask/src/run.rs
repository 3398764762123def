//! `cargo xtask run`: from a fresh computer to the open window.

use std::process::Command;

use anyhow::Result;

use crate::display::{self, Display};
use crate::process;
use crate::setup;
use crate::ui;
use crate::workspace::{FEATURES, Workspace};

/// Builds what is needed and opens the window; where there is no display, proves that the main
/// job works and leaves what a person can look at.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    if display::is_there() { open_window(workspace, arguments) } else { show_without_display(workspace) }
}

fn open_window(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    setup::ensure(workspace, &[setup::BUILD])?;
    ui::build(workspace, ui::Build::Normal)?;
    workspace.step("desktop program: building", || {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--release", "--package", "kontor-desktop"]);
        process::run(cargo.args(FEATURES))
    })?;
    eprintln!("==> opening the window");
    process::run(Command::new(workspace.program("release", "kontor")).args(arguments))
}

/// The same program, and a driver that sells five items through its window.
fn show_without_display(workspace: &Workspace) -> Result<()> {
    eprintln!("There is no display here, so the window opens where nobody sees it,");
    eprintln!("and five items are sold in it by keyboard.");
    setup::ensure(workspace, &[setup::BUILD, setup::HEADLESS])?;
    ui::build(workspace, ui::Build::Normal)?;
    workspace.step("desktop program and its driver: building", || build_released(workspace, "run_flow"))?;
    let folder = workspace.leavings().join("run");
    std::fs::create_dir_all(&folder)?;
    workspace.step("selling five items in the window", || {
        let display = Display::start()?;
        let mut flow = display.command(workspace.program("release", "run_flow"));
        flow.env("KONTOR_BINARY", workspace.program("release", "kontor"));
        process::run(flow.env("KONTOR_RUN_DIR", &folder))
    })?;
    eprintln!("See {}:", folder.display());
    eprintln!("    counter.png   the five items in the window");
    eprintln!("    done.png      the window after the sale");
    eprintln!("    receipt.pdf   its receipt");
    eprintln!("    data/         the shop's file");
    Ok(())
}

/// Builds the program as it is measured, together with one that drives it.
pub fn build_released(workspace: &Workspace, driver: &str) -> Result<()> {
    let mut cargo = workspace.cargo();
    let packages = ["--package", "kontor-desktop", "--package", "kontor-tests"];
    cargo.args(["build", "--release"]).args(packages);
    cargo.args(["--bin", "kontor", "--bin", driver]);
    if driver != "run_flow" {
        // Copies that agree are measured, and shown, with a real server.
        cargo.args(["--package", "kontor-server", "--bin", "kontor-server"]);
    }
    process::run(cargo.args(FEATURES))
}
