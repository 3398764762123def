//! The screens in a browser: their files, and what they ask of this server. The same JSON as a window's.

mod described;
pub mod devices;
mod events;
pub mod files;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::IntoResponse as _;
use kontor_domain::command::{Permission, Query, Request};
use kontor_domain::ids::TillId;
use kontor_domain::reject::{Code, Reject};

pub use events::{LINES_LIMIT, LINES_OF_ONE_LIMIT};

use crate::app::App;
use crate::identity::Actor;
use crate::identity::route::RouteAccess::{May, SignedIn};
use crate::identity::route::routes;
use crate::problem::Problem;
use crate::wire::{self, Pack};
use described::{Answered, Internal, Lines};
pub use described::{Asked, Done, Sent, Told};

/// The till that a browser stands for.
const TILL_HEADER: &str = "kontor-till";

routes! {
    // What the person may is looked at command by command, question by question.
    POST "/api/v1/screens/execute" => execute, SignedIn, "Executes a command of the screens; each needs its own right";
    POST "/api/v1/screens/query" => query, SignedIn, "Answers a question of the screens; each needs its own right";
    GET "/api/v1/screens/events" => events, SignedIn, "What changed, as it happens";
    POST "/api/v1/devices/invitations" => devices::invite, May(&[Permission::SettingsEdit]), "Makes a code with which a till joins";
    POST "/api/v1/devices/{id}/write-off" => devices::write_off, May(&[Permission::SettingsEdit]), "Takes a device's tokens back";
    POST "/api/v1/devices/{id}/persons/{person}/withdraw" => devices::withdraw, May(&[Permission::SettingsEdit]), "No longer believes a person on a device";
}

async fn execute(
    State(app): State<Arc<App>>,
    actor: Actor,
    headers: HeaderMap,
    Internal(request, ..): Internal<Request, Sent>,
) -> Result<Answered<Done>, Problem> {
    let actor = at_till(&app, actor, &headers).await?;
    let done = app.host.execute_as(&actor, request.id, request.command).await?;
    Ok(Answered::of(wire::reply(done.receipt, Pack::of(&headers)).await?))
}

async fn query(
    State(app): State<Arc<App>>,
    actor: Actor,
    headers: HeaderMap,
    Internal(query, ..): Internal<Query, Asked>,
) -> Result<Answered<Told>, Problem> {
    let actor = at_till(&app, actor, &headers).await?;
    let answer = app.host.query_as(&actor, &query).await?;
    let mut response = answer.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Answered::of(response))
}

async fn events(State(app): State<Arc<App>>, actor: Actor) -> Result<Lines, Problem> {
    events::open(app, actor).await.map(Lines)
}

/// Whoever asks, at the till that the browser stands for: its documents carry that till's numbers. Whether the person
/// may make them is decided by their role, as everywhere.
async fn at_till(app: &App, actor: Actor, headers: &HeaderMap) -> Result<Actor, Problem> {
    let Some(named) = headers.get(TILL_HEADER) else { return Ok(actor) };
    let till = named.to_str().ok().and_then(|text| text.parse().ok()).map(TillId).ok_or_else(|| Problem::malformed(TILL_HEADER))?;
    let device = app.host.access.device_of_till(actor.company, till).await?;
    let device = device.ok_or_else(|| Reject::new(Code::NotFound).with("what", "till"))?;
    Ok(Actor { device, ..actor })
}
