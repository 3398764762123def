//! Passwords: making oneself a customer, changing one's own, and setting one anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Permission, Rights};
use kontor_domain::identity::{self, Person, Register, username_of};
use kontor_domain::ids::{CompanyId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::access::{AccessEvent, Account, ResetLink};
use kontor_store::answers::Origin;
use kontor_sync::authority::{Message, Submission};
use kontor_sync::enrol::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::{Actor, Knocking, Means, server_device};
use super::acts::kept;
use super::door::{account_hash, person_hash};
use super::input::{Small, Whence, new_command};
use super::passwords::check_password;
use super::session::{Refused, Tries, company_meant, event, note, note_by};
use crate::api::input::Of;
use crate::api::once::{Bare, Once};
use crate::api::output::{Done, Reply};
use crate::app::App;
use crate::problem::Problem;
use crate::secrets::{self, SentToken, TokenKind};

/// How long a link is good.
const LINK_GOOD_FOR_MS: i64 = 30 * 60_000;

/// Somebody who becomes a customer. What else is asked for is refused: there is no field for it.
#[derive(Deserialize, JsonSchema)]
pub struct NewCustomer {
    /// Code of the company; without it the one that the server's address names, or the only one.
    #[serde(default)]
    company: Option<String>,
    /// Name.
    name: String,
    /// Name to sign in with.
    username: String,
    /// E-mail address, may be empty.
    #[serde(default)]
    email: String,
    /// Password.
    password: Secret,
}

/// Somebody who was made.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    /// Who.
    id: PersonId,
}

/// Makes a customer.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    Whence(address): Whence,
    headers: HeaderMap,
    Small(new): Small<NewCustomer>,
) -> Result<Reply<201, Registered>, Problem> {
    if !app.door.takes_customers {
        return Err(Reject::new(Code::InsufficientPermission).with("permission", Permission::CompanyRegister.word()).into());
    }
    let company = company_meant(&app, new.company.as_deref(), None, &headers).await?.ok_or_else(|| Problem::malformed("company"))?;
    Knocking { company, person: None, device: None, address }.check_network(&app).await?;
    app.door.may_try(account_hash(company, "\0register"), address)?;
    let (username, email) = (username_of(&new.username), new.email.trim().to_lowercase());
    check_password_of(&app, company, &new.password, &[&username, &email, &new.name]).await?;
    let hash = app.door.hasher.hash(new.password).await?;
    let id = PersonId(Uuid::now_v7());
    let command = Command::Identity(identity::Command::Register(Register { id, name: new.name, username, email }));
    let (now, device) = (app.host.now(), server_device(company));
    let envelope = Envelope { id: new_command(), company, device, actor: id, at: now, version: COMMAND_VERSION, number: None, command };
    let rights = Rights::Only(BTreeSet::from([Permission::CompanyRegister]));
    // The password first: there is nobody yet whose it is, and never somebody who has none.
    app.host.access.set_password(company, id, &hash, now).await?;
    let keep = Some(kept(envelope.id, now, Origin { address: address.to_string(), session: None, api_key: None }, None));
    let made = app.host.ask(company, |answer| Message::Submit(Submission { envelope, rights, now, answer, keep })).await;
    if let Err(refused) = made {
        app.host.access.drop_password(company, id).await?;
        return Err(refused.into());
    }
    Reply::of(&Registered { id })
}

/// A new password of one's own.
#[derive(Deserialize, JsonSchema)]
pub struct Change {
    /// The password so far.
    old_password: Secret,
    /// The one from now on.
    new_password: Secret,
}

/// Whether somebody of a company may have this password: it is none of the person's names, nor the shop's.
async fn check_password_of(app: &App, company: CompanyId, password: &Secret, known: &[&str]) -> Result<(), Problem> {
    let shop = app.host.company(company).await?;
    let words = shop.iter().flat_map(|company| [company.name.as_str(), company.code.as_str()]);
    Ok(check_password(password, &known.iter().copied().chain(words).collect::<Vec<_>>())?)
}

async fn check_new(app: &App, account: &Account, password: &Secret) -> Result<(), Problem> {
    let Person { username, name, .. } = &account.holder.person;
    check_password_of(app, account.holder.company, password, &[username, name]).await
}

