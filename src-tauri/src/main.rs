//! Starts Kontor: with its window, or headless for tests and scripts.

#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use std::path::PathBuf;

use clap::Parser;
use kontor_desktop::program::{Program, Setup};
use kontor_desktop::{headless, platform, window};

/// Kontor: orders, counter sales, stock and warehouse work.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Folder for the shop's file, preferences and logs (default: the system's folder for programs' data).
    #[arg(long, env = "KONTOR_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// No window: requests as JSON lines on standard input, answers on standard output.
    #[arg(long)]
    headless: bool,
    /// Do not wait for the disk at a commit. Loses sales at a power cut; only to show that the test of it can fail.
    #[arg(long, hide = true)]
    unsafe_synchronous_off: bool,
    /// Only an empty window: the floor that starting is measured against.
    #[arg(long, hide = true)]
    floor_window: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.floor_window {
        return window::run_floor();
    }
    let own_folder = arguments.data_dir.is_some();
    let folder = match arguments.data_dir {
        Some(folder) => folder,
        None => platform::data_folder()?,
    };
    let _logs = platform::start_logs(&folder, arguments.headless);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let setup = Setup { folder, synchronous_off: arguments.unsafe_synchronous_off };
    let program = runtime.block_on(Program::start(setup));
    if arguments.headless { runtime.block_on(headless::run(program)) } else { window::run(program, &runtime, !own_folder) }
}
