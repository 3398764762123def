//! Words that come, say what happened, and go. They take no focus and stop nobody.

use std::time::Duration;

use kontor_domain::reject::Reject;
use leptos::prelude::*;

use crate::deed::Deed;
use crate::icon::{self, Picture};
use crate::state::app;
use crate::text::{key, refusal, t};

/// How long good news stays.
const SHORT: Duration = Duration::from_secs(4);
/// How long bad news stays: long enough to be read twice.
const LONG: Duration = Duration::from_secs(12);
/// More would hide the screen.
const MOST: usize = 4;

/// What kind of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Said in passing.
    Plain,
    /// It worked.
    Ok,
    /// Look first.
    Warn,
    /// It needs you.
    Need,
}

impl Tone {
    /// Its class.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Need => "need",
        }
    }

    /// Its picture.
    pub(crate) const fn icon(self) -> icon::Icon {
        match self {
            Self::Plain => icon::INFO,
            Self::Ok => icon::CHECK,
            Self::Warn | Self::Need => icon::WARNING,
        }
    }
}

/// Something a person can do about it.
#[derive(Clone)]
pub(crate) struct Act {
    /// What the button says.
    pub(crate) label: String,
    /// What it does.
    pub(crate) run: Deed,
}

#[derive(Clone)]
struct Toast {
    number: u32,
    tone: Tone,
    text: String,
    act: Option<Act>,
}

/// All that is said now.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    all: RwSignal<Vec<Toast>>,
    last: RwSignal<u32>,
}

impl Toasts {
    pub(crate) fn new() -> Self {
        Self { all: RwSignal::new(Vec::new()), last: RwSignal::new(0) }
    }

    /// Says something.
    pub(crate) fn say(self, tone: Tone, text: impl Into<String>) {
        self.say_with(tone, text, None);
    }

    /// Says why something was refused.
    pub(crate) fn refuse(self, reject: &Reject) {
        self.say(Tone::Need, refusal(reject));
    }

    /// Says something that a person can do something about.
    pub(crate) fn say_with(self, tone: Tone, text: impl Into<String>, act: Option<Act>) {
        self.last.update(|last| *last = last.wrapping_add(1));
        let number = self.last.get_untracked();
        let text = text.into();
        self.all.update(|all| {
            // The same again is the same news.
            all.retain(|toast| toast.text != text);
            all.push(Toast { number, tone, text, act });
            let surplus = all.len().saturating_sub(MOST);
            all.drain(..surplus);
        });
        let time = if matches!(tone, Tone::Plain | Tone::Ok) { SHORT } else { LONG };
        set_timeout(move || self.drop(number), time);
    }

    fn drop(self, number: u32) {
        self.all.update(|all| all.retain(|toast| toast.number != number));
    }
}

/// Where they appear.
#[component]
pub(crate) fn ToastList() -> impl IntoView {
    let toasts = app().toasts;
    view! {
        <div class="toasts" role="log" aria-live="polite">
            <For each=move || toasts.all.get() key=|toast| toast.number let:toast>
                <ToastView toast=toast/>
            </For>
        </div>
    }
}

#[component]
fn ToastView(toast: Toast) -> impl IntoView {
    let number = toast.number;
    let close = move || app().toasts.drop(number);
    let act = toast.act.map(|act| {
        let run = move |_| {
            act.run.run();
            close();
        };
        view! { <button class="btn" on:click=run>{act.label}</button> }
    });
    view! {
        <div class=format!("toast {}", toast.tone.class())>
            <Picture icon=toast.tone.icon()/>
            <span class="words">{toast.text}</span>
            {act}
            <button class="btn quiet square" aria-label=t(key::COMMON_CLOSE) on:click=move |_| close()>
                <Picture icon=icon::CLOSE small=true/>
            </button>
        </div>
    }
}
