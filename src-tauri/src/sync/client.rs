//! The way to a shop server: HTTP with limits on time and size, both ways packed.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use kontor_domain::host::{ServerAsk, ServerMethod};
use kontor_domain::identity::Person;
use kontor_domain::ids::PersonId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_sync::enrol::{EnrolReply, EnrolRequest};
use kontor_sync::message::{OlderRequest, PullReply, PullRequest, PushReply, PushRequest};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::address::Address;
use super::pin::{self, Seen};

mod blobs;
mod ready;

pub use blobs::Sent;
pub use ready::{Watcher, stopped};

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long an answer may take, beside what the server was allowed to wait.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// A line that says nothing for so long is dead: the server says that there is nothing more often.
const HINT_LIMIT: Duration = Duration::from_secs(60);
/// After how long an idle line is tried: a line that died says nothing by itself.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Most bytes of an answer as it comes.
const PACKED_LIMIT: usize = 64 * 1_048_576;
/// Most bytes of an answer unpacked.
const UNPACKED_LIMIT: u64 = 512 * 1_048_576;
/// Most bytes of an answer that says why not.
const PROBLEM_LIMIT: usize = 65_536;
/// Smaller questions are sent as they are.
const PACK_FROM: usize = 512;
/// zstd: fast, and small enough.
const PACK_LEVEL: i32 = 3;
/// log2 of the memory that unpacking may take: 8 MiB.
const WINDOW_LOG_LIMIT: u32 = 23;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server is not reached, or is busy: the same again later.
    Away(Reject),
    /// The server does not take this till, or one program is older than the other: a person is needed.
    Refused(Reject),
    /// The computer slept, or its clock was set: what was asked before may never be answered.
    Woke,
}

impl Trouble {
    /// For the log, which names no address.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Away(_) => "away",
            Self::Refused(_) => "refused",
            Self::Woke => "woke",
        }
    }

    /// The code of what is told.
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Away(reject) | Self::Refused(reject) => Some(reject.code),
            Self::Woke => None,
        }
    }

    /// What is told; nothing when there is nothing to tell.
    pub fn reject(self) -> Option<Reject> {
        match self {
            Self::Away(reject) | Self::Refused(reject) => Some(reject),
            Self::Woke => None,
        }
    }
}

impl From<Reject> for Trouble {
    /// What the till's own file refuses is tried again: nothing was dropped.
    fn from(reject: Reject) -> Self {
        Self::Away(reject)
    }
}

/// An open line.
#[derive(Debug)]
pub struct Hints {
    response: Response,
    line: Vec<u8>,
}

impl Hints {
    /// Waits for the server to say that there is something. `false`: the line has ended, or has died.
    pub async fn next(&mut self) -> bool {
        loop {
            while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.line.drain(..=end).collect();
                if line.starts_with(b"data:") {
                    return true;
                }
            }
            match tokio::time::timeout(HINT_LIMIT, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) if self.line.len() + chunk.len() <= PROBLEM_LIMIT => self.line.extend_from_slice(&chunk),
                _ => return false,
            }
        }
    }
}

/// A server, and how it is known.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    address: Address,
    is_pinned: bool,
    seen: Arc<Seen>,
}

#[derive(serde::Deserialize)]
struct Problem {
    #[serde(default)]
    code: Option<Code>,
    #[serde(default)]
    args: std::collections::BTreeMap<String, String>,
}

/// A session, as far as it matters here.
#[derive(serde::Deserialize)]
struct SignedIn {
    access_token: Secret,
    expires_in_s: i64,
}

/// A person's session.
#[derive(Debug)]
pub struct Session {
    /// What requests are made with.
    pub token: Secret,
    /// How long it is good, seconds.
    pub good_for_s: i64,
    /// Whose it is.
    pub person: PersonId,
}

/// Whose session it is.
#[derive(serde::Deserialize)]
struct Me {
    person: Person,
}

