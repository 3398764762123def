//! Discount on a line or on the whole, or another price for a line.

use kontor_domain::counter::cart::Discount;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Rate, UnitPrice};
use leptos::prelude::*;

use super::super::{Counter, Sheet};
use super::Frame;
use super::numpad::{Amount, AmountField, Numpad};
use crate::format;
use crate::parts::{Button, Choice};
use crate::state::app;
use crate::text::{key, refusal, t, tx};

/// What it is given on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Line(u32),
    Whole,
}

/// How it is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Percent,
    Amount,
    Price,
}

/// Percentages that are given often.
const USUAL: &[i64] = &[5, 10, 15, 20, 30, 50];

fn discount_now(counter: Counter, on: On) -> Discount {
    counter.basket.with_untracked(|basket| match on {
        On::Line(line) => basket.line(line).map(|line| line.discount).unwrap_or_default(),
        On::Whole => basket.discount,
    })
}

fn proposal(counter: Counter, on: On, how: How) -> String {
    match (how, discount_now(counter, on), on) {
        (How::Percent, Discount::Percent(rate), _) => rate.percent_figure(),
        (How::Amount, Discount::Amount(amount), _) => format::money_figure(amount),
        (How::Price, _, On::Line(line)) => {
            counter.basket.with_untracked(|basket| basket.line(line).map(|line| format::price_figure(line.unit_price)).unwrap_or_default())
        }
        _ => String::new(),
    }
}

/// Does it, if the cart still comes to something.
fn apply(counter: Counter, on: On, how: How, text: &str) -> Result<(), Reject> {
    let currency = app().currency();
    let before = counter.basket.get_untracked();
    let is_none = text.trim().is_empty();
    let discount = match how {
        How::Price => {
            let price = currency.parse_price(text).filter(|price| !price.is_negative()).ok_or_else(|| Reject::field(Code::Format, "price"))?;
            return set_price(counter, on, price);
        }
        _ if is_none => Discount::None,
        How::Percent => {
            let rate = Rate::parse_percent(text).filter(|rate| !rate.is_negative() && *rate <= Rate::WHOLE);
            rate.map(Discount::Percent).ok_or_else(|| Reject::field(Code::OutOfRange, "discount"))?
        }
        How::Amount => {
            let amount = currency.parse_money(text).filter(|amount| !amount.is_negative());
            amount.map(Discount::Amount).ok_or_else(|| Reject::field(Code::OutOfRange, "discount"))?
        }
    };
    counter.change(|basket| match on {
        On::Line(line) => basket.change(line, |line| line.discount = discount),
        On::Whole => basket.discount = discount,
    });
    match counter.figures.get_untracked() {
        Ok(_) => Ok(()),
        Err(reject) => {
            counter.change(|basket| *basket = before);
            Err(reject)
        }
    }
}

fn set_price(counter: Counter, on: On, price: UnitPrice) -> Result<(), Reject> {
    let On::Line(line) = on else { return Err(Reject::field(Code::Format, "price")) };
    counter.change(|basket| basket.change(line, |line| line.unit_price = price));
    Ok(())
}

#[component]
pub(super) fn DiscountSheet() -> impl IntoView {
    let counter = app().counter;
    let line = counter.current();
    let on = RwSignal::new(line.map_or(On::Whole, On::Line));
    let how = RwSignal::new(How::Percent);
    let amount = Amount::new(proposal(counter, on.get_untracked(), How::Percent));
    let wrong = RwSignal::new(None::<String>);
    Effect::new(move |before: Option<()>| {
        let (on, how_now) = (on.get(), how.get());
        if on == On::Whole && how_now == How::Price {
            how.set(How::Percent);
        } else if before.is_some() {
            amount.propose(proposal(counter, on, how_now));
        }
    });
    Effect::new(move |_| {
        amount.text.track();
        wrong.set(None);
    });
    let finish = move |text: &str| match apply(counter, on.get_untracked(), how.get_untracked(), text) {
        Ok(()) => counter.sheet.set(Sheet::None),
        Err(reject) => wrong.set(Some(refusal(&reject))),
    };
    let name = counter.basket.with_untracked(|basket| line.and_then(|line| basket.line(line)).map(|line| line.name.clone()));
    let targets: Vec<(On, String)> =
        line.zip(name).map(|(line, name)| (On::Line(line), name)).into_iter().chain([(On::Whole, t(key::COUNTER_WHOLE_SALE))]).collect();
    let ways = Signal::derive(move || {
        let mut ways = vec![(How::Percent, t(key::COUNTER_PERCENT)), (How::Amount, t(key::COUNTER_AMOUNT))];
        if on.get() != On::Whole {
            ways.push((How::Price, t(key::COUNTER_NEW_PRICE)));
        }
        ways
    });
    let unit = Signal::derive(move || if how.get() == How::Percent { "%".to_owned() } else { app().currency().symbol.trim().to_owned() });
    let label = Signal::derive(move || match how.get() {
        How::Percent | How::Amount => t(key::COUNTER_DISCOUNT),
        How::Price => t(key::COUNTER_NEW_PRICE),
    });
    let usual = move |percent: &i64| {
        let text = percent.to_string();
        let label = tx(key::COUNTER_PERCENT_OFF, &[("percent", text.as_str().into())]);
        view! { <Button label=label press=move || amount.propose(text.clone())/> }
    };
    view! {
        <Frame title=t(key::ACTION_DISCOUNT) done=t(key::COMMON_APPLY) act=Callback::new(move |()| finish(&amount.text.get_untracked()))>
            <div class="cash">
                <div class="col">
                    <Choice label=t(key::COUNTER_DISCOUNT_ON) options=targets chosen=on/>
                    <Choice label=t(key::COUNTER_DISCOUNT_HOW) options=ways chosen=how/>
                    <div class="card given"><AmountField amount=amount label=label unit=unit error=wrong/></div>
                    <Show when=move || how.get() == How::Percent>
                        <div class="notes three">{USUAL.iter().map(usual).collect_view()}</div>
                    </Show>
                    <Button label=t(key::COUNTER_NO_DISCOUNT) press=move || {
                        if how.get_untracked() == How::Price {
                            how.set(How::Percent);
                        }
                        finish("");
                    }/>
                </div>
                <Numpad amount=amount decimals=true/>
            </div>
        </Frame>
    }
}
