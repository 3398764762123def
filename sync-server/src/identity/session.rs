//! Signing in, going on, signing out.

use std::net::IpAddr;
use std::sync::Arc;

use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kontor_domain::identity::{Person, username_of};
use kontor_domain::ids::{CompanyId, DeviceId, PersonId, RoleId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::access::{AccessEvent, Account, NewSession, RefreshToken, Session, Trial};
use kontor_sync::enrol::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::{Actor, Knocking, Means, check_active, server_device};
use super::door::{ACCESS_GOOD_FOR_S, account_hash, person_hash, too_often};
use super::input::{On, Small, Whence, read};
use super::passwords::PASSWORD_BYTES_LIMIT;
use crate::api::output::{Done, Reply};
use crate::api::spec::may_answer;
use crate::app::{App, Caller, network};
use crate::problem::Problem;
use crate::secrets::{self, SentToken, TokenKind};

/// Most bytes of what is sent here.
pub(super) const BYTES_LIMIT: usize = 8_192;
/// How long a session may stand still: what it goes on with is good for 7 days.
const REFRESH_GOOD_FOR_MS: i64 = 7 * 86_400_000;
/// How long a session lasts at most, whatever it goes on with.
const SESSION_GOOD_FOR_MS: i64 = 90 * 86_400_000;
/// How long a used token still goes on: two windows of one browser, or an answer that was lost on the way, are no theft.
const REUSE_MS: i64 = 10_000;
/// How long a name stays locked for a network after too many wrong tries.
const LOCK_MS: i64 = 15 * 60_000;
/// The cookie that browsers go on with. Over TLS its name says that it came over TLS: no other page of this host, and
/// nobody on the way, can have put it there.
const COOKIES: [&str; 2] = ["kontor_refresh", "__Secure-kontor_refresh"];
/// What the audit says of who tried too often.
pub(super) const TOO_OFTEN: u32 = 10_429;
/// The only paths the cookie is sent to.
const COOKIE_PATH: &str = "/api/v1/auth";

/// What somebody signs in with.
#[derive(Deserialize, JsonSchema)]
pub struct SignIn {
    /// Code of the company; without it the device's, the one that the server's address names, or the only one.
    #[serde(default)]
    company: Option<String>,
    /// Name, or e-mail address.
    username: String,
    /// Password.
    password: Secret,
    /// Whether what the session goes on with is a cookie that scripts do not see.
    #[serde(default)]
    cookie: bool,
}

/// What somebody goes on with, unless it is in the cookie.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GoOn {
    /// As it was given; none: the cookie.
    refresh_token: Option<Secret>,
}

/// Who somebody is and what they may.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The company.
    pub company: CompanyId,
    /// Who.
    pub person: Person,
    /// Where.
    pub device: DeviceId,
    /// Name of the role, or of the built-in one its word.
    pub role: RoleId,
    /// What they may do.
    pub permissions: Vec<String>,
}

/// A session, or how it goes on.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct SignedInWith {
    /// What requests are made with.
    access_token: Secret,
    /// `Bearer`.
    token_type: String,
    /// How long it is good, seconds.
    expires_in_s: i64,
    /// What the session goes on with, once; not where it is in the cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
}

/// The company whose code the server's address begins with, `hs.shop.example.com`.
async fn company_of_address(app: &App, headers: &HeaderMap) -> Result<Option<CompanyId>, Problem> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match host.split_once('.') {
        Some((label, _)) => Ok(app.host.access.company_of_code(label).await?),
        None => Ok(None),
    }
}

/// The company that somebody means: the device's, the one named, the address's, or the only one.
pub(super) async fn company_meant(
    app: &App,
    named: Option<&str>,
    device: Option<&Caller>,
    headers: &HeaderMap,
) -> Result<Option<CompanyId>, Problem> {
    if let Some(device) = device {
        return Ok(Some(device.company));
    }
    if let Some(code) = named {
        return Ok(app.host.access.company_of_code(code).await?);
    }
    match app.host.access.companies().await?.as_slice() {
        [company] => Ok(Some(*company)),
        _ => match company_of_address(app, headers).await? {
            Some(company) => Ok(Some(company)),
            None => Err(Problem::malformed("company").about("this server has several".to_owned(), "#/company".to_owned())),
        },
    }
}

/// Writes down what happened at the door. What cannot be written down is in the log, and stops nobody.
pub(super) async fn note(app: &App, event: AccessEvent) {
    if let Err(error) = app.host.access.note(&event).await {
        tracing::error!(%error, kind = event.kind, "not written down");
    }
}

/// Something that happens at the door; nobody is known yet.
pub fn event(at: Instant, kind: &'static str, company: CompanyId, address: impl ToString) -> AccessEvent {
    AccessEvent { id: Uuid::now_v7(), company, at, kind, person: None, device: None, address: address.to_string(), detail: "{}".into(), code: None }
}

