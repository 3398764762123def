//! What is where.

use kontor_domain::catalog::THRESHOLD_OFF;
use kontor_domain::command::Event;
use kontor_domain::ids::LocationId;
use kontor_domain::stock::{BalanceView, ListBalances};
use kontor_domain::units::{UnitPrice, divide_rounded};
use leptos::prelude::*;

use super::{MovesOf, location_options};
use crate::parts::{Button, Column, Empty, Kind, Rows, SearchField, VirtualTable};
use crate::place::StockPlace;
use crate::text::{self, key, t};
use crate::{format, icon};

/// A list narrowed to one location.
#[component]
pub(super) fn LocationSelect(value: RwSignal<Option<LocationId>>) -> impl IntoView {
    let options = move || {
        let chosen = value.get().map(|id| id.to_string());
        let option = move |(id, words): (String, String)| {
            let selected = chosen.as_ref() == Some(&id);
            view! { <option value=id selected=selected>{words}</option> }
        };
        location_options().into_iter().map(option).collect_view()
    };
    view! {
        <label class="chip select" class:on=move || value.get().is_some()>
            <select
                aria-label=t(key::STOCK_LOCATION)
                on:change=move |event| value.set(event_target_value(&event).parse().ok().map(LocationId))
            >
                <option value="" selected=move || value.get().is_none()>{t(key::STOCK_EVERY_LOCATION)}</option>
                {options}
            </select>
        </label>
    }
}

/// The list.
#[component]
pub(super) fn Balances(moves_of: RwSignal<MovesOf>, chosen: RwSignal<StockPlace>) -> impl IntoView {
    let (text, location, only_low) = (RwSignal::new(String::new()), RwSignal::new(None::<LocationId>), RwSignal::new(false));
    let rows = Rows::new(&[Event::StockChanged, Event::CatalogChanged], move |offset, limit| ListBalances {
        text: text.get().trim().to_owned(),
        location_id: location.get(),
        only_low: only_low.get(),
        offset,
        limit,
    });
    let open = Callback::new(move |row: BalanceView| {
        moves_of.set(MovesOf { product: Some((row.product_id, row.name)), location: Some(row.location_id) });
        chosen.set(StockPlace::Moves);
    });
    let is_plain = move || text.with(String::is_empty) && location.get().is_none() && !only_low.get();
    let clear = move || {
        text.set(String::new());
        location.set(None);
        only_low.set(false);
    };
    let empty = move || {
        if is_plain() {
            view! {
                <Empty icon=icon::WAREHOUSE title=t(key::STOCK_EMPTY) text=t(key::STOCK_EMPTY_TEXT)>
                    <Button label=t(key::STOCK_RECEIVE) kind=Kind::Primary press=move || chosen.set(StockPlace::Receive)/>
                </Empty>
            }
            .into_any()
        } else {
            view! {
                <Empty icon=icon::SEARCH title=t(key::STOCK_NO_MATCH) text=t(key::STOCK_NO_MATCH_TEXT)>
                    <Button label=t(key::SALES_CLEAR_FILTERS) press=clear/>
                </Empty>
            }
            .into_any()
        }
    };
    view! {
        <div class="filters">
            <SearchField value=text placeholder=t(key::STOCK_SEARCH)/>
            <LocationSelect value=location/>
            <button
                type="button"
                class="chip"
                aria-pressed=move || only_low.get().to_string()
                on:click=move |_| only_low.update(|only| *only = !*only)
            >
                {t(key::STOCK_ONLY_LOW)}
            </button>
            <span class="push small faint">{t(key::PRODUCTS_FIGURES_HINT)}</span>
        </div>
        <VirtualTable label=t(key::STOCK_BALANCES) rows=rows columns=columns() open=open least_width=820 empty=empty/>
    }
}

/// Whether there is less than the shop wants, or less than nothing.
fn is_low(row: &BalanceView) -> bool {
    row.quantity.is_negative() || (row.low_threshold != THRESHOLD_OFF && row.quantity < row.low_threshold)
}

/// An average has no end of decimals: two more than the currency has are read.
fn rounded(cost: UnitPrice) -> UnitPrice {
    const STEP: i64 = UnitPrice::PER_MINOR_UNIT / 100;
    divide_rounded(i128::from(cost.0), i128::from(STEP)).and_then(|steps| steps.checked_mul(STEP)).map_or(cost, UnitPrice)
}

fn columns() -> Vec<Column<BalanceView>> {
    let value = |row: &BalanceView| row.average_cost.and_then(|cost| cost.times(row.quantity).ok()).map(format::money).unwrap_or_default();
    vec![
        Column::new(t(key::STOCK_PRODUCT), "minmax(220px, 1fr)", |row: &BalanceView| view! { <span class="strong">{row.name.clone()}</span> }),
        Column::new(t(key::STOCK_CODE), "minmax(96px, .3fr)", |row: &BalanceView| view! { <span class="muted">{row.code.clone()}</span> }),
        Column::new(
            t(key::STOCK_LOCATION),
            "minmax(96px, .3fr)",
            |row: &BalanceView| view! { <span class="muted">{row.location_code.clone()}</span> },
        ),
        Column::new(t(key::PRODUCTS_ON_HAND), "124px", |row: &BalanceView| {
            view! {
                <span class:below=is_low(row) class:strong=is_low(row)>{format::quantity(row.quantity)}</span>
                <span class="small muted">" " {text::unit(&row.unit)}</span>
            }
        })
        .figures(),
        Column::new(t(key::STOCK_AVERAGE_COST), "136px", |row: &BalanceView| row.average_cost.map(rounded).map(format::price).unwrap_or_default())
            .figures(),
        Column::new(t(key::STOCK_VALUE), "148px", value).figures(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_read_with_two_more_decimals_than_the_currency() {
        assert_eq!(rounded(UnitPrice(684_783)), UnitPrice(684_800));
        assert_eq!(rounded(UnitPrice(-684_750)), UnitPrice(-684_800));
        assert_eq!(rounded(UnitPrice(i64::MAX - 8)), UnitPrice(i64::MAX - 7));
    }
}
