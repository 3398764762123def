//! One sale or refund with everything.

use kontor_domain::command::Event;
use kontor_domain::counter::{GetSale, SaleDetail, SaleKind, SaleLine};
use kontor_domain::ids::SaleId;
use kontor_domain::printing::PaperDocument;
use kontor_domain::settings::TaxMode;
use leptos::prelude::*;

use super::ledger::Ledger;
use super::paper::save_pdf;
use super::parts::{Returned, can_refund, discount_of, returned_of, returned_of_sale};
use super::refund::RefundPage;
use crate::backend::has_files;
use crate::live::{Live, live};
use crate::parts::{BackTo, Button, Empty, Kind, Skeleton, Tabs, Tag};
use crate::place::{Place, ProductsPlace, go};
use crate::text::{self, key, t, tx, word};
use crate::toast::Tone;
use crate::{counter, format, icon};

/// What of the sale is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Lines, payments, taxes.
    Sale,
    /// Stock moves and postings.
    Ledger,
    /// Goods come back.
    Refund,
}

type Answer = Live<Option<SaleDetail>>;

/// The page of one sale.
#[component]
pub(super) fn SalePage(id: SaleId) -> impl IntoView {
    let detail = live(&[Event::SaleMade, Event::PrintingChanged], move || Some(GetSale { id }));
    let side = RwSignal::new(Side::Sale);
    let is_there = Memo::new(move |_| detail.answer.with(|answer| answer.as_ref().map(Option::is_some)));
    move || match (is_there.get(), side.get()) {
        (None, _) => view! { <Waiting/> }.into_any(),
        (Some(false), _) => view! { <Gone/> }.into_any(),
        // A copy: what is being entered must not start anew when something else changes.
        (Some(true), Side::Refund) => match detail.answer.get_untracked().flatten() {
            Some(detail) => view! { <RefundPage detail=detail side=side/> }.into_any(),
            None => view! { <Gone/> }.into_any(),
        },
        (Some(true), Side::Sale | Side::Ledger) => view! { <Shown id=id detail=detail side=side/> }.into_any(),
    }
}

#[component]
fn Waiting() -> impl IntoView {
    view! {
        <div class="page" aria-busy="true">
            <div class="head"><Skeleton width="320px" height="36px"/></div>
            <Skeleton height="320px"/>
        </div>
    }
}

#[component]
fn Gone() -> impl IntoView {
    view! {
        <div class="page">
            <Empty icon=icon::PAPER title=t(key::SALES_GONE) text=t(key::SALES_GONE_TEXT)>
                <Button label=t(key::SALES_TITLE) press=|| go(Place::Sales(None))/>
            </Empty>
        </div>
    }
}

#[component]
fn Shown(id: SaleId, detail: Answer, side: RwSignal<Side>) -> impl IntoView {
    let sides = vec![(Side::Sale, t(key::SALES_SIDE_SALE)), (Side::Ledger, t(key::SALES_SIDE_LEDGER))];
    view! {
        <div class="page scroll sale">
            {move || detail.get().flatten().map(|detail| head(&detail, side))}
            <Tabs label=t(key::SALES_SIDES) options=sides chosen=side/>
            {move || match side.get() {
                Side::Ledger => view! { <Ledger id=id/> }.into_any(),
                Side::Sale | Side::Refund => (move || detail.get().flatten().map(|detail| body(&detail))).into_any(),
            }}
        </div>
    }
}

fn head(detail: &SaleDetail, side: RwSignal<Side>) -> impl IntoView + use<> {
    let sale = &detail.sale;
    let (id, number) = (sale.id, sale.number.clone());
    let (receipt, invoice) = (number.clone(), number.clone());
    view! {
        <div class="head">
            <BackTo label=t(key::SALES_TITLE) press=|| go(Place::Sales(None))/>
            <h1 class="selectable">{number}</h1>
            {state(detail)}
            <div class="actions">
                <Button
                    label=tx(key::SALES_PRINT_COPY, &[("count", (detail.copies + 1).into())])
                    icon=icon::PRINTER
                    press=move || counter::print_again(id)
                />
                {has_files().then(|| view! {
                    <Button
                        label=t(key::SALES_SAVE_RECEIPT)
                        icon=icon::FILE_OUT
                        press=move || save_pdf(PaperDocument::Receipt, id.0, &receipt)
                    />
                    <Button
                        label=t(key::SALES_SAVE_INVOICE)
                        icon=icon::FILE_OUT
                        press=move || save_pdf(PaperDocument::Invoice, id.0, &format!("{invoice}-A4"))
                    />
                })}
                {can_refund(detail).then(|| view! {
                    <Button label=t(key::SALES_REFUND) kind=Kind::Primary icon=icon::UNDO press=move || side.set(Side::Refund)/>
                })}
            </div>
        </div>
    }
}