/// Signs in. With a device's token the person is believed on that device from now on.
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    Whence(address): Whence,
    On(device): On,
    headers: HeaderMap,
    Small(wish): Small<SignIn>,
) -> Result<Reply<200, SignedInWith>, Problem> {
    // A company that is not there is treated as one that nobody of this name is in.
    let company = company_meant(&app, wish.company.as_deref(), device.as_ref(), &headers).await?.unwrap_or(CompanyId(Uuid::nil()));
    let tried = Tried { company, address, device: device.map(|device| device.device) };
    tried.knocking(None).check_network(&app).await?;
    let (person, tries) = tried.prove(&app, &username_of(&wish.username), wish.password).await?;
    if device.is_some() && person.role_id == RoleId::CUSTOMER {
        tries.forget(&app).await?;
        return Err(tried.refused(&app, Some(person.id), Reject::new(Code::NotStaff)).await);
    }
    if let Err(problem) = check_active(&person) {
        tries.forget(&app).await?;
        tried.refused(&app, Some(person.id), Reject::new(Code::Inactive)).await;
        return Err(problem);
    }
    app.host.make_own_device(company).await?;
    let now = app.host.now();
    let session = Session {
        id: Uuid::new_v4(),
        company,
        person: person.id,
        device: tried.device.unwrap_or_else(|| server_device(company)),
        address: address.to_string(),
        created_at: now,
        expires_at: Instant(now.0 + SESSION_GOOD_FOR_MS),
    };
    let (secret, token) = new_refresh(session.id, now)?;
    if wish.cookie {
        end_session_of_cookie(&app, &headers).await?;
    }
    let event = AccessEvent { person: Some(person.id), device: Some(session.device), ..event(now, "access.sign_in", company, address) };
    let begins = NewSession {
        session: &session,
        token: &token,
        account_hash: &tries.account,
        network: &tries.network,
        event: &event,
        grants_device: device.is_some(),
    };
    app.host.access.start_session(begins).await?;
    signed_in(&app, session.id, secret, wish.cookie, now)
}

/// A try of a name.
struct Tried {
    company: CompanyId,
    address: IpAddr,
    device: Option<DeviceId>,
}

impl Tried {
    /// The person whose name and password these are, and the tries to forget. It takes as long, and says the same, whichever
    /// of them is wrong.
    async fn prove(&self, app: &App, name: &str, password: Secret) -> Result<(Person, Tries), Problem> {
        let account = app.host.access.account(self.company, name).await?;
        let tries = Tries::of(self.company, account.as_ref(), name, self.address);
        let known = account.as_ref().map(|account| account.holder.person.id);
        if let Err(refused) = tries.count(app).await? {
            return Err(match refused {
                Refused::TooOften => {
                    self.knocking(known).note_number(app, TOO_OFTEN).await;
                    too_often()
                }
                Refused::Locked { reject, after_s } => self.refused(app, known, reject).await.after(after_s),
            });
        }
        let is_bounded = password.0.len() <= PASSWORD_BYTES_LIMIT;
        let kept = account.as_ref().and_then(|account| account.hash.clone());
        let is_right = tries.look(app, if is_bounded { password } else { Secret(String::new()) }, kept).await?;
        match account {
            Some(account) if is_right && is_bounded => Ok((account.holder.person, tries)),
            _ => Err(self.refused(app, known, Reject::new(Code::BadCredentials)).await),
        }
    }

    const fn knocking(&self, person: Option<PersonId>) -> Knocking {
        Knocking { company: self.company, person, device: self.device, address: self.address }
    }

    async fn refused(&self, app: &App, person: Option<PersonId>, reject: Reject) -> Problem {
        let code = Some(reject.code.number());
        if self.company.0 != Uuid::nil() {
            note(app, AccessEvent { person, device: self.device, code, ..event(app.host.now(), "access.sign_in", self.company, self.address) }).await;
        }
        reject.into()
    }
}

/// Tries of an account from a network: all names of a person count together.
pub(super) struct Tries {
    account: [u8; 32],
    network: String,
}

/// Why a try is not looked at.
pub(super) enum Refused {
    /// Too many in a minute.
    TooOften,
    /// Too many were wrong.
    Locked { reject: Reject, after_s: u64 },
}

impl Refused {
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::TooOften => too_often(),
            Self::Locked { reject, after_s } => Problem::from(reject).after(after_s),
        }
    }
}

impl Tries {
    pub(super) fn of(company: CompanyId, account: Option<&Account>, name: &str, address: IpAddr) -> Self {
        let account = account.map_or_else(|| account_hash(company, name), |account| person_hash(company, account.holder.person.id));
        Self { account, network: network(address).to_string() }
    }

