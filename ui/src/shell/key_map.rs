//! Which key does what.

use leptos::prelude::*;

use crate::keys::{Action, shown};
use crate::parts::{Dialog, KeyCap};
use crate::text::{key, t};

/// Keys that cannot be rebound.
const FIXED: &[(&str, crate::text::Key)] = &[
    ("3 *", key::ACTION_TIMES),
    ("↑ ↓", key::ACTION_LINES),
    ("Esc", key::ACTION_BACK),
    ("Alt 1 … 3", key::ACTION_TENDER),
    ("Enter", key::ACTION_FINISH),
];

#[component]
pub(super) fn KeyMapDialog(open: RwSignal<bool>) -> impl IntoView {
    let row = |cap: String, text: crate::text::Key| view! { <div class="keyrow"><KeyCap text=cap/><span>{t(text)}</span></div> };
    view! {
        <Dialog open=open title=t(key::ACTION_KEY_MAP) wide=true>
            <div class="keymap">
                {Action::ALL.iter().map(|action| row(shown(*action), action.text())).collect_view()}
                {FIXED.iter().map(|(cap, text)| row((*cap).to_owned(), *text)).collect_view()}
            </div>
        </Dialog>
    }
}
