//! How many of a line.

use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Quantity;
use leptos::prelude::*;

use super::super::Sheet;
use super::Frame;
use super::numpad::{Amount, AmountField, Numpad};
use crate::format;
use crate::icon;
use crate::parts::{Button, Kind};
use crate::state::app;
use crate::text::{key, refusal, t, unit};

#[component]
pub(super) fn QuantitySheet(line: u32) -> impl IntoView {
    let counter = app().counter;
    let (name, words, now) = counter.basket.with_untracked(|basket| {
        basket.line(line).map_or_else(|| (String::new(), String::new(), Quantity::ONE), |line| (line.name.clone(), unit(&line.unit), line.quantity))
    });
    let amount = Amount::new(format::quantity(now));
    let wrong = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        amount.text.track();
        wrong.set(None);
    });
    let set = move |quantity: Quantity| {
        if quantity.is_zero() {
            counter.remove(line);
        } else {
            counter.change(|basket| basket.change(line, |line| line.quantity = quantity));
            counter.selected.set(Some(line));
        }
        counter.sheet.set(Sheet::None);
    };
    let apply = Callback::new(move |()| match Quantity::parse(&amount.text.get_untracked()) {
        Some(quantity) if !quantity.is_negative() => set(quantity),
        _ => wrong.set(Some(refusal(&Reject::field(Code::Format, "quantity")))),
    });
    let step = move |by: i64| {
        let now = Quantity::parse(&amount.text.get_untracked()).unwrap_or_default();
        let next = now.plus(Quantity(by)).unwrap_or(now);
        if !next.is_negative() {
            amount.propose(format::quantity(next));
        }
    };
    view! {
        <Frame title=name done=t(key::COMMON_APPLY) act=apply>
            <div class="cash">
                <div class="col">
                    <div class="card given"><AmountField amount=amount label=t(key::COUNTER_QUANTITY) unit=words error=wrong/></div>
                    <div class="notes">
                        <Button label="−1" press=move || step(-1000)/>
                        <Button label="+1" press=move || step(1000)/>
                    </div>
                    <Button label=t(key::ACTION_REMOVE_LINE) kind=Kind::Danger icon=icon::BIN press=move || set(Quantity::ZERO)/>
                </div>
                <Numpad amount=amount decimals=true/>
            </div>
        </Frame>
    }
}
