//! No shift is open: open one, or look at earlier ones.

use kontor_domain::command::Command;
use kontor_domain::counter::{self, OpenShift};
use kontor_domain::ids::{ShiftId, TillId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::Money;
use leptos::prelude::*;

use super::list::ShiftList;
use super::session;
use crate::parts::{Button, Form, FormError, Kind, TextField, field_name, on_enter, today};
use crate::place::{Place, go};
use crate::state::app;
use crate::text::{key, t};
use crate::toast::Tone;
use crate::{backend, format, icon, ids};

/// The page.
#[component]
pub(super) fn OpenPage(till: TillId) -> impl IntoView {
    view! {
        <div class="page shift">
            <div class="head"><h1>{t(key::SHIFT_TITLE)}</h1></div>
            <OpenCard till=till/>
            <h2>{t(key::SHIFT_EARLIER)}</h2>
            <ShiftList till=till/>
        </div>
    }
}

/// Today, but never before the till's last day.
fn business_date() -> Option<BusinessDate> {
    let last = session(|session| session.till.as_ref().and_then(|till| till.last_business_date));
    today().max(last)
}

#[component]
fn OpenCard(till: TillId) -> impl IntoView {
    let form = Form::new(&["float"]);
    let float = RwSignal::new(String::new());
    let shift_id = ids::new(ShiftId);
    let open = move || {
        let Some(business_date) = untrack(business_date) else { return form.refuse(Reject::field(Code::Format, "business_date")) };
        let text = float.get_untracked();
        let amount = if text.trim().is_empty() { Some(Money::ZERO) } else { app().currency().parse_money(&text) };
        let Some(amount) = amount else { return form.refuse(Reject::field(Code::Format, "float")) };
        let open = OpenShift { shift_id, till_id: till, business_date, float: amount };
        form.send(backend::execute(Command::Counter(counter::Command::OpenShift(open))), |_| {
            app().toasts.say(Tone::Ok, t(key::SHIFT_OPENED));
            go(Place::Counter);
        });
    };
    let symbol = app().currency().code;
    view! {
        <section class="card pad opencard" on:keydown=on_enter(open)>
            <div class="col grow">
                <h2>{t(key::SHIFT_NONE_OPEN)}</h2>
                <p class="muted">{t(key::SHIFT_NONE_OPEN_TEXT)}</p>
                <p class="small faint">{move || business_date().map(format::long_date)}</p>
            </div>
            <div class="form">
                <TextField label=field_name("float") value=float name="float" form=form mode="decimal" unit=symbol.to_owned() autofocus=true hint=t(key::SHIFT_FLOAT_HINT)/>
                <FormError form=form/>
                <Button label=t(key::SHIFT_OPEN_ONE) kind=Kind::Primary icon=icon::DRAWER busy=form.busy keycap="Enter" press=open/>
            </div>
        </section>
    }
}
