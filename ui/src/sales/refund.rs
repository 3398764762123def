//! Goods back against a receipt: which lines, where they go, how the money goes back.

use kontor_domain::command::{Command, Request};
use kontor_domain::counter::{self, PrintWish, Refund, SaleDetail, SaleLine, Tender, TenderKind};
use kontor_domain::ids::{CommandId, PrintJobId, SaleId, ShiftId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Money, Quantity};
use leptos::prelude::*;

use super::detail::Side;
use super::refund_form::{RefundForm, Wanted};
use super::tenders::amount_by;
use crate::icon::Picture;
use crate::parts::{BackTo, Button, Choice, Form, FormError, Kind, Strip, TextField, field_name};
use crate::place::{Place, go};
use crate::state::app;
use crate::text::{self, key, refusal, t, tx, word};
use crate::toast::Tone;
use crate::{format, icon, ids, seat};

/// What was done.
#[derive(Clone)]
struct Done {
    id: SaleId,
    number: String,
    tenders: Vec<Tender>,
}

/// The page.
#[component]
pub(super) fn RefundPage(detail: SaleDetail, side: RwSignal<Side>) -> impl IntoView {
    let number = detail.sale.number.clone();
    let back_label = number.clone();
    let refund = RefundForm::new(detail);
    let done = RwSignal::new(None::<Done>);
    let shift = Memo::new(|_| app().session.with(|session| session.as_ref().and_then(|session| session.shift.as_ref().map(|shift| shift.id))));
    let entry = move || {
        view! {
            {move || shift.get().is_none().then(|| view! { <NoShift/> })}
            <div class="two flow">
                <Lines refund=refund/>
                <MoneyBack refund=refund shift=shift done=done/>
            </div>
        }
    };
    view! {
        <div class="page scroll sale">
            <div class="head">
                <BackTo label=back_label press=move || side.set(Side::Sale)/>
                <h1>{tx(key::SALES_REFUND_TITLE, &[("number", number.into())])}</h1>
            </div>
            {move || match done.get() {
                Some(done) => view! { <DonePanel done=done side=side/> }.into_any(),
                None => entry().into_any(),
            }}
        </div>
    }
}

#[component]
fn NoShift() -> impl IntoView {
    view! {
        <Strip tone=Tone::Warn text=t(key::SALES_REFUND_NEEDS_SHIFT)>
            <Button label=t(key::SHIFT_OPEN_ONE) press=|| go(Place::Shift(None))/>
        </Strip>
    }
}

