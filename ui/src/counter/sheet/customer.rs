//! Who buys: a name and a tax number on this sale.

use kontor_domain::text::TAX_NUMBER_LIMIT;
use leptos::prelude::*;

use super::super::{Sheet, tax_number};
use super::Frame;
use crate::parts::{Button, TextField};
use crate::state::app;
use crate::text::{key, t};

/// Where tax numbers are checked by Taiwan's rule.
fn is_in_taiwan() -> bool {
    app().session.with_untracked(|session| session.as_ref().is_some_and(|session| session.company.currency == "TWD"))
}

#[component]
pub(super) fn CustomerSheet() -> impl IntoView {
    let counter = app().counter;
    let (name, number) = counter.basket.with_untracked(|basket| (basket.customer_name.clone(), basket.customer_tax_number.clone()));
    let (name, number) = (RwSignal::new(name), RwSignal::new(number));
    let apply = move || {
        counter.change(|basket| {
            basket.customer_name = name.get_untracked().trim().to_owned();
            basket.customer_tax_number = number.get_untracked().trim().to_owned();
        });
        counter.sheet.set(Sheet::None);
    };
    // A warning and no more: foreign buyers have other numbers.
    let is_strange =
        Signal::derive(move || number.with(|number| is_in_taiwan() && !number.trim().is_empty() && !tax_number::is_taiwan_number(number)));
    view! {
        <Frame title=t(key::COUNTER_CUSTOMER) done=t(key::COMMON_APPLY) act=Callback::new(move |()| apply())>
            <div class="form" style:max-width="520px">
                <TextField label=t(key::COUNTER_TAX_NUMBER) value=number autofocus=true mode="tel" max_length=TAX_NUMBER_LIMIT as u32/>
                <p class="warning small" role="status">{move || is_strange.get().then(|| t(key::COUNTER_TAX_NUMBER_STRANGE))}</p>
                <TextField label=t(key::COUNTER_CUSTOMER_NAME) value=name max_length=200/>
                <p class="muted small">{t(key::COUNTER_CUSTOMER_HOW)}</p>
                <Button label=t(key::COUNTER_WALK_IN) press=move || {
                    name.set(String::new());
                    number.set(String::new());
                    apply();
                }/>
            </div>
        </Frame>
    }
}
