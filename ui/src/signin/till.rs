//! Which till a browser stands for: its sales and papers carry that till's numbers, its cash is in that till's shift.

use kontor_domain::command::Event;
use kontor_domain::counter::Till;
use kontor_domain::ids::TillId;
use kontor_domain::settings::ListTills;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Front;
use crate::backend::server::account;
use crate::icon::{self, Icon, Picture};
use crate::live::live;
use crate::parts::{OnPress, Skeleton, Strip};
use crate::state::app;
use crate::text::{key, refusal, t, tx};
use crate::toast::Tone;

/// The question.
#[component]
pub(crate) fn WhichTill() -> impl IntoView {
    let tills = live(&[Event::SettingsChanged], || Some(ListTills {}));
    let choose = |till: Option<TillId>| {
        account::choose_till(till);
        app().session.set(None);
        spawn_local(app().enter());
    };
    let ways = move || {
        let Some(tills) = tills.get() else { return view! { <Skeleton height="224px"/> }.into_any() };
        let tills = tills.into_iter().map(move |till| {
            let id = till.id;
            view! { <Way icon=icon::TILL title=till_words(&till) text=t(key::SIGNIN_TILL_HOW) press=move || choose(Some(id))/> }
        });
        view! {
            {tills.collect_view()}
            <Way icon=icon::CHART title=t(key::SIGNIN_NO_TILL) text=t(key::SIGNIN_NO_TILL_HOW) press=move || choose(None)/>
        }
        .into_any()
    };
    view! {
        <Front title=t(key::SIGNIN_WHICH_TILL)>
            <p class="muted ways-head">{t(key::SIGNIN_WHICH_TILL_TEXT)}</p>
            {move || tills.refusal.get().map(|reject| view! { <Strip tone=Tone::Need text=refusal(&reject)/> })}
            <div class="ways tills">{ways}</div>
        </Front>
    }
}

/// `Till 2 · Front`, as the top bar says it.
pub(crate) fn till_words(till: &Till) -> String {
    let number = tx(key::SHELL_TILL, &[("number", till.number.into())]);
    if till.name.is_empty() { number } else { format!("{number} · {}", till.name) }
}

#[component]
fn Way(icon: Icon, title: String, text: String, #[prop(into)] press: OnPress) -> impl IntoView {
    view! {
        <button type="button" class="way" on:click=move |_| press.run()>
            <Picture icon=icon large=true/>
            <b>{title}</b>
            <span>{text}</span>
        </button>
    }
}