    /// Counts one, before it is looked at.
    pub(super) async fn count(&self, app: &App) -> Result<Result<(), Refused>, Problem> {
        let now = app.host.now();
        Ok(match app.host.access.count_try(&self.account, &self.network, now, Instant(now.0 - LOCK_MS)).await? {
            Trial::Allowed => Ok(()),
            Trial::TooOften => Err(Refused::TooOften),
            Trial::Locked(since) => {
                let after_s = u64::try_from((since.0 + LOCK_MS - now.0) / 1_000 + 1).unwrap_or(1);
                let until = Instant(since.0 + LOCK_MS).utc().map(|utc| utc.format("%H:%M").to_string()).unwrap_or_default();
                Err(Refused::Locked { reject: Reject::new(Code::LockedOut).with("until", until), after_s })
            }
        })
    }

    /// Whether a password is the one that is kept. A try that nobody has time to look at counts no more: whoever was told
    /// to come again is not locked out by coming again.
    pub(super) async fn look(&self, app: &App, password: Secret, kept: Option<String>) -> Result<bool, Problem> {
        let looked = app.door.hasher.verify(password, kept).await;
        if looked.is_err() {
            app.host.access.take_back_try(&self.account, &self.network).await?;
        }
        looked
    }

    /// It was right.
    pub(super) async fn forget(&self, app: &App) -> Result<(), Problem> {
        Ok(app.host.access.forget_tries(&self.account, &self.network).await?)
    }
}

fn new_refresh(session: Uuid, now: Instant) -> Result<(Secret, RefreshToken), Problem> {
    let (secret, id, secret_hash) = secrets::new_token(TokenKind::Refresh).map_err(|_| Problem::unavailable())?;
    Ok((secret, RefreshToken { id, session, secret_hash, expires_at: Instant(now.0 + REFRESH_GOOD_FOR_MS), used_at: None }))
}

fn signed_in(app: &App, session: Uuid, refresh: Secret, as_cookie: bool, now: Instant) -> Result<Reply<200, SignedInWith>, Problem> {
    let access_token = app.door.sign(session, now)?;
    let cookie = as_cookie.then(|| cookie(app, &refresh.0, REFRESH_GOOD_FOR_MS / 1_000));
    let refresh_token = (!as_cookie).then_some(refresh);
    let reply = Reply::of(&SignedInWith { access_token, token_type: "Bearer".into(), expires_in_s: ACCESS_GOOD_FOR_S, refresh_token })?;
    Ok(match cookie {
        Some(cookie) => reply.with(header::SET_COOKIE, &cookie),
        None => reply,
    })
}

/// A cookie that no script reads, that goes to the sign-in paths alone and comes from no other site.
fn cookie(app: &App, value: &str, good_for_s: i64) -> String {
    let secure = if app.door.is_encrypted { "; Secure" } else { "" };
    let name = cookie_name(app);
    format!("{name}={value}; Path={COOKIE_PATH}; HttpOnly; SameSite=Strict; Max-Age={good_for_s}{secure}")
}

fn cookie_name(app: &App) -> &'static str {
    COOKIES[usize::from(app.door.is_encrypted)]
}

/// What a cookie of this name says.
pub fn sent_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(sent, _)| *sent == name).map(|(_, value)| value)
}

/// What somebody goes on with: as sent, or in the cookie; and whether it was the cookie.
fn sent_refresh(app: &App, headers: &HeaderMap, sent: &GoOn) -> Result<(SentToken, bool), Problem> {
    let (text, as_cookie) = match (&sent.refresh_token, sent_cookie(headers, cookie_name(app))) {
        (Some(token), _) => (token.0.as_str(), false),
        (None, Some(cookie)) => (cookie, true),
        (None, None) => return Err(Problem::unauthorised()),
    };
    SentToken::read(TokenKind::Refresh, text).map(|token| (token, as_cookie)).ok_or_else(Problem::invalid_token)
}

/// Who signs in anew in a browser leaves the session that was in it: nobody could go on with it but a thief.
async fn end_session_of_cookie(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let sent = sent_cookie(headers, cookie_name(app)).and_then(|text| SentToken::read(TokenKind::Refresh, text));
    if let Some(sent) = sent
        && let Some(kept) = find_refresh(app, &sent).await?
    {
        app.host.access.end_session(kept.session, app.host.now()).await?;
    }
    Ok(())
}

async fn find_refresh(app: &App, sent: &SentToken) -> Result<Option<RefreshToken>, Problem> {
    Ok(app.host.access.refresh_token(sent.id).await?.filter(|kept| sent.is(&kept.secret_hash)))
}

