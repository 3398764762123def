//! Roles.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kontor_domain::command::{Command, Edit, Permission};
use kontor_domain::identity::{self, CreateRole, ListRoles, PermissionSet, RoleChanges, RoleView};
use kontor_domain::ids::RoleId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Rate;
use serde::Deserialize;
use uuid::Uuid;

use super::actor::Actor;
use super::input::{Id, Small, new_command};
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{self, Pack};

/// Every permission there is.
pub(super) async fn permissions(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, Problem> {
    app.host.check(&actor, Permission::RolesRead, "permissions").await?;
    wire::reply(Permission::ALL, Pack::No).await
}

/// All roles.
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, Problem> {
    wire::reply(app.host.ask_as(&actor, ListRoles {}).await?, Pack::No).await
}

async fn view(app: &App, actor: &Actor, id: RoleId) -> Result<RoleView, Problem> {
    let roles = app.host.ask_as(actor, ListRoles {}).await?;
    roles.into_iter().find(|view| view.role.id == id).ok_or_else(|| Reject::new(Code::NotFound).with("what", "role").into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    permissions: PermissionSet,
    #[serde(default)]
    discount_limit: Rate,
}

/// Makes a role.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, Small(new): Small<New>) -> Result<Response, Problem> {
    let create = CreateRole { id: RoleId(Uuid::now_v7()), name: new.name, permissions: new.permissions, discount_limit: new.discount_limit };
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::CreateRole(create.clone()))).await?;
    let mut response = wire::reply(create, Pack::No).await?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fields {
    name: Option<String>,
    permissions: Option<PermissionSet>,
    discount_limit: Option<Rate>,
}

/// Changes a role.
pub(super) async fn edit(State(app): State<Arc<App>>, actor: Actor, Id(id): Id, Small(wish): Small<Fields>) -> Result<Response, Problem> {
    let role_id = RoleId(id);
    let seen = view(&app, &actor, role_id).await?.role;
    let name = wish.name.and_then(|name| Edit::between(&seen.name, &name));
    let permissions = wish.permissions.and_then(|permissions| Edit::between(&seen.permissions, &permissions));
    let discount_limit = wish.discount_limit.and_then(|limit| Edit::between(&seen.discount_limit, &limit));
    let changes = RoleChanges { role_id, name, permissions, discount_limit };
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::EditRole(changes))).await?;
    wire::reply(view(&app, &actor, role_id).await?, Pack::No).await
}

/// Removes a role; a built-in one is again what it was.
pub(super) async fn remove(State(app): State<Arc<App>>, actor: Actor, Id(id): Id) -> Result<Response, Problem> {
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::RemoveRole { id: RoleId(id) })).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
