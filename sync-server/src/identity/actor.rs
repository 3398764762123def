//! Who asks: a person with a session, or a program with a key of a person's.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use kontor_domain::command::Rights;
use kontor_domain::identity::{Admission, Person, admit};
use kontor_domain::ids::{ApiKeyId, CompanyId, DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_store::access::{AccessEvent, Holder};
use kontor_store::answers::Origin;
use kontor_store::reader::Asker;
use uuid::Uuid;

use super::session::{TOO_OFTEN, event, note};
use crate::app::{App, bearer};
use crate::problem::Problem;
use crate::secrets::{SentToken, TokenKind};

/// How exactly the last use of a key is kept: not each use is written down.
const KEY_USE_MS: i64 = 60_000;
/// When who asks too often may ask again.
const ASK_AFTER_S: u64 = 1;

/// By what somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A session: a person signed in.
    Session(Uuid),
    /// A key: a program of a person's.
    ApiKey(Uuid),
}

/// Who asks, where, and what they may do now. Every request looks it up anew, in one statement by primary keys: who was
/// signed out or lost a right at another process of this server is not let in by this one, not even for a second.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The company.
    pub company: CompanyId,
    /// Who.
    pub person: PersonId,
    /// The device: the till that was signed in on, or the server itself.
    pub device: DeviceId,
    /// What they may do: the role's permissions, within the key's.
    pub rights: Rights,
    /// By what.
    pub means: Means,
    /// From where.
    pub address: IpAddr,
}

impl Actor {
    /// From where a command of theirs comes.
    pub(super) fn origin(&self) -> Origin {
        let (session, api_key) = match self.means {
            Means::Session(session) => (Some(session), None),
            Means::ApiKey(key) => (None, Some(key)),
        };
        Origin { address: self.address.to_string(), session, api_key }
    }
}

impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let address = app.door.address(parts);
        let by_header = parts.headers.get("x-api-key").and_then(|value| value.to_str().ok());
        let sent = by_header.or_else(|| bearer(parts)).ok_or_else(Problem::unauthorised)?;
        match SentToken::read(TokenKind::ApiKey, sent) {
            Some(sent) => by_key(app, &sent, address).await,
            None if by_header.is_some() => Err(Reject::new(Code::ApiKeyUnknown).into()),
            None => by_session(app, sent, address).await,
        }
    }
}

async fn by_session(app: &App, token: &str, address: IpAddr) -> Result<Actor, Problem> {
    let invalid = || Problem::invalid_token();
    let session = app.door.session_of(token, app.host.now()).ok_or_else(invalid)?;
    let acting = app.host.access.acting(session).await?.ok_or_else(invalid)?;
    let knocking = Knocking { company: acting.holder.company, person: Some(acting.holder.person.id), device: Some(acting.device), address };
    if acting.revoked_at.is_some() || acting.expires_at <= app.host.now() {
        knocking.note(app, Code::TokenInvalid).await;
        return Err(invalid());
    }
    knocking.check_rate(app, session).await?;
    let rights = acting.holder.rights();
    check_active(&acting.holder.person)?;
    if acting.has_network_rules {
        knocking.check_network(app).await?;
    }
    Ok(actor(&acting.holder, acting.device, rights, Means::Session(session), address))
}

async fn by_key(app: &App, sent: &SentToken, address: IpAddr) -> Result<Actor, Problem> {
    let unknown = || Problem::from(Reject::new(Code::ApiKeyUnknown));
    let id = ApiKeyId(sent.id);
    let acting = app.host.access.acting_key(id).await?.ok_or_else(unknown)?;
    let device = server_device(acting.holder.company);
    let knocking = Knocking { company: acting.holder.company, person: Some(acting.holder.person.id), device: Some(device), address };
    if !sent.is(&acting.secret_hash) || acting.key.revoked_at.is_some() {
        knocking.note(app, Code::ApiKeyUnknown).await;
        return Err(unknown());
    }
    knocking.check_rate(app, id.0).await?;
    check_active(&acting.holder.person)?;
    if acting.has_network_rules {
        knocking.check_network(app).await?;
    }
    let now = app.host.now();
    if acting.last_used_at.is_none_or(|last| last.0 + KEY_USE_MS < now.0) {
        app.host.access.note_key_use(id, now).await?;
    }
    let rights = acting.holder.rights().within(&Rights::Only(acting.key.permissions.0));
    Ok(actor(&acting.holder, device, rights, Means::ApiKey(id.0), address))
}

fn actor(holder: &Holder, device: DeviceId, rights: Rights, means: Means, address: IpAddr) -> Actor {
    Actor { company: holder.company, person: holder.person.id, device, rights, means, address }
}

/// Only who is active may ask.
pub(super) fn check_active(person: &Person) -> Result<(), Problem> {
    if person.active { Ok(()) } else { Err(Reject::new(Code::Inactive).into()) }
}

/// Who stands at the door of a company, as far as that is known.
pub(super) struct Knocking {
    pub(super) company: CompanyId,
    pub(super) person: Option<PersonId>,
    pub(super) device: Option<DeviceId>,
    pub(super) address: IpAddr,
}

impl Knocking {
    /// Whether somebody may come from there.
    pub(super) async fn check_network(&self, app: &App) -> Result<(), Problem> {
        let (company, person) = (self.company, PersonId(Uuid::nil()));
        let asker = Asker { company, device: server_device(company), person, now: app.host.now(), today: None, utc_offset_minutes: 0 };
        let refused = match admit(&app.host.access.reader().network_rules(&asker).await?, self.address) {
            Admission::Admitted => return Ok(()),
            Admission::Denied => Code::AddressDenied,
            Admission::NotAllowed => Code::AddressNotAllowed,
        };
        self.note(app, refused).await;
        Err(Reject::new(refused).into())
    }

    /// Whether a session or key may ask now: one that asks without end leaves room for others.
    async fn check_rate(&self, app: &App, by: Uuid) -> Result<(), Problem> {
        if app.door.may_request(by) {
            return Ok(());
        }
        self.note_number(app, TOO_OFTEN).await;
        Err(Problem::retry(StatusCode::TOO_MANY_REQUESTS, ASK_AFTER_S))
    }

    /// Writes down that somebody was turned away.
    pub(super) async fn note(&self, app: &App, code: Code) {
        self.note_number(app, code.number()).await;
    }

    /// The same, of a refusal that is no rule of the business.
    pub(super) async fn note_number(&self, app: &App, code: u32) {
        if self.company.0.is_nil() || !app.host.notes.may_note(code, self.company, self.person, self.address) {
            return;
        }
        let (person, device) = (self.person, self.device);
        note(app, AccessEvent { person, device, code: Some(code), ..event(app.host.now(), "access.refused", self.company, self.address) }).await;
    }
}

/// The server itself, as a device of a company: cut from the company's id, so that every process of it is the same.
pub fn server_device(company: CompanyId) -> DeviceId {
    const MARK: u128 = 0x5E4E_55E4;
    DeviceId(Uuid::from_u128(company.0.as_u128() ^ MARK))
}
