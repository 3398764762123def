//! Printers that do not answer rest, longer each time, so that a dead one costs nothing.

use std::collections::HashMap;
use std::time::Duration;

use kontor_domain::ids::PrinterId;
use tokio::time::Instant;

/// After so many tries without an answer a person is told: a printer that is busy for a moment is no news.
pub(super) const TOLD_AFTER: u32 = 3;
/// The first rest; each is twice as long as the one before.
const FIRST_REST: Duration = Duration::from_millis(300);
/// The longest rest: each try of a till is a command that goes to its server.
const LONGEST_REST: Duration = Duration::from_secs(5 * 60);

struct Rest {
    failures: u32,
    until: Instant,
}

/// Printers that rest.
#[derive(Default)]
pub(super) struct Rests(HashMap<PrinterId, Rest>);

impl Rests {
    /// When the next rest ends.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().map(|rest| rest.until).min()
    }

    /// Whether a printer does not rest.
    pub(super) fn is_over(&self, printer: PrinterId) -> bool {
        self.0.get(&printer).is_none_or(|rest| rest.until <= Instant::now())
    }

    /// It answered, or nothing waits for it.
    pub(super) fn end(&mut self, printer: PrinterId) {
        self.0.remove(&printer);
    }

    /// It did not answer: so many times now.
    pub(super) fn fail(&mut self, printer: PrinterId) -> u32 {
        let rest = self.0.entry(printer).or_insert_with(|| Rest { failures: 0, until: Instant::now() });
        rest.until = Instant::now() + rest_after(rest.failures);
        rest.failures += 1;
        rest.failures
    }

    /// Forgets printers for which nothing waits: another shop may be open.
    pub(super) fn keep(&mut self, printers: &[PrinterId]) {
        self.0.retain(|printer, _| printers.contains(printer));
    }
}

/// The rest after so many failures before.
fn rest_after(failures: u32) -> Duration {
    FIRST_REST.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_doubles_up_to_five_minutes_and_never_ends_the_tries() {
        let rests: Vec<u128> = [0, 1, 2, 9, 10, 31, 32, u32::MAX].into_iter().map(|failures| rest_after(failures).as_millis()).collect();
        assert_eq!(rests, [300, 600, 1_200, 153_600, 300_000, 300_000, 300_000, 300_000]);
    }
}
