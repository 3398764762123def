//! What was allowed here a moment ago. A command that says it was allowed is believed if this program has seen the proof.

use std::sync::Mutex;

use kontor_domain::command::Command;
use kontor_domain::identity::Approval;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;

use crate::program::lock;

/// How long an approval waits for its command.
const GOOD_FOR_MS: i64 = 10 * 60_000;
/// Approvals that are remembered.
const LIMIT: usize = 100;

#[derive(Debug)]
struct Given {
    approval: Approval,
    command: Command,
    at: Instant,
}

/// What was allowed.
#[derive(Debug, Default)]
pub struct Approvals(Mutex<Vec<Given>>);

impl Approvals {
    pub(super) fn give(&self, approval: Approval, command: Command, at: Instant) {
        let mut all = lock(&self.0);
        all.retain(|given| is_fresh(given, at));
        if all.len() >= LIMIT {
            all.remove(0);
        }
        all.push(Given { approval, command: command.approved(None), at });
    }

    /// Whether a command that says so was allowed: this one, here, just now. Sent again it is the same command.
    pub(crate) fn check(&self, command: &Command, now: Instant) -> Result<(), Reject> {
        let Some(approval) = command.approval() else { return Ok(()) };
        let bare = command.clone().approved(None);
        let is_known = lock(&self.0).iter().any(|given| is_fresh(given, now) && given.approval == *approval && given.command == bare);
        if is_known { Ok(()) } else { Err(Reject::new(Code::ApprovalUnknown)) }
    }
}

const fn is_fresh(given: &Given, now: Instant) -> bool {
    given.at.0 <= now.0 && now.0 - given.at.0 <= GOOD_FOR_MS
}
