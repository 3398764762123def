//! What every request shares, and what every request goes through.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use kontor_domain::ids::{CompanyId, DeviceId};
use kontor_store::access::SecretHash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::api::{Memory, front};
use crate::host::Host;
use crate::identity::door::Door;
use crate::identity::mail::Post;
use crate::metrics::Metrics;
use crate::problem::{Problem, is_problem};
use crate::screens::files::Files;
use crate::screens::{LINES_LIMIT, LINES_OF_ONE_LIMIT};
use crate::secrets::{self, SentToken, TokenKind};
use crate::shares::{Share, Shares};
use crate::snapshots::Snapshots;

/// Longest that a request may take: a pull waits, and a large one reads.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);
/// Requests that are answered at once.
const IN_FLIGHT_LIMIT: i64 = 2_048;
/// Tries of a code that one address has in a minute.
const TRIES_OF_ADDRESS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// Tries of a code that all addresses have together in a minute.
const TRIES_OF_ALL: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);
/// Where tries from everywhere are counted.
const EVERYBODY: &str = "*";
/// Requests that a device has in a second, and at once.
const REQUESTS_OF_DEVICE: (NonZeroU32, NonZeroU32) = (NonZeroU32::MIN.saturating_add(49), NonZeroU32::MIN.saturating_add(199));
/// When a device that asks too much may ask again.
const ASK_AFTER_S: u64 = 2;
/// When who listens too often may listen again: a line whose other end is gone is noticed by then.
const LISTEN_AFTER_S: u64 = 20;
/// Addresses that are remembered before those that are quiet are forgotten.
const ADDRESSES_LIMIT: usize = 10_000;
/// When somebody who tried too often may try again.
const TRY_AFTER_S: u64 = 30;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every request shares.
#[derive(Debug)]
pub struct App {
    /// The authority.
    pub host: Host,
    /// What letting people in needs.
    pub door: Door,
    /// What sends letters, if this server does.
    pub post: Option<Post>,
    /// Ready files for new tills.
    pub snapshots: Snapshots,
    /// Figures.
    pub metrics: Metrics,
    /// Who may read them.
    pub metrics_token: SecretHash,
    /// What the API remembers between requests.
    pub memory: Memory,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
    /// SHA-256 of the server's certificate: who joins compares it.
    pub fingerprint: Option<String>,
    /// The screens for browsers, if there are any.
    pub screens: Option<Files>,
    /// Places for screens that listen.
    pub lines: Arc<Semaphore>,
    /// How many of them a session or a device has.
    pub line_shares: Shares,
    /// Longest that a request may take.
    pub request_limit: Duration,
    requests_of_device: DefaultKeyedRateLimiter<DeviceId>,
    tries_of_address: DefaultKeyedRateLimiter<IpAddr>,
    tries_of_all: DefaultDirectRateLimiter,
}

impl App {
    /// A server around an authority.
    pub fn new(host: Host, door: Door, post: Option<Post>, snapshots: Snapshots, metrics_token: SecretHash, stopping: watch::Receiver<bool>) -> Self {
        Self {
            host,
            door,
            post,
            snapshots,
            metrics: Metrics::default(),
            metrics_token,
            memory: Memory::default(),
            stopping,
            fingerprint: None,
            screens: None,
            lines: Arc::new(Semaphore::new(LINES_LIMIT)),
            line_shares: Shares::default(),
            request_limit: REQUEST_LIMIT,
            requests_of_device: RateLimiter::keyed(Quota::per_second(REQUESTS_OF_DEVICE.0).allow_burst(REQUESTS_OF_DEVICE.1)),
            tries_of_address: RateLimiter::keyed(Quota::per_minute(TRIES_OF_ADDRESS)),
            tries_of_all: RateLimiter::direct(Quota::per_minute(TRIES_OF_ALL)),
        }
    }

    /// The same with screens for browsers, and what they show of its certificate.
    #[must_use]
    pub fn with_screens(self, screens: Option<Files>, fingerprint: Option<String>) -> Self {
        Self { screens, fingerprint, ..self }
    }

    /// Whether this address may try a code now. What this process turns away does not burden the database, in which the
    /// tries at all processes are counted.
    pub async fn may_try(&self, address: IpAddr) -> Result<(), Problem> {
        let too_often = || Problem::retry(StatusCode::TOO_MANY_REQUESTS, TRY_AFTER_S);
        let network = network(address);
        self.tries_of_address.check_key(&network).map_err(|_| too_often())?;
        self.tries_of_all.check().map_err(|_| too_often())?;
        if self.tries_of_address.len() > ADDRESSES_LIMIT {
            self.tries_of_address.retain_recent();
        }
        for (counted, limit) in [(network.to_string(), TRIES_OF_ADDRESS), (EVERYBODY.to_owned(), TRIES_OF_ALL)] {
            if self.host.access.count_enrol_try(&counted, self.host.now()).await? > i64::from(limit.get()) {
                return Err(too_often());
            }
        }
        Ok(())
    }
}