impl Client {
    /// To a server that the system vouches for, or to the one with this certificate.
    pub fn new(address: &Address, fingerprint: Option<&str>) -> Result<Self, Reject> {
        let seen = Arc::new(Seen::default());
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .tcp_keepalive(KEEP_ALIVE)
            .user_agent(concat!("kontor/", env!("CARGO_PKG_VERSION")));
        if let Some(fingerprint) = fingerprint {
            builder = builder.tls_backend_preconfigured(pin::config(Some(fingerprint), &seen).map_err(crate::program::internal)?);
        }
        let http = builder.build().map_err(crate::program::internal)?;
        Ok(Self { http, address: address.clone(), is_pinned: fingerprint.is_some(), seen })
    }

    fn away(&self) -> Trouble {
        Trouble::Away(Reject::new(Code::ServerAway).with("address", &self.address))
    }

    fn unexpected(&self, status: impl std::fmt::Display) -> Trouble {
        Trouble::Away(Reject::new(Code::ServerUnexpected).with("status", status))
    }

    /// Whether the server is there and is the one that is believed. A certificate nobody vouches for is told, so that a
    /// person can compare it.
    pub async fn probe(&self) -> Result<(), Trouble> {
        match self.send(self.http.get(self.address.at("/health/live")), ANSWER_LIMIT).await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(self.unexpected(response.status().as_u16())),
            Err(trouble) if !self.is_pinned && self.address.is_secure() => Err(self.look().await.unwrap_or(trouble)),
            Err(trouble) => Err(trouble),
        }
    }

    /// The certificate of a server that is not believed.
    async fn look(&self) -> Option<Trouble> {
        let seen = Arc::new(Seen::default());
        let http = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT_LIMIT).tls_backend_preconfigured(pin::config(None, &seen).ok()?);
        // Only the certificate is of interest: no request comes so far.
        let _ = http.build().ok()?.get(self.address.at("/health/live")).timeout(ANSWER_LIMIT).send().await;
        Some(Trouble::Refused(Reject::new(Code::CertificateUnknown).with("fingerprint", seen.fingerprint()?)))
    }

    /// Sends a request; an answer of whatever status, or why there is none.
    async fn send(&self, request: RequestBuilder, limit: Duration) -> Result<Response, Trouble> {
        request.timeout(limit).send().await.map_err(|error| {
            // Without the address: it is the person's, and the log is for others, too.
            tracing::debug!(error = %error.without_url(), "no answer");
            if self.is_pinned && self.seen.fingerprint().is_some() {
                return Trouble::Refused(Reject::new(Code::CertificateOther).with("address", &self.address));
            }
            self.away()
        })
    }

    /// A code becomes a token.
    pub async fn enrol(&self, code: Secret) -> Result<EnrolReply, Trouble> {
        let body = serde_json::to_vec(&EnrolRequest { code }).map_err(crate::program::internal)?;
        let request = self.http.post(self.address.at("/api/v1/devices/enrol")).header("content-type", "application/json").body(body);
        let response = self.send(request, ANSWER_LIMIT).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(Trouble::Refused(Reject::field(Code::NotFound, "code").with("what", "code")));
        }
        self.read(response).await
    }

    /// Whom the server knows by this name and password; the person is believed on this device from now on. The session that
    /// it begins is ended at once: what the person does goes by the till's own way.
    pub async fn sign_in(&self, token: &Secret, username: &str, password: &Secret) -> Result<PersonId, Trouble> {
        let session = self.begin_session(token, username, password).await?;
        self.end_session(&session.token).await;
        Ok(session.person)
    }

    /// Begins a session of a person on this till.
    pub async fn begin_session(&self, token: &Secret, username: &str, password: &Secret) -> Result<Session, Trouble> {
        let body = serde_json::json!({ "username": username, "password": password }).to_string();
        let request = self.http.post(self.address.at("/api/v1/auth/login")).header("content-type", "application/json").bearer_auth(&token.0);
        let response = self.send(request.body(body), ANSWER_LIMIT).await?;
        let SignedIn { access_token, expires_in_s } = match response.status() {
            StatusCode::UNAUTHORIZED => return Err(self.not_let_in(response).await),
            _ => self.read(response).await?,
        };
        let me = self.http.get(self.address.at("/api/v1/auth/me")).bearer_auth(&access_token.0);
        let me: Me = self.read(self.send(me, ANSWER_LIMIT).await?).await?;
        Ok(Session { token: access_token, good_for_s: expires_in_s, person: me.person.id })
    }

    /// Ends a session.
    pub async fn end_session(&self, token: &Secret) {
        let out = self.http.post(self.address.at("/api/v1/auth/logout")).bearer_auth(&token.0);
        if let Err(trouble) = self.send(out, ANSWER_LIMIT).await {
            // It ends by itself.
            tracing::info!(trouble = trouble.word(), "a session stays open");
        }
    }

    /// Asks as a person with a session; the answer as the server wrote it, `null` where it says nothing.
    pub async fn ask_as(&self, token: &Secret, wish: &ServerAsk) -> Result<String, Reject> {
        let method = match wish.method {
            ServerMethod::Get => Method::GET,
            ServerMethod::Post => Method::POST,
            ServerMethod::Put => Method::PUT,
            ServerMethod::Delete => Method::DELETE,
        };
        let mut request = self.http.request(method, self.address.at(&wish.path)).bearer_auth(&token.0);
        if wish.method == ServerMethod::Put {
            request = request.header("if-match", "*");
        }
        if let Some(body) = &wish.body {
            request = request.header("content-type", "application/json").body(body.clone());
        }
        // What became of what was not answered is not known.
        let unreached = || Reject::new(Code::ServerUnreached).with("address", &self.address);
        let told = |trouble: Trouble| match trouble {
            Trouble::Refused(reject) => reject,
            Trouble::Away(_) | Trouble::Woke => unreached(),
        };
        let response = self.send(request, ANSWER_LIMIT).await.map_err(told)?;
        let status = response.status();
        if status.is_success() {
            let bytes = self.bytes(response, PACKED_LIMIT).await.map_err(told)?;
            let text = String::from_utf8(bytes).map_err(|_| Reject::new(Code::ServerUnexpected).with("status", status.as_u16()))?;
            return Ok(if text.is_empty() { "null".to_owned() } else { text });
        }
        let bytes = self.bytes(response, PROBLEM_LIMIT).await.map_err(told)?;
        let problem = serde_json::from_slice::<Problem>(&bytes).ok();
        Err(match (problem, status) {
            (Some(Problem { code: Some(Code::Unauthorised | Code::TokenInvalid), .. }), _) | (_, StatusCode::UNAUTHORIZED) => {
                Reject::new(Code::NotAtServer)
            }
            (Some(Problem { code: Some(code), args }), _) => Reject { code, args },
            (_, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT) => unreached(),
            (_, status) => Reject::new(Code::ServerUnexpected).with("status", status.as_u16()),
        })
    }

    /// Why somebody was not let in: the person, or the whole till.
    async fn not_let_in(&self, response: Response) -> Trouble {
        let bytes = self.bytes(response, PROBLEM_LIMIT).await.unwrap_or_default();
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(Problem { code: Some(code), args }) if code != Code::Unauthorised => Trouble::Refused(Reject { code, args }),
            _ => Trouble::Refused(Reject::new(Code::TokenRefused).with("address", &self.address)),
        }
    }

    /// Commands go up.
    pub async fn push(&self, token: &Secret, request: PushRequest) -> Result<PushReply, Trouble> {
        self.ask("/api/v1/sync/push", token, request, ANSWER_LIMIT).await
    }

    /// Rows come down. The server may wait as long as the request says.
    pub async fn pull(&self, token: &Secret, request: PullRequest) -> Result<PullReply, Trouble> {
        let wait = Duration::from_millis(u64::from(request.wait_ms));
        self.ask("/api/v1/sync/pull", token, request, ANSWER_LIMIT + wait).await
    }

    /// Opens a line on which the server says that there is something to ask for; `None`: it is too old for that.
    pub async fn hints(&self, token: &Secret) -> Result<Option<Hints>, Trouble> {
        let request = self.http.get(self.address.at("/api/v1/sync/hints")).bearer_auth(&token.0);
        let opened = tokio::time::timeout(ANSWER_LIMIT, request.send()).await;
        let response = opened.ok().and_then(Result::ok).ok_or_else(|| self.away())?;
        match response.status() {
            StatusCode::OK => Ok(Some(Hints { response, line: Vec::new() })),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.refused(status, response).await),
        }
    }

    /// What this till no longer keeps.
    pub async fn older(&self, token: &Secret, request: OlderRequest) -> Result<serde_json::Value, Trouble> {
        self.ask("/api/v1/sync/older", token, request, ANSWER_LIMIT).await
    }

    async fn ask<A: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        token: &Secret,
        question: impl Serialize + Send + 'static,
        limit: Duration,
    ) -> Result<A, Trouble> {
        let (body, is_packed) = blocking(move || pack(&question)).await?;
        let mut request = self.http.post(self.address.at(path)).header("content-type", "application/json").header("accept-encoding", "zstd");
        if is_packed {
            request = request.header("content-encoding", "zstd");
        }
        let response = self.send(request.bearer_auth(&token.0).body(body), limit).await?;
        self.read(response).await
    }

    async fn read<A: DeserializeOwned + Send + 'static>(&self, response: Response) -> Result<A, Trouble> {
        let status = response.status();
        let is_packed = response.headers().get("content-encoding").is_some_and(|value| value == "zstd");
        if status != StatusCode::OK {
            return Err(self.refused(status, response).await);
        }
        let bytes = self.bytes(response, PACKED_LIMIT).await?;
        let read = blocking(move || unpack(bytes, is_packed).and_then(|bytes| parse(&bytes))).await;
        read.map_err(|error| {
            tracing::warn!(?error, "an answer that is not understood");
            self.unexpected(status.as_u16())
        })
    }

    async fn bytes(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= limit => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => return Err(self.unexpected("too large")),
                Ok(None) => return Ok(bytes),
                Err(_) => return Err(self.away()),
            }
        }
    }

    async fn refused(&self, status: StatusCode, response: Response) -> Trouble {
        if status == StatusCode::UNAUTHORIZED {
            return Trouble::Refused(Reject::new(Code::TokenRefused).with("address", &self.address));
        }
        let bytes = self.bytes(response, PROBLEM_LIMIT).await.unwrap_or_default();
        tracing::warn!(status = status.as_u16(), "the server refused");
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return self.away();
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(Problem { code: Some(code), args }) => Trouble::Refused(Reject { code, args }),
            _ => self.unexpected(status.as_u16()),
        }
    }
}

