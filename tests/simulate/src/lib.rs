//! The simulator: one seed makes a company with its server and tills on real files, persons who work there, a network
//! that loses, doubles and disorders, machines that go down, disks that are copied and restored. At the end it is
//! quiet, and everything must agree. One process, one thread for each seed, no clock: a seed that fails fails again.

mod checks;
mod crashing;
mod dice;
mod entry;
mod files;
mod gap;
mod mutations;
mod noticed;
#[allow(dead_code, reason = "shared with the tests of the whole system")]
#[path = "../../src/postgres.rs"]
pub mod postgres;
mod run;
mod server;
mod shop;
#[cfg(test)]
mod tests;
mod till;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::files::Template;
pub use crate::gap::gap;
pub use crate::mutations::mutations;
pub use crate::run::Tally;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Which runs.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    /// The first.
    pub from: u64,
    /// How many.
    pub count: u64,
}

/// What came of them.
#[derive(Debug)]
pub struct Report {
    /// How many runs ended well.
    pub done: u64,
    /// The first seed that did not.
    pub failed: Option<(u64, anyhow::Error)>,
    /// How many failed otherwise than was looked for.
    pub others: u64,
    /// What they did.
    pub tally: Tally,
    /// How long it took.
    pub took: Duration,
}

/// Memory of the machine if it has a file system for it: nothing here must survive, and many small files are written.
fn work_folder() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    Ok(made?)
}

/// Runs seeds on several threads until one fails.
pub fn simulate(seeds: Seeds, threads: usize) -> Result<Report> {
    let template = Template::make()?;
    Ok(simulate_until(&template, seeds, threads, |_| true))
}

/// Runs seeds on several threads until one fails in the way that is looked for.
fn simulate_until(template: &Template, seeds: Seeds, threads: usize, is_it: impl Fn(&anyhow::Error) -> bool + Sync) -> Report {
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let failed: Mutex<Option<(u64, anyhow::Error)>> = Mutex::new(None);
    let others = Mutex::new(0);
    let total: Mutex<(u64, Tally)> = Mutex::new((0, Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= seeds.count {
                        break;
                    }
                    let seed = seeds.from + at;
                    match run_one(template, seed) {
                        Ok(tally) => {
                            let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                            *total = (total.0 + 1, total.1.plus(tally));
                        }
                        Err(error) if !is_it(&error) => {
                            *others.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
                        }
                        Err(error) => {
                            is_over.store(true, Ordering::Relaxed);
                            let mut failed = failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                            if failed.as_ref().is_none_or(|(other, _)| seed < *other) {
                                *failed = Some((seed, error));
                            }
                        }
                    }
                }
            });
        }
    });
    let (done, tally) = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let others = others.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Report { done, failed, others, tally, took: started.elapsed() }
}

fn run_one(template: &Template, seed: u64) -> Result<Tally> {
    let mut folder = work_folder()?;
    // A panic is a failure of this seed like any other.
    let run = std::panic::catch_unwind(|| run::run(seed, template, folder.path()));
    let result = run.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(anyhow!("panic: {}", what.unwrap_or_default()))
    });
    if result.is_err() && std::env::var_os("KONTOR_SIMULATE_KEEP").is_some() {
        folder.disable_cleanup(true);
        eprintln!("files of seed {seed}: {}", folder.path().display());
    }
    result
}
