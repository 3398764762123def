//! What somebody may not do alone: somebody who may more allows it here, and it is done.

use std::cell::RefCell;
use std::rc::Rc;

use kontor_domain::command::{Command, Receipt, Request};
use kontor_domain::host::{HostCall, KnownPerson};
use kontor_domain::identity::{Approvable, Approval};
use kontor_domain::ids::CommandId;
use kontor_domain::reject::{Code, Reject};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::asks;
use super::prove::{Draft, People, SecretField};
use crate::parts::{Button, Dialog, Form, FormError, Strip};
use crate::state::app;
use crate::text::{key, refusal, t};
use crate::toast::Tone;
use crate::{backend, ids};

/// A command that was refused and waits for somebody who may allow it.
#[derive(Clone)]
pub(crate) struct Approving {
    command: Command,
    what: Approvable,
    reject: Reject,
}

/// Who waits for the answer of the dialog, and where the answer is left.
type Waiter = (js_sys::Function, Rc<RefCell<Option<Approval>>>);

thread_local! {
    /// Who waits, if anybody does.
    static WAITING: RefCell<Option<Waiter>> = const { RefCell::new(None) };
}

/// Has a command executed; where the person may not do it alone, somebody else is asked to allow it. What was sent in the
/// end is left in the request.
pub(crate) async fn execute(request: &mut Request) -> Result<Receipt, Reject> {
    let answer = backend::execute_as(request).await;
    let Err(reject) = answer else { return answer };
    let Some(what) = approvable(&request.command, &reject) else { return Err(reject) };
    let asked = Approving { command: request.command.clone(), what, reject: reject.clone() };
    let Some(approval) = wait_for(asked).await else { return Err(reject) };
    *request = Request { id: ids::new(CommandId), command: request.command.clone().approved(Some(approval)) };
    backend::execute_as(request).await
}

fn approvable(command: &Command, reject: &Reject) -> Option<Approvable> {
    let is_beyond = matches!(reject.code, Code::OverDiscountLimit | Code::InsufficientPermission);
    (is_beyond && !backend::is_browser() && untrack(asks)).then(|| command.approvable()).flatten()
}

/// Opens the dialog and waits until it is closed.
async fn wait_for(asked: Approving) -> Option<Approval> {
    let given = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&given);
    let closed = js_sys::Promise::new(&mut |resolve, _| {
        WAITING.with_borrow_mut(|waiting| *waiting = Some((resolve, Rc::clone(&kept))));
    });
    app().approving.set(Some(asked));
    let _ = JsFuture::from(closed).await;
    given.take()
}

/// The dialog is over, with an approval or without.
fn close(approval: Option<Approval>) {
    app().approving.set(None);
    if let Some((resolve, given)) = WAITING.with_borrow_mut(Option::take) {
        *given.borrow_mut() = approval;
        let _ = resolve.call0(&JsValue::NULL);
    }
}

/// The dialog.
#[component]
pub(crate) fn Approve() -> impl IntoView {
    let app = app();
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(app.approving.with(Option::is_some)));
    // Esc and the cross close it, too.
    Effect::new(move |before: Option<bool>| {
        let is_open = open.get();
        if before == Some(true) && !is_open && app.approving.with_untracked(Option::is_some) {
            close(None);
        }
        is_open
    });
    view! {
        <Dialog open=open title=t(key::SEAT_APPROVE)>
            {move || app.approving.get_untracked().map(|asked| view! { <Asked asked=asked/> })}
        </Dialog>
    }
}

#[component]
fn Asked(asked: Approving) -> impl IntoView {
    let form = Form::new(&["secret"]);
    let draft = Draft::new();
    let Approving { command, what, reject } = asked;
    let people: Vec<KnownPerson> = app().seat.with_untracked(|seat| {
        let known = seat.iter().flat_map(|seat| seat.known.iter().filter(|one| Some(one.person_id) != seat.person_id));
        known.filter(|one| one.may_approve(&what)).cloned().collect()
    });
    let is_nobody = people.is_empty();
    if let [one] = people.as_slice() {
        draft.choose(one.clone());
    }
    let command = StoredValue::new(command);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(person) = draft.person.get_untracked() else { return };
        let call = HostCall::Approve { person_id: person.person_id, proof: draft.proof(), command: Box::new(command.get_value()) };
        draft.clear();
        form.send(backend::host::<Approval>(call), |approval| close(Some(approval)));
    };
    let people = Signal::stored(people);
    view! {
        <form class="form" novalidate on:submit=submit>
            <Strip tone=Tone::Warn text=refusal(&reject)/>
            <p class="muted">{t(if is_nobody { key::SEAT_APPROVE_NOBODY } else { key::SEAT_APPROVE_TEXT })}</p>
            <People draft=draft people=people/>
            <SecretField draft=draft form=form/>
            <FormError form=form/>
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=|| close(None)/>
                {(!is_nobody).then(|| view! {
                    <button type="submit" class="btn primary" disabled=form.busy aria-busy=move || form.busy.get().to_string()>
                        <span>{t(key::SEAT_APPROVE_GO)}</span>
                        <kbd aria-hidden="true">"Enter"</kbd>
                    </button>
                })}
            </div>
        </form>
    }
}
