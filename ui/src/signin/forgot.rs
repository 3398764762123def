//! A password that nobody knows any more: a link to a new one goes to the person's address.

use leptos::prelude::*;

use super::form::{Draft, SubmitButton, new_form};
use crate::backend::server::account;
use crate::parts::{Button, FormError, Strip, TextField};
use crate::text::{key, t};
use crate::toast::Tone;

/// The form. Its answer is the same whether somebody has this address or not.
#[component]
pub(super) fn Forgot(back: Callback<()>) -> impl IntoView {
    let form = new_form();
    let draft = Draft::new();
    let sent = RwSignal::new(false);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (company, username) = draft.who();
        form.send(async move { account::forgot_password(company, username).await }, move |()| sent.set(true));
    };
    view! {
        <form class="form card own signin" novalidate on:submit=submit>
            <h2>{t(key::SIGNIN_FORGOT)}</h2>
            <p class="muted">{t(key::SIGNIN_FORGOT_TEXT)}</p>
            <FormError form=form/>
            <TextField
                label=t(key::SIGNIN_NAME_OR_EMAIL)
                value=draft.username
                name="username"
                form=form
                autocomplete="username"
                autofocus=true
                max_length=254
            />
            <Show when=move || sent.get()><Strip tone=Tone::Ok text=t(key::SIGNIN_FORGOT_SENT)/></Show>
            <div class="foot two-buttons">
                <Button label=t(key::COMMON_BACK) class="big" press=move || back.run(())/>
                <SubmitButton form=form label=t(key::SIGNIN_FORGOT_SEND)/>
            </div>
        </form>
    }
}
