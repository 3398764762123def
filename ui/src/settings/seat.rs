//! Who may be at this till, and whether it asks.

use kontor_domain::command::Permission;
use kontor_domain::host::{Asking, HostCall, KnownPerson, ProofKind, SignInAt};
use kontor_domain::secret::Secret;
use leptos::prelude::*;

use crate::parts::{Button, Choice, Form, FormError, Kind, TextField, field_name};
use crate::seat::{self, PinForm, PinOf};
use crate::state::app;
use crate::text::{key, t, tx, word};

/// Minutes that can be chosen; none: it never locks by itself.
const MINUTES: &[Option<u32>] = &[None, Some(1), Some(5), Some(15), Some(30)];

/// The page.
#[component]
pub(super) fn SeatPage() -> impl IntoView {
    let body = move || {
        if !app().may(Permission::SettingsEdit) {
            return view! { <Known/> }.into_any();
        }
        view! {
            <Asks/>
            {move || seat::asks().then(|| view! { <LockAfter/> })}
            <Known/>
        }
        .into_any()
    };
    view! { {body} }
}

fn own() -> Option<KnownPerson> {
    app().seat.with(|seat| seat.as_ref().and_then(|seat| seat.own().cloned()))
}

fn name() -> String {
    app().session.with(|session| session.as_ref().map(|session| session.person.name.clone())).unwrap_or_default()
}

/// Whether it asks. Who turns it on is known here first, or nobody could come back.
#[component]
fn Asks() -> impl IntoView {
    let form = Form::new(&[]);
    let set = move |asking: Asking| form.send(seat::ask(HostCall::SetAsking(asking)), |()| {});
    let at = app().seat.with_untracked(|seat| seat.as_ref().map(|seat| seat.sign_in_at));
    let state = Memo::new(move |_| (seat::asks(), own().is_some()));
    let body = move || match state.get() {
        (true, _) => view! {
            <p>{t(key::SEAT_ASKS)}</p>
            <div class="row wrap">
                <Button label=t(key::SEAT_ASK_STOP) busy=form.busy press=move || set(Asking::Nobody)/>
                <Button label=t(key::SEAT_LOCK) press=seat::lock/>
            </div>
        }
        .into_any(),
        (false, true) => view! {
            <div class="row wrap"><Button label=t(key::SEAT_ASK) kind=Kind::Primary busy=form.busy press=move || set(Asking::Everybody)/></div>
        }
        .into_any(),
        (false, false) if at == Some(SignInAt::Server) => view! { <SignInFirst/> }.into_any(),
        (false, false) => view! { <PinFirst/> }.into_any(),
    };
    view! {
        <section class="card pad form">
            <h2>{t(key::SEAT_ASK)}</h2>
            <p class="muted">{move || tx(key::SEAT_SETTINGS_TEXT, &[("name", name().into())])}</p>
            {body}
            <FormError form=form/>
        </section>
    }
}

/// A shop alone: its owner sets a PIN.
#[component]
fn PinFirst() -> impl IntoView {
    let person = app().seat.with_untracked(|seat| seat.as_ref().and_then(|seat| seat.person_id));
    view! {
        <p>{tx(key::SEAT_PIN_FIRST, &[("name", untrack(name).into())])}</p>
        {person.map(|id| view! { <PinForm of=PinOf::Own(id)/> })}
        <p class="hint">{t(key::SEAT_MY_PIN_TEXT)}</p>
    }
}

/// A till at a server: the server says who it is.
#[component]
fn SignInFirst() -> impl IntoView {
    let form = Form::new(&["username", "password"]);
    let (username, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let call = HostCall::SignIn { username: username.get_untracked().trim().to_owned(), password: Secret(password.get_untracked()) };
        form.send(seat::ask(call), |()| {});
    };
    view! {
        <form class="form" novalidate on:submit=submit>
            <p>{t(key::SEAT_SIGN_IN_FIRST)}</p>
            <div class="cols">
                <TextField label=field_name("username") value=username name="username" form=form autocomplete="off" max_length=254/>
                <TextField label=t(key::SEAT_PASSWORD) value=password name="password" form=form kind="password" autocomplete="off" max_length=256/>
            </div>
            <FormError form=form/>
            <div class="row wrap">
                <button type="submit" class="btn" disabled=form.busy aria-busy=move || form.busy.get().to_string()>
                    <span>{t(key::SEAT_FIRST_HERE)}</span>
                </button>
            </div>
        </form>
    }
}

#[component]
fn LockAfter() -> impl IntoView {
    let chosen = RwSignal::new(app().preferences.with_untracked(|preferences| preferences.lock_after_minutes));
    Effect::new(move |before: Option<Option<u32>>| {
        let now = chosen.get();
        if before.is_some_and(|before| before != now) {
            app().prefer(|preferences| preferences.lock_after_minutes = now);
        }
        now
    });
    let words = |minutes: &Option<u32>| {
        let text = minutes.map_or_else(|| t(key::SEAT_NEVER), |minutes| tx(key::SEAT_MINUTES, &[("count", i64::from(minutes).into())]));
        (*minutes, text)
    };
    let options: Vec<(Option<u32>, String)> = MINUTES.iter().map(words).collect();
    view! {
        <section class="card pad form">
            <Choice label=t(key::SEAT_LOCK_AFTER) options=options chosen=chosen/>
        </section>
    }
}

/// Who can be here, and one's own PIN.
#[component]
fn Known() -> impl IntoView {
    let known = move || app().seat.with(|seat| seat.as_ref().map(|seat| seat.known.clone()).unwrap_or_default());
    let has_any = Memo::new(move |_| !known().is_empty());
    let row = |person: KnownPerson| {
        let ways = person.proofs.iter().map(|kind| word("proof", ProofKind::word(*kind))).collect::<Vec<_>>().join(" · ");
        view! { <dt>{person.name}</dt> <dd>{ways}</dd> }
    };
    let at = move || app().seat.with(|seat| seat.as_ref().map(|seat| seat.sign_in_at));
    let text = move || t(if at() == Some(SignInAt::Server) { key::SEAT_KNOWN_TEXT } else { key::SEAT_KNOWN_TEXT_HERE });
    view! {
        <Show when=move || has_any.get()>
            <section class="card pad form">
                <h2>{t(key::SEAT_KNOWN)}</h2>
                <p class="muted">{text}</p>
                <dl class="facts">{move || known().into_iter().map(row).collect_view()}</dl>
            </section>
        </Show>
        {move || own().map(|own| view! { <OwnPin own=own/> })}
    }
}

/// A PIN of one's own.
#[component]
fn OwnPin(own: KnownPerson) -> impl IntoView {
    view! {
        <section class="card pad form">
            <h2>{t(key::SEAT_MY_PIN)}</h2>
            <p class="muted">{t(key::SEAT_MY_PIN_TEXT)}</p>
            <PinForm of=PinOf::Own(own.person_id)/>
        </section>
    }
}
