//! Keys by which programs act for people. A key's secret is shown once, when it is made.

use std::collections::BTreeSet;

use kontor_domain::command::{Command, Event};
use kontor_domain::host::ServerMethod;
use kontor_domain::identity::{self, KeyView, ListKeys, PermissionSet};
use leptos::prelude::*;
use serde::Deserialize;

use super::grid::{PermissionGrid, counted};
use crate::live::live;
use crate::parts::{Button, Confirm, Dialog, Empty, Form, FormError, Kind, Tag, TextField, field_name};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
use crate::{backend, format, icon};

/// A key as the server tells it once.
#[derive(Clone, Deserialize)]
struct Made {
    key: String,
}

/// The page.
#[component]
pub(super) fn KeysPage() -> impl IntoView {
    let keys = live(&[Event::IdentityChanged], || Some(ListKeys {}));
    let (open, made) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let (asking, revoked) = (RwSignal::new(false), RwSignal::new(None::<KeyView>));
    let form = Form::new(&[]);
    let revoke = Callback::new(move |()| {
        let Some(view) = revoked.get_untracked() else { return };
        form.send(backend::execute(Command::Identity(identity::Command::RevokeKey { id: view.key.id })), |_| {});
    });
    let row = move |view: KeyView| {
        let chosen = view.clone();
        let used = match view.last_used_at {
            Some(at) => tx(key::ACCESS_LAST_USED, &[("time", format::date_time(at).into())]),
            None => t(key::ACCESS_NEVER_USED),
        };
        let is_good = view.key.revoked_at.is_none();
        view! {
            <div class="option still">
                <crate::icon::Picture icon=icon::KEY/>
                <span class="grow">
                    <span class="row wrap">
                        <span class="strong">{view.key.name.clone()}</span>
                        {(!is_good).then(|| view! { <Tag tone=Tone::Plain text=t(key::ACCESS_REVOKED)/> })}
                    </span>
                    <div class="sub">{view.person_name.clone()} " · " {counted(view.key.permissions.0.len())} " · " {used}</div>
                </span>
                {is_good.then(|| view! {
                    <Button label=t(key::ACCESS_REVOKE) kind=Kind::Danger busy=form.busy press=move || {
                        revoked.set(Some(chosen.clone()));
                        asking.set(true);
                    }/>
                })}
            </div>
        }
    };
    let list = move || {
        let all = keys.get().unwrap_or_default();
        if all.is_empty() && !keys.waiting.get() {
            return view! { <Empty icon=icon::KEY title=t(key::ACCESS_NO_KEY) text=t(key::ACCESS_NO_KEY_TEXT)/> }.into_any();
        }
        view! { <div class="options flush">{all.into_iter().map(row).collect_view()}</div> }.into_any()
    };
    let name = move || revoked.with(|view| view.as_ref().map(|view| view.key.name.clone())).unwrap_or_default();
    view! {
        <section class="card pad form">
            <div class="row between">
                <h2>{t(key::ACCESS_KEYS)}</h2>
                <Button label=t(key::ACCESS_NEW_KEY) kind=Kind::Primary icon=icon::PLUS press=move || open.set(true)/>
            </div>
            <p class="muted">{t(key::ACCESS_KEYS_TEXT)}</p>
            <FormError form=form/>
            {list}
        </section>
        <Dialog open=open title=t(key::ACCESS_NEW_KEY) wide=true><KeyForm open=open made=made/></Dialog>
        <Confirm
            open=asking
            title=Signal::derive(move || tx(key::ACCESS_REVOKE_WHICH, &[("name", name().into())]))
            text=t(key::ACCESS_REVOKE_TEXT)
            yes=t(key::ACCESS_REVOKE)
            danger=true
            confirm=revoke
        />
        <MadeDialog made=made/>
    }
}

#[component]
fn KeyForm(open: RwSignal<bool>, made: RwSignal<Option<String>>) -> impl IntoView {
    let form = Form::new(&["name"]);
    let name = RwSignal::new(String::new());
    let chosen = RwSignal::new(BTreeSet::new());
    let save = move || {
        let body = serde_json::json!({ "name": name.get_untracked().trim(), "permissions": PermissionSet(chosen.get_untracked()) });
        form.send(async move { backend::rest::<Made>(ServerMethod::Post, "/api/v1/api-keys", Some(&body)).await }, move |key| {
            open.set(false);
            made.set(Some(key.key));
        });
    };
    view! {
        <div class="form">
            <TextField label=field_name("name") value=name name="name" form=form autofocus=true hint=t(key::ACCESS_KEY_NAME_HOW) max_length=200/>
            <PermissionGrid chosen=chosen/>
            <FormError form=form/>
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=t(key::ACCESS_MAKE_KEY) kind=Kind::Primary busy=form.busy press=save/>
            </div>
        </div>
    }
}

/// The secret, once.
#[component]
fn MadeDialog(made: RwSignal<Option<String>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(made.with(Option::is_some)));
    Effect::new(move |_| {
        // Closed is forgotten.
        if !open.get() && made.with_untracked(Option::is_some) {
            made.set(None);
        }
    });
    let copy = move || {
        // Browsers give pages the clipboard only where nobody on the way can change the page.
        let window = web_sys::window().filter(web_sys::Window::is_secure_context);
        if let (Some(window), Some(secret)) = (window, made.get_untracked()) {
            let _ = window.navigator().clipboard().write_text(&secret);
            app().toasts.say(Tone::Ok, t(key::ACCESS_COPIED));
        }
    };
    view! {
        <Dialog open=open title=t(key::ACCESS_KEY_MADE)>
            <div class="form">
                <p>{t(key::ACCESS_KEY_MADE_TEXT)}</p>
                <p class="secret num selectable">{move || made.get()}</p>
                <div class="foot">
                    <Button label=t(key::COMMON_COPY) press=copy/>
                    <Button label=t(key::COMMON_DONE) kind=Kind::Primary press=move || open.set(false)/>
                </div>
            </div>
        </Dialog>
    }
}