async fn kept_refresh(app: &App, sent: &SentToken) -> Result<RefreshToken, Problem> {
    find_refresh(app, sent).await?.ok_or_else(Problem::invalid_token)
}

/// Goes on: a token is used once and gives the next. One that comes again later than what two windows of one browser
/// explain was stolen, by whom of the two nobody knows: the session ends.
pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    Whence(address): Whence,
    headers: HeaderMap,
    Small(sent): Small<GoOn>,
) -> Result<Reply<200, SignedInWith>, Problem> {
    let (sent, as_cookie) = sent_refresh(&app, &headers, &sent)?;
    let kept = kept_refresh(&app, &sent).await?;
    let (access, now) = (&app.host.access, app.host.now());
    let acting = access.acting(kept.session).await?.ok_or_else(Problem::invalid_token)?;
    let knocking = Knocking { company: acting.holder.company, person: Some(acting.holder.person.id), device: Some(acting.device), address };
    if acting.revoked_at.is_some() || acting.expires_at <= now || kept.expires_at <= now {
        knocking.note(&app, Code::TokenInvalid).await;
        return Err(Problem::invalid_token());
    }
    check_active(&acting.holder.person)?;
    if acting.has_network_rules {
        knocking.check_network(&app).await?;
    }
    let (secret, fresh) = new_refresh(kept.session, now)?;
    if !access.rotate(kept.id, &fresh, now).await? {
        let used_at = kept_refresh(&app, &sent).await?.used_at;
        if used_at.is_none_or(|used_at| used_at.0 + REUSE_MS < now.0) {
            access.end_session(kept.session, now).await?;
            let (person, device) = (Some(acting.holder.person.id), Some(acting.device));
            let code = Some(Code::TokenInvalid.number());
            note(&app, AccessEvent { person, device, code, ..event(app.host.now(), "access.token_reused", acting.holder.company, address) }).await;
            return Err(Problem::invalid_token());
        }
        access.add_refresh_token(&fresh).await?;
    }
    signed_in(&app, kept.session, secret, as_cookie, now)
}

/// Signs out: by the access token, or, where that is over, by what the session goes on with.
pub(super) async fn sign_out(State(app): State<Arc<App>>, request: Request) -> Result<SignedOut, Problem> {
    let (mut parts, body) = request.into_parts();
    let address = app.door.address(&parts);
    let by_token = <Actor as axum::extract::FromRequestParts<Arc<App>>>::from_request_parts(&mut parts, &app).await;
    let session = match by_token.map(|actor| actor.means) {
        Ok(Means::Session(session)) => session,
        Ok(Means::ApiKey(_)) => return Err(Reject::new(Code::NotAllowedInState).with("action", "sign_out").with("state", "api_key").into()),
        Err(refused) => match read(&parts.headers, body).await.and_then(|sent| sent_refresh(&app, &parts.headers, &sent)) {
            Ok((sent, _)) => kept_refresh(&app, &sent).await?.session,
            Err(_) => return Err(refused),
        },
    };
    app.host.access.end_session(session, app.host.now()).await?;
    if let Some(acting) = app.host.access.acting(session).await? {
        let (person, device) = (Some(acting.holder.person.id), Some(acting.device));
        note(&app, AccessEvent { person, device, ..event(app.host.now(), "access.sign_out", acting.holder.company, address) }).await;
    }
    Ok(SignedOut { cookie: cookie(&app, "", 0) })
}

/// Signed out, and the cookie taken back.
pub struct SignedOut {
    cookie: String,
}

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        (StatusCode::NO_CONTENT, [(header::SET_COOKIE, self.cookie)]).into_response()
    }
}

impl aide::OperationOutput for SignedOut {
    type Inner = ();

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, aide::openapi::Response)> {
        may_answer(operation, &[400, 401, 413, 415]);
        Done::inferred_responses(ctx, operation)
    }
}

/// Writes down what somebody did to an account.
pub(super) async fn note_by(app: &App, actor: &Actor, kind: &'static str, about: PersonId) {
    let detail = serde_json::json!({ "person_id": about }).to_string();
    let (person, device) = (Some(actor.person), Some(actor.device));
    note(app, AccessEvent { person, device, detail, ..event(app.host.now(), kind, actor.company, actor.address) }).await;
}

/// Who asks.
pub(super) async fn me(State(app): State<Arc<App>>, actor: Actor) -> Result<Reply<200, Me>, Problem> {
    let account = app.host.access.account_of(actor.company, actor.person).await?.ok_or_else(Problem::unauthorised)?;
    let person = account.holder.person;
    let role = person.role_id;
    let permissions = actor.rights.words().into_iter().map(str::to_owned).collect();
    Reply::of(&Me { company: actor.company, role, person, device: actor.device, permissions })
}
