//! What screens are told of a till and its shop server.

use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use kontor_domain::host::{HostEvent, ServerBackup, SyncPhase, SyncState};
use kontor_store::outbox::Outbox;
use kontor_sync::message::PullReply;

use super::client::Trouble;
use crate::platform;
use crate::program::Program;

/// The state that is shown, told whenever it changes.
#[derive(Debug)]
pub struct Board {
    program: Weak<Program>,
    state: Mutex<SyncState>,
}

impl Board {
    /// Before the server is asked.
    pub fn new(program: Weak<Program>, server: String, has_shop: bool, outbox: Outbox) -> Self {
        let phase = if has_shop { SyncPhase::Offline } else { SyncPhase::First };
        let state = SyncState {
            phase,
            server,
            waiting: outbox.commands,
            waiting_sales: outbox.sales,
            waiting_since: outbox.since,
            sent: 0,
            to_send: 0,
            rows: 0,
            percent: 0,
            last_contact: None,
            synced_at: None,
            backup: ServerBackup::Unknown,
            problem: None,
        };
        Self { program, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, SyncState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state now.
    pub fn state(&self) -> SyncState {
        self.lock().clone()
    }

    fn change(&self, change: impl FnOnce(&mut SyncState)) {
        let told = {
            let mut state = self.lock();
            let before = state.clone();
            change(&mut state);
            (*state != before).then(|| state.clone())
        };
        if let (Some(state), Some(program)) = (told, self.program.upgrade()) {
            program.tell(HostEvent::Sync(Some(state)));
        }
    }

    /// What waits.
    pub fn waits(&self, outbox: Outbox) {
        self.change(|state| {
            state.waiting = outbox.commands;
            state.waiting_sales = outbox.sales;
            state.waiting_since = outbox.since;
        });
    }

    /// The server answered.
    pub fn contact(&self) {
        self.change(|state| {
            state.last_contact = Some(platform::now());
            state.problem = None;
            if matches!(state.phase, SyncPhase::Offline | SyncPhase::Refused) {
                state.phase = SyncPhase::Sending;
            }
        });
    }

    /// Commands are on their way.
    pub fn sends(&self, sent: i64, to_send: i64) {
        self.change(|state| {
            (state.sent, state.to_send) = (sent, to_send.max(sent));
            if state.phase != SyncPhase::First {
                state.phase = SyncPhase::Sending;
            }
        });
    }

    /// A part of a pull has come.
    pub fn comes(&self, reply: &PullReply) {
        let PullReply::Page(page) = reply else { return };
        let read = page.scopes.values().min().copied().unwrap_or(0);
        let percent = if page.complete || page.head.0 <= 0 { 100 } else { (read.max(0).saturating_mul(100) / page.head.0).min(99) };
        let rows = i64::try_from(page.rows.len()).unwrap_or(i64::MAX);
        self.change(|state| {
            state.rows = if state.percent == 100 { rows } else { state.rows.saturating_add(rows) };
            state.percent = percent;
            if let Some(backup) = page.backup {
                state.backup = backup.at.map_or(ServerBackup::None, ServerBackup::At);
            }
        });
    }

    /// This copy is as the server was a moment ago.
    pub fn is_synced(&self, outbox: Outbox) {
        self.change(|state| {
            let now = platform::now();
            (state.last_contact, state.synced_at, state.problem) = (Some(now), Some(now), None);
            (state.sent, state.to_send) = (0, 0);
            state.waiting = outbox.commands;
            state.waiting_sales = outbox.sales;
            state.waiting_since = outbox.since;
            state.phase = if outbox.commands == 0 { SyncPhase::Synced } else { SyncPhase::Sending };
        });
    }

    /// There is no answer.
    pub fn trouble(&self, trouble: &Trouble) {
        self.change(|state| {
            let phase = match trouble {
                Trouble::Woke => return,
                Trouble::Away(_) => SyncPhase::Offline,
                Trouble::Refused(_) => SyncPhase::Refused,
            };
            // Until something has come there is nothing to work with: it stays the first window.
            if state.phase != SyncPhase::First {
                state.phase = phase;
            }
            (state.sent, state.to_send) = (0, 0);
            state.problem = trouble.clone().reject();
        });
    }
}
