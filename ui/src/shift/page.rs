//! One shift: open with what can be done in it, or closed with its result.

use kontor_domain::command::Event;
use kontor_domain::counter::{CashDirection, GetShift, ShiftDetail, ShiftState, TotalKind};
use kontor_domain::ids::ShiftId;
use kontor_domain::printing::PaperDocument;
use leptos::prelude::*;

use super::cash::CashDialog;
use super::close::ClosePage;
use super::list::{ShiftList, name, over_short, verdict};
use super::report;
use super::totals::total;
use crate::backend::has_files;
use crate::live::live;
use crate::parts::{BackTo, Button, Dialog, Empty, Kind, Skeleton, Tag};
use crate::place::{Place, go};
use crate::sales::paper::{print_shift, save_pdf};
use crate::text::{key, t, tx, word};
use crate::toast::Tone;
use crate::{format, icon};

/// What of the shift is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Figures,
    Count,
}

/// The page.
#[component]
pub(super) fn ShiftPage(id: ShiftId) -> impl IntoView {
    let detail = live(&[Event::ShiftChanged, Event::SaleMade], move || Some(GetShift { id }));
    let side = RwSignal::new(Side::Figures);
    let is_there = Memo::new(move |_| detail.answer.with(|answer| answer.as_ref().map(Option::is_some)));
    move || match (is_there.get(), side.get()) {
        (None, _) => {
            view! { <div class="page"><div class="head"><Skeleton width="260px" height="36px"/></div><Skeleton height="240px"/></div> }.into_any()
        }
        (Some(false), _) => view! {
            <div class="page"><Empty icon=icon::DRAWER title=t(key::SHIFT_GONE) text=t(key::SHIFT_GONE_TEXT)/></div>
        }
        .into_any(),
        (Some(true), Side::Count) => view! { <ClosePage id=id back=move || side.set(Side::Figures)/> }.into_any(),
        (Some(true), Side::Figures) => {
            let count = Callback::new(move |()| side.set(Side::Count));
            view! { <Figures detail=Signal::derive(move || detail.get().flatten()) count=count/> }.into_any()
        }
    }
}

#[component]
fn Figures(detail: Signal<Option<ShiftDetail>>, count: Callback<()>) -> impl IntoView {
    let moving = RwSignal::new(None::<CashDirection>);
    let earlier = RwSignal::new(false);
    let expected_shown = RwSignal::new(false);
    let shown = move |detail: ShiftDetail| {
        let is_open = detail.shift.state == ShiftState::Open;
        let expected = if is_open { expected_shown.get().then(|| total(&detail.totals, TotalKind::Drawer).amount) } else { detail.shift.expected };
        let result = over_short(&detail.shift);
        view! {
            {head(&detail, moving, earlier, count)}
            {result.map(|amount| view! {
                <section class="card pad result">
                    <div class="figure"><span>{t(key::SHIFT_COUNTED)}</span> <b>{detail.shift.counted.map(format::money)}</b></div>
                    <div class="figure"><span>{t(key::SHIFT_EXPECTED)}</span> <b>{detail.shift.expected.map(format::money)}</b></div>
                    <div class="figure"><span>{t(key::SHIFT_DIFFERENCE)}</span> <b>{format::money(amount)}</b></div>
                    {verdict(amount)}
                </section>
            })}
            {report::figures(&detail)}
            <div class="two flow">
                <div class="col">{report::tenders(&detail)} {report::taxes(&detail)} {report::denominations(&detail)}</div>
                <div class="col">
                    {report::facts(&detail)}
                    {report::cash(&detail, expected)}
                    {(is_open && !expected_shown.get()).then(|| view! {
                        <Button label=t(key::SHIFT_SHOW_EXPECTED) kind=Kind::Quiet press=move || expected_shown.set(true)/>
                    })}
                    {report::movements(&detail)}
                </div>
            </div>
        }
    };
    let shift = Memo::new(move |_| detail.with(|detail| detail.as_ref().map(|detail| (detail.shift.id, detail.till.id))));
    view! {
        <div class="page scroll shift">{move || detail.get().map(shown)}</div>
        <CashDialog moving=moving shift=Signal::derive(move || shift.get().map(|(shift, _)| shift))/>
        <Dialog open=earlier title=t(key::SHIFT_EARLIER) wide=true>
            {move || shift.get().map(|(_, till)| view! { <div class="listbox"><ShiftList till=till/></div> })}
        </Dialog>
    }
}

fn head(detail: &ShiftDetail, moving: RwSignal<Option<CashDirection>>, earlier: RwSignal<bool>, count: Callback<()>) -> impl IntoView + use<> {
    let id = detail.shift.id;
    let is_open = detail.shift.state == ShiftState::Open;
    let title = if is_open { t(key::SHIFT_TITLE) } else { name(&detail.shift) };
    let file = detail.shift.number.map_or_else(|| format!("X-{}", detail.shift.business_date), |number| format!("Z{number}"));
    let tone = if is_open { Tone::Ok } else { Tone::Plain };
    let since = is_open.then(|| tx(key::SHIFT_SINCE, &[("time", format::time(detail.shift.opened_at).into())]));
    let print = if is_open { t(key::SHIFT_PRINT_X) } else { t(key::SHIFT_PRINT_Z) };
    view! {
        <div class="head">
            {(!is_open).then(|| view! { <BackTo label=t(key::SHIFT_TITLE) press=|| go(Place::Shift(None))/> })}
            <h1>{title}</h1>
            <Tag tone=tone text=word("shift-state", detail.shift.state.word())/>
            <span class="muted">{since}</span>
            <div class="actions">
                {is_open.then(|| view! { <Button label=t(key::SHIFT_EARLIER) kind=Kind::Quiet press=move || earlier.set(true)/> })}
                <Button label=print icon=icon::PRINTER press=move || print_shift(id)/>
                {has_files().then(|| view! {
                    <Button label=t(key::SHIFT_PDF) icon=icon::FILE_OUT press=move || save_pdf(PaperDocument::ShiftReport, id.0, &file)/>
                })}
                {is_open.then(|| view! {
                    <Button label=word("cash-direction", "in") icon=icon::PLUS press=move || moving.set(Some(CashDirection::In))/>
                    <Button label=word("cash-direction", "out") icon=icon::MINUS press=move || moving.set(Some(CashDirection::Out))/>
                    <Button label=t(key::SHIFT_CLOSE) kind=Kind::Primary press=move || count.run(())/>
                })}
            </div>
        </div>
    }
}
