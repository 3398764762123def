//! What letting people in needs beside the database: the key that signs, the threads that hash, how often may be tried,
//! and whose word about addresses is believed.

use std::net::IpAddr;
use std::num::NonZeroU32;

use anyhow::Result;
use axum::http::request::Parts;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kontor_domain::identity::normal;
use kontor_domain::ids::{CompanyId, PersonId};
use kontor_domain::time::Instant;
use kontor_store::access::{Access, SecretHash};
use kontor_sync::enrol::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::passwords::Hasher;
use crate::app::{network, peer};
use crate::config::Settings;
use crate::host::now;
use crate::problem::Problem;
use crate::secrets;

/// How long an access token is good, seconds.
pub const ACCESS_GOOD_FOR_S: i64 = 3_600;
/// Bytes of the key that signs.
const SIGNING_KEY_BYTES: usize = 32;
/// Letters, new customers and links of one account that one network tries in a minute. Passwords are counted in the database.
const TRIES_OF_ACCOUNT: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
/// Tries that one network has in a minute: a shop behind one address signs in in the morning.
const TRIES_OF_NETWORK: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);
/// Accounts and networks that are remembered before those that are quiet are forgotten.
const KEYS_LIMIT: usize = 10_000;
/// When somebody who tried too often may try again.
const TRY_AFTER_S: u64 = 15;
/// Refusals of one kind to one network that are written down in a minute: who knocks all day fills no disk.
const NOTES_A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(5);
/// Addresses of one request that are looked at.
const HOPS_LIMIT: usize = 16;

/// What an access token says. Everything else about who it is, is looked up: a token says only which session.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The session.
    sid: Uuid,
    /// Good from, seconds of Unix time.
    iat: i64,
    /// Good until.
    exp: i64,
}

/// What letting people in needs.
pub struct Door {
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Whether browsers reach it over TLS: then cookies are for TLS only.
    pub is_encrypted: bool,
    /// Whether people may make themselves customers.
    pub takes_customers: bool,
    signs: EncodingKey,
    reads: DecodingKey,
    trusted_proxies: Vec<IpNet>,
    tries_of_account: DefaultKeyedRateLimiter<(SecretHash, IpAddr)>,
    tries_of_network: DefaultKeyedRateLimiter<IpAddr>,
    requests: DefaultKeyedRateLimiter<Uuid>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("trusted_proxies", &self.trusted_proxies).finish_non_exhaustive()
    }
}

impl Door {
    /// With the key that is kept in the database, so that every process of this server reads what another one signed.
    pub async fn open(access: &Access, settings: &Settings) -> Result<Self> {
        let fresh = secrets::random::<SIGNING_KEY_BYTES>()?.to_vec();
        let key = access.signing_key(fresh, now()).await?;
        Ok(Self {
            hasher: Hasher::start()?,
            takes_customers: settings.registration,
            is_encrypted: settings.is_encrypted(),
            signs: EncodingKey::from_secret(&key),
            reads: DecodingKey::from_secret(&key),
            trusted_proxies: settings.trusted_proxies.clone(),
            tries_of_account: RateLimiter::keyed(Quota::per_minute(TRIES_OF_ACCOUNT)),
            tries_of_network: RateLimiter::keyed(Quota::per_minute(TRIES_OF_NETWORK)),
            requests: RateLimiter::keyed(Quota::per_second(settings.requests_a_second)),
        })
    }

    /// An access token of a session.
    pub fn sign(&self, session: Uuid, now: Instant) -> Result<Secret, Problem> {
        let iat = now.0 / 1_000;
        let claims = Claims { sid: session, iat, exp: iat + ACCESS_GOOD_FOR_S };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signs).map(Secret).map_err(|error| {
            tracing::error!(%error, "signing");
            Problem::unavailable()
        })
    }

    /// The session of an access token that this server signed and that is still good.
    pub fn session_of(&self, token: &str, now: Instant) -> Option<Uuid> {
        let mut validation = Validation::new(Algorithm::HS256);
        // What time it is says this server's clock, not the library's.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.reads, &validation).ok()?.claims;
        (now.0 < claims.exp.saturating_mul(1_000)).then_some(claims.sid)
    }

    /// Where a request comes from: its peer, or, where that is a trusted proxy, who the proxy says it is.
    pub fn address(&self, parts: &Parts) -> IpAddr {
        let peer = normal(peer(parts).ip());
        let is_trusted = |address: &IpAddr| self.trusted_proxies.iter().any(|network| network.contains(address));
        if !is_trusted(&peer) {
            return peer;
        }
        let said: Vec<&str> =
            parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).collect();
        let mut address = peer;
        // From the nearest: each is believed as long as who said it is trusted. What cannot be read ends the row.
        for hop in said.iter().rev().take(HOPS_LIMIT) {
            let Some(read) = read_address(hop.trim()) else { break };
            address = read;
            if !is_trusted(&address) {
                break;
            }
        }
        address
    }

    /// Whether a session or key may ask now.
    pub fn may_request(&self, by: Uuid) -> bool {
        if self.requests.len() > KEYS_LIMIT {
            self.requests.retain_recent();
        }
        self.requests.check_key(&by).is_ok()
    }

    /// Whether a network may try now, whatever it tries.
    pub fn may_ask(&self, address: IpAddr) -> Result<(), Problem> {
        self.tries_of_network.check_key(&network(address)).map_err(|_| too_often())?;
        if self.tries_of_network.len() > KEYS_LIMIT {
            self.tries_of_network.retain_recent();
        }
        Ok(())
    }

    /// Whether a network may try this account now.
    pub fn may_try(&self, account: SecretHash, address: IpAddr) -> Result<(), Problem> {
        self.tries_of_account.check_key(&(account, network(address))).map_err(|_| too_often())?;
        if self.tries_of_account.len() > KEYS_LIMIT {
            self.tries_of_account.retain_recent();
        }
        Ok(())
    }
}

/// How many refusals are written down.
pub struct Notes(DefaultKeyedRateLimiter<(u32, Uuid, IpAddr)>);

impl Default for Notes {
    fn default() -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(NOTES_A_MINUTE)))
    }
}

impl Notes {
    /// Whether one more refusal with this code is written down. Each person has a share: who is refused all day hides
    /// nobody else's try.
    pub fn may_note(&self, code: u32, company: CompanyId, person: Option<PersonId>, address: IpAddr) -> bool {
        if self.0.len() > KEYS_LIMIT {
            self.0.retain_recent();
        }
        self.0.check_key(&(code, person.map_or(company.0, |person| person.0), network(address))).is_ok()
    }
}

/// Somebody tried too often.
pub(super) fn too_often() -> Problem {
    Problem::retry(axum::http::StatusCode::TOO_MANY_REQUESTS, TRY_AFTER_S)
}

/// An address as a proxy writes it: alone, or with a port.
fn read_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    text.parse::<IpAddr>().ok().or_else(with_port).or_else(in_brackets).map(normal)
}

/// By what tries of a name that is nobody's are counted: the name itself is not kept, it may be a password typed in the
/// wrong place.
pub fn account_hash(company: CompanyId, name: &str) -> SecretHash {
    secrets::hash(&[company.0.as_bytes(), name.as_bytes()].concat())
}

/// By what tries of somebody are counted, under whichever of their names.
pub fn person_hash(company: CompanyId, person: PersonId) -> SecretHash {
    secrets::hash(&[company.0.as_bytes().as_slice(), b"\0person", person.0.as_bytes()].concat())
}
