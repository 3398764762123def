//! The ledger lines behind a sale: stock moves, and postings that sum to zero.

use kontor_domain::counter::{GetSaleLedger, SaleLedger};
use kontor_domain::ids::SaleId;
use kontor_domain::money::PostingView;
use kontor_domain::stock::MoveView;
use kontor_domain::units::Money;
use leptos::prelude::*;

use crate::live::live;
use crate::parts::{Empty, Skeleton, Tag};
use crate::stock::{location_name, open_moves_of};
use crate::text::{self, key, refusal, t, word};
use crate::toast::Tone;
use crate::{format, icon};

/// Both ledgers of one sale.
#[component]
pub(super) fn Ledger(id: SaleId) -> impl IntoView {
    let ledger = live(&[], move || Some(GetSaleLedger { id }));
    move || match (ledger.get(), ledger.refusal.get()) {
        (Some(ledger), _) => shown(&ledger).into_any(),
        (None, Some(reject)) => view! { <Empty icon=icon::WARNING title="" text=refusal(&reject)/> }.into_any(),
        (None, None) => view! { <Skeleton height="240px"/> }.into_any(),
    }
}

fn shown(ledger: &SaleLedger) -> impl IntoView + use<> {
    let moves = ledger.moves.iter().map(move_row).collect_view();
    let postings = ledger.postings.iter().map(posting_row).collect_view();
    view! {
        <div class="ledgers">
            <section class="card tablecard">
                <h2 class="minor over">{t(key::SALES_STOCK_MOVES)}</h2>
                <table class="plain">
                    <thead>
                        <tr>
                            <th>{t(key::SALES_LINE)}</th>
                            <th>{t(key::STOCK_FROM_TO)}</th>
                            <th class="num">{t(key::SALES_QUANTITY)}</th>
                            <th class="num">{t(key::STOCK_VALUE)}</th>
                        </tr>
                    </thead>
                    <tbody>{moves}</tbody>
                </table>
            </section>
            <section class="card tablecard">
                <h2 class="minor over">{t(key::SALES_POSTINGS)}</h2>
                <table class="plain">
                    <thead>
                        <tr>
                            <th>{t(key::SALES_ACCOUNT)}</th>
                            <th class="num">{t(key::SALES_AMOUNT)}</th>
                        </tr>
                    </thead>
                    <tbody>{postings}</tbody>
                    <tfoot>{sum_row(&ledger.postings)}</tfoot>
                </table>
            </section>
        </div>
    }
}

fn move_row(line: &MoveView) -> impl IntoView + use<> {
    let (product, name) = (line.product_id, line.name.clone());
    let value = line.value.map(format::money).unwrap_or_default();
    view! {
        <tr>
            <td>
                <button type="button" class="link" on:click=move |_| open_moves_of(product, name.clone())>{line.name.clone()}</button>
            </td>
            <td class="muted">{location_name(&line.from_code, line.from_kind)} " → " {location_name(&line.to_code, line.to_kind)}</td>
            <td class="num nowrap">{format::quantity(line.quantity)} " " <span class="small muted">{text::unit(&line.unit)}</span></td>
            <td class="num">{value}</td>
        </tr>
    }
}

fn posting_row(posting: &PostingView) -> impl IntoView + use<> {
    view! {
        <tr>
            <td>{word("account", posting.account.word())} " " <span class="muted">{posting.detail.clone()}</span></td>
            <td class="num">{format::money(posting.amount)}</td>
        </tr>
    }
}

fn sum_row(postings: &[PostingView]) -> impl IntoView + use<> {
    let sum = Money::sum(postings.iter().map(|posting| posting.amount));
    let (tone, text) = match &sum {
        Ok(sum) if sum.is_zero() => (Tone::Ok, t(key::SALES_BALANCED)),
        _ => (Tone::Need, t(key::SALES_NOT_BALANCED)),
    };
    view! {
        <tr>
            <td><div class="row"><b>{t(key::SALES_SUM)}</b> <Tag tone=tone text=text/></div></td>
            <td class="num"><b>{sum.map(format::money).unwrap_or_default()}</b></td>
        </tr>
    }
}