/// Whoever asks proves with the password to be the person, not only to have the person's token. Who holds a stolen one
/// tries no more often than who stands at the door.
pub(super) async fn prove(app: &App, actor: &Actor, password: Secret, field: &str) -> Result<Account, Problem> {
    let Means::Session(_) = actor.means else { return Err(Reject::new(Code::Unauthorised).into()) };
    let account = app.host.access.account_of(actor.company, actor.person).await?.ok_or_else(Problem::unauthorised)?;
    let tries = Tries::of(actor.company, Some(&account), "", actor.address);
    tries.count(app).await?.map_err(Refused::problem)?;
    if !tries.look(app, password, account.hash.clone()).await? {
        return Err(Problem::from(Reject::new(Code::OldPasswordWrong)).about(String::new(), format!("#/{field}")));
    }
    tries.forget(app).await?;
    Ok(account)
}

/// Changes one's own password: the old one is proved, and every other session ends.
pub(super) async fn change(State(app): State<Arc<App>>, actor: Actor, Small(wish): Small<Change>) -> Result<Done, Problem> {
    let Means::Session(session) = actor.means else { return Err(Reject::new(Code::Unauthorised).into()) };
    let (person, device) = (Some(actor.person), Some(actor.device));
    let noted = AccessEvent { person, device, ..event(app.host.now(), "access.password_changed", actor.company, actor.address) };
    let account = match prove(&app, &actor, wish.old_password, "old_password").await {
        Ok(account) => account,
        Err(problem) => {
            note(&app, AccessEvent { code: Some(problem.code()), ..noted }).await;
            return Err(problem);
        }
    };
    check_new(&app, &account, &wish.new_password).await?;
    let (access, now) = (&app.host.access, app.host.now());
    let hash = app.door.hasher.hash(wish.new_password).await?;
    access.set_password(actor.company, actor.person, &hash, now).await?;
    access.end_sessions(actor.company, actor.person, Some(session), now).await?;
    note(&app, noted).await;
    Ok(Done)
}

/// Who forgot a password.
#[derive(Deserialize, JsonSchema)]
pub struct Forgot {
    /// Code of the company; without it the one that the server's address names, or the only one.
    #[serde(default)]
    company: Option<String>,
    /// Name to sign in with, or e-mail address.
    username: String,
}

/// Sends a link to the address that is kept. Whether there is one, the answer does not say, and neither does how long it
/// takes: it is looked up after the answer.
pub(super) async fn forgot(
    State(app): State<Arc<App>>,
    Whence(address): Whence,
    headers: HeaderMap,
    Small(wish): Small<Forgot>,
) -> Result<Accepted, Problem> {
    if let Some(company) = company_meant(&app, wish.company.as_deref(), None, &headers).await? {
        Knocking { company, person: None, device: None, address }.check_network(&app).await?;
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
            note(&app, event(app.host.now(), "access.password_forgotten", company, address)).await;
        });
    }
    Ok(Accepted)
}

/// It will be looked at.
pub struct Accepted;

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        StatusCode::ACCEPTED.into_response()
    }
}

impl aide::OperationOutput for Accepted {
    type Inner = ();

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, aide::openapi::Response)> {
        vec![(Some(202), aide::openapi::Response { description: "Accepted".into(), ..Default::default() })]
    }
}

async fn send_link(app: &App, account: &Account) -> Result<(), Problem> {
    let (company, person) = (account.holder.company, account.holder.person.id);
    let Some(profile) = app.host.access.profile(company, person).await?.filter(|profile| !profile.email.is_empty()) else { return Ok(()) };
    let Some(post) = &app.post else { return Ok(()) };
    let sender = post.sender(&app.host.access, company).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "mail server");
        Problem::unavailable()
    })?;
    let Some(sender) = sender else {
        tracing::warn!("a password was forgotten, and no letters are sent: there is no mail server");
        return Ok(());
    };
    let (token, id, secret_hash) = secrets::new_token(TokenKind::ResetLink).map_err(|_| Problem::unavailable())?;
    let now = app.host.now();
    let link = ResetLink { id, company, person, secret_hash, expires_at: Instant(now.0 + LINK_GOOD_FOR_MS) };
    let locale = app.host.company_locale(company).await?;
    let letter = sender.reset_letter(company, &locale, &account.holder.person.name, &profile.email, &token, LINK_GOOD_FOR_MS / 60_000, now);
    app.host.access.add_reset_link(&link, &letter).await?;
    post.wake();
    Ok(())
}