/// A place for somebody who listens.
#[derive(Debug)]
pub struct LinePlace {
    _place: OwnedSemaphorePermit,
    _share: Share,
}

impl App {
    /// A place for a person or a device that wants to listen: nobody takes those of the others.
    pub fn line_place(&self, by: Uuid) -> Result<LinePlace, Problem> {
        let too_many = || Problem::retry(StatusCode::TOO_MANY_REQUESTS, LISTEN_AFTER_S).about("listens often enough".into(), String::new());
        let share = self.line_shares.take(by, LINES_OF_ONE_LIMIT).ok_or_else(too_many)?;
        let place = Arc::clone(&self.lines).try_acquire_owned().map_err(|_| Problem::unavailable())?;
        Ok(LinePlace { _place: place, _share: share })
    }
}

/// One household has many IPv6 addresses and one network.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => IpAddr::V4(mapped),
            None => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        },
        IpAddr::V4(_) => address,
    }
}

/// The text behind `Bearer`.
pub fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The device that asks, by its token. Company and device are the token's, whatever the body says.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    token: Uuid,
    /// The company.
    pub company: CompanyId,
    /// The device.
    pub device: DeviceId,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match Sender::from_request_parts(parts, app).await? {
            Sender { caller, is_shut_out: false } => Ok(caller),
            Sender { .. } => Err(Problem::unauthorised()),
        }
    }
}

/// The device that sends commands: one that was shut out, too. What such a one sends is not done.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// Who.
    pub caller: Caller,
    /// Whether its token was taken back.
    pub is_shut_out: bool,
}

impl FromRequestParts<Arc<App>> for Sender {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let sent = bearer(parts).and_then(|text| SentToken::read(TokenKind::Device, text)).ok_or_else(Problem::unauthorised)?;
        match app.host.access.token(sent.id).await? {
            Some(kept) if sent.is(&kept.secret_hash) => {
                let too_often = |_| Problem::retry(StatusCode::TOO_MANY_REQUESTS, ASK_AFTER_S);
                app.requests_of_device.check_key(&kept.device).map_err(too_often)?;
                let caller = Caller { token: kept.id, company: kept.company, device: kept.device };
                Ok(Self { caller, is_shut_out: kept.revoked_at.is_some() })
            }
            _ => Err(Problem::unauthorised()),
        }
    }
}

impl Caller {
    /// Whether the token is still good: after a wait it may not be.
    pub async fn check_again(&self, app: &App) -> Result<(), Problem> {
        match app.host.access.token(self.token).await? {
            Some(kept) if kept.revoked_at.is_none() => Ok(()),
            _ => Err(Problem::unauthorised()),
        }
    }
}

/// Who may read the figures.
#[derive(Debug)]
pub struct MetricsReader;

impl FromRequestParts<Arc<App>> for MetricsReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let is_allowed = bearer(parts).is_some_and(|sent| secrets::is_metrics_token(sent, &app.metrics_token));
        if is_allowed { Ok(Self) } else { Err(Problem::unauthorised()) }
    }
}

/// Where a request came from.
pub fn peer(parts: &Parts) -> SocketAddr {
    let found = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    found.map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |ConnectInfo(address)| *address)
}

/// Counts down when a request ends, in whatever way.
struct InFlight(Arc<App>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.metrics.in_flight.dec();
    }
}

/// Gives a request an id, a limit of time and a line in the log, and turns whatever fails into a problem.
pub async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!("request", %id, %method, route);
    let is_full = app.metrics.in_flight.inc() >= IN_FLIGHT_LIMIT;
    let place = InFlight(Arc::clone(&app));
    let answered = async {
        if is_full {
            return Problem::unavailable().into_response();
        }
        match tokio::time::timeout(app.request_limit, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                tracing::error!("a panic");
                Problem::status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
            }
            Err(_) => Problem::unavailable().into_response(),
        }
    };
    let mut response = answered.instrument(span.clone()).await;
    drop(place);
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !is_problem(&response) {
        response = Problem::status(status).with_headers(response.headers()).into_response();
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    front::add_headers(headers, app.door.is_encrypted);
    let took = start.elapsed();
    app.metrics.answered(&route, status.as_u16(), took);
    // Who asks for health asks all the time.
    if !route.starts_with("/health") {
        span.in_scope(|| tracing::info!(status = status.as_u16(), took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_try_together() {
        let one: IpAddr = Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 3, 4, 5, 6).into();
        let other: IpAddr = Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 9, 9, 9, 9).into();
        let far: IpAddr = Ipv6Addr::new(0x2001, 0xdb8, 1, 3, 3, 4, 5, 6).into();
        assert_eq!(network(one), network(other));
        assert_ne!(network(one), network(far));
    }
}
