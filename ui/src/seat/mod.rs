//! Who is at this device: locked or not, changing places, allowing what somebody else may not.

mod approve;
mod door;
mod lock;
mod pin;
mod prove;
mod rest;

use kontor_domain::command::{Event, Rights};
use kontor_domain::host::{Asking, HostCall, Seat};
use kontor_domain::reject::Reject;
use leptos::prelude::*;
use leptos::task::spawn_local;

pub(crate) use self::approve::{Approve, Approving, execute};
pub(crate) use self::door::{ServerDoor, is_at_server, is_open, kept_at};
pub(crate) use self::lock::{Lock, Locked};
pub(crate) use self::pin::{PinForm, PinOf};
pub(crate) use self::rest::{rest, touch};
use crate::backend;
use crate::state::app;

/// Everything on the screens may be another person's.
const ALL_EVENTS: &[Event] = &[
    Event::SettingsChanged,
    Event::CatalogChanged,
    Event::StockChanged,
    Event::ShiftChanged,
    Event::SaleMade,
    Event::ParkedChanged,
    Event::PrintingChanged,
    Event::AttentionChanged,
    Event::IdentityChanged,
];

/// Asks who is here.
pub(crate) async fn look() -> Result<(), Reject> {
    ask(HostCall::GetSeat).await
}

/// Takes up who is here. Whoever comes goes on where the last one was, if they may see it.
pub(crate) async fn take_up(seat: Seat) {
    let app = app();
    let before = app.seat.with_untracked(|seat| seat.as_ref().and_then(|seat| seat.person_id));
    let has_come = seat.person_id.is_some() && seat.person_id != before;
    let rights = Rights::Only(seat.permissions.0.clone());
    if seat.person_id.is_some() && app.rights.get_untracked() != rights {
        app.rights.set(rights);
    }
    app.seat.set(Some(seat));
    if has_come {
        let was_shown = app.session.with_untracked(Option::is_some);
        app.load_session().await;
        // What is drawn only now asks only now.
        if was_shown {
            app.changes.tell(ALL_EVENTS);
        }
        app.stay_where_it_is_allowed();
    }
}

/// Nobody is here any more.
pub(crate) fn lock() {
    send(HostCall::LockSeat);
}

/// Has the program change something about who is here.
fn send(call: HostCall) {
    spawn_local(async move {
        if let Err(reject) = ask(call).await {
            app().toasts.refuse(&reject);
        }
    });
}

/// Who is here changed, somewhere else.
pub(crate) fn look_again() {
    send(HostCall::GetSeat);
}

/// The same, for a form.
pub(crate) async fn ask(call: HostCall) -> Result<(), Reject> {
    let seat = backend::host::<Seat>(call).await?;
    take_up(seat).await;
    Ok(())
}

/// Whether this device asks who is there.
pub(crate) fn asks() -> bool {
    app().seat.with(|seat| seat.as_ref().is_some_and(|seat| seat.asking == Asking::Everybody))
}

/// Whether nobody is here.
pub(crate) fn is_locked() -> bool {
    app().seat.with(|seat| seat.as_ref().is_some_and(Seat::is_locked))
}
