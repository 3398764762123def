//! The first window: which language, then the demo shop, one's own, or a shop server's.

mod own;
mod presets;

use kontor_domain::host::{HostCall, Start};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend;
use crate::icon::{self, Icon, Mark, Picture};
use crate::parts::{OnPress, Progress};
use crate::state::app;
use crate::sync::{FirstSync, JoinForm};
use crate::text::{Locale, key, locale, t};

/// Which part of the first window is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    /// The three ways.
    #[default]
    Ways,
    /// A shop of one's own.
    Own,
    /// A shop server.
    Join,
}

thread_local! {
    /// It must still be the same when the language changes and all is built anew.
    static STEP: std::cell::Cell<Step> = const { std::cell::Cell::new(Step::Ways) };
}

/// The first window.
#[component]
pub(crate) fn First() -> impl IntoView {
    let step = RwSignal::new(STEP.get());
    Effect::new(move |_| STEP.set(step.get()));
    let is_first_sync = Memo::new(|_| app().is_first_sync());
    let back = Callback::new(move |()| step.set(Step::Ways));
    let body = move || match (is_first_sync.get(), step.get()) {
        (true, _) => view! { <FirstSync/> }.into_any(),
        (false, Step::Ways) => view! { <Ways step=step/> }.into_any(),
        (false, Step::Own) => view! { <own::OwnShop back=back/> }.into_any(),
        (false, Step::Join) => view! { <div class="card own"><h2>{t(key::SYNC_JOIN)}</h2><JoinForm back=back/></div> }.into_any(),
    };
    view! {
        <main class="first">
            <header>
                <Mark/>
                <h1>{t(key::FIRST_WELCOME)}</h1>
                <Languages/>
            </header>
            {body}
        </main>
    }
}

/// Each language in its own words, so that it is found by who speaks it.
#[component]
pub(crate) fn Languages() -> impl IntoView {
    let one = |language: &'static Locale| {
        let is_on = *language == locale();
        let choose = move |_| app().prefer(|preferences| preferences.locale = Some(language.tag().to_owned()));
        view! {
            <button type="button" class="chip" lang=language.tag() aria-pressed=is_on.to_string() on:click=choose>
                {language.native_name()}
            </button>
        }
    };
    view! {
        <div class="tabs" role="group" aria-label=t(key::FIRST_LANGUAGE)>
            {Locale::ALL.iter().map(one).collect_view()}
        </div>
    }
}

#[component]
fn Ways(step: RwSignal<Step>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let demo = move || {
        busy.set(true);
        spawn_local(async move {
            let answer = backend::host::<Start>(HostCall::OpenDemo { locale: locale().tag().to_owned() }).await;
            app().task.set(None);
            let _ = busy.try_set(false);
            match answer {
                Ok(start) => app().begin(start),
                Err(reject) => app().toasts.refuse(&reject),
            }
        });
    };
    view! {
        <div class="ways">
            <Way icon=icon::PLAY title=t(key::FIRST_TRY_DEMO) text=t(key::FIRST_DEMO_HOW) disabled=busy press=demo/>
            <Way icon=icon::SHOP title=t(key::FIRST_START_OWN) text=t(key::FIRST_OWN_HOW) disabled=busy press=move || step.set(Step::Own) primary=true/>
            <Way icon=icon::SERVER title=t(key::FIRST_JOIN) text=t(key::SYNC_JOIN_HOW) disabled=busy press=move || step.set(Step::Join)/>
        </div>
        <div class="making">
            <Show when=move || busy.get()>
                <Progress name="demo" label=t(key::FIRST_MAKING_DEMO) steady=true/>
            </Show>
        </div>
    }
}

#[component]
fn Way(
    icon: Icon,
    title: String,
    text: String,
    #[prop(into)] disabled: Signal<bool>,
    #[prop(into)] press: OnPress,
    #[prop(optional)] primary: bool,
) -> impl IntoView {
    view! {
        <button type="button" class="way" class:primary=primary disabled=disabled on:click=move |_| press.run()>
            <Picture icon=icon large=true/>
            <b>{title}</b>
            <span>{text}</span>
        </button>
    }
}
