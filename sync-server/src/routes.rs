//! What can be asked.

use std::sync::Arc;
use std::time::Duration;

use aide::openapi::OpenApi;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kontor_domain::command::Command;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, AddTill};
use kontor_domain::world::Scope;
use kontor_store::access::{AccessEvent, DeviceToken, Enrolment};
use kontor_sync::enrol::{EnrolReply, EnrolRequest};
use kontor_sync::message::{PullReply, PullRequest, PushRequest, SNAPSHOT_EPOCH, SNAPSHOT_MARK, SNAPSHOT_REV};

use tokio::io::AsyncReadExt as _;

use crate::api::{self, docs, spec};
use crate::app::{App, Caller, MetricsReader, Sender, observe};
use crate::problem::Problem;
use crate::secrets::TokenKind;
use crate::snapshots::Snapshots;
use crate::wire::{self, Input, Pack};
use crate::{hints, identity, older, quarantine, screens, seal, secrets};

/// Most bytes of a request for a token.
const ENROL_BYTES_LIMIT: usize = 1_024;
/// Longest that a database may take to answer a server that is ready.
const READY_LIMIT: Duration = Duration::from_secs(3);
/// Bytes of a file that are sent at once.
const CHUNK_BYTES: usize = 65_536;

/// Everything that is answered.
pub fn router(app: Arc<App>) -> Router {
    let (router, spec) = everything();
    // Without it there is still an API.
    let spec = spec::text(&spec).unwrap_or_default();
    with_layers(router.merge(docs::routes(spec)), app)
}

/// What the API says about itself.
pub fn specification() -> OpenApi {
    everything().1
}

fn everything() -> (Router<Arc<App>>, OpenApi) {
    let (router, spec) = spec::finish(api::routes().merge(identity::routes()).merge(screens::routes()));
    let router = router.merge(
        Router::new()
            .route("/api/v1/sync/push", post(push))
            .route("/api/v1/sync/pull", post(pull))
            .route("/api/v1/sync/hints", get(hints::open))
            .route("/api/v1/sync/older", post(older::ask))
            .route("/api/v1/sync/snapshot/{scope}", get(snapshot))
            .route("/api/v1/devices/enrol", post(enrol))
            .route("/health/", get(ready))
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics)),
    );
    (router, spec)
}

fn with_layers(router: Router<Arc<App>>, app: Arc<App>) -> Router {
    let router = router.fallback(screens::files::fallback);
    router.layer(middleware::from_fn_with_state(Arc::clone(&app), observe)).with_state(app)
}

async fn push(State(app): State<Arc<App>>, sender: Sender, headers: HeaderMap, Input(mut request): Input<PushRequest>) -> Result<Response, Problem> {
    let Sender { caller, is_shut_out } = sender;
    request.check()?;
    request.device = caller.device;
    if is_shut_out {
        return wire::reply(quarantine::keep(&app.host, caller.company, request).await?, Pack::of(&headers)).await;
    }
    let count = u64::try_from(request.commands.len()).unwrap_or(0);
    tracing::debug!(device = %caller.device, build = %request.build, count, offset_ms = request.now.0.saturating_sub(app.host.now().0), "pushed");
    let reply = app.host.push(caller.company, request).await.ok_or_else(Problem::unavailable)??;
    app.metrics.pushed_commands.inc_by(count);
    wire::reply(reply, Pack::of(&headers)).await
}

async fn pull(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap, Input(mut request): Input<PullRequest>) -> Result<Response, Problem> {
    request.device = caller.device;
    if !request.mismatched.is_empty() {
        tracing::error!(device = %caller.device, scopes = ?request.mismatched, "a till's rows were not ours: these scopes come anew");
        app.metrics.mismatched_scopes.inc_by(u64::try_from(request.mismatched.len()).unwrap_or(0));
        request.mismatched.clear();
    }
    let reply = app.host.pull(caller.company, request, &mut app.stopping.clone()).await?;
    caller.check_again(&app).await?;
    if let PullReply::Page(page) = &reply {
        app.metrics.pulled_rows.inc_by(u64::try_from(page.rows.len()).unwrap_or(0));
    }
    wire::reply(reply, Pack::of(&headers)).await
}

