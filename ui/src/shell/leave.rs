//! Asks before something typed is lost.

use leptos::prelude::*;

use crate::parts::Confirm;
use crate::state::app;
use crate::text::{key, t};

/// Open while somebody wants to leave what is not saved.
#[component]
pub(super) fn LeaveDialog() -> impl IntoView {
    let leaving = app().leaving;
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(leaving.with(Option::is_some)));
    // Closed without an answer: the person stays, and may want to leave again.
    Effect::new(move |_| {
        if !open.get() && leaving.with_untracked(Option::is_some) {
            leaving.set(None);
        }
    });
    let go = Callback::new(move |()| {
        if let Some(then) = leaving.try_update(Option::take).flatten() {
            then.run();
        }
    });
    view! {
        <Confirm open=open title=t(key::COMMON_LEAVE) text=t(key::COMMON_LEAVE_TEXT) yes=t(key::COMMON_LEAVE_YES) danger=true confirm=go/>
    }
}
