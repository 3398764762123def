//! The screens, on the left, always.

use leptos::prelude::*;

use crate::icon::{Mark, Picture};
use crate::place::{Screen, go};
use crate::state::app;
use crate::text::{key, t, tx};

#[component]
pub(super) fn Rail(here: Signal<Screen>) -> impl IntoView {
    view! {
        <nav class="rail" aria-label=t(key::SHELL_SCREENS)>
            <div class="mark"><Mark/></div>
            {move || Screen::ALL.iter().filter(|screen| screen.is_on_rail() && screen.is_open()).map(|screen| view! { <Stop screen=*screen here=here/> }).collect_view()}
        </nav>
    }
}

#[component]
fn Stop(screen: Screen, here: Signal<Screen>) -> impl IntoView {
    let waiting = move || match screen {
        Screen::Attention => app().session.with(|session| session.as_ref().map_or(0, |session| session.attention_count)),
        _ => 0,
    };
    let badge = move || {
        let count = waiting();
        let said = tx(key::SHELL_ATTENTION, &[("count", count.into())]);
        let figure = if count > 99 { "99+".to_owned() } else { count.to_string() };
        (count > 0).then(|| view! { <span class="badge" role="status" aria-label=said>{figure}</span> })
    };
    view! {
        <button
            type="button"
            class:last=screen == Screen::Settings
            aria-current=move || (here.get() == screen).then_some("page")
            on:click=move |_| go(screen.place())
        >
            <span class="dot"><Picture icon=screen.icon()/>{badge}</span>
            {t(screen.name())}
        </button>
    }
}
