//! From which networks people and programs may come.

use std::sync::Arc;

use axum::extract::State;
use kontor_domain::command::Command;
use kontor_domain::identity::{self, Admission, ListNetworkRules, NetworkRule, NetworkRuleKind, NewNetworkRule, admit};
use kontor_domain::ids::NetworkRuleId;
use kontor_domain::reject::{Code, Reject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::input::new_command;
use crate::api::acting::{ask, ask_text, fresh};
use crate::api::input::{Of, Search};
use crate::api::once::Post;
use crate::api::output::{Done, Listed, Reply};
use crate::api::small::{Shape, SmallSearch, part};
use crate::app::App;
use crate::problem::Problem;

/// All rules.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<SmallSearch>,
) -> Result<Reply<200, Listed<NetworkRule>>, Problem> {
    part(&ask_text(&app, &actor, ListNetworkRules {}).await?, &search, Shape { id: "/id", fields: &["/network", "/kind"] })
}

/// Nobody shuts themselves out by a slip.
fn check_own(rules: &[NetworkRule], actor: &Actor) -> Result<(), Problem> {
    match admit(rules, actor.address) {
        Admission::Admitted => Ok(()),
        Admission::Denied => Err(Reject::new(Code::AddressDenied).into()),
        Admission::NotAllowed => Err(Reject::new(Code::AddressNotAllowed).into()),
    }
}

/// A rule to make.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuleDraft {
    /// What it says.
    kind: NetworkRuleKind,
    /// The network: an address, or an address and how many of its bits count.
    network: String,
    /// Why, for people.
    #[serde(default)]
    note: String,
}

/// A rule that was made.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuleMade {
    /// The rule.
    id: NetworkRuleId,
    /// As entered.
    #[serde(flatten)]
    rule: RuleDraft,
}

/// Makes a rule.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, post: Post<RuleDraft>) -> Result<Reply<201, RuleMade>, Problem> {
    let (id, new): (NetworkRuleId, _) = (fresh(), post.body);
    let mut rules = ask(&app, &actor, ListNetworkRules {}).await?;
    rules.push(NetworkRule { id, kind: new.kind, network: new.network.clone(), note: new.note.clone() });
    if identity::network_of(&new.network).is_some() {
        check_own(&rules, &actor)?;
    }
    let add = NewNetworkRule { id, kind: new.kind, network: new.network.clone(), note: new.note.clone() };
    let command = Command::Identity(identity::Command::AddNetworkRule(add));
    post.named.execute(&app, &actor, command, move |_| RuleMade { id, rule: new.clone() }).await
}

/// Removes a rule.
pub(super) async fn remove(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<NetworkRuleId>) -> Result<Done, Problem> {
    let mut rules = ask(&app, &actor, ListNetworkRules {}).await?;
    rules.retain(|rule| rule.id != id);
    check_own(&rules, &actor)?;
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::RemoveNetworkRule { id })).await?;
    Ok(Done)
}
