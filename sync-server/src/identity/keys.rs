//! Keys for programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kontor_domain::command::Command;
use kontor_domain::identity::{self, CreateKey, ListKeys, PermissionSet};
use kontor_domain::ids::ApiKeyId;
use kontor_sync::enrol::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actor::Actor;
use super::input::{Id, Small, new_command};
use crate::app::App;
use crate::problem::Problem;
use crate::secrets::{self, TokenKind};
use crate::wire::{self, Pack};

/// All keys.
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, Problem> {
    wire::reply(app.host.ask_as(&actor, ListKeys {}).await?, Pack::No).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    permissions: PermissionSet,
}

/// A key, once: what it says is not kept.
#[derive(Serialize)]
struct Shown {
    id: ApiKeyId,
    key: Secret,
}

/// Makes a key.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, Small(new): Small<New>) -> Result<Response, Problem> {
    let id = ApiKeyId(Uuid::now_v7());
    let (key, secret_hash) = secrets::token_of(TokenKind::ApiKey, id.0).map_err(|_| Problem::unavailable())?;
    let create = CreateKey { id, name: new.name, permissions: new.permissions };
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::CreateKey(create))).await?;
    app.host.access.add_key_secret(actor.company, id, &secret_hash).await?;
    let mut response = wire::reply(Shown { id, key }, Pack::No).await?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Takes a key back.
pub(super) async fn revoke(State(app): State<Arc<App>>, actor: Actor, Id(id): Id) -> Result<Response, Problem> {
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::RevokeKey { id: ApiKeyId(id) })).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
