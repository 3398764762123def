//! The stock ledger, newest first.

use kontor_domain::command::Event;
use kontor_domain::ids::SaleId;
use kontor_domain::stock::{DocumentKind, ListMoves, MoveView};
use leptos::prelude::*;

use super::balances::LocationSelect;
use super::{MovesOf, location_name};
use crate::icon::Picture;
use crate::parts::{Column, Empty, Rows, VirtualTable};
use crate::place::{Place, ProductsPlace, StockPlace, go};
use crate::text::{self, key, t, tx, word};
use crate::{format, icon};

/// The list.
#[component]
pub(super) fn Moves(of: RwSignal<MovesOf>, chosen: RwSignal<StockPlace>) -> impl IntoView {
    let location = RwSignal::new(of.with_untracked(|of| of.location));
    let product = Memo::new(move |_| of.with(|of| of.product.clone()));
    let rows = Rows::new(&[Event::StockChanged], move |offset, limit| ListMoves {
        product_id: product.get().map(|(id, _)| id),
        location_id: location.get(),
        order: None,
        offset,
        limit,
    });
    let open = Callback::new(move |row: MoveView| match row.document_kind {
        DocumentKind::Sale => go(Place::Sales(Some(SaleId(row.document_id)))),
        DocumentKind::Stock | DocumentKind::Shift | DocumentKind::Cash => chosen.set(StockPlace::Documents),
    });
    let of_product = move || {
        product.get().map(|(id, name)| {
            let clear = tx(key::STOCK_NOT_ONLY, &[("name", (&name).into())]);
            view! {
                <span class="chip on">
                    <button type="button" class="link" on:click=move |_| go(Place::Products(ProductsPlace::One(id)))>{name}</button>
                    <button type="button" class="closechip" aria-label=clear on:click=move |_| of.update(|of| of.product = None)>
                        <Picture icon=icon::CLOSE small=true/>
                    </button>
                </span>
            }
        })
    };
    let empty = || view! { <Empty icon=icon::TRANSFER title=t(key::STOCK_NO_MOVES) text=t(key::STOCK_NO_MOVES_TEXT)/> };
    view! {
        <div class="filters">
            {of_product}
            <LocationSelect value=location/>
            <span class="muted small">{move || rows.total().map(|count| tx(key::STOCK_LINES_COUNT, &[("count", i64::try_from(count).unwrap_or(i64::MAX).into())]))}</span>
        </div>
        <VirtualTable label=t(key::STOCK_MOVES) rows=rows columns=columns() open=open least_width=1060 empty=empty/>
    }
}

fn columns() -> Vec<Column<MoveView>> {
    vec![
        Column::new(t(key::SALES_WHEN), "184px", |row: &MoveView| view! { <span class="muted">{format::date_time(row.at)}</span> }),
        Column::new(t(key::STOCK_PRODUCT), "minmax(210px, 1fr)", |row: &MoveView| view! { <span class="strong">{row.name.clone()}</span> }),
        Column::new(t(key::SALES_QUANTITY), "100px", |row: &MoveView| {
            view! { {format::quantity(row.quantity)} <span class="small muted">" " {text::unit(&row.unit)}</span> }
        })
        .figures(),
        Column::new(t(key::STOCK_FROM_TO), "190px", |row: &MoveView| {
            view! { <span>{location_name(&row.from_code, row.from_kind)} <span class="faint">" → "</span> {location_name(&row.to_code, row.to_kind)}</span> }
        }),
        Column::new(t(key::STOCK_REASON), "96px", |row: &MoveView| word("reason", row.reason.word())),
        Column::new(t(key::STOCK_DOCUMENT), "160px", |row: &MoveView| view! { <span class="muted">{row.document_number.clone()}</span> }),
        Column::new(t(key::STOCK_VALUE), "96px", |row: &MoveView| row.value.map(format::money).unwrap_or_default()).figures(),
        Column::new(t(key::STOCK_PERSON), "130px", |row: &MoveView| view! { <span class="muted">{row.person_name.clone()}</span> }),
    ]
}
