//! Passwords: making oneself a customer, changing one's own, and setting one anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Permission, Rights};
use kontor_domain::identity::{self, Register, username_of};
use kontor_domain::ids::PersonId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::access::{AccessEvent, Account, ResetLink};
use kontor_sync::authority::{Message, Submission};
use kontor_sync::enrol::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::{Actor, Means, check_network, server_device};
use super::door::account_hash;
use super::input::{Id, Small, new_command, read};
use super::passwords::check_password;
use super::session::{LOCK_MS, company_meant, event, note};
use crate::app::{App, network};
use crate::host::now;
use crate::problem::Problem;
use crate::secrets::{self, SentToken, TokenKind};
use crate::wire::{self, Pack};

/// How long a link is good.
const LINK_GOOD_FOR_MS: i64 = 30 * 60_000;

/// Somebody who becomes a customer. What else is asked for is refused: there is no field for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCustomer {
    company: Option<String>,
    name: String,
    username: String,
    #[serde(default)]
    email: String,
    password: Secret,
}

#[derive(Serialize)]
struct Registered {
    id: PersonId,
}

/// Makes a customer.
pub(super) async fn register(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let address = app.door.address(&parts);
    app.door.may_ask(address)?;
    let new: NewCustomer = read(&parts.headers, body).await?;
    if !app.door.takes_customers {
        return Err(Reject::new(Code::InsufficientPermission).with("permission", Permission::CompanyRegister.word()).into());
    }
    let company = company_meant(&app, new.company.as_deref(), None).await?.ok_or_else(|| Problem::malformed("company"))?;
    check_network(&app.host, company, address).await?;
    app.door.may_try(account_hash(company, "\0register"), address)?;
    let (username, email) = (username_of(&new.username), new.email.trim().to_lowercase());
    check_password(&new.password, &[&username, &email, &new.name])?;
    let hash = app.door.hasher.hash(new.password).await?;
    let id = PersonId(Uuid::now_v7());
    let command = Command::Identity(identity::Command::Register(Register { id, name: new.name, username, email }));
    let (now, device) = (now(), server_device(company));
    let envelope = Envelope { id: new_command(), company, device, actor: id, at: now, version: COMMAND_VERSION, number: None, command };
    let rights = Rights::Only(BTreeSet::from([Permission::CompanyRegister]));
    app.host.ask(company, |answer| Message::Submit(Submission { envelope, rights, now, answer, keep: None })).await?;
    app.host.access.set_password(company, id, &hash, now).await?;
    let mut response = wire::reply(Registered { id }, Pack::No).await?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    old_password: Secret,
    new_password: Secret,
}

fn known_of(account: &Account) -> [&str; 2] {
    [&account.holder.person.username, &account.holder.person.name]
}

