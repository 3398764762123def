//! What can be asked.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use kontor_domain::command::Command;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, AddTill};
use kontor_store::access::DeviceToken;
use kontor_sync::enrol::{EnrolReply, EnrolRequest};
use kontor_sync::message::{PullReply, PullRequest, PushRequest};

use crate::app::{App, Caller, MetricsReader, observe, peer};
use crate::host::now;
use crate::problem::Problem;
use crate::secrets;
use crate::wire::{self, Input, Pack};

/// Most bytes of a request for a token.
const ENROL_BYTES_LIMIT: usize = 1_024;

/// Everything that is answered.
pub fn router(app: Arc<App>) -> Router {
    with_layers(
        Router::new()
            .route("/api/v1/sync/push", post(push))
            .route("/api/v1/sync/pull", post(pull))
            .route("/api/v1/devices/enrol", post(enrol))
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics)),
        app,
    )
}

fn with_layers(router: Router<Arc<App>>, app: Arc<App>) -> Router {
    let router = router.fallback(|| async { Problem::status(StatusCode::NOT_FOUND) });
    router.layer(middleware::from_fn_with_state(Arc::clone(&app), observe)).with_state(app)
}

async fn push(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap, Input(mut request): Input<PushRequest>) -> Result<Response, Problem> {
    request.check()?;
    request.device = caller.device;
    let count = u64::try_from(request.commands.len()).unwrap_or(0);
    let reply = app.host.push(caller.company, request).await.ok_or_else(Problem::unavailable)??;
    app.metrics.pushed_commands.inc_by(count);
    wire::reply(reply, Pack::of(&headers)).await
}

async fn pull(State(app): State<Arc<App>>, caller: Caller, headers: HeaderMap, Input(mut request): Input<PullRequest>) -> Result<Response, Problem> {
    request.device = caller.device;
    let reply = app.host.pull(caller.company, request, &mut app.stopping.clone()).await?;
    caller.check_again(&app).await?;
    if let PullReply::Page(page) = &reply {
        app.metrics.pulled_rows.inc_by(u64::try_from(page.rows.len()).unwrap_or(0));
    }
    wire::reply(reply, Pack::of(&headers)).await
}

/// A code becomes a token, once. What fails on the way leaves the code as it was.
async fn enrol(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    app.may_try(peer(&parts))?;
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        // Nobody who has no token makes the server unpack anything.
        return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let request: EnrolRequest = wire::read(&parts.headers, body, ENROL_BYTES_LIMIT).await?;
    let wrong = || Problem::from(Reject::new(Code::NotFound).with("what", "code"));
    let code_hash = secrets::typed_code(&request.code).ok_or_else(wrong)?;
    let host = &app.host;
    let enrolment = host.access.enrolment(&code_hash, now()).await?.ok_or_else(wrong)?;
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
    let (token, id, secret_hash) = secrets::new_token().map_err(|_| Problem::unavailable())?;
    let kept = DeviceToken { id, company: enrolment.company, device: enrolment.device, secret_hash, revoked_at: None };
    if !host.access.redeem(&code_hash, &enrolment, &kept, now()).await? {
        return Err(wrong());
    }
    app.metrics.enrolled.inc();
    tracing::info!(device = %enrolment.device, till = enrolment.till_number, "a device has its token");
    let reply = EnrolReply {
        token,
        company: enrolment.company,
        device: enrolment.device,
        till_number: enrolment.till_number,
        person: enrolment.person,
        series,
    };
    wire::reply(reply, Pack::No).await
}

async fn live() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn ready(State(app): State<Arc<App>>) -> Result<StatusCode, Problem> {
    if *app.stopping.borrow() {
        return Err(Problem::unavailable());
    }
    app.host.access.ping().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn metrics(State(app): State<Arc<App>>, _: MetricsReader) -> Response {
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics.text()).into_response()
}
