//! Signing in, going on, signing out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kontor_domain::identity::{Person, username_of};
use kontor_domain::ids::{CompanyId, DeviceId, RoleId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::access::{AccessEvent, RefreshToken, Session};
use kontor_sync::enrol::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::{Actor, Means, check_active, check_network, server_device};
use super::door::{ACCESS_GOOD_FOR_S, account_hash};
use super::input::read;
use super::passwords::PASSWORD_BYTES_LIMIT;
use crate::app::{App, Caller, bearer, network};
use crate::host::now;
use crate::problem::Problem;
use crate::secrets::{self, SentToken, TokenKind};
use crate::wire::{self, Pack};

/// Most bytes of what is sent here.
pub(super) const BYTES_LIMIT: usize = 8_192;
/// How long a session may stand still: what it goes on with is good for 7 days.
const REFRESH_GOOD_FOR_MS: i64 = 7 * 86_400_000;
/// How long a session lasts at most, whatever it goes on with.
const SESSION_GOOD_FOR_MS: i64 = 90 * 86_400_000;
/// How long a used token still goes on: two windows of one browser, or an answer that was lost on the way, are no theft.
const REUSE_MS: i64 = 10_000;
/// How long a name stays locked for a network after too many wrong tries.
pub(super) const LOCK_MS: i64 = 15 * 60_000;
/// The cookie that browsers go on with.
const COOKIE: &str = "kontor_refresh";
/// The only paths the cookie is sent to.
const COOKIE_PATH: &str = "/api/v1/auth";

/// What somebody signs in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// Code of the company; without it the device's, or the only one of this server.
    company: Option<String>,
    /// Name, or e-mail address.
    username: String,
    password: Secret,
    /// Whether what the session goes on with is a cookie that scripts do not see.
    #[serde(default)]
    cookie: bool,
}

/// What somebody goes on with, unless it is in the cookie.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GoOn {
    refresh_token: Option<Secret>,
}

/// Who somebody is and what they may.
#[derive(Debug, Serialize)]
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
    pub permissions: Vec<&'static str>,
}

/// A session, or how it goes on.
#[derive(Serialize)]
struct SignedIn {
    access_token: Secret,
    token_type: &'static str,
    expires_in_s: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
}

/// The company that somebody means: the device's, the one named, or the only one.
pub(super) async fn company_meant(app: &App, named: Option<&str>, device: Option<&Caller>) -> Result<Option<CompanyId>, Problem> {
    if let Some(device) = device {
        return Ok(Some(device.company));
    }
    if let Some(code) = named {
        return Ok(app.host.access.company_of_code(code).await?);
    }
    match app.host.access.companies().await?.as_slice() {
        [company] => Ok(Some(*company)),
        _ => Err(Problem::malformed("company")),
    }
}

/// Writes down what happened at the door. What cannot be written down is in the log, and stops nobody.
pub(super) async fn note(app: &App, event: AccessEvent) {
    if let Err(error) = app.host.access.note(&event).await {
        tracing::error!(%error, kind = event.kind, "not written down");
    }
}

pub(super) fn event(kind: &'static str, company: CompanyId, address: IpAddr) -> AccessEvent {
    let (id, at) = (Uuid::now_v7(), now());
    AccessEvent { id, company, at, kind, person: None, device: None, address: address.to_string(), detail: "{}".into(), code: None }
}

/// Signs in. With a device's token the person is believed on that device from now on.
pub(super) async fn sign_in(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let address = app.door.address(&parts);
    app.door.may_ask(address)?;
    let wish: SignIn = read(&parts.headers, body).await?;
    let device = match bearer(&parts) {
        Some(_) => Some(<Caller as axum::extract::FromRequestParts<Arc<App>>>::from_request_parts(&mut parts, &app).await?),
        None => None,
    };
    // A company that is not there is treated as one that nobody of this name is in.
    let company = company_meant(&app, wish.company.as_deref(), device.as_ref()).await?.unwrap_or(CompanyId(Uuid::nil()));
    check_network(&app.host, company, address).await?;
    let name = username_of(&wish.username);
    let tried = Tried { company, account: account_hash(company, &name), address, device: device.map(|device| device.device) };
    let person = tried.prove(&app, &name, wish.password).await?;
    if device.is_some() && person.role_id == RoleId::CUSTOMER {
        return Err(tried.refused(&app, Some(&person), Reject::new(Code::NotStaff)).await);
    }
    if let Err(problem) = check_active(&person) {
        tried.refused(&app, Some(&person), Reject::new(Code::Inactive)).await;
        return Err(problem);
    }
    app.host.make_own_device(company).await?;
    let now = now();
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
    app.host.access.start_session(&session, &token, device.is_some()).await?;
    note(&app, AccessEvent { person: Some(person.id), device: Some(session.device), ..event("access.sign_in", company, address) }).await;
    signed_in(&app, session.id, secret, wish.cookie, now).await
}

