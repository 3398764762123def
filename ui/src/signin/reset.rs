//! A new password, by the link that was sent. The link's secret stands behind the `#`, which no browser sends anywhere.

use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use leptos::prelude::*;
use wasm_bindgen::prelude::JsValue;

use super::form::SubmitButton;
use crate::backend::server::account;
use crate::parts::{Button, Form, FormError, TextField};
use crate::state::app;
use crate::text::{key, t};
use crate::toast::Tone;

/// Where the link leads.
const PLACE: &str = "/reset-password";

/// The secret of the address that was opened. It does not stay in the address, where the next person would find it.
pub(super) fn of_address() -> Option<String> {
    let window = web_sys::window()?;
    let place = window.location().pathname().ok().filter(|place| place == PLACE);
    let secret = place.and_then(|_| window.location().hash().ok()?.strip_prefix('#').map(str::to_owned)).filter(|secret| !secret.is_empty())?;
    let _ = window.history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some("/")));
    Some(secret)
}

/// The form.
#[component]
pub(super) fn Reset(token: String, back: Callback<()>) -> impl IntoView {
    let form = Form::new(&["password", "again"]);
    let (password, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if password.get_untracked() != again.get_untracked() {
            return form.refuse(Reject::field(Code::Format, "again"));
        }
        let (token, password) = (Secret(token.clone()), Secret(password.get_untracked()));
        form.send(async move { account::reset_password(token, password).await }, move |()| {
            app().toasts.say(Tone::Ok, t(key::SIGNIN_RESET_DONE));
            back.run(());
        });
    };
    let field = move |label, value, name, autofocus| {
        view! {
            <TextField
                label=label
                value=value
                name=name
                form=form
                kind="password"
                autocomplete="new-password"
                autofocus=autofocus
                max_length=1000
            />
        }
    };
    view! {
        <form class="form card own signin" novalidate on:submit=submit>
            <h2>{t(key::SIGNIN_RESET)}</h2>
            <FormError form=form/>
            {field(t(key::SIGNIN_NEW_PASSWORD), password, "password", true)}
            {field(t(key::SIGNIN_PASSWORD_AGAIN), again, "again", false)}
            <div class="foot two-buttons">
                <Button label=t(key::COMMON_BACK) class="big" press=move || back.run(())/>
                <SubmitButton form=form label=t(key::COMMON_SAVE)/>
            </div>
        </form>
    }
}
