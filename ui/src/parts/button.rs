//! The button.

use std::rc::Rc;

use leptos::prelude::*;

use crate::icon::{Icon, Picture};
use crate::keys::{Action, shown};

/// How much a button wants to be pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of several.
    #[default]
    Normal,
    /// The one thing to do here.
    Primary,
    /// Beside the way.
    Quiet,
    /// Takes something away.
    Danger,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Normal => "btn",
            Self::Primary => "btn primary",
            Self::Quiet => "btn quiet",
            Self::Danger => "btn danger",
        }
    }
}

/// What is done when something is pressed: of one type, so that what can be pressed is compiled once and not once for
/// each place it stands at.
#[derive(Clone)]
pub(crate) struct OnPress(Rc<dyn Fn()>);

impl OnPress {
    /// Does it.
    pub(crate) fn run(&self) {
        (self.0)();
    }
}

impl<F: Fn() + 'static> From<F> for OnPress {
    fn from(work: F) -> Self {
        Self(Rc::new(work))
    }
}

/// A button with words: `<Button label=t(key::COMMON_SAVE) kind=Kind::Primary press=move || save()/>`.
#[component]
pub(crate) fn Button(
    /// What it says.
    #[prop(into)]
    label: Signal<String>,
    /// What it does.
    #[prop(into)]
    press: OnPress,
    #[prop(optional)] kind: Kind,
    /// A picture before the words.
    #[prop(optional)]
    icon: Option<Icon>,
    /// The action whose key is shown behind the words.
    #[prop(optional, into)]
    action: Option<Action>,
    /// A key that is shown as it is: `Enter`.
    #[prop(optional)]
    keycap: Option<&'static str>,
    /// Cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Is working: cannot be pressed, says so to screen readers.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// More classes: `big`, `tall`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let cap = keycap.map(str::to_owned).or_else(|| action.map(shown)).filter(|cap| !cap.is_empty());
    view! {
        <button
            type="button"
            class=format!("{} {class}", kind.class())
            class:busy=busy
            disabled=move || disabled.get() || busy.get()
            aria-busy=move || busy.get().to_string()
            on:click=move |_| press.run()
        >
            {icon.map(|icon| view! { <Picture icon=icon small=true/> })}
            <span>{move || label.get()}</span>
            {cap.map(|cap| view! { <kbd aria-hidden="true">{cap}</kbd> })}
        </button>
    }
}
