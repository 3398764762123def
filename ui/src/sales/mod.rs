//! Sales and refunds: the list, one with its ledger lines, goods back against a receipt.

mod detail;
mod ledger;
mod list;
pub(crate) mod paper;
mod parts;
mod refund;
mod refund_form;
mod tenders;

use kontor_domain::ids::SaleId;
use leptos::prelude::*;

pub(crate) use list::show_day;

/// The screen.
#[component]
pub(crate) fn SalesScreen(sale: Option<SaleId>) -> impl IntoView {
    match sale {
        None => view! { <list::SaleList/> }.into_any(),
        Some(id) => view! { <detail::SalePage id=id/> }.into_any(),
    }
}