/// A new password by a link.
#[derive(Deserialize, JsonSchema)]
pub struct Reset {
    /// What stands behind `#` in the link.
    token: Secret,
    /// The password from now on.
    new_password: Secret,
}

/// Sets a password by a link: once, and whoever was signed in is not any more.
pub(super) async fn reset(State(app): State<Arc<App>>, Whence(address): Whence, Small(wish): Small<Reset>) -> Result<Done, Problem> {
    let (access, now) = (&app.host.access, app.host.now());
    let sent = SentToken::read(TokenKind::ResetLink, &wish.token.0).ok_or_else(Problem::invalid_token)?;
    app.door.may_try(secrets::hash(sent.id.as_bytes()), address)?;
    let link = access.reset_link(sent.id, now).await?.filter(|link| sent.is(&link.secret_hash)).ok_or_else(Problem::invalid_token)?;
    Knocking { company: link.company, person: Some(link.person), device: None, address }.check_network(&app).await?;
    let account = access.account_of(link.company, link.person).await?.ok_or_else(Problem::invalid_token)?;
    // Before the link is used up: a password that is too short can be typed again.
    check_new(&app, &account, &wish.new_password).await?;
    let hash = app.door.hasher.hash(wish.new_password).await?;
    if !access.use_reset_link(&link, now).await? {
        return Err(Problem::invalid_token());
    }
    give(&app, &account, &hash, now).await?;
    note(&app, AccessEvent { person: Some(link.person), ..event(app.host.now(), "access.password_reset", link.company, address) }).await;
    Ok(Done)
}

/// A password from now on: whoever was signed in is not any more, and wrong tries count no more.
async fn give(app: &App, account: &Account, hash: &str, now: Instant) -> Result<(), Problem> {
    let (access, company, person) = (&app.host.access, account.holder.company, account.holder.person.id);
    access.set_password(company, person, hash, now).await?;
    access.end_sessions(company, person, None, now).await?;
    access.unlock(&person_hash(company, person)).await?;
    Ok(())
}

/// A person that whoever asks may change: nobody takes over somebody who may more.
pub(super) async fn changeable(app: &App, actor: &Actor, id: PersonId, name: &str) -> Result<Account, Problem> {
    app.host.check(actor, Permission::UsersEdit, name).await?;
    let account = app.host.access.account_of(actor.company, id).await?.ok_or_else(|| Reject::new(Code::UserNotFound))?;
    match actor.rights.missing(&account.holder.rights()) {
        None => Ok(account),
        Some(permission) => Err(app.host.turned_away(actor, permission, name).await.into()),
    }
}

/// A password for somebody else.
#[derive(Deserialize, JsonSchema)]
pub struct Set {
    /// The password from now on.
    password: Secret,
}

/// Sets somebody else's password. One's own is changed by who knows it: a token that was left lying is not enough.
pub(super) async fn set(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<PersonId>, Small(wish): Small<Set>) -> Result<Done, Problem> {
    let account = changeable(&app, &actor, id, "set_password").await?;
    app.host.check_expiry(actor.company).await?;
    if id == actor.person {
        return Err(Reject::new(Code::NotAllowedInState).with("action", "set_password").with("state", "own").into());
    }
    check_new(&app, &account, &wish.password).await?;
    let hash = app.door.hasher.hash(wish.password).await?;
    give(&app, &account, &hash, app.host.now()).await?;
    note_by(&app, &actor, "access.password_set", id).await;
    Ok(Done)
}

/// What was forgotten of somebody.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Unlocked {
    /// Networks from which there were wrong tries.
    networks: u64,
}

/// Wrong tries of somebody count no more.
pub(super) async fn unlock(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<PersonId>,
    Bare(named): Bare,
) -> Result<Once<Reply<200, Unlocked>>, Problem> {
    let unlocking = async {
        app.host.check(&actor, Permission::UsersEdit, "unlock").await?;
        app.host.access.account_of(actor.company, id).await?.ok_or_else(|| Reject::new(Code::UserNotFound))?;
        let networks = app.host.access.unlock(&person_hash(actor.company, id)).await?;
        note_by(&app, &actor, "access.unlocked", id).await;
        Reply::of(&Unlocked { networks })
    };
    named.once(&app, &actor, unlocking).await
}
