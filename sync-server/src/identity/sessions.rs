//! Where somebody is signed in, and ending it.

use std::sync::Arc;

use axum::extract::State;
use kontor_domain::command::Permission;
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::access::Session;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::changeable;
use super::actor::{Actor, Means};
use super::session::note_by;
use crate::api::input::{Of, Search};
use crate::api::output::{Done, Listed, Reply, json};
use crate::api::small::{Shape, SmallSearch, part};
use crate::app::App;
use crate::problem::Problem;

/// A session that may go on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionView {
    /// The session.
    pub id: Uuid,
    /// On which device: a till, or the server itself for a browser or a program.
    pub device_id: DeviceId,
    /// From which address it was begun.
    pub address: String,
    /// Since when.
    pub created_at: Instant,
    /// When it ends, whatever it goes on with.
    pub expires_at: Instant,
    /// Whether it is the one that asks.
    pub is_own: bool,
}

async fn sessions_of(app: &App, actor: &Actor, person: PersonId, search: &SmallSearch) -> Result<Reply<200, Listed<SessionView>>, Problem> {
    let view = |session: Session| SessionView {
        id: session.id,
        device_id: session.device,
        address: session.address,
        created_at: session.created_at,
        expires_at: session.expires_at,
        is_own: actor.means == Means::Session(session.id),
    };
    let rows: Vec<SessionView> = app.host.access.sessions(actor.company, person, app.host.now()).await?.into_iter().map(view).collect();
    part(&json(&rows)?, search, Shape { id: "/id", fields: &["/created_at", "/expires_at", "/address"] })
}

/// One's own sessions.
pub(super) async fn own(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<SmallSearch>,
) -> Result<Reply<200, Listed<SessionView>>, Problem> {
    sessions_of(&app, &actor, actor.person, &search).await
}

/// Ends one of one's own sessions.
pub(super) async fn end_own(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<Uuid>) -> Result<Done, Problem> {
    if !app.host.access.end_session_of(actor.company, actor.person, id, app.host.now()).await? {
        return Err(Problem::missing("session"));
    }
    note_by(&app, &actor, "access.sessions_ended", actor.person).await;
    Ok(Done)
}

/// Somebody's sessions.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<PersonId>,
    Search(search): Search<SmallSearch>,
) -> Result<Reply<200, Listed<SessionView>>, Problem> {
    app.host.check(&actor, Permission::UsersRead, "sessions").await?;
    app.host.access.account_of(actor.company, id).await?.ok_or_else(|| Reject::new(Code::UserNotFound))?;
    sessions_of(&app, &actor, id, &search).await
}

/// Ends all of somebody's sessions: a telephone was lost, a browser was left open.
pub(super) async fn end_all(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<PersonId>) -> Result<Done, Problem> {
    changeable(&app, &actor, id, "end_sessions").await?;
    app.host.access.end_sessions(actor.company, id, None, app.host.now()).await?;
    note_by(&app, &actor, "access.sessions_ended", id).await;
    Ok(Done)
}
