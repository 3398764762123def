//! Whoever is signed in: name, password, and the till that this browser stands for.

use kontor_domain::command::{Command, Edit, Event};
use kontor_domain::host::ServerMethod;
use kontor_domain::identity::{self, GetProfile, PersonView, ProfileChanges};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::here::OwnPage;
use super::users::role_words;
use crate::live::live;
use crate::parts::{Button, Form, FormError, Kind, Skeleton, Strip, Tag, TextField, field_name};
use crate::signin::{sign_out, till_words};
use crate::state::app;
use crate::text::{key, refusal, t, tx};
use crate::toast::Tone;
use crate::{backend, format, icon};

/// The page.
#[component]
pub(super) fn ProfilePage() -> impl IntoView {
    if !backend::is_browser() {
        return view! { <OwnPage/> }.into_any();
    }
    let profile = live(&[Event::IdentityChanged], || Some(GetProfile {}));
    let shown = Memo::new(move |_| profile.get().flatten());
    view! {
        {move || profile.refusal.get().map(|reject| view! { <Strip tone=Tone::Need text=refusal(&reject)/> })}
        {move || match shown.get() {
            Some(view) => view! { <Data view=view/> }.into_any(),
            None => view! { <Skeleton height="200px"/> }.into_any(),
        }}
        <Here/>
        <Sessions/>
        <Password/>
    }
    .into_any()
}

/// Name and address.
#[component]
pub(super) fn Data(view: PersonView) -> impl IntoView {
    let form = Form::new(&["name", "email", "password"]);
    let email_before = view.profile.as_ref().map(|profile| profile.email.clone()).unwrap_or_default();
    let (name, email) = (RwSignal::new(view.person.name.clone()), RwSignal::new(email_before.clone()));
    let role = role_words(view.person.role_id, &view.role_name);
    let username = view.person.username.clone();
    let before = email_before.clone();
    let seen = StoredValue::new((view.person.name, email_before));
    let password = RwSignal::new(String::new());
    // Where links to a new password go is changed by who knows the password.
    let changes_email = Memo::new(move |_| email.with(|email| email.trim().to_lowercase() != before));
    let save = move || {
        let text = |value: RwSignal<String>| value.get_untracked().trim().to_owned();
        let saved = move || {
            let _ = password.try_set(String::new());
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        };
        if changes_email.get_untracked() {
            let body = serde_json::json!({ "name": text(name), "email": text(email), "password": password.get_untracked() });
            return form.send(async move { backend::rest::<Value>(ServerMethod::Put, "/api/v1/users/me", Some(&body)).await }, move |_| saved());
        }
        let changes = seen.with_value(|(name_before, email_before)| ProfileChanges {
            name: Edit::between(name_before, &text(name)),
            email: Edit::between(email_before, &text(email)),
        });
        form.send(backend::execute(Command::Identity(identity::Command::EditProfile(changes))), move |_| saved());
    };
    view! {
        <section class="card pad form">
            <h2>{t(key::ACCESS_PROFILE)}</h2>
            <dl class="facts">
                <dt>{field_name("username")}</dt>
                <dd class="selectable">{username}</dd>
                <dt>{t(key::ACCESS_ROLE)}</dt>
                <dd>{role}</dd>
            </dl>
            <div class="cols">
                <TextField label=field_name("name") value=name name="name" form=form autocomplete="name" max_length=200/>
                <TextField label=field_name("email") value=email name="email" form=form autocomplete="email" max_length=254/>
                <Show when=move || changes_email.get()>
                    <TextField
                        label=t(key::ACCESS_EMAIL_PASSWORD)
                        value=password
                        name="password"
                        form=form
                        kind="password"
                        autocomplete="current-password"
                        max_length=256
                    />
                </Show>
            </div>
            <FormError form=form/>
            <div class="foot"><Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy press=save/></div>
        </section>
    }
}

