//! `cargo xtask simulate`: many copies, a bad network, one seed for each run; and `--mutations`: each rule broken once.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use kontor_simulate::{Report, Seeds, mutations, simulate};

#[derive(Parser)]
#[command(about = "Proves that copies agree")]
struct Arguments {
    /// How many runs.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Break each rule once and see that it is noticed.
    #[arg(long)]
    mutations: bool,
    /// With `--mutations`: only rules whose name contains this.
    #[arg(long, default_value = "")]
    rule: String,
    /// Threads; the machine's processors if not said.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    match obey(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(arguments: &Arguments) -> Result<ExitCode> {
    let threads = arguments.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if arguments.mutations {
        return Ok(if mutations(threads, &arguments.rule)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    println!("seeds {} to {} at commit {}", arguments.from, arguments.from.saturating_add(arguments.seeds).saturating_sub(1), commit());
    let Report { done, failed, tally, took, .. } = simulate(Seeds { from: arguments.from, count: arguments.seeds }, threads)?;
    let per_second = u128::from(done) * 1000 / took.as_millis().max(1);
    println!("{done} seeds in {} ms ({per_second} a second on {threads} threads): {tally:?}", took.as_millis());
    match failed {
        None => Ok(ExitCode::SUCCESS),
        Some((seed, error)) => {
            eprintln!("seed {seed} at commit {}: {error:#}", commit());
            eprintln!("again: cargo xtask simulate --from {seed} --seeds 1");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn commit() -> String {
    let output = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.map_or_else(|_| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