/// A scope's rows as a ready SQLite file, packed; its headers say of which history and rev.
async fn snapshot(State(app): State<Arc<App>>, caller: Caller, Path(scope): Path<String>) -> Result<Response, Problem> {
    let nowhere = || Problem::status(StatusCode::NOT_FOUND);
    let scope = Scope(scope.parse().map_err(|_| nowhere())?);
    let failed = |error: anyhow::Error| {
        tracing::error!(error = format!("{error:#}"), "snapshot");
        Problem::unavailable()
    };
    let ready = Snapshots::get(&app, caller.company, caller.device, scope).await.map_err(failed)?.ok_or_else(nowhere)?;
    let file = tokio::fs::File::open(&ready.path).await.map_err(|error| failed(error.into()))?;
    // So that a till can say how much of it has come.
    let length = file.metadata().await.map_err(|error| failed(error.into()))?.len();
    let (epoch, rev, length) = (ready.epoch.to_string(), ready.rev.to_string(), length.to_string());
    let mark = ready.mark.map_or_else(String::new, |mark| mark.0.to_string());
    // The file stays while somebody reads it.
    let body = futures_util::stream::try_unfold((file, ready), |(mut file, ready)| async move {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        let count = (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>((count > 0).then_some((bytes, (file, ready))))
    });
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/zstd"),
        (header::CONTENT_LENGTH.as_str(), &length),
        (SNAPSHOT_EPOCH, &epoch),
        (SNAPSHOT_REV, &rev),
        (SNAPSHOT_MARK, &mark),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// A code becomes a token, once. What fails on the way leaves the code as it was.
async fn enrol(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    app.may_try(app.door.address(&parts)).await?;
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        // Nobody who has no token makes the server unpack anything.
        return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let request: EnrolRequest = wire::read(&parts.headers, body, ENROL_BYTES_LIMIT).await?;
    let wrong = || Problem::from(Reject::new(Code::NotFound).with("what", "code"));
    let code_hash = secrets::typed_code(&request.code).ok_or_else(wrong)?;
    let host = &app.host;
    let enrolment = host.access.enrolment(&code_hash, app.host.now()).await?.ok_or_else(wrong)?;
    if enrolment.adds_till {
        let add = AddTill {
            till_id: enrolment.till,
            number: enrolment.till_number,
            name: String::new(),
            location_id: enrolment.location,
            device_id: enrolment.device,
            device_name: enrolment.device_name.clone(),
        };
        // Its id is the code's: tried again after a failure it is the same command.
        host.submit(enrolment.id, enrolment.company, enrolment.device, enrolment.person, Command::Settings(settings::Command::AddTill(add))).await?;
    }
    let series = host.new_series(enrolment.company).await?;
    let (token, id, secret_hash) = secrets::new_token(TokenKind::Device).map_err(|_| Problem::unavailable())?;
    let kept = DeviceToken { id, company: enrolment.company, device: enrolment.device, secret_hash, revoked_at: None };
    if !host.access.redeem(&code_hash, &enrolment, &kept, app.host.now()).await? {
        return Err(wrong());
    }
    app.metrics.enrolled.inc();
    note_joined(&app, &enrolment, app.door.address(&parts)).await;
    tracing::info!(device = %enrolment.device, till = enrolment.till_number, "a device has its token");
    let seal_key = host.access.seal_key(enrolment.company, seal::new_key, app.host.now()).await?;
    let reply = EnrolReply {
        token,
        company: enrolment.company,
        device: enrolment.device,
        till_number: enrolment.till_number,
        person: enrolment.person,
        series,
        seal_key: seal_key.map(|key| secrets::hex(&key.public)),
    };
    wire::reply(reply, Pack::No).await
}

/// Writes down that a device joined. What cannot be written down is in the log, and stops nobody.
async fn note_joined(app: &App, enrolment: &Enrolment, address: std::net::IpAddr) {
    let detail = serde_json::json!({ "till_number": enrolment.till_number }).to_string();
    let (person, device) = (Some(enrolment.person), Some(enrolment.device));
    let joined =
        AccessEvent { person, device, detail, ..identity::event(app.host.now(), "access.device_joined", enrolment.company, address.to_string()) };
    if let Err(error) = app.host.access.note(&joined).await {
        tracing::error!(%error, "not written down");
    }
}

async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn ready(State(app): State<Arc<App>>) -> Result<StatusCode, Problem> {
    if *app.stopping.borrow() {
        return Err(Problem::unavailable());
    }
    // Who asks does not wait for a database that is away: the pool would look for it for half a minute.
    tokio::time::timeout(READY_LIMIT, app.host.access.ping()).await.map_err(|_| Problem::unavailable())??;
    Ok(StatusCode::NO_CONTENT)
}

async fn metrics(State(app): State<Arc<App>>, _: MetricsReader) -> Result<Response, Problem> {
    app.metrics.covered(&app.host.access.covered().await?);
    app.metrics.quarantined(app.host.access.held_count().await?);
    let answer = ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics.text());
    Ok(answer.into_response())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
    use std::net::SocketAddr;

    use tokio::sync::watch;

    use super::*;
    use crate::config::{Database, Given};
    use crate::host::Host;
    use crate::identity::door::Door;

    #[tokio::test]
    async fn a_panic_and_what_takes_too_long_are_problems_and_the_server_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::open(&Database::File(folder.path().join("server.kontor"))).await.unwrap();
        let (_stop, stopping) = watch::channel(false);
        let settings = Given { data: Some(folder.path().to_owned()), ..Given::default() }.settle().unwrap();
        let door = Door::open(&host.access, &settings).await.unwrap();
        let mut app = App::new(host, door, None, Snapshots::new(folder.path().join("snapshots")).unwrap(), [0; 32], stopping);
        app.request_limit = std::time::Duration::from_millis(50);
        let app = Arc::new(app);
        async fn fails() -> StatusCode {
            panic!("on purpose")
        }
        let never = Router::new().route("/never", get(std::future::pending::<StatusCode>));
        let router = with_layers(never.route("/fails", get(fails)).route("/health/live", get(live)), Arc::clone(&app));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let server = axum_server::from_tcp(listener).unwrap();
        let task = tokio::spawn(server.serve(router.into_make_service_with_connect_info::<SocketAddr>()));
        for _ in 0..2 {
            let response = reqwest::get(format!("http://{address}/fails")).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(response.headers().get("content-type").unwrap(), crate::problem::MEDIA_TYPE);
            assert!(!response.text().await.unwrap().contains("purpose"));
        }
        let late = reqwest::get(format!("http://{address}/never")).await.unwrap();
        assert_eq!((late.status(), late.headers().contains_key("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, true));
        assert_eq!(late.headers().get("content-type").unwrap(), crate::problem::MEDIA_TYPE);
        assert_eq!(reqwest::get(format!("http://{address}/health/live")).await.unwrap().status(), StatusCode::NO_CONTENT);
        assert_eq!(app.metrics.in_flight.get(), 0);
        task.abort();
        app.host.close().await;
    }
}
