//! One person and what they prove with who they are.

use kontor_domain::host::{KnownPerson, Proof, ProofKind};
use kontor_domain::secret::Secret;
use leptos::prelude::*;

use crate::parts::{Button, Form, Kind, TextField};
use crate::text::{Key, key, t};

/// What is chosen and typed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) person: RwSignal<Option<KnownPerson>>,
    kind: RwSignal<ProofKind>,
    secret: RwSignal<String>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self { person: RwSignal::new(None), kind: RwSignal::new(ProofKind::Pin), secret: RwSignal::new(String::new()) }
    }

    /// Somebody is chosen, with the quickest that they have.
    pub(super) fn choose(self, person: KnownPerson) {
        self.kind.set(person.proofs.first().copied().unwrap_or(ProofKind::Password));
        self.secret.set(String::new());
        self.person.set(Some(person));
    }

    /// What is typed is gone; it was wrong, or it was used.
    pub(super) fn clear(self) {
        let _ = self.secret.try_set(String::new());
    }

    pub(super) fn proof(self) -> Proof {
        Proof { kind: self.kind.get_untracked(), secret: Secret(self.secret.get_untracked()) }
    }

    fn other(self) -> Option<ProofKind> {
        self.person.with(|person| person.as_ref()?.proofs.iter().copied().find(|kind| *kind != self.kind.get()))
    }
}

const fn instead(kind: ProofKind) -> Key {
    match kind {
        ProofKind::Pin => key::SEAT_USE_PIN,
        ProofKind::Password => key::SEAT_USE_PASSWORD,
    }
}

/// Names to choose from.
#[component]
pub(super) fn People(draft: Draft, #[prop(into)] people: Signal<Vec<KnownPerson>>) -> impl IntoView {
    let one = move |person: KnownPerson| {
        let (id, name, chosen) = (person.person_id, person.name.clone(), person.clone());
        let is_chosen = move || draft.person.with(|person| person.as_ref().is_some_and(|person| person.person_id == id));
        view! {
            <button type="button" class="chip person" aria-pressed=move || is_chosen().to_string() class:on=is_chosen on:click=move |_| draft.choose(chosen.clone())>
                {name}
            </button>
        }
    };
    view! { <div class="row wrap people">{move || people.get().into_iter().map(one).collect_view()}</div> }
}

/// The field for what the chosen person proves it with. Made anew for another person, so that the cursor is in it.
#[component]
pub(super) fn SecretField(draft: Draft, form: Form) -> impl IntoView {
    let field = move || {
        let _person = draft.person.with(|person| person.as_ref().map(|person| person.person_id))?;
        let (label, mode, limit) = match draft.kind.get() {
            ProofKind::Pin => (key::SEAT_PIN, "numeric", 8),
            ProofKind::Password => (key::SEAT_PASSWORD, "", 256),
        };
        Some(view! {
            <TextField label=t(label) value=draft.secret name="secret" form=form kind="password" mode=mode autocomplete="off" autofocus=true max_length=limit/>
        })
    };
    let swap = move || {
        draft.other().map(|kind| {
            let press = move || {
                draft.secret.set(String::new());
                draft.kind.set(kind);
            };
            view! { <Button label=t(instead(kind)) kind=Kind::Quiet press=press/> }
        })
    };
    view! {
        {field}
        {swap}
    }
}
