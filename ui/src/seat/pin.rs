//! A PIN at this till: one's own, or where there is no server one that is set for somebody.

use kontor_domain::host::{HostCall, KeepProof, Proof, ProofKind};
use kontor_domain::ids::PersonId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use leptos::prelude::*;

use super::ask;
use crate::parts::{Button, Form, FormError, TextField};
use crate::state::app;
use crate::text::{Key, key, t};
use crate::toast::Tone;

/// Whose PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PinOf {
    /// Whoever is here.
    Own(PersonId),
    /// Somebody else.
    Other(PersonId),
}

/// What whoever is here is known by on this device; a PIN is quicker than a password.
fn own_proof() -> Option<ProofKind> {
    app().seat.with(|seat| seat.as_ref().and_then(|seat| seat.own()).and_then(|own| own.proofs.first().copied()))
}

const fn until_now(of: PinOf, kind: ProofKind) -> Key {
    match (of, kind) {
        (PinOf::Other(_), _) => key::SEAT_OWN_PIN_FIRST,
        (PinOf::Own(_), ProofKind::Pin) => key::SEAT_CURRENT_PIN,
        (PinOf::Own(_), ProofKind::Password) => key::SEAT_PASSWORD,
    }
}

/// The fields, and the button that keeps it.
#[component]
pub(crate) fn PinForm(of: PinOf) -> impl IntoView {
    let form = Form::new(&["current", "pin", "again"]);
    let [current, pin, again] = [(); 3].map(|()| RwSignal::new(String::new()));
    let person_id = match of {
        PinOf::Own(id) | PinOf::Other(id) => id,
    };
    let save = move || {
        if pin.get_untracked() != again.get_untracked() {
            return form.refuse(Reject::field(Code::Format, "again"));
        }
        let proof = |kind, text: RwSignal<String>| Proof { kind, secret: Secret(text.get_untracked()) };
        let wish = KeepProof { person_id, current: untrack(own_proof).map(|kind| proof(kind, current)), new: proof(ProofKind::Pin, pin) };
        form.send(ask(HostCall::KeepProof(wish)), move |()| {
            for value in [current, pin, again] {
                let _ = value.try_set(String::new());
            }
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        });
    };
    let field = move |label: String, value, name, limit| {
        view! { <TextField label=label value=value name=name form=form kind="password" mode="numeric" autocomplete="off" max_length=limit/> }
    };
    view! {
        <div class="form">
            <div class="cols">
                {move || own_proof().map(|kind| field(t(until_now(of, kind)), current, "current", 256))}
                {field(t(key::SEAT_NEW_PIN), pin, "pin", 8)}
                {field(t(key::SEAT_PIN_AGAIN), again, "again", 8)}
            </div>
            <FormError form=form/>
            <div class="row wrap"><Button label=t(key::SEAT_SET_PIN) busy=form.busy press=save/></div>
        </div>
    }
}
