//! The mail server that a company's letters go by: its own, or the server's.

use std::sync::Arc;

use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use kontor_domain::command::Permission;
use kontor_domain::reject::{Code, Reject};
use kontor_store::access::{AccessEvent, SmtpSetting};
use kontor_sync::enrol::Secret;
use lettre::message::Mailbox;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::input::Small;
use super::mail::{Post, Sender};
use super::session::{event, note};
use crate::api::once::{Again, Bare, Once};
use crate::api::output::{Done, json};
use crate::api::seen::{IfMatch, IfNoneMatch, MayMatch, Single};
use crate::api::spec::may_answer;
use crate::app::App;
use crate::config::{is_own, is_public_url};
use crate::problem::Problem;
use crate::secrets;

/// Longest text of a setting.
const TEXT_LIMIT: usize = 254;

/// How what is said to a mail server is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS before anything is said.
    Starttls,
    /// Not at all: only on the server's own machine.
    None,
}

impl Security {
    const ALL: [Self; 3] = [Self::Tls, Self::Starttls, Self::None];

    const fn word(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Starttls => "starttls",
            Self::None => "none",
        }
    }

    /// The one of a word.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|security| security.word() == word)
    }
}

/// Whose mail server it is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmtpSource {
    /// The company's.
    Company,
    /// The server's, as its machine was set up.
    Server,
    /// There is none: no letters are sent.
    None,
}

/// The mail server, without its password.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SmtpView {
    /// Whose it is. What follows is the company's; the server's is told to nobody.
    source: SmtpSource,
    /// Name or address.
    host: String,
    /// Port.
    port: u16,
    /// How what is said is kept from others.
    security: Security,
    /// Name to sign in with; empty: nobody signs in.
    username: String,
    /// Whether a password is kept. It is told to nobody.
    has_password: bool,
    /// Address that letters come from.
    mail_from: String,
    /// Where links in letters lead: how people reach this server in a browser.
    public_url: String,
}

/// A mail server of the company's own.
#[derive(Deserialize, JsonSchema)]
pub struct SmtpFields {
    /// Name or address.
    host: String,
    /// Port.
    port: u16,
    /// How what is said is kept from others.
    security: Security,
    /// Name to sign in with; empty: nobody signs in.
    #[serde(default)]
    username: String,
    /// Password; nothing: as it is kept, for the same host and name.
    #[serde(default)]
    password: Option<Secret>,
    /// Address that letters come from.
    mail_from: String,
    /// Where links in letters lead: how people reach this server in a browser.
    public_url: String,
}

fn post(app: &App) -> Result<&Post, Problem> {
    app.post.as_ref().ok_or_else(Problem::unavailable)
}

async fn view(app: &App, actor: &Actor) -> Result<(SmtpView, Option<SmtpSetting>), Problem> {
    let kept = app.host.access.smtp_setting(actor.company).await?;
    let source = match &kept {
        Some(_) => SmtpSource::Company,
        None if post(app)?.has_usual() => SmtpSource::Server,
        None => SmtpSource::None,
    };
    let shown = kept.clone();
    let text = |of: fn(SmtpSetting) -> String| shown.clone().map(of).unwrap_or_default();
    let view = SmtpView {
        source,
        host: text(|setting| setting.host),
        port: kept.as_ref().and_then(|setting| u16::try_from(setting.port).ok()).unwrap_or(465),
        security: kept.as_ref().and_then(|setting| Security::of(&setting.security)).unwrap_or(Security::Tls),
        username: text(|setting| setting.username),
        has_password: kept.as_ref().is_some_and(|setting| setting.password.is_some()),
        mail_from: text(|setting| setting.mail_from),
        public_url: text(|setting| setting.public_url),
    };
    Ok((view, kept))
}

/// The mail server.
pub(super) async fn find(State(app): State<Arc<App>>, actor: Actor, known: IfNoneMatch) -> Result<Single<SmtpView>, Problem> {
    app.host.check(&actor, Permission::SettingsEdit, "smtp").await?;
    Single::text(json(&view(&app, &actor).await?.0)?, &known)
}

fn wrong(field: &str) -> Problem {
    Problem::malformed(field).about(String::new(), format!("#/{field}"))
}

fn check(fields: &SmtpFields) -> Result<(), Problem> {
    let SmtpFields { host, port, security, username, mail_from, public_url, .. } = fields;
    let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let checks = [
        ("host", is_host && host.len() <= TEXT_LIMIT),
        ("port", *port != 0),
        ("security", *security != Security::None || is_own(host)),
        ("username", username.len() <= TEXT_LIMIT && !username.contains(char::is_control)),
        ("mail_from", mail_from.len() <= TEXT_LIMIT && mail_from.parse::<Mailbox>().is_ok()),
        ("public_url", public_url.len() <= TEXT_LIMIT && is_public_url(public_url)),
    ];
    checks.iter().find(|(_, is_right)| !is_right).map_or(Ok(()), |(field, _)| Err(wrong(field)))
}

