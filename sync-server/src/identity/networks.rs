//! From which networks people and programs may come.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use kontor_domain::command::Command;
use kontor_domain::identity::{self, Admission, ListNetworkRules, NetworkRule, NetworkRuleKind, NewNetworkRule, admit};
use kontor_domain::ids::NetworkRuleId;
use kontor_domain::reject::{Code, Reject};
use serde::Deserialize;
use uuid::Uuid;

use super::actor::Actor;
use super::input::{Id, Small, new_command};
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{self, Pack};

/// All rules.
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, Problem> {
    wire::reply(app.host.ask_as(&actor, ListNetworkRules {}).await?, Pack::No).await
}

/// Nobody shuts themselves out by a slip.
fn check_own(rules: &[NetworkRule], actor: &Actor) -> Result<(), Problem> {
    match admit(rules, actor.address) {
        Admission::Admitted => Ok(()),
        Admission::Denied => Err(Reject::new(Code::AddressDenied).into()),
        Admission::NotAllowed => Err(Reject::new(Code::AddressNotAllowed).into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    kind: NetworkRuleKind,
    network: String,
    #[serde(default)]
    note: String,
}

/// Makes a rule.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, Small(new): Small<New>) -> Result<Response, Problem> {
    let rule = NetworkRule { id: NetworkRuleId(Uuid::now_v7()), kind: new.kind, network: new.network, note: new.note };
    let mut rules = app.host.ask_as(&actor, ListNetworkRules {}).await?;
    rules.push(rule.clone());
    if identity::network_of(&rule.network).is_some() {
        check_own(&rules, &actor)?;
    }
    let add = NewNetworkRule { id: rule.id, kind: rule.kind, network: rule.network, note: rule.note };
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::AddNetworkRule(add.clone()))).await?;
    let mut response = wire::reply(add, Pack::No).await?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Removes a rule.
pub(super) async fn remove(State(app): State<Arc<App>>, actor: Actor, Id(id): Id) -> Result<Response, Problem> {
    let id = NetworkRuleId(id);
    let mut rules = app.host.ask_as(&actor, ListNetworkRules {}).await?;
    rules.retain(|rule| rule.id != id);
    check_own(&rules, &actor)?;
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::RemoveNetworkRule { id })).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
