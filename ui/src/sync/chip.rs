//! One chip, always there: where what was entered is.

use kontor_domain::host::{SyncPhase, SyncState};
use leptos::prelude::*;

use crate::backend::is_browser;
use crate::format;
use crate::icon::{self, Icon, Picture};
use crate::place::{Place, go};
use crate::state::app;
use crate::text::{key, t, tx};

/// What the chip shows. Away is neutral: only what needs a person is red.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) icon: Icon,
    pub(super) class: &'static str,
    pub(super) text: String,
}

fn shown(icon: Icon, class: &'static str, text: String) -> Shown {
    Shown { icon, class, text }
}

/// The words for a state.
pub(super) fn of(sync: Option<&SyncState>, attention: i64) -> Shown {
    let Some(sync) = sync else { return shown(icon::CHECK, "chip on", t(key::SHELL_SAVED_HERE)) };
    match sync.phase {
        SyncPhase::Refused => shown(icon::WARNING, "chip need", t(key::SYNC_REFUSED)),
        SyncPhase::First => shown(icon::SYNC, "chip", t(key::SYNC_FIRST)),
        SyncPhase::Offline => shown(icon::AWAY, "chip", offline(sync)),
        SyncPhase::Sending if sync.to_send > 1 => {
            let done = sync.sent.min(sync.to_send);
            shown(icon::SYNC, "chip", tx(key::SYNC_SENDING, &[("done", done.into()), ("total", sync.to_send.into())]))
        }
        _ if attention > 0 => shown(icon::WARNING, "chip need", tx(key::SHELL_ATTENTION, &[("count", attention.into())])),
        SyncPhase::Sending => shown(icon::SYNC, "chip", t(key::SYNC_SENDING_SOME)),
        SyncPhase::Synced => {
            let time = sync.synced_at.map(format::time).unwrap_or_default();
            shown(icon::CHECK, "chip on", tx(key::SYNC_SYNCED, &[("time", time.into())]))
        }
    }
}

fn offline(sync: &SyncState) -> String {
    match (sync.waiting_sales, sync.waiting) {
        (0, 0) => t(key::SYNC_OFFLINE),
        (0, changes) => tx(key::SYNC_OFFLINE_CHANGES, &[("count", changes.into())]),
        (sales, _) => tx(key::SYNC_OFFLINE_SALES, &[("count", sales.into())]),
    }
}

/// The words in a browser, where everything is at the server or nowhere.
fn of_browser(is_online: bool, attention: i64) -> Shown {
    match (is_online, attention) {
        (false, _) => shown(icon::AWAY, "chip", t(key::SIGNIN_OFFLINE)),
        (true, 0) => shown(icon::CHECK, "chip on", t(key::SIGNIN_SAVED_THERE)),
        (true, count) => shown(icon::WARNING, "chip need", tx(key::SHELL_ATTENTION, &[("count", count.into())])),
    }
}

/// The chip in the top bar.
#[component]
pub(crate) fn SyncChip() -> impl IntoView {
    let app = app();
    let attention = move || app.session.with(|session| session.as_ref().map_or(0, |session| session.attention_count));
    let shown =
        Memo::new(
            move |_| if is_browser() { of_browser(app.online.get(), attention()) } else { app.sync.with(|sync| of(sync.as_ref(), attention())) },
        );
    let press = move |_| if is_browser() { go(Place::Attention) } else { go(Place::Sync) };
    view! {
        <button type="button" class=move || format!("{} sync", shown.get().class) on:click=press>
            {move || view! { <Picture icon=shown.get().icon small=true/> }}
            <span class="clip" role="status">{move || shown.get().text}</span>
        </button>
    }
}
