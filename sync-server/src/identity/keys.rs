//! Keys for programs.

use std::sync::Arc;

use axum::extract::State;
use kontor_domain::command::Command;
use kontor_domain::identity::{self, CreateKey, KeyView, ListKeys, PermissionSet};
use kontor_domain::ids::ApiKeyId;
use kontor_sync::enrol::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::input::new_command;
use crate::api::acting::{ask_text, fresh};
use crate::api::input::{Of, Search};
use crate::api::once::{Post, Told};
use crate::api::output::{Done, Listed, Reply};
use crate::api::small::{Shape, SmallSearch, part};
use crate::app::App;
use crate::problem::Problem;
use crate::secrets::{self, TokenKind};

/// All keys.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<SmallSearch>,
) -> Result<Reply<200, Listed<KeyView>>, Problem> {
    part(&ask_text(&app, &actor, ListKeys {}).await?, &search, Shape { id: "/key/id", fields: &["/key/name", "/key/created_at", "/person_name"] })
}

/// A key to make.
#[derive(Deserialize, JsonSchema)]
pub struct KeyDraft {
    /// What it is for.
    name: String,
    /// What it may, if whoever makes it may it.
    permissions: PermissionSet,
}

/// A key that was made.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct KeyMade {
    /// The key.
    id: ApiKeyId,
    /// What a program sends, in the first answer only: it is kept nowhere. Whoever missed it makes another key.
    #[serde(default)]
    key: Option<Secret>,
}

/// Makes a key.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, post: Post<KeyDraft>) -> Result<Reply<201, KeyMade>, Problem> {
    let id: ApiKeyId = fresh();
    let (key, secret_hash) = secrets::token_of(TokenKind::ApiKey, id.0).map_err(|_| Problem::unavailable())?;
    let create = CreateKey { id, name: post.body.name, permissions: post.body.permissions };
    let command = Command::Identity(identity::Command::CreateKey(create));
    // The secret first: without its key it opens nothing, and there is never a key that nothing opens.
    app.host.access.add_key_secret(actor.company, id, &secret_hash).await?;
    match post.named.tell(&app, &actor, command, move |_| KeyMade { id, key: None }).await {
        Ok(Told::First(_)) => Reply::of(&KeyMade { id, key: Some(key) }),
        Ok(Told::Again(reply)) => {
            app.host.access.drop_key_secret(id).await?;
            Ok(reply)
        }
        Err(problem) => {
            app.host.access.drop_key_secret(id).await?;
            Err(problem)
        }
    }
}

/// Takes a key back.
pub(super) async fn revoke(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<ApiKeyId>) -> Result<Done, Problem> {
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::RevokeKey { id })).await?;
    Ok(Done)
}
