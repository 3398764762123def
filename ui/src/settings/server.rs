//! The shop server: joining one, moving to one, leaving it.

use leptos::prelude::*;

use super::data::BackUp;
use crate::icon;
use crate::parts::{Button, Strip};
use crate::place::{Place, go};
use crate::state::app;
use crate::sync::{JoinForm, LeaveServer};
use crate::text::{key, t};
use crate::toast::Tone;

/// The page.
#[component]
pub(super) fn ServerPage() -> impl IntoView {
    let has_server = Memo::new(|_| app().sync.with(Option::is_some));
    move || if has_server.get() { view! { <Joined/> }.into_any() } else { view! { <Alone/> }.into_any() }
}

#[component]
fn Joined() -> impl IntoView {
    let server = move || app().sync.with(|sync| sync.as_ref().map(|sync| sync.server.clone())).unwrap_or_default();
    view! {
        <section class="card pad form">
            <h2>{t(key::SYNC_SERVER)}</h2>
            <p class="selectable path">{server}</p>
            <p class="muted">{t(key::SYNC_JOINED_TEXT)}</p>
            <div class="row wrap"><Button label=t(key::SYNC_OPEN) icon=icon::SYNC press=|| go(Place::Sync)/></div>
        </section>
        <section class="card pad form">
            <h2>{t(key::SYNC_REJOIN)}</h2>
            <p class="muted">{t(key::SYNC_REJOIN_TEXT)}</p>
            <JoinForm/>
        </section>
        <section class="card pad form">
            <h2>{t(key::SYNC_LEAVE)}</h2>
            <p class="muted">{t(key::SYNC_LEAVE_TEXT)}</p>
            <div class="row wrap"><LeaveServer/></div>
        </section>
    }
}

#[component]
fn Alone() -> impl IntoView {
    let steps = [key::SYNC_MOVE_1, key::SYNC_MOVE_2, key::SYNC_MOVE_3].map(|step| view! { <li>{t(step)}</li> });
    let is_own = app().start.with_untracked(|start| start.as_ref().is_some_and(|start| start.file == kontor_domain::host::ShopFile::Own));
    view! {
        {is_own.then(|| view! {
            <section class="card pad form">
                <h2>{t(key::SYNC_MOVE)}</h2>
                <p class="muted">{t(key::SYNC_MOVE_TEXT)}</p>
                <ol class="steps">{steps}</ol>
                <p class="muted">{t(key::SYNC_MOVE_NOTE)}</p>
                <BackUp label=t(key::SYNC_SAVE_FILE)/>
            </section>
        })}
        <section class="card pad form">
            <h2>{t(key::SYNC_JOIN)}</h2>
            {is_own.then(|| view! { <Strip tone=Tone::Plain text=t(key::SYNC_OWN_STAYS)/> })}
            <JoinForm/>
        </section>
    }
}