/// Changes one's own password: the old one is proved, and every other session ends.
pub(super) async fn change(State(app): State<Arc<App>>, actor: Actor, Small(wish): Small<Change>) -> Result<Response, Problem> {
    let Means::Session(session) = actor.means else {
        return Err(Reject::new(Code::Unauthorised).into());
    };
    let (access, now) = (&app.host.access, now());
    let account = access.account_of(actor.company, actor.person).await?.ok_or_else(Problem::unauthorised)?;
    // Who holds a stolen token tries no more often than who stands at the door.
    let (counted, from) = (account_hash(actor.company, &account.holder.person.username), network(actor.address).to_string());
    app.door.may_try(counted, actor.address)?;
    if access.count_try(&counted, &from, now, Instant(now.0 - LOCK_MS)).await?.is_some() {
        return Err(Reject::new(Code::LockedOut).into());
    }
    let noted =
        AccessEvent { person: Some(actor.person), device: Some(actor.device), ..event("access.password_changed", actor.company, actor.address) };
    if !app.door.hasher.verify(wish.old_password, account.hash.clone()).await? {
        note(&app, AccessEvent { code: Some(Code::OldPasswordWrong.number()), ..noted }).await;
        return Err(Reject::new(Code::OldPasswordWrong).into());
    }
    access.forget_tries(&counted, &from).await?;
    check_password(&wish.new_password, &known_of(&account))?;
    let hash = app.door.hasher.hash(wish.new_password).await?;
    access.set_password(actor.company, actor.person, &hash, now).await?;
    access.end_sessions(actor.company, actor.person, Some(session), now).await?;
    note(&app, noted).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgot {
    company: Option<String>,
    /// Name to sign in with, or e-mail address.
    username: String,
}

/// Sends a link to the address that is kept. Whether there is one, the answer does not say, and neither does how long it
/// takes: it is looked up after the answer.
pub(super) async fn forgot(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let address = app.door.address(&parts);
    app.door.may_ask(address)?;
    let wish: Forgot = read(&parts.headers, body).await?;
    if let Some(company) = company_meant(&app, wish.company.as_deref(), None).await? {
        check_network(&app.host, company, address).await?;
        let name = username_of(&wish.username);
        app.door.may_try(secrets::hash(&[&account_hash(company, &name)[..], b"forgot"].concat()), address)?;
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let account = match app.host.access.account(company, &name).await {
                Ok(account) => account.filter(|account| account.holder.person.active),
                Err(error) => return tracing::error!(%error, "forgotten password"),
            };
            if let Some(account) = account
                && let Err(error) = send_link(&app, &account).await
            {
                return tracing::error!(?error, "forgotten password");
            }
            note(&app, event("access.password_forgotten", company, address)).await;
        });
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

async fn send_link(app: &App, account: &Account) -> Result<(), Problem> {
    let (company, person) = (account.holder.company, account.holder.person.id);
    let Some(profile) = app.host.access.profile(company, person).await?.filter(|profile| !profile.email.is_empty()) else { return Ok(()) };
    let Some(post) = &app.post else {
        tracing::warn!("a password was forgotten, and this server sends no letters: smtp_url is not set");
        return Ok(());
    };
    let (token, id, secret_hash) = secrets::new_token(TokenKind::ResetLink).map_err(|_| Problem::unavailable())?;
    let now = now();
    let link = ResetLink { id, company, person, secret_hash, expires_at: Instant(now.0 + LINK_GOOD_FOR_MS) };
    let locale = app.host.company_locale(company).await?;
    let letter = post.reset_letter(company, &locale, &account.holder.person.name, &profile.email, &token, LINK_GOOD_FOR_MS / 60_000, now);
    app.host.access.add_reset_link(&link, &letter).await?;
    post.wake();
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    token: Secret,
    new_password: Secret,
}

/// Sets a password by a link: once, and whoever was signed in is not any more.
pub(super) async fn reset(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let address = app.door.address(&parts);
    app.door.may_ask(address)?;
    let wish: Reset = read(&parts.headers, body).await?;
    let (access, now) = (&app.host.access, now());
    let sent = SentToken::read(TokenKind::ResetLink, &wish.token.0).ok_or_else(Problem::invalid_token)?;
    app.door.may_try(secrets::hash(sent.id.as_bytes()), address)?;
    let link = access.reset_link(sent.id, now).await?.filter(|link| sent.is(&link.secret_hash)).ok_or_else(Problem::invalid_token)?;
    let account = access.account_of(link.company, link.person).await?.ok_or_else(Problem::invalid_token)?;
    // Before the link is used up: a password that is too short can be typed again.
    check_password(&wish.new_password, &known_of(&account))?;
    let hash = app.door.hasher.hash(wish.new_password).await?;
    if !access.use_reset_link(&link, now).await? {
        return Err(Problem::invalid_token());
    }
    give(&app, &account, &hash, now).await?;
    note(&app, AccessEvent { person: Some(link.person), ..event("access.password_reset", link.company, address) }).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A password from now on: whoever was signed in is not any more, and wrong tries count no more.
async fn give(app: &App, account: &Account, hash: &str, now: Instant) -> Result<(), Problem> {
    let (access, company, person) = (&app.host.access, account.holder.company, account.holder.person.id);
    access.set_password(company, person, hash, now).await?;
    access.end_sessions(company, person, None, now).await?;
    forget_all_tries(app, account).await.map(|_| ())
}

async fn forget_all_tries(app: &App, account: &Account) -> Result<u64, Problem> {
    let company = account.holder.company;
    let mut count = app.host.access.unlock(&account_hash(company, &account.holder.person.username)).await?;
    if let Some(profile) = app.host.access.profile(company, account.holder.person.id).await? {
        count += app.host.access.unlock(&account_hash(company, &profile.email)).await?;
    }
    Ok(count)
}

/// A person that whoever asks may change: nobody takes over somebody who may more.
async fn changeable(app: &App, actor: &Actor, id: Uuid) -> Result<Account, Problem> {
    app.host.check(actor, Permission::UsersEdit, "set_password").await?;
    let account = app.host.access.account_of(actor.company, PersonId(id)).await?.ok_or_else(|| Reject::new(Code::UserNotFound))?;
    match actor.rights.missing(&account.holder.rights()) {
        None => Ok(account),
        Some(permission) => Err(Reject::new(Code::InsufficientPermission).with("permission", permission.word()).into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    password: Secret,
}

/// Sets somebody else's password.
pub(super) async fn set(State(app): State<Arc<App>>, actor: Actor, Id(id): Id, Small(wish): Small<Set>) -> Result<Response, Problem> {
    let account = changeable(&app, &actor, id).await?;
    check_password(&wish.password, &known_of(&account))?;
    let hash = app.door.hasher.hash(wish.password).await?;
    give(&app, &account, &hash, now()).await?;
    let detail = serde_json::json!({ "person_id": id }).to_string();
    let (person, device) = (Some(actor.person), Some(actor.device));
    note(&app, AccessEvent { person, device, detail, ..event("access.password_set", actor.company, actor.address) }).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Serialize)]
struct Unlocked {
    networks: u64,
}

/// Wrong tries of somebody count no more.
pub(super) async fn unlock(State(app): State<Arc<App>>, actor: Actor, Id(id): Id) -> Result<Response, Problem> {
    app.host.check(&actor, Permission::UsersEdit, "unlock").await?;
    let account = app.host.access.account_of(actor.company, PersonId(id)).await?.ok_or_else(|| Reject::new(Code::UserNotFound))?;
    let networks = forget_all_tries(&app, &account).await?;
    let detail = serde_json::json!({ "person_id": id }).to_string();
    let (person, device) = (Some(actor.person), Some(actor.device));
    note(&app, AccessEvent { person, device, detail, ..event("access.unlocked", actor.company, actor.address) }).await;
    wire::reply(Unlocked { networks }, Pack::No).await
}