async fn noted(app: &App, actor: &Actor, detail: serde_json::Value) {
    let (person, device) = (Some(actor.person), Some(actor.device));
    note(
        app,
        AccessEvent { person, device, detail: detail.to_string(), ..event(app.host.now(), "access.smtp_changed", actor.company, actor.address) },
    )
    .await;
}

/// Sets the company's own mail server.
pub(super) async fn replace(
    State(app): State<Arc<App>>,
    actor: Actor,
    if_match: IfMatch,
    Small(to): Small<SmtpFields>,
) -> Result<Single<SmtpView>, Problem> {
    app.host.check_change(&actor, Permission::SettingsEdit, "smtp").await?;
    let (seen, kept) = view(&app, &actor).await?;
    if_match.check(&json(&seen)?)?;
    check(&to)?;
    // A password that is kept is for the server it was typed for: it is not sent to whichever is named next.
    let same = kept.as_ref().filter(|kept| kept.host == to.host && kept.username == to.username && kept.security == to.security.word());
    let password = match &to.password {
        Some(typed) if typed.0.is_empty() => None,
        Some(typed) if typed.0.len() > TEXT_LIMIT => return Err(wrong("password")),
        Some(typed) => Some(post(&app)?.vault().seal(actor.company, typed).map_err(|error| {
            tracing::error!(%error, "smtp");
            Problem::unavailable()
        })?),
        None => same.and_then(|kept| kept.password.clone()),
    };
    let SmtpFields { host, port, security, username, mail_from, public_url, .. } = to;
    let setting = SmtpSetting { host, port: i64::from(port), security: security.word().to_owned(), username, password, mail_from, public_url };
    if !app.host.access.set_smtp_setting(actor.company, kept.as_ref(), &setting, app.host.now()).await? {
        return Err(Problem::status(StatusCode::PRECONDITION_FAILED));
    }
    noted(&app, &actor, serde_json::json!({ "from": kept.map(|kept| kept.host), "to": setting.host })).await;
    Single::text(json(&view(&app, &actor).await?.0)?, &IfNoneMatch::nothing())
}

/// The company's letters go by the server's mail server again, if it has one.
pub(super) async fn remove(State(app): State<Arc<App>>, actor: Actor, MayMatch(seen): MayMatch) -> Result<Done, Problem> {
    app.host.check_change(&actor, Permission::SettingsEdit, "smtp").await?;
    let kept = match seen {
        None => app.host.access.smtp_setting(actor.company).await?,
        Some(if_match) => {
            let (seen, kept) = view(&app, &actor).await?;
            if_match.check(&json(&seen)?)?;
            kept
        }
    };
    if !app.host.access.drop_smtp_setting(actor.company, kept.as_ref()).await? {
        return Err(Problem::status(StatusCode::PRECONDITION_FAILED));
    }
    noted(&app, &actor, serde_json::json!({ "to": null })).await;
    Ok(Done)
}

/// Sends a letter to the address of whoever asks, now.
pub(super) async fn test(State(app): State<Arc<App>>, actor: Actor, Bare(named): Bare) -> Result<Once<LetterSent>, Problem> {
    named.once(&app, &actor, tested(&app, &actor)).await
}

async fn tested(app: &App, actor: &Actor) -> Result<LetterSent, Problem> {
    app.host.check_change(actor, Permission::SettingsEdit, "smtp").await?;
    app.door.may_try(secrets::hash(&[actor.company.0.as_bytes().as_slice(), b"smtp"].concat()), actor.address)?;
    let profile = app.host.access.profile(actor.company, actor.person).await?.filter(|profile| !profile.email.is_empty());
    let recipient = profile.ok_or_else(|| Reject::field(Code::Format, "email"))?.email;
    let unsent = |error: anyhow::Error| {
        tracing::warn!(error = format!("{error:#}"), "a letter to try out");
        // What the mail server said is for who sets it up; the password is in none of it.
        Problem::status(StatusCode::BAD_GATEWAY).about(format!("{error:#}"), String::new())
    };
    let sender: Option<Sender> = post(app)?.sender(&app.host.access, actor.company).await.map_err(unsent)?;
    let sender = sender.ok_or_else(|| Reject::new(Code::NotAllowedInState).with("action", "send").with("state", "no_mail_server"))?;
    let locale = app.host.company_locale(actor.company).await?;
    sender.test(actor.company, &locale, &recipient, app.host.now()).await.map_err(unsent)?;
    Ok(LetterSent)
}

/// The mail server took a letter.
pub struct LetterSent;

impl Again for LetterSent {
    const STATUS: u16 = 204;

    fn body(&self) -> &str {
        ""
    }

    fn again(_: String) -> Self {
        Self
    }
}

impl IntoResponse for LetterSent {
    fn into_response(self) -> Response {
        Done.into_response()
    }
}

impl aide::OperationOutput for LetterSent {
    type Inner = ();

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, aide::openapi::Response)> {
        may_answer(operation, &[502]);
        Done::inferred_responses(ctx, operation)
    }
}
