//! Several products have this code: which one is it? Scans that follow wait for the answer.

use kontor_domain::catalog::ScanHit;
use kontor_domain::units::Quantity;
use leptos::prelude::*;

use super::super::{Sheet, add_scan, scans};
use super::Frame;
use crate::format;
use crate::keys::{Press, Taken, on_press};
use crate::parts::Swatch;
use crate::scanner;
use crate::state::app;
use crate::text::{key, t, unit};

/// As many as there are digits.
const MOST: usize = 9;

#[component]
pub(super) fn ChooseSheet(hits: Vec<ScanHit>, quantity: Quantity) -> impl IntoView {
    let counter = app().counter;
    let count = hits.len().min(MOST);
    let hits = StoredValue::new(hits);
    let chosen = RwSignal::new(0_usize);
    let take = move |index: usize| {
        let Some(hit) = hits.with_value(|hits| hits.get(index).cloned()) else { return };
        counter.sheet.set(Sheet::None);
        add_scan(&hit, quantity);
        scans::proceed();
    };
    on_press(move |press: Press| {
        if press.in_dialog {
            return Taken::No;
        }
        match press.chord.to_string().as_str() {
            "ArrowDown" => chosen.update(|index| *index = (*index + 1).min(count - 1)),
            "ArrowUp" => chosen.update(|index| *index = index.saturating_sub(1)),
            digit => match digit.parse::<usize>() {
                // The next scan may begin with the same digit.
                Ok(number @ 1..=MOST) => scanner::when_typed(move || take(number - 1)),
                _ => return Taken::No,
            },
        }
        Taken::Yes
    });
    let row = move |(index, hit): (usize, ScanHit)| {
        let product = hit.product;
        let words = if hit.pack_unit.is_empty() { unit(&product.unit) } else { unit(&hit.pack_unit) };
        view! {
            <button type="button" class="option" class:on=move || chosen.get() == index on:click=move |_| take(index)>
                <span class="n">{index + 1}</span>
                <Swatch hue=product.hue name=product.name.clone()/>
                <span class="grow"><b>{product.name}</b><span class="sub">" " {product.code} " · " {words}</span></span>
                <b class="num lead">{format::price(hit.pack_price.unwrap_or(product.price))}</b>
            </button>
        }
    };
    let rows = hits.with_value(|hits| hits.iter().take(MOST).cloned().enumerate().map(row).collect_view());
    view! {
        <Frame title=t(key::COUNTER_WHICH) done=t(key::COMMON_ADD) act=Callback::new(move |()| take(chosen.get_untracked()))>
            <div class="options scroll">{rows}</div>
        </Frame>
    }
}
