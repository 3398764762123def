//! Devices, as somebody who has signed in invites them and writes them off.

use std::sync::Arc;

use axum::extract::State;
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{DeviceView, ListDevices};
use kontor_store::access::AccessEvent;
use kontor_sync::enrol::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::admin::{self, NewEnrolment};
use crate::api::input::{Body, Of, OfPerson};
use crate::api::once::{Bare, Once};
use crate::api::output::{Done, Reply};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// Who is invited.
#[derive(Deserialize, JsonSchema)]
pub struct Wish {
    /// Number of a till that joins anew; without it a new till is added.
    #[serde(default)]
    till: Option<i64>,
}

/// What the device needs, once.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// What is typed at the device.
    code: Secret,
    /// Number of the till that it will be.
    till_number: i64,
    /// How long the code is good.
    good_for_minutes: u64,
    /// SHA-256 of this server's certificate.
    fingerprint: Option<String>,
}

/// The devices, for who may change them: asked first, because that is where the right is checked.
async fn devices(app: &App, actor: &Actor) -> Result<Vec<DeviceView>, Problem> {
    app.host.ask_as(actor, ListDevices {}).await
}

fn unknown(what: &str) -> Problem {
    Reject::new(Code::NotFound).with("what", what).into()
}

/// Writes down who did it. What cannot be written down is in the log, and stops nobody.
async fn note(app: &App, actor: &Actor, kind: &'static str, detail: serde_json::Value) {
    let event = AccessEvent {
        id: Uuid::now_v7(),
        company: actor.company,
        at: app.host.now(),
        kind,
        person: Some(actor.person),
        device: Some(actor.device),
        address: actor.address.to_string(),
        detail: detail.to_string(),
        code: None,
    };
    if let Err(error) = app.host.access.note(&event).await {
        tracing::error!(%error, kind, "not written down");
    }
}

pub(super) async fn invite(State(app): State<Arc<App>>, actor: Actor, Body(wish): Body<Wish>) -> Result<Reply<200, Invitation>, Problem> {
    let devices = devices(&app, &actor).await?;
    let numbers = || devices.iter().filter_map(|view| view.till.as_ref()).map(|till| till.number);
    if wish.till.is_some_and(|number| !numbers().any(|known| known == number)) {
        return Err(unknown("till"));
    }
    let beside = numbers().min().ok_or_else(|| unknown("till"))?;
    let new = NewEnrolment { till: wish.till, name: None, beside };
    let (access, now) = (&app.host.access, app.host.now());
    let shown = admin::invite(access, actor.company, actor.person, &new, app.fingerprint.clone(), now).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "invitation");
        Problem::unavailable()
    })?;
    note(&app, &actor, "access.device_invited", serde_json::json!({ "till_number": shown.till_number })).await;
    let good_for_minutes = shown.good_for.as_secs() / 60;
    Reply::of(&Invitation { code: shown.code, till_number: shown.till_number, good_for_minutes, fingerprint: shown.fingerprint })
}

/// Takes a device's tokens back: what it has sold and not sent stays on it, sealed away or lost with it.
pub(super) async fn write_off(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<DeviceId>, Bare(named): Bare) -> Result<Once<Done>, Problem> {
    named.once(&app, &actor, written_off(&app, &actor, id)).await
}

async fn written_off(app: &App, actor: &Actor, id: DeviceId) -> Result<Done, Problem> {
    if !devices(app, actor).await?.iter().any(|view| view.device.id == id) {
        return Err(unknown("device"));
    }
    let count = app.host.access.revoke(actor.company, id, app.host.now()).await?;
    note(app, actor, "access.device_written_off", serde_json::json!({ "device_id": id, "count": count })).await;
    tracing::info!(device = %id, count, "written off");
    Ok(Done)
}

/// A person is no longer believed on a device: what they did there stands and is flagged, what they ask for is refused. Who
/// signs in there again is believed again.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    actor: Actor,
    OfPerson(device, person): OfPerson<DeviceId>,
    Bare(named): Bare,
) -> Result<Once<Done>, Problem> {
    named.once(&app, &actor, withdrawn(&app, &actor, device, person)).await
}

async fn withdrawn(app: &App, actor: &Actor, device: DeviceId, person: PersonId) -> Result<Done, Problem> {
    if !devices(app, actor).await?.iter().any(|view| view.device.id == device) {
        return Err(unknown("device"));
    }
    // Whoever was not believed there is not believed afterwards.
    if app.host.access.withdraw_person(actor.company, device, person, app.host.now()).await? {
        note(app, actor, "access.device_person_withdrawn", serde_json::json!({ "device_id": device, "person_id": person })).await;
    }
    Ok(Done)
}