fn state(detail: &SaleDetail) -> Option<AnyView> {
    let (tone, text) = match (detail.sale.kind, returned_of_sale(detail)) {
        (SaleKind::Refund, _) => (Tone::Plain, word("sale-kind", SaleKind::Refund.word())),
        (SaleKind::Sale, Returned::All) => (Tone::Plain, t(key::SALES_STATE_RETURNED)),
        (SaleKind::Sale, Returned::Partly) => (Tone::Warn, t(key::SALES_STATE_PARTLY_RETURNED)),
        (SaleKind::Sale, Returned::Nothing) => return None,
    };
    Some(view! { <Tag tone=tone text=text/> }.into_any())
}

fn body(detail: &SaleDetail) -> impl IntoView + use<> {
    view! {
        <div class="two flow">
            <div class="col">
                {lines(detail)}
                {totals(detail)}
            </div>
            <div class="col">{facts(detail)} {payments(detail)} {taxes(detail)} {refunds(detail)}</div>
        </div>
    }
}

fn lines(detail: &SaleDetail) -> impl IntoView + use<> {
    let has_discount = detail.lines.iter().any(|line| !discount_of(line).is_zero());
    let rows = detail.lines.iter().map(|line| line_row(line, detail, has_discount)).collect_view();
    view! {
        <div class="card tablecard">
            <table class="plain">
                <thead>
                    <tr>
                        <th>{t(key::SALES_LINE)}</th>
                        <th class="num">{t(key::SALES_QUANTITY)}</th>
                        <th class="num">{t(key::SALES_PRICE)}</th>
                        {has_discount.then(|| view! { <th class="num">{t(key::SALES_DISCOUNT)}</th> })}
                        <th class="num">{t(key::SALES_SUM)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn line_row(line: &SaleLine, detail: &SaleDetail, has_discount: bool) -> impl IntoView + use<> {
    let back = returned_of(&detail.refunded, line.line);
    let product = line.product_id;
    let returned = (!back.is_zero()).then(|| {
        let quantity = format::quantity(back);
        view! { <Tag tone=Tone::Warn text=tx(key::SALES_RETURNED_OF_LINE, &[("quantity", quantity.into())])/> }
    });
    let open = move |_| go(Place::Products(ProductsPlace::One(product)));
    let net = if detail.sale.tax_mode == TaxMode::Inclusive { line.total } else { line.base };
    view! {
        <tr>
            <td>
                <button type="button" class="link strong" on:click=open>{line.name.clone()}</button>
                <div class="row small muted">{line.code.clone()} {returned}</div>
            </td>
            <td class="num nowrap">{format::quantity(line.quantity)} " " <span class="small muted">{text::unit(&line.unit)}</span></td>
            <td class="num">{format::price(line.unit_price)}</td>
            {has_discount.then(|| view! { <td class="num muted">{format::money(discount_of(line))}</td> })}
            <td class="num strong">{format::money(net)}</td>
        </tr>
    }
}

fn totals(detail: &SaleDetail) -> impl IntoView + use<> {
    let sale = &detail.sale;
    let part = |label: String, amount| view! { <span class="muted">{label} " " {format::money(amount)}</span> };
    let tax = match sale.tax_mode {
        TaxMode::Inclusive => t(key::SALES_OF_WHICH_TAX),
        TaxMode::Exclusive => t(key::SALES_TAX),
    };
    let has_discount = !sale.discount.is_zero();
    view! {
        <div class="sums">
            {has_discount.then(|| part(t(key::SALES_GROSS), sale.gross))}
            {has_discount.then(|| part(t(key::SALES_DISCOUNT), sale.discount))}
            {(sale.tax_mode == TaxMode::Exclusive).then(|| part(t(key::SALES_BASE), sale.base))}
            {part(tax, sale.tax)}
            <b class="total">{format::money(sale.total)}</b>
        </div>
    }
}

fn fact(label: String, value: impl IntoView) -> impl IntoView {
    view! { <dt>{label}</dt> <dd>{value}</dd> }
}

fn facts(detail: &SaleDetail) -> impl IntoView + use<> {
    let sale = &detail.sale;
    let text_fact = |label, value: &String| (!value.is_empty()).then(|| fact(label, value.clone()));
    let original = detail.refund_of_number.clone().zip(sale.refund_of).map(|(number, id)| {
        let open = move |_| go(Place::Sales(Some(id)));
        fact(t(key::SALES_REFUND_OF), view! { <button type="button" class="link" on:click=open>{number}</button> })
    });
    view! {
        <section class="card pad">
            <dl class="facts selectable">
                {fact(t(key::SALES_WHEN), format::date_time(sale.at))}
                {fact(t(key::SALES_BUSINESS_DATE), format::date(sale.business_date))}
                {fact(t(key::SALES_TILL), detail.till.number.to_string())}
                {fact(t(key::SALES_PERSON), detail.person_name.clone())}
                {detail.approved_by_name.clone().map(|name| fact(t(key::SALES_APPROVED_BY), name))}
                {original}
                {text_fact(t(key::SALES_CUSTOMER), &sale.customer_name)}
                {text_fact(t(key::SALES_TAX_NUMBER), &sale.customer_tax_number)}
                {text_fact(t(key::SALES_NOTE), &sale.note)}
            </dl>
        </section>
    }
}

fn payments(detail: &SaleDetail) -> impl IntoView + use<> {
    let sale = &detail.sale;
    let tenders = detail.tenders.iter().map(|tender| {
        let label = match tender.reference.as_str() {
            "" => word("tender", tender.kind.word()),
            reference => format!("{} {reference}", word("tender", tender.kind.word())),
        };
        fact(label, format::money(tender.amount))
    });
    let tenders = tenders.collect_view();
    let has_change = !sale.change.is_zero();
    view! {
        <section class="card pad">
            <h2 class="minor">{t(key::SALES_PAYMENT)}</h2>
            <dl class="facts">
                {tenders}
                {(!sale.rounding.is_zero()).then(|| fact(t(key::SALES_ROUNDING), format::money(sale.rounding)))}
                {has_change.then(|| fact(t(key::SALES_GIVEN), format::money(sale.given)))}
                {has_change.then(|| fact(t(key::COUNTER_CHANGE), format::money(sale.change)))}
            </dl>
        </section>
    }
}

fn taxes(detail: &SaleDetail) -> impl IntoView + use<> {
    let rows = detail.taxes.iter().map(|tax| {
        view! {
            <tr>
                <td>{tax.name.clone()}</td>
                <td class="num">{format::money(tax.base)}</td>
                <td class="num">{format::money(tax.tax)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card tablecard">
            <table class="plain">
                <thead>
                    <tr>
                        <th>{t(key::SALES_TAX)}</th>
                        <th class="num">{t(key::SALES_BASE)}</th>
                        <th class="num">{t(key::SALES_TAX_AMOUNT)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

fn refunds(detail: &SaleDetail) -> Option<impl IntoView + use<>> {
    let rows = detail.refunds.iter().map(|refund| {
        let id = refund.id;
        let open = move |_| go(Place::Sales(Some(id)));
        view! {
            <button type="button" class="option" on:click=open>
                <span class="grow">{refund.number.clone()} <div class="sub">{format::date_time(refund.at)}</div></span>
                <b>{format::money(refund.total)}</b>
            </button>
        }
    });
    let rows = rows.collect_view();
    (!detail.refunds.is_empty()).then(|| {
        view! {
            <section class="card pad">
                <h2 class="minor">{t(key::SALES_ONLY_REFUNDS)}</h2>
                <div class="options flush">{rows}</div>
            </section>
        }
    })
}
