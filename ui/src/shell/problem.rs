//! When nothing works but trying again: what happened, where the file is, a button.

use kontor_domain::host::HostCall;
use kontor_domain::reject::Code;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::icon::{self, Mark, Picture};
use crate::parts::{Button, Kind};
use crate::state::app;
use crate::sync::JoinForm;
use crate::text::{key, refusal, t};

/// The moment before anything is known: the frame without anything in it.
#[component]
pub(super) fn Unready() -> impl IntoView {
    view! {
        <div class="app" aria-busy="true">
            <div class="rail"><div class="mark"><Mark/></div></div>
            <div class="top"></div>
            <main class="main" aria-label=t(key::COMMON_LOADING)></main>
        </div>
    }
}

#[component]
pub(super) fn Problem() -> impl IntoView {
    let app = app();
    let busy = RwSignal::new(false);
    let reject = move || {
        let of_file = app.start.with(|start| start.as_ref().and_then(|start| start.problem.clone()));
        of_file.or_else(|| app.problem.get())
    };
    // The sentence names the file where it matters; else it stands below.
    let path = move || {
        let is_named = reject().is_some_and(|reject| reject.args.contains_key("path"));
        app.start.with(|start| start.as_ref().map(|start| start.path.clone())).filter(|_| !is_named)
    };
    let is_lost = move || reject().is_some_and(|reject| reject.code == Code::CopyGone);
    let again = move || {
        busy.set(true);
        spawn_local(async move {
            super::begin(HostCall::Reopen).await;
            let _ = busy.try_set(false);
        });
    };
    view! {
        <main class="problem">
            <div class="card">
                <Picture icon=icon::WARNING large=true/>
                <h1>{t(key::PROBLEM_TITLE)}</h1>
                <p class="lead" role="alert">{move || reject().map(|reject| refusal(&reject))}</p>
                <p class="muted">{t(key::PROBLEM_SAFE)}</p>
                <p class="small faint selectable">{path}</p>
                <Button label=t(key::COMMON_RETRY) kind=Kind::Primary class="big" press=again busy=busy/>
                // A till whose copy is lost starts anew from what its server has.
                <Show when=is_lost>
                    <JoinForm/>
                </Show>
            </div>
        </main>
    }
}
