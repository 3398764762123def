//! What pages of lists and details share: the way back, Enter in a field, a day.

use kontor_domain::time::BusinessDate;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::OnPress;
use crate::icon::{self, Picture};
use crate::keys;
use crate::state::app;
use crate::text::{key, t, word};

/// A field's name as refusals say it: the same word stands above the field.
pub(crate) fn field_name(name: &str) -> String {
    word("field", name)
}

/// Runs `act` when Enter is pressed in a one-line field below the element that listens.
pub(crate) fn on_enter(act: impl Fn() + 'static) -> impl Fn(KeyboardEvent) + 'static {
    move |event| {
        // Enter that ends an IME's word is not an answer.
        let is_plain = event.key() == "Enter" && !event.is_composing() && event.key_code() != 229;
        if is_plain && is_line(event.target().as_ref()) {
            event.prevent_default();
            act();
        }
    }
}

fn is_line(target: Option<&web_sys::EventTarget>) -> bool {
    let is_input = target.is_some_and(|target| target.has_type::<web_sys::HtmlInputElement>());
    is_input && keys::is_text(target)
}

/// The way back, before the heading.
#[component]
pub(crate) fn BackTo(
    /// Where to.
    #[prop(into)]
    label: String,
    #[prop(into)] press: OnPress,
) -> impl IntoView {
    view! {
        <button type="button" class="btn quiet back" on:click=move |_| press.run()>
            <Picture icon=icon::BACK small=true/>
            <span>{label}</span>
        </button>
    }
}

/// Today at the shop.
pub(crate) fn today() -> Option<BusinessDate> {
    let of_shop = app().session.with(|session| session.as_ref().and_then(|session| session.today));
    of_shop.or_else(|| app().start.with(|start| start.as_ref().map(|start| start.today)))
}

/// A day, with its neighbours one press away.
#[component]
pub(crate) fn DayField(
    /// The day; `None` for every day.
    value: RwSignal<Option<BusinessDate>>,
    #[prop(into)] label: String,
) -> impl IntoView {
    let step = move |step: fn(BusinessDate) -> Option<BusinessDate>| {
        if let Some(day) = value.get_untracked().or_else(|| untrack(today)).and_then(step) {
            value.set(Some(day));
        }
    };
    let group = label.clone();
    view! {
        <div class="day" role="group" aria-label=group>
            <button type="button" class="btn quiet square" aria-label=t(key::TODAY_DAY_BEFORE) on:click=move |_| step(day_before)>
                <Picture icon=icon::BACK small=true/>
            </button>
            <label class="field">
                <input
                    type="date"
                    aria-label=label
                    prop:value=move || value.get().map(|day| day.to_string()).unwrap_or_default()
                    on:change=move |event| value.set(event_target_value(&event).parse().ok())
                />
            </label>
            <button type="button" class="btn quiet square" aria-label=t(key::TODAY_DAY_AFTER) on:click=move |_| step(day_after)>
                <Picture icon=icon::NEXT small=true/>
            </button>
        </div>
    }
}

fn day_before(day: BusinessDate) -> Option<BusinessDate> {
    day.0.pred_opt().map(BusinessDate)
}

fn day_after(day: BusinessDate) -> Option<BusinessDate> {
    day.0.succ_opt().map(BusinessDate)
}