/// Work that would hold up the others.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Reject> {
    tokio::task::spawn_blocking(work).await.map_err(crate::program::internal)?.map_err(crate::program::internal)
}

fn pack(question: &impl Serialize) -> std::io::Result<(Vec<u8>, bool)> {
    let bytes = serde_json::to_vec(question)?;
    if bytes.len() < PACK_FROM {
        return Ok((bytes, false));
    }
    Ok((zstd::bulk::compress(&bytes, PACK_LEVEL)?, true))
}

/// The place of a mistake, not the text there: it may be a token.
fn parse<A: DeserializeOwned>(bytes: &[u8]) -> std::io::Result<A> {
    serde_json::from_slice(bytes).map_err(|error| std::io::Error::other(format!("line {} column {}", error.line(), error.column())))
}

fn unpack(bytes: Vec<u8>, is_packed: bool) -> std::io::Result<Vec<u8>> {
    if !is_packed {
        return Ok(bytes);
    }
    let mut decoder = zstd::stream::read::Decoder::new(bytes.as_slice())?;
    decoder.window_log_max(WINDOW_LOG_LIMIT)?;
    let mut out = Vec::new();
    let length = decoder.take(UNPACKED_LIMIT).read_to_end(&mut out)?;
    // What reaches the limit goes on behind it.
    if u64::try_from(length).unwrap_or(u64::MAX) == UNPACKED_LIMIT { Err(std::io::Error::other("too large")) } else { Ok(out) }
}