/// This browser: its till, and the way out.
#[component]
fn Here() -> impl IntoView {
    let till = move || app().session.with(|session| session.as_ref().and_then(|session| session.till.as_ref().map(till_words)));
    view! {
        <section class="card pad form">
            <h2>{t(key::ACCESS_THIS_BROWSER)}</h2>
            <p>{move || till().unwrap_or_else(|| t(key::SIGNIN_NO_TILL))}</p>
            <div class="row wrap">
                <Button label=t(key::SIGNIN_CHANGE_TILL) icon=icon::TILL press=|| app().needs_till.set(true)/>
                <Button label=t(key::SIGNIN_OUT) icon=icon::BACK press=sign_out/>
            </div>
        </section>
    }
}

/// A session as the server tells it.
#[derive(Clone, Deserialize)]
struct Session {
    id: Uuid,
    address: String,
    created_at: Instant,
    is_own: bool,
}

#[derive(Deserialize)]
struct Listed {
    rows: Vec<Session>,
}

/// Where else this person is signed in, and an end to it.
#[component]
pub(super) fn Sessions() -> impl IntoView {
    const PATH: &str = "/api/v1/auth/sessions";
    let form = Form::new(&[]);
    let sessions = RwSignal::new(Vec::<Session>::new());
    let ask =
        move || form.send(async move { backend::rest::<Listed>(ServerMethod::Get, PATH, None::<&()>).await }, move |found| sessions.set(found.rows));
    ask();
    let end = move |id: Uuid| {
        form.send(async move { backend::rest::<()>(ServerMethod::Delete, &format!("{PATH}/{id}"), None::<&()>).await }, move |()| {
            sessions.update(|sessions| sessions.retain(|session| session.id != id));
        });
    };
    let row = move |session: Session| {
        let since = tx(key::ACCESS_SESSION_SINCE, &[("time", format::date_time(session.created_at).into())]);
        view! {
            <div class="option still">
                <crate::icon::Picture icon=icon::GLOBE/>
                <span class="grow">
                    <span class="row wrap">
                        <span class="strong num">{session.address.clone()}</span>
                        {session.is_own.then(|| view! { <Tag tone=Tone::Ok text=t(key::ACCESS_SESSION_OWN)/> })}
                    </span>
                    <div class="sub">{since}</div>
                </span>
                {(!session.is_own).then(|| view! {
                    <Button label=t(key::ACCESS_SESSION_END) kind=Kind::Danger busy=form.busy press=move || end(session.id)/>
                })}
            </div>
        }
    };
    view! {
        <section class="card pad form">
            <h2>{t(key::ACCESS_SESSIONS)}</h2>
            <p class="muted">{t(key::ACCESS_SESSIONS_TEXT)}</p>
            <FormError form=form/>
            <div class="options flush">{move || sessions.get().into_iter().map(row).collect_view()}</div>
        </section>
    }
}

/// A new password, for who knows the old one.
#[component]
pub(super) fn Password() -> impl IntoView {
    let form = Form::new(&["old_password", "password", "again"]);
    let [old, new, again] = [(); 3].map(|()| RwSignal::new(String::new()));
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if new.get_untracked() != again.get_untracked() {
            return form.refuse(Reject::field(Code::Format, "again"));
        }
        let body = serde_json::json!({ "old_password": old.get_untracked(), "new_password": new.get_untracked() });
        form.send(async move { backend::rest::<()>(ServerMethod::Post, "/api/v1/auth/change-password", Some(&body)).await }, move |()| {
            for value in [old, new, again] {
                value.set(String::new());
            }
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        });
    };
    let field = move |label: String, value, name, fill| {
        view! { <TextField label=label value=value name=name form=form kind="password" autocomplete=fill max_length=1000/> }
    };
    view! {
        <form class="card pad form" novalidate on:submit=save>
            <h2>{t(key::ACCESS_PASSWORD)}</h2>
            <p class="muted">{t(key::ACCESS_PASSWORD_TEXT)}</p>
            <div class="cols">
                {field(t(key::ACCESS_OLD_PASSWORD), old, "old_password", "current-password")}
                {field(t(key::SIGNIN_NEW_PASSWORD), new, "password", "new-password")}
                {field(t(key::SIGNIN_PASSWORD_AGAIN), again, "again", "new-password")}
            </div>
            <FormError form=form/>
            <div class="foot">
                <button type="submit" class="btn primary" disabled=form.busy aria-busy=move || form.busy.get().to_string()>
                    <span>{t(key::COMMON_SAVE)}</span>
                </button>
            </div>
        </form>
    }
}
