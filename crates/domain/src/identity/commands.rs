//! What can change.

use serde::{Deserialize, Serialize};

use super::{NetworkRuleKind, PermissionSet};
use crate::command::Edit;
use crate::ids::{ApiKeyId, NetworkRuleId, PersonId, RoleId};
use crate::units::Rate;

/// Changes to who may act. All of them are taken only where the authority is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// One more person of the staff.
    CreatePerson(CreatePerson),
    /// Somebody makes themselves a customer. Nobody becomes anything else by asking.
    Register(Register),
    /// Changes a person's data.
    EditPerson(PersonChanges),
    /// Changes one's own.
    EditProfile(ProfileChanges),
    /// Gives a person another role.
    ChangeRole {
        /// The person.
        person_id: PersonId,
        /// The role.
        role: Edit<RoleId>,
    },
    /// Lets a person act, or no longer.
    SetActive {
        /// The person.
        person_id: PersonId,
        /// Whether the person may act.
        active: Edit<bool>,
    },
    /// One more role.
    CreateRole(CreateRole),
    /// Changes a role, or a built-in one for the first time.
    EditRole(RoleChanges),
    /// Removes a role that nobody has; a built-in one is again what it was at the beginning.
    RemoveRole {
        /// The role.
        id: RoleId,
    },
    /// One more key, the actor's.
    CreateKey(CreateKey),
    /// Takes a key back.
    RevokeKey {
        /// The key.
        id: ApiKeyId,
    },
    /// One more rule about a network.
    AddNetworkRule(NewNetworkRule),
    /// Removes a rule.
    RemoveNetworkRule {
        /// The rule.
        id: NetworkRuleId,
    },
}

/// One more person of the staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePerson {
    /// The person.
    pub id: PersonId,
    /// Name as shown and printed.
    pub name: String,
    /// The name to sign in with; empty: cannot sign in.
    #[serde(default)]
    pub username: String,
    /// E-mail address, may be empty.
    #[serde(default)]
    pub email: String,
    /// Department, may be empty.
    #[serde(default)]
    pub department: String,
    /// Position, may be empty.
    #[serde(default)]
    pub position: String,
    /// The role; the actor may all that it may.
    pub role_id: RoleId,
}

/// Somebody who becomes a customer, and is the actor of this command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The person.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// The name to sign in with.
    pub username: String,
    /// E-mail address, may be empty.
    #[serde(default)]
    pub email: String,
}

/// Changed data of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonChanges {
    /// The person.
    pub person_id: PersonId,
    /// Name.
    #[serde(default)]
    pub name: Option<Edit<String>>,
    /// The name to sign in with.
    #[serde(default)]
    pub username: Option<Edit<String>>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<Edit<String>>,
    /// Department.
    #[serde(default)]
    pub department: Option<Edit<String>>,
    /// Position.
    #[serde(default)]
    pub position: Option<Edit<String>>,
}

impl PersonChanges {
    /// No change of a person yet.
    pub const fn of(person_id: PersonId) -> Self {
        Self { person_id, name: None, username: None, email: None, department: None, position: None }
    }
}

/// What people may change of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileChanges {
    /// Name.
    pub name: Option<Edit<String>>,
    /// E-mail address.
    pub email: Option<Edit<String>>,
}

/// One more role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRole {
    /// The role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it may; the actor may all of it.
    pub permissions: PermissionSet,
    /// How much of a price it may let go, not more than the actor.
    #[serde(default)]
    pub discount_limit: Rate,
}

/// A changed role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChanges {
    /// The role.
    pub role_id: RoleId,
    /// Its name.
    #[serde(default)]
    pub name: Option<Edit<String>>,
    /// What it may.
    #[serde(default)]
    pub permissions: Option<Edit<PermissionSet>>,
    /// How much of a price it may let go.
    #[serde(default)]
    pub discount_limit: Option<Edit<Rate>>,
}

impl RoleChanges {
    /// No change of a role yet.
    pub const fn of(role_id: RoleId) -> Self {
        Self { role_id, name: None, permissions: None, discount_limit: None }
    }
}

/// One more key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateKey {
    /// The key.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What it may; the actor may all of it.
    pub permissions: PermissionSet,
}

/// One more rule about a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewNetworkRule {
    /// The rule.
    pub id: NetworkRuleId,
    /// What it says.
    pub kind: NetworkRuleKind,
    /// The network: an address, or an address and how many of its bits count.
    pub network: String,
    /// Why, for people.
    #[serde(default)]
    pub note: String,
}