#[component]
fn Lines(refund: RefundForm) -> impl IntoView {
    let rows = refund.detail.with_value(|detail| {
        refund.wanted.with_value(|wanted| detail.lines.iter().zip(wanted).map(|(line, wanted)| line_row(line, *wanted)).collect_view())
    });
    view! {
        <div class="card tablecard">
            <table class="plain">
                <thead>
                    <tr>
                        <th>{t(key::SALES_LINE)}</th>
                        <th class="num">{t(key::SALES_LEFT)}</th>
                        <th class="num">{t(key::SALES_PRICE)}</th>
                        <th class="num">{t(key::SALES_COMES_BACK)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <div class="under row">
                <Button label=t(key::SALES_TAKE_ALL) press=move || refund.take_all()/>
                <span class="muted small">{t(key::SALES_REFUND_HINT)}</span>
            </div>
        </div>
    }
}

fn line_row(line: &SaleLine, wanted: Wanted) -> impl IntoView + use<> {
    let is_gone = wanted.left.is_zero();
    let (less, more) = (tx(key::SALES_LESS_OF, &[("name", (&line.name).into())]), tx(key::SALES_MORE_OF, &[("name", (&line.name).into())]));
    let label = tx(key::SALES_BACK_OF, &[("name", (&line.name).into())]);
    let one_less = Quantity(-Quantity::ONE.0);
    view! {
        <tr class:muted=is_gone class:chosen=move || !wanted.text.with(String::is_empty)>
            <td><div class="strong">{line.name.clone()}</div> <div class="small muted">{line.code.clone()}</div></td>
            <td class="num nowrap">{format::quantity(wanted.left)} " " <span class="small muted">{text::unit(&line.unit)}</span></td>
            <td class="num">{format::price(line.unit_price)}</td>
            <td>
                <div class="stepper">
                    <button type="button" class="btn square" aria-label=less disabled=is_gone on:click=move |_| wanted.step(one_less)>
                        <Picture icon=icon::MINUS small=true/>
                    </button>
                    <input
                        class="field num"
                        inputmode="decimal"
                        autocomplete="off"
                        aria-label=label
                        placeholder="0"
                        disabled=is_gone
                        prop:value=move || wanted.text.get()
                        on:input=move |event| wanted.text.set(event_target_value(&event))
                    />
                    <button type="button" class="btn square" aria-label=more disabled=is_gone on:click=move |_| wanted.step(Quantity::ONE)>
                        <Picture icon=icon::PLUS small=true/>
                    </button>
                </div>
            </td>
        </tr>
    }
}

/// The right side: what it comes to, how it goes back, where the goods go.
#[component]
fn MoneyBack(refund: RefundForm, shift: Memo<Option<ShiftId>>, done: RwSignal<Option<Done>>) -> impl IntoView {
    let form = Form::new(&[]);
    let total = move || refund.figures.get().map_or(Money::ZERO, |(_, total)| total);
    let is_empty = Memo::new(move |_| refund.figures.with(|figures| !matches!(figures, Ok((lines, _)) if !lines.is_empty())));
    let wrong = move || refund.figures.with(|figures| figures.as_ref().err().map(refusal));
    let places = vec![(true, t(key::SALES_RESTOCK)), (false, t(key::SALES_TO_RETURNS))];
    // The same refund however often it is sent.
    let id = ids::new(SaleId);
    let send = move || {
        let Some(shift_id) = shift.get_untracked() else { return form.refuse(Reject::new(Code::NoOpenShift)) };
        match (refund.figures.get_untracked(), refund.plan.get_untracked()) {
            (Ok((lines, total)), Ok(plan)) => {
                let command = refund_of(refund, id, shift_id, lines, total, plan.clone());
                let mut request = Request { id: ids::new(CommandId), command };
                form.send(async move { seat::execute(&mut request).await }, move |receipt| {
                    done.set(Some(Done { id, number: receipt.number.unwrap_or_default(), tenders: plan.0 }));
                });
            }
            (Err(reject), _) | (_, Err(reject)) => form.refuse(reject),
        }
    };
    let cannot = Signal::derive(move || is_empty.get() || shift.get().is_none() || refund.plan.with(Result::is_err));
    view! {
        <section class="card pad form refund">
            <div class="figure">
                <span>{t(key::SALES_GIVE_BACK)}</span>
                <b class="big">{move || format::money(total())}</b>
            </div>
            {move || wrong().map(|text| view! { <Strip tone=Tone::Need text=text/> })}
            <Tenders refund=refund/>
            <Choice label=t(key::SALES_GOODS_GO) options=places chosen=refund.restock/>
            <TextField label=field_name("note") value=refund.note max_length=4000/>
            <FormError form=form/>
            <Button
                label=t(key::SALES_REFUND_NOW)
                kind=Kind::Primary
                class="big"
                disabled=cannot
                busy=form.busy
                press=send
            />
        </section>
    }
}

fn refund_of(
    refund: RefundForm,
    id: SaleId,
    shift_id: ShiftId,
    lines: Vec<counter::RefundLine>,
    total: Money,
    (tenders, rounding): (Vec<Tender>, Money),
) -> Command {
    let print = app().default_printer().map(|printer| PrintWish { job_id: ids::new(PrintJobId), printer_id: printer.id });
    let sale_id = refund.detail.with_value(|detail| detail.sale.id);
    let (note, restock) = (refund.note.get_untracked(), refund.restock.get_untracked());
    let refund = Refund { refund_id: id, shift_id, sale_id, lines, total, tenders, rounding, note, restock, print, sold: None, approval: None };
    Command::Counter(counter::Command::Refund(Box::new(refund)))
}

#[component]
fn Tenders(refund: RefundForm) -> impl IntoView {
    let amount = move |kind| refund.plan.with(|plan| plan.as_ref().map_or(Money::ZERO, |plan| amount_by(plan, kind)));
    let rounding = move || refund.plan.with(|plan| plan.as_ref().map_or(Money::ZERO, |plan| plan.1));
    let error = move |field: &'static str| {
        Signal::derive(move || {
            refund.plan.with(|plan| plan.as_ref().err().filter(|reject| reject.args.get("field").map(String::as_str) == Some(field)).map(refusal))
        })
    };
    let decide = move |_| refund.decided.set(true);
    let quick = TenderKind::ALL.iter().map(|kind| {
        let kind = *kind;
        view! {
            <button type="button" class="chip" on:click=move |_| refund.all_by(kind)>
                {word("tender", kind.word())}
            </button>
        }
    });
    let quick = quick.collect_view();
    view! {
        <div class="form" on:input=decide>
            <div class="row wrap tight">
                <span class="muted">{t(key::SALES_GIVE_BACK_BY)}</span>
                {quick}
                <Show when=move || refund.decided.get()>
                    <button type="button" class="chip" on:click=move |_| refund.decided.set(false)>{t(key::SALES_PROPOSE)}</button>
                </Show>
            </div>
            <div class="cols">
                <TextField label=word("tender", "card") value=refund.card mode="decimal" error=error("card")/>
                <TextField label=word("tender", "transfer") value=refund.transfer mode="decimal" error=error("transfer")/>
            </div>
            <dl class="facts">
                <dt>{word("tender", "cash")}</dt>
                <dd class="strong">{move || format::money(amount(TenderKind::Cash))}</dd>
                {move || Some(rounding()).filter(|rounding| !rounding.is_zero()).map(|rounding| view! {
                    <dt>{t(key::SALES_ROUNDING)}</dt>
                    <dd>{format::money(rounding)}</dd>
                })}
            </dl>
        </div>
    }
}

#[component]
fn DonePanel(done: Done, side: RwSignal<Side>) -> impl IntoView {
    let id = done.id;
    let tenders = done.tenders.iter().map(|tender| {
        view! { <div class="goesback"><span>{word("tender", tender.kind.word())}</span> <b>{format::money(tender.amount)}</b></div> }
    });
    let tenders = tenders.collect_view();
    view! {
        <section class="card pad donepanel" role="status">
            <Picture icon=icon::CHECK large=true/>
            <h2>{tx(key::SALES_REFUND_DONE, &[("number", done.number.into())])}</h2>
            <p class="muted">{t(key::SALES_REFUND_DONE_TEXT)}</p>
            {tenders}
            <div class="row wrap">
                <Button label=t(key::SALES_OPEN_REFUND) press=move || go(Place::Sales(Some(id)))/>
                <Button label=t(key::SALES_BACK_TO_SALE) kind=Kind::Primary press=move || side.set(Side::Sale)/>
            </div>
        </section>
    }
}
