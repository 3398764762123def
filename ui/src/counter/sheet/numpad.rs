//! Keys for fingers. The same amount can be typed on the keyboard: the field keeps the cursor.

use leptos::html;
use leptos::prelude::*;

use crate::icon::{self, Picture};
use crate::parts::Button;
use crate::text::{key, t};

/// An amount that is being entered. The first key replaces what was proposed.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) text: RwSignal<String>,
    fresh: RwSignal<bool>,
}

impl Amount {
    pub(super) fn new(text: String) -> Self {
        Self { text: RwSignal::new(text), fresh: RwSignal::new(true) }
    }

    /// Proposes an amount: the next key replaces it.
    pub(super) fn propose(self, text: String) {
        self.text.set(text);
        self.fresh.set(true);
    }

    fn press(self, keys: &str) {
        let before = if self.fresh.get_untracked() { String::new() } else { self.text.get_untracked() };
        self.fresh.set(false);
        self.text.set(press(&before, keys));
    }

    fn erase(self) {
        if self.fresh.get_untracked() {
            self.text.set(String::new());
        } else {
            self.text.update(|text| {
                text.pop();
            });
        }
        self.fresh.set(false);
    }
}

/// What a key makes of an amount.
fn press(before: &str, keys: &str) -> String {
    match keys {
        "." if before.contains('.') => before.to_owned(),
        "." if before.is_empty() => "0.".to_owned(),
        "00" if before.is_empty() || before == "0" => "0".to_owned(),
        _ if before == "0" && keys != "." => keys.to_owned(),
        _ => format!("{before}{keys}"),
    }
}

/// The field that shows the amount and takes the keyboard.
#[component]
pub(super) fn AmountField(
    amount: Amount,
    #[prop(into)] label: Signal<String>,
    /// What is taken when nothing is typed.
    #[prop(optional, into)]
    placeholder: Signal<String>,
    #[prop(optional, into)] unit: Signal<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    crate::parts::focus_when_there(field);
    // A new proposal is selected, so that typing replaces it as the keys do.
    Effect::new(move |before: Option<()>| {
        amount.text.track();
        if before.is_some()
            && amount.fresh.get_untracked()
            && let Some(field) = field.get_untracked()
            && !is_walking()
        {
            request_animation_frame(move || field.select());
        }
    });
    view! {
        <div class="amount">
            <label class="muted" for="sheet-amount">{move || label.get()}</label>
            <div class="row">
                <input
                    node_ref=field
                    id="sheet-amount"
                    class="num"
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    placeholder=move || placeholder.get()
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby="sheet-amount-error"
                    prop:value=move || amount.text.get()
                    on:input=move |event| {
                        amount.fresh.set(false);
                        amount.text.set(event_target_value(&event));
                    }
                />
                <span class="unit muted lead">{move || unit.get()}</span>
            </div>
            <div class="error" id="sheet-amount-error" role="alert">{move || error.get()}</div>
        </div>
    }
}

/// Whether somebody walks through choices by the arrows: to select the amount would take the cursor from there.
fn is_walking() -> bool {
    document().query_selector("[role=radio]:focus-visible").is_ok_and(|found| found.is_some())
}

/// The keys.
#[component]
pub(super) fn Numpad(
    amount: Amount,
    /// Whether there are digits behind the point.
    decimals: bool,
) -> impl IntoView {
    let last = if decimals { "." } else { "00" };
    let one = move |keys: &'static str| view! { <Button label=keys.to_owned() press=move || amount.press(keys)/> };
    view! {
        <div class="numpad" role="group" aria-label=t(key::COUNTER_NUMPAD)>
            {["7", "8", "9", "4", "5", "6", "1", "2", "3", last, "0"].map(one).collect_view()}
            <button type="button" class="btn" aria-label=t(key::COUNTER_ERASE) on:click=move |_| amount.erase()>
                <Picture icon=icon::ERASE/>
            </button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_write_an_amount_and_never_a_nonsense() {
        for (before, keys, after) in [
            ("", "5", "5"),
            ("0", "5", "5"),
            ("", "00", "0"),
            ("5", "00", "500"),
            ("", ".", "0."),
            ("1.5", ".", "1.5"),
            ("1.", "0", "1.0"),
            ("0", ".", "0."),
        ] {
            assert_eq!(press(before, keys), after, "{before} {keys}");
        }
    }
}
