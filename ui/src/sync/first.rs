//! A till that has joined and waits for its first rows.

use kontor_domain::host::HostCall;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::leave::LeaveServer;
use crate::backend;
use crate::icon::{self, Picture};
use crate::parts::{Button, Kind, Strip};
use crate::state::app;
use crate::text::{key, refusal, t, tx};
use crate::toast::Tone;

/// How far the first rows are, with counts.
#[component]
pub(crate) fn FirstSync() -> impl IntoView {
    let percent = Memo::new(|_| app().sync.with(|sync| sync.as_ref().map_or(0, |sync| sync.percent)));
    let rows = Memo::new(|_| app().sync.with(|sync| sync.as_ref().map_or(0, |sync| sync.rows)));
    let server = Memo::new(|_| app().sync.with(|sync| sync.as_ref().map(|sync| sync.server.clone())).unwrap_or_default());
    let trouble = Memo::new(|_| app().sync.with(|sync| sync.as_ref().and_then(|sync| sync.problem.clone())));
    let again = || {
        spawn_local(async {
            if let Err(reject) = backend::host::<()>(HostCall::SyncNow).await {
                app().toasts.refuse(&reject);
            }
        });
    };
    view! {
        <section class="card pad form firstsync">
            <div class="row">
                <Picture icon=icon::SYNC large=true/>
                <div class="col">
                    <h2>{t(key::SYNC_FIRST)}</h2>
                    <p class="muted selectable">{move || server.get()}</p>
                </div>
            </div>
            <p>{t(key::SYNC_FIRST_TEXT)}</p>
            <div class="row between small muted">
                <span>{move || tx(key::SYNC_ROWS, &[("count", rows.get().into())])}</span>
                <span class="num">{move || format!("{}%", percent.get())}</span>
            </div>
            <div class="bar" role="progressbar" aria-label=t(key::SYNC_FIRST) aria-valuemin="0" aria-valuemax="100" aria-valuenow=move || percent.get().to_string()>
                <i style:width=move || format!("{}%", percent.get())></i>
            </div>
            {move || trouble.get().map(|reject| view! {
                <Strip tone=Tone::Warn text=refusal(&reject)><Button label=t(key::COMMON_RETRY) kind=Kind::Normal press=again/></Strip>
            })}
            <div class="row wrap"><LeaveServer/></div>
        </section>
    }
}
