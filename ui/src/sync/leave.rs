//! Leaving the shop server: what was not sent is saved first.

use kontor_domain::host::{HostCall, Start};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::page::pick_sealed_file;
use crate::backend;
use crate::parts::{Button, Confirm, Kind};
use crate::state::app;
use crate::text::{key, t, tx};

/// The button, and the question behind it.
#[component]
pub(crate) fn LeaveServer() -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let waiting = Memo::new(|_| app().sync.with(|sync| sync.as_ref().map_or(0, |sync| sync.waiting)));
    let text = move || match waiting.get() {
        0 => t(key::SYNC_LEAVE_TEXT),
        count => format!("{} {}", tx(key::SYNC_LEAVE_UNSENT, &[("count", count.into())]), t(key::SYNC_LEAVE_TEXT)),
    };
    let yes = move || t(if waiting.get() == 0 { key::SYNC_LEAVE_YES } else { key::SYNC_LEAVE_SAVE });
    let leave = Callback::new(move |()| {
        busy.set(true);
        let is_empty = waiting.get_untracked() == 0;
        spawn_local(async move {
            let sealed = if is_empty { Ok(None) } else { pick_sealed_file().await };
            let answer = match sealed {
                // No file was chosen: everything stays as it is.
                Ok(None) if !is_empty => None,
                Ok(sealed_path) => Some(backend::host::<Start>(HostCall::LeaveServer { sealed_path }).await),
                Err(reject) => Some(Err(reject)),
            };
            let _ = busy.try_set(false);
            match answer {
                Some(Ok(start)) => app().begin(start),
                Some(Err(reject)) => app().toasts.refuse(&reject),
                None => {}
            }
        });
    });
    view! {
        <Button label=t(key::SYNC_LEAVE) kind=Kind::Danger busy=busy press=move || open.set(true)/>
        <Confirm open=open title=t(key::SYNC_LEAVE) text=Signal::derive(text) yes=Signal::derive(yes) danger=true confirm=leave/>
    }
}