/// A try of a name.
struct Tried {
    company: CompanyId,
    account: [u8; 32],
    address: IpAddr,
    device: Option<DeviceId>,
}

impl Tried {
    /// The person whose name and password these are. It takes as long, and says the same, whichever of them is wrong.
    async fn prove(&self, app: &App, name: &str, password: Secret) -> Result<Person, Problem> {
        app.door.may_try(self.account, self.address)?;
        let (access, now) = (&app.host.access, now());
        let from = network(self.address).to_string();
        if let Some(since) = access.count_try(&self.account, &from, now, Instant(now.0 - LOCK_MS)).await? {
            let left_s = u64::try_from((since.0 + LOCK_MS - now.0) / 1_000 + 1).unwrap_or(1);
            let until = Instant(since.0 + LOCK_MS).utc().map(|utc| utc.format("%H:%M").to_string()).unwrap_or_default();
            return Err(self.refused(app, None, Reject::new(Code::LockedOut).with("until", until)).await.after(left_s));
        }
        let account = access.account(self.company, name).await?;
        let is_bounded = password.0.len() <= PASSWORD_BYTES_LIMIT;
        let kept = account.as_ref().and_then(|account| account.hash.clone());
        let is_right = app.door.hasher.verify(if is_bounded { password } else { Secret(String::new()) }, kept).await?;
        match account {
            Some(account) if is_right && is_bounded => {
                access.forget_tries(&self.account, &from).await?;
                Ok(account.holder.person)
            }
            other => Err(self.refused(app, other.map(|account| account.holder.person).as_ref(), Reject::new(Code::BadCredentials)).await),
        }
    }

    async fn refused(&self, app: &App, person: Option<&Person>, reject: Reject) -> Problem {
        let code = Some(reject.code.number());
        let person = person.map(|person| person.id);
        if self.company.0 != Uuid::nil() {
            note(app, AccessEvent { person, device: self.device, code, ..event("access.sign_in", self.company, self.address) }).await;
        }
        reject.into()
    }
}

fn new_refresh(session: Uuid, now: Instant) -> Result<(Secret, RefreshToken), Problem> {
    let (secret, id, secret_hash) = secrets::new_token(TokenKind::Refresh).map_err(|_| Problem::unavailable())?;
    Ok((secret, RefreshToken { id, session, secret_hash, expires_at: Instant(now.0 + REFRESH_GOOD_FOR_MS), used_at: None }))
}

