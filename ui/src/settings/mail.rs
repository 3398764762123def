//! The mail server that letters go by. It is the shop server's.

use kontor_domain::host::ServerMethod;
use leptos::prelude::*;
use serde::Deserialize;

use crate::backend;
use crate::parts::{Button, Form, FormError, Kind, SelectField, Skeleton, TextField, field_name};
use crate::state::app;
use crate::text::{Key, key, t, word};
use crate::toast::Tone;

const PATH: &str = "/api/v1/settings/smtp";
const FIELDS: &[&str] = &["host", "port", "security", "username", "password", "mail_from", "public_url"];
/// Words of what keeps letters from others.
const SECURITIES: [&str; 3] = ["tls", "starttls", "none"];

/// The mail server as the shop server tells it.
#[derive(Clone, PartialEq, Deserialize)]
struct Mail {
    source: String,
    host: String,
    port: u16,
    security: String,
    username: String,
    has_password: bool,
    mail_from: String,
    public_url: String,
}

/// The page.
#[component]
pub(super) fn MailPage() -> impl IntoView {
    let form = Form::new(FIELDS);
    let mail = RwSignal::new(None::<Mail>);
    form.send(async move { backend::rest::<Mail>(ServerMethod::Get, PATH, None::<&()>).await }, move |found| mail.set(Some(found)));
    view! {
        {move || match mail.get() {
            Some(found) => view! { <MailForm found=found mail=mail form=form/> }.into_any(),
            None => view! { <FormError form=form/><Skeleton height="300px"/> }.into_any(),
        }}
    }
}

fn about(source: &str) -> Key {
    match source {
        "company" => key::SETTINGS_MAIL_TEXT,
        "server" => key::SETTINGS_MAIL_SERVER,
        _ => key::SETTINGS_MAIL_NONE,
    }
}

#[component]
fn MailForm(found: Mail, mail: RwSignal<Option<Mail>>, form: Form) -> impl IntoView {
    let text = |text: &str| RwSignal::new(text.to_owned());
    let (host, port, security) = (text(&found.host), RwSignal::new(found.port.to_string()), text(&found.security));
    let (username, password) = (text(&found.username), text(""));
    let (mail_from, public_url) = (text(&found.mail_from), text(&found.public_url));
    let (is_own, keeps) = (found.source == "company", found.has_password);
    let has_any = found.source != "none";
    let save = move || {
        let trimmed = |value: RwSignal<String>| value.get_untracked().trim().to_owned();
        let typed = password.get_untracked();
        let body = serde_json::json!({
            "host": trimmed(host),
            "port": trimmed(port).parse::<u16>().unwrap_or_default(),
            "security": security.get_untracked(),
            "username": trimmed(username),
            "password": Some(typed).filter(|typed| !typed.is_empty()),
            "mail_from": trimmed(mail_from),
            "public_url": trimmed(public_url),
        });
        form.send(async move { backend::rest::<Mail>(ServerMethod::Put, PATH, Some(&body)).await }, move |found| {
            mail.set(Some(found));
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        });
    };
    let test = move || {
        let path = format!("{PATH}/test");
        let body = serde_json::json!({});
        form.send(async move { backend::rest::<()>(ServerMethod::Post, &path, Some(&body)).await }, |()| {
            app().toasts.say(Tone::Ok, t(key::SETTINGS_MAIL_TESTED));
        });
    };
    let remove = move || {
        let gone = async move {
            backend::rest::<()>(ServerMethod::Delete, PATH, None::<&()>).await?;
            backend::rest::<Mail>(ServerMethod::Get, PATH, None::<&()>).await
        };
        form.send(gone, move |found| mail.set(Some(found)));
    };
    let kinds: Vec<(String, String)> = SECURITIES.iter().map(|one| ((*one).to_owned(), word("mail-security", one))).collect();
    view! {
        <section class="card pad form">
            <h2>{t(key::SETTINGS_MAIL)}</h2>
            <p class="muted">{t(about(&found.source))}</p>
            <div class="cols">
                <TextField label=field_name("host") value=host name="host" form=form autocomplete="off" max_length=254/>
                <TextField label=field_name("port") value=port name="port" form=form autocomplete="off" max_length=5/>
                <SelectField label=field_name("security") value=security options=kinds name="security" form=form/>
                <TextField label=field_name("username") value=username name="username" form=form autocomplete="off" max_length=254/>
                <TextField
                    label=field_name("password")
                    value=password
                    name="password"
                    form=form
                    kind="password"
                    autocomplete="new-password"
                    hint=if keeps { t(key::SETTINGS_MAIL_KEEP) } else { String::new() }
                    max_length=254
                />
                <TextField label=field_name("mail_from") value=mail_from name="mail_from" form=form autocomplete="off" max_length=254/>
                <TextField label=field_name("public_url") value=public_url name="public_url" form=form autocomplete="off" max_length=254/>
            </div>
            <FormError form=form/>
            <div class="foot">
                {is_own.then(|| view! { <Button label=t(key::SETTINGS_MAIL_REMOVE) busy=form.busy press=remove/> })}
                {has_any.then(|| view! { <Button label=t(key::SETTINGS_MAIL_TEST) busy=form.busy press=test/> })}
                <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy press=save/>
            </div>
        </section>
    }
}
