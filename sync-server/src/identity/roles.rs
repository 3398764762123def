//! Roles.

use std::sync::Arc;

use axum::extract::State;
use kontor_domain::command::{Command, Permission};
use kontor_domain::identity::{self, CreateRole, ListRoles, PermissionSet, RoleChanges, RoleView};
use kontor_domain::ids::RoleId;
use kontor_domain::units::Rate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::input::{Small, new_command};
use crate::api::acting::{ask, ask_text, fresh};
use crate::api::categories::held;
use crate::api::input::{Of, Search};
use crate::api::once::Post;
use crate::api::output::{Done, Listed, Reply, json, whole};
use crate::api::seen::{IfMatch, IfNoneMatch, MayMatch, Single};
use crate::api::small::{Shape, SmallSearch, part};
use crate::app::App;
use crate::problem::Problem;

/// Every permission there is.
pub(super) async fn permissions(State(app): State<Arc<App>>, actor: Actor) -> Result<Reply<200, Listed<Permission>>, Problem> {
    app.host.check(&actor, Permission::RolesRead, "permissions").await?;
    Ok(whole(&json(&Permission::ALL)?))
}

/// All roles.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<SmallSearch>,
) -> Result<Reply<200, Listed<RoleView>>, Problem> {
    part(&ask_text(&app, &actor, ListRoles {}).await?, &search, Shape { id: "/role/id", fields: &["/role/name", "/person_count"] })
}

async fn view(app: &App, actor: &Actor, id: RoleId) -> Result<RoleView, Problem> {
    let roles = ask(app, actor, ListRoles {}).await?;
    roles.into_iter().find(|view| view.role.id == id).ok_or_else(|| Problem::missing("role"))
}

/// One role.
pub(super) async fn one(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<RoleId>, known: IfNoneMatch) -> Result<Single<RoleView>, Problem> {
    Single::text(json(&view(&app, &actor, id).await?)?, &known)
}

/// A role to make.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct RoleDraft {
    /// Its name.
    name: String,
    /// What it may.
    permissions: PermissionSet,
    #[serde(default)]
    discount_limit: Rate,
}

/// A role that was made.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct RoleMade {
    /// The role.
    id: RoleId,
    /// As entered.
    #[serde(flatten)]
    role: RoleDraft,
}

/// Makes a role.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, post: Post<RoleDraft>) -> Result<Reply<201, RoleMade>, Problem> {
    let (id, role): (RoleId, _) = (fresh(), post.body);
    let create = CreateRole { id, name: role.name.clone(), permissions: role.permissions.clone(), discount_limit: role.discount_limit };
    let command = Command::Identity(identity::Command::CreateRole(create));
    post.named.execute(&app, &actor, command, move |_| RoleMade { id, role: role.clone() }).await
}

/// What a role is from now on; what is not named stays.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RoleFields {
    /// Its name.
    name: Option<String>,
    /// What it may.
    permissions: Option<PermissionSet>,
    discount_limit: Option<Rate>,
}

/// Changes a role.
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(role_id): Of<RoleId>,
    if_match: IfMatch,
    Small(wish): Small<RoleFields>,
) -> Result<Single<RoleView>, Problem> {
    let seen = view(&app, &actor, role_id).await?;
    let expected = if_match.check(&json(&seen)?)?;
    let name = held(expected, &seen.role.name, &wish.name.unwrap_or_else(|| seen.role.name.clone()));
    let permissions = held(expected, &seen.role.permissions, &wish.permissions.unwrap_or_else(|| seen.role.permissions.clone()));
    let discount_limit = held(expected, &seen.role.discount_limit, &wish.discount_limit.unwrap_or(seen.role.discount_limit));
    let command = Command::Identity(identity::Command::EditRole(RoleChanges { role_id, name, permissions, discount_limit }));
    app.host.execute_keeping(&actor, new_command(), command, None).await.map_err(|reject| if_match.refused(reject))?;
    Single::of(&view(&app, &actor, role_id).await?)
}

/// Removes a role; a built-in one is again what it was.
pub(super) async fn remove(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<RoleId>, MayMatch(seen): MayMatch) -> Result<Done, Problem> {
    if let Some(if_match) = seen {
        if_match.check(&json(&view(&app, &actor, id).await?)?)?;
    }
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::RemoveRole { id })).await?;
    Ok(Done)
}