async fn signed_in(app: &App, session: Uuid, refresh: Secret, as_cookie: bool, now: Instant) -> Result<Response, Problem> {
    let access_token = app.door.sign(session, now)?;
    let cookie = if as_cookie { Some(cookie(app, &refresh.0, REFRESH_GOOD_FOR_MS / 1_000)?) } else { None };
    let refresh_token = (!as_cookie).then_some(refresh);
    let mut response = wire::reply(SignedIn { access_token, token_type: "Bearer", expires_in_s: ACCESS_GOOD_FOR_S, refresh_token }, Pack::No).await?;
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A cookie that no script reads, that goes to the sign-in paths alone and comes from no other site.
fn cookie(app: &App, value: &str, good_for_s: i64) -> Result<HeaderValue, Problem> {
    let secure = if app.door.is_plain { "" } else { "; Secure" };
    let text = format!("{COOKIE}={value}; Path={COOKIE_PATH}; HttpOnly; SameSite=Strict; Max-Age={good_for_s}{secure}");
    HeaderValue::from_str(&text).map_err(|_| Problem::unavailable())
}

fn sent_cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// What somebody goes on with: as sent, or in the cookie; and whether it was the cookie.
async fn sent_refresh(headers: &HeaderMap, body: axum::body::Body) -> Result<(SentToken, bool), Problem> {
    let sent: GoOn = read(headers, body).await?;
    let (text, as_cookie) = match (&sent.refresh_token, sent_cookie(headers)) {
        (Some(token), _) => (token.0.as_str(), false),
        (None, Some(cookie)) => (cookie, true),
        (None, None) => return Err(Problem::unauthorised()),
    };
    SentToken::read(TokenKind::Refresh, text).map(|token| (token, as_cookie)).ok_or_else(Problem::invalid_token)
}

async fn kept_refresh(app: &App, sent: &SentToken) -> Result<RefreshToken, Problem> {
    let kept = app.host.access.refresh_token(sent.id).await?.filter(|kept| sent.is(&kept.secret_hash));
    kept.ok_or_else(Problem::invalid_token)
}

/// Goes on: a token is used once and gives the next. One that comes again later than what two windows of one browser
/// explain was stolen, by whom of the two nobody knows: the session ends.
pub(super) async fn refresh(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let address = app.door.address(&parts);
    app.door.may_ask(address)?;
    let (sent, as_cookie) = sent_refresh(&parts.headers, body).await?;
    let kept = kept_refresh(&app, &sent).await?;
    let (access, now) = (&app.host.access, now());
    let acting = access.acting(kept.session).await?.ok_or_else(Problem::invalid_token)?;
    if acting.revoked_at.is_some() || acting.expires_at <= now || kept.expires_at <= now {
        return Err(Problem::invalid_token());
    }
    check_active(&acting.holder.person)?;
    if acting.has_network_rules {
        check_network(&app.host, acting.holder.company, address).await?;
    }
    let (secret, fresh) = new_refresh(kept.session, now)?;
    if !access.rotate(kept.id, &fresh, now).await? {
        let used_at = kept_refresh(&app, &sent).await?.used_at;
        if used_at.is_none_or(|used_at| used_at.0 + REUSE_MS < now.0) {
            access.end_session(kept.session, now).await?;
            let (person, device) = (Some(acting.holder.person.id), Some(acting.device));
            let code = Some(Code::TokenInvalid.number());
            note(&app, AccessEvent { person, device, code, ..event("access.token_reused", acting.holder.company, address) }).await;
            return Err(Problem::invalid_token());
        }
        access.add_refresh_token(&fresh).await?;
    }
    signed_in(&app, kept.session, secret, as_cookie, now).await
}

/// Signs out: by the access token, or, where that is over, by what the session goes on with.
pub(super) async fn sign_out(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let address = app.door.address(&parts);
    let by_token = <Actor as axum::extract::FromRequestParts<Arc<App>>>::from_request_parts(&mut parts, &app).await;
    let session = match by_token.map(|actor| actor.means) {
        Ok(Means::Session(session)) => session,
        Ok(Means::ApiKey(_)) => return Err(Reject::new(Code::NotAllowedInState).with("action", "sign_out").with("state", "api_key").into()),
        Err(refused) => match sent_refresh(&parts.headers, body).await {
            Ok((sent, _)) => kept_refresh(&app, &sent).await?.session,
            Err(_) => return Err(refused),
        },
    };
    app.host.access.end_session(session, now()).await?;
    if let Some(acting) = app.host.access.acting(session).await? {
        let (person, device) = (Some(acting.holder.person.id), Some(acting.device));
        note(&app, AccessEvent { person, device, ..event("access.sign_out", acting.holder.company, address) }).await;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&app, "", 0)?);
    Ok(response)
}

/// Who asks.
pub(super) async fn me(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, Problem> {
    let account = app.host.access.account_of(actor.company, actor.person).await?.ok_or_else(Problem::unauthorised)?;
    let person = account.holder.person;
    let role = person.role_id;
    wire::reply(Me { company: actor.company, role, person, device: actor.device, permissions: actor.rights.words() }, Pack::No).await
}
