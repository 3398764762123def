//! A few seeds with every test run; many with `cargo xtask simulate`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use kontor_simulate::{Seeds, simulate};

/// Unoptimised a seed takes about a second.
const SEEDS: u64 = 30;

#[test]
fn copies_agree_whatever_happens_to_them() {
    let report = simulate(Seeds { from: 1_000_000, count: SEEDS }, 2).unwrap();
    if let Some((seed, error)) = report.failed {
        panic!("seed {seed}: {error:#}");
    }
    assert_eq!(report.done, SEEDS);
    // A run in which nothing happened proves nothing.
    assert!(report.tally.commands > 300 && report.tally.applied > 100 && report.tally.crashes > 5, "{:?}", report.tally);
}
