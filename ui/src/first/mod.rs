//! The first window: which language, then the demo shop or one's own.

mod own;
mod presets;

use kontor_domain::host::{HostCall, Start};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend;
use crate::icon::{self, Icon, Mark, Picture};
use crate::parts::Progress;
use crate::state::app;
use crate::text::{Locale, key, locale, t};

thread_local! {
    /// Whether the form is open: it must still be when the language changes and all is built anew.
    static OWN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The first window.
#[component]
pub(crate) fn First() -> impl IntoView {
    let own = RwSignal::new(OWN.get());
    Effect::new(move |_| OWN.set(own.get()));
    view! {
        <main class="first">
            <header>
                <Mark/>
                <h1>{t(key::FIRST_WELCOME)}</h1>
                <Languages/>
            </header>
            <Show when=move || own.get() fallback=move || view! { <Ways own=own/> }>
                <own::OwnShop back=Callback::new(move |()| own.set(false))/>
            </Show>
        </main>
    }
}

/// Each language in its own words, so that it is found by who speaks it.
#[component]
fn Languages() -> impl IntoView {
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
fn Ways(own: RwSignal<bool>) -> impl IntoView {
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
            <Way icon=icon::SHOP title=t(key::FIRST_START_OWN) text=t(key::FIRST_OWN_HOW) disabled=busy press=move || own.set(true) primary=true/>
            <Way icon=icon::SERVER title=t(key::FIRST_JOIN) text=t(key::FIRST_JOIN_LATER) disabled=true press=|| {}/>
        </div>
        <div class="making">
            <Show when=move || busy.get()>
                <Progress name="demo" label=t(key::FIRST_MAKING_DEMO)/>
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
    press: impl Fn() + 'static,
    #[prop(optional)] primary: bool,
) -> impl IntoView {
    view! {
        <button type="button" class="way" class:primary=primary disabled=disabled on:click=move |_| press()>
            <Picture icon=icon large=true/>
            <b>{title}</b>
            <span>{text}</span>
        </button>
    }
}
