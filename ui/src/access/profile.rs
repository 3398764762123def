//! Whoever is signed in: name, password, and the till that this browser stands for.

use kontor_domain::command::{Command, Edit, Event};
use kontor_domain::identity::{self, GetProfile, PersonView, ProfileChanges};
use kontor_domain::reject::{Code, Reject};
use leptos::prelude::*;

use super::here::OwnPage;
use super::users::role_words;
use crate::backend::server::{self, Method};
use crate::live::live;
use crate::parts::{Button, Form, FormError, Kind, Skeleton, Strip, TextField, field_name};
use crate::signin::{sign_out, till_words};
use crate::state::app;
use crate::text::{key, refusal, t};
use crate::toast::Tone;
use crate::{backend, icon};

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
        <Password/>
    }
    .into_any()
}

/// Name and address.
#[component]
pub(super) fn Data(view: PersonView) -> impl IntoView {
    let form = Form::new(&["name", "email"]);
    let email_before = view.profile.as_ref().map(|profile| profile.email.clone()).unwrap_or_default();
    let (name, email) = (RwSignal::new(view.person.name.clone()), RwSignal::new(email_before.clone()));
    let role = role_words(view.person.role_id, &view.role_name);
    let username = view.person.username.clone();
    let seen = StoredValue::new((view.person.name, email_before));
    let save = move || {
        let text = |value: RwSignal<String>| value.get_untracked().trim().to_owned();
        let changes = seen.with_value(|(name_before, email_before)| ProfileChanges {
            name: Edit::between(name_before, &text(name)),
            email: Edit::between(email_before, &text(email)),
        });
        form.send(backend::execute(Command::Identity(identity::Command::EditProfile(changes))), |_| {
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        });
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

/// A new password, for who knows the old one.
#[component]
fn Password() -> impl IntoView {
    let form = Form::new(&["old_password", "password", "again"]);
    let [old, new, again] = [(); 3].map(|()| RwSignal::new(String::new()));
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if new.get_untracked() != again.get_untracked() {
            return form.refuse(Reject::field(Code::Format, "again"));
        }
        let body = serde_json::json!({ "old_password": old.get_untracked(), "new_password": new.get_untracked() });
        form.send(async move { server::rest::<()>(Method::Post, "/api/v1/auth/change-password", Some(&body)).await }, move |()| {
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
