//! Cash into the drawer or out of it, with a reason.

use kontor_domain::command::Command;
use kontor_domain::counter::{self, CashDirection, MoveCash};
use kontor_domain::ids::{CashMovementId, ShiftId};
use kontor_domain::reject::{Code, Reject};
use leptos::prelude::*;

use crate::parts::{Button, Dialog, Form, FormError, Kind, TextField, field_name, on_enter};
use crate::state::app;
use crate::text::{key, t, word};
use crate::toast::Tone;
use crate::{backend, format, ids};

/// Asks how much and why, while `moving` says which way.
#[component]
pub(super) fn CashDialog(moving: RwSignal<Option<CashDirection>>, shift: Signal<Option<ShiftId>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let direction = RwSignal::new(CashDirection::In);
    Effect::new(move |_| {
        if let Some(chosen) = moving.get() {
            direction.set(chosen);
            open.set(true);
            moving.set(None);
        }
    });
    let title = Signal::derive(move || word("cash-direction", direction.get().word()));
    view! {
        <Dialog open=open title=title>
            <Entry direction=direction shift=shift open=open/>
        </Dialog>
    }
}

#[component]
fn Entry(direction: RwSignal<CashDirection>, shift: Signal<Option<ShiftId>>, open: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["amount", "reason"]);
    let (amount, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let movement_id = ids::new(CashMovementId);
    let send = move || {
        let Some(shift_id) = shift.get_untracked() else { return form.refuse(Reject::new(Code::NoOpenShift)) };
        let Some(figure) = app().currency().parse_money(&amount.get_untracked()) else {
            return form.refuse(Reject::field(Code::Format, "amount"));
        };
        let cash = MoveCash { movement_id, shift_id, amount: figure, reason: reason.get_untracked().trim().to_owned() };
        let way = direction.get_untracked();
        let command = match way {
            CashDirection::In => counter::Command::CashIn(cash),
            CashDirection::Out => counter::Command::CashOut(cash),
        };
        form.send(backend::execute(Command::Counter(command)), move |_| {
            open.set(false);
            app().toasts.say(Tone::Ok, format!("{}: {}", word("cash-direction", way.word()), format::money(figure)));
        });
    };
    let reasons = move || match direction.get() {
        CashDirection::In => vec![t(key::SHIFT_REASON_CHANGE), t(key::SHIFT_REASON_OWNER)],
        CashDirection::Out => vec![t(key::SHIFT_REASON_SAFE), t(key::SHIFT_REASON_SUPPLIER), t(key::SHIFT_REASON_PURCHASE)],
    };
    let chip = move |words: String| {
        let value = words.clone();
        view! { <button type="button" class="chip" on:click=move |_| reason.set(value.clone())>{words}</button> }
    };
    view! {
        <div class="form" on:keydown=on_enter(send)>
            <TextField
                label=field_name("amount")
                value=amount
                name="amount"
                form=form
                mode="decimal"
                unit=app().currency().code.to_owned()
                autofocus=true
            />
            <TextField label=field_name("reason") value=reason name="reason" form=form max_length=200/>
            <div class="row wrap">{move || reasons().into_iter().map(chip).collect_view()}</div>
            <FormError form=form/>
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=title_of(direction) kind=Kind::Primary busy=form.busy keycap="Enter" press=send/>
            </div>
        </div>
    }
}

fn title_of(direction: RwSignal<CashDirection>) -> Signal<String> {
    Signal::derive(move || word("cash-direction", direction.get().word()))
}
