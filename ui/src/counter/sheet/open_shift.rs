//! Before the first sale: the shift opens with what is in the drawer.

use kontor_domain::command::Command;
use kontor_domain::counter::{self, OpenShift};
use kontor_domain::ids::ShiftId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Money;
use leptos::prelude::*;

use super::Frame;
use super::numpad::{Amount, AmountField, Numpad};
use crate::parts::Form;
use crate::state::app;
use crate::text::{key, t};
use crate::{backend, ids};

/// The command, if a shift can be opened here.
fn open_shift(float: Money) -> Option<Command> {
    app().session.with_untracked(|session| {
        let session = session.as_ref()?;
        let till = session.till.as_ref()?;
        // Never before the last one, whatever the clock says.
        let business_date = session.today.into_iter().chain(till.last_business_date).max()?;
        let open = OpenShift { shift_id: ids::new(ShiftId), till_id: till.id, business_date, float };
        Some(Command::Counter(counter::Command::OpenShift(open)))
    })
}

#[component]
pub(super) fn OpenShiftSheet() -> impl IntoView {
    let amount = Amount::new(String::new());
    let form = Form::new(&["float"]);
    Effect::new(move |_| {
        amount.text.track();
        form.forget("float");
    });
    let open = move || {
        let text = amount.text.get_untracked();
        let float = if text.trim().is_empty() { Some(Money::ZERO) } else { app().currency().parse_money(&text) };
        let Some(float) = float.filter(|float| !float.is_negative()) else {
            form.refuse(Reject::field(Code::Format, "float"));
            return;
        };
        let Some(command) = open_shift(float) else {
            form.refuse(Reject::new(Code::NotFound).with("what", "till"));
            return;
        };
        form.send(
            async move {
                let receipt = backend::execute(command).await?;
                app().load_session().await;
                Ok(receipt)
            },
            |_| {},
        );
    };
    let error = Signal::derive(move || form.error_of("float").or_else(|| form.error()));
    view! {
        <Frame title=t(key::COUNTER_NO_SHIFT) done=t(key::COUNTER_OPEN_SHIFT) busy=form.busy only=true act=Callback::new(move |()| open())>
            <p class="muted lead">{t(key::COUNTER_NO_SHIFT_HOW)}</p>
            <div class="cash">
                <div class="card given">
                    <AmountField amount=amount label=t(key::COUNTER_FLOAT) placeholder="0" unit=app().currency().symbol.trim() error=error/>
                </div>
                <Numpad amount=amount decimals=app().currency().decimals != 0/>
            </div>
        </Frame>
    }
}
