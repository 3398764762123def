//! What is done for a person beside their data: a password set for them, wrong tries forgotten, sessions ended.

use kontor_domain::host::ServerMethod;
use kontor_domain::ids::PersonId;
use leptos::prelude::*;
use serde_json::Value;

use crate::backend;
use crate::parts::{Button, Form, FormError, TextField};
use crate::state::app;
use crate::text::{key, t};
use crate::toast::Tone;

/// All three.
#[component]
pub(super) fn UserActs(id: PersonId) -> impl IntoView {
    let form = Form::new(&["password"]);
    let password = RwSignal::new(String::new());
    let set = move || {
        let body = serde_json::json!({ "password": password.get_untracked() });
        let path = format!("/api/v1/users/{id}/password");
        form.send(async move { backend::rest::<()>(ServerMethod::Put, &path, Some(&body)).await }, move |()| {
            let _ = password.try_set(String::new());
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        });
    };
    let unlock = move || {
        let path = format!("/api/v1/users/{id}/unlock");
        let body = serde_json::json!({});
        form.send(async move { backend::rest::<Value>(ServerMethod::Post, &path, Some(&body)).await }, |_| {
            app().toasts.say(Tone::Ok, t(key::ACCESS_UNLOCKED));
        });
    };
    let end = move || {
        let path = format!("/api/v1/users/{id}/sessions");
        form.send(async move { backend::rest::<()>(ServerMethod::Delete, &path, None::<&()>).await }, |()| {
            app().toasts.say(Tone::Ok, t(key::ACCESS_SESSIONS_ENDED));
        });
    };
    view! {
        <fieldset class="acts">
            <legend>{t(key::ACCESS_SIGNING_IN)}</legend>
            <div class="row wrap bottom">
                <TextField
                    label=t(key::SIGNIN_NEW_PASSWORD)
                    value=password
                    name="password"
                    form=form
                    kind="password"
                    autocomplete="new-password"
                    hint=t(key::ACCESS_SET_PASSWORD_TEXT)
                    max_length=256
                />
                <Button
                    label=t(key::ACCESS_SET_PASSWORD)
                    busy=form.busy
                    disabled=Signal::derive(move || password.with(String::is_empty))
                    press=set
                />
                <Button label=t(key::ACCESS_UNLOCK) busy=form.busy press=unlock/>
                <Button label=t(key::ACCESS_SESSIONS_END_ALL) busy=form.busy press=end/>
            </div>
            <FormError form=form/>
        </fieldset>
    }
}
