//! What can be asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ApiKey, BuiltIn, NetworkRule, Person, Profile, Role};
use crate::catalog::Page;
use crate::cell::words;
use crate::command::queries;
use crate::ids::{ApiKeyId, DeviceId, PersonId, RoleId};
use crate::place::{Place, Stretch};
use crate::time::Instant;

queries! { Identity {
    /// People by name, a page of them.
    ListPersons { filter: PersonFilter, offset: u32, limit: u32 } -> Page<PersonView>, permission: UsersRead;
    /// People from place to place.
    BrowsePersons { filter: PersonFilter, after: Option<Place<PersonPlace>>, limit: u32 } -> Stretch<PersonView, PersonPlace>, permission: UsersRead;
    /// One person.
    GetPerson { id: PersonId } -> Option<PersonView>, permission: UsersRead;
    /// Whoever asks.
    GetProfile {} -> Option<PersonView>, permission: ProfileOwn;
    /// All roles, built-in ones first.
    ListRoles {} -> Vec<RoleView>, permission: RolesRead;
    /// All keys, newest first.
    ListKeys {} -> Vec<KeyView>, permission: KeysManage;
    /// All rules about networks.
    ListNetworkRules {} -> Vec<NetworkRule>, permission: NetworkManage;
    /// What was done, tried and refused, newest first.
    ListAudit { filter: AuditFilter, before: Option<(Instant, uuid::Uuid)>, limit: u32 } -> Vec<AuditEntry>, permission: AuditRead;
    /// One thing that was done, with all it said.
    GetAudit { id: uuid::Uuid } -> Option<AuditDetail>, permission: AuditRead;
} }

/// Which people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonFilter {
    /// Part of a name, a name to sign in with, an e-mail address, a department or a position; empty: all.
    pub text: String,
    /// Of this role.
    pub role_id: Option<RoleId>,
    /// Who may act, or who may not.
    pub active: Option<bool>,
    /// Order.
    pub sort: PersonSort,
}

words! {
    /// Order of a list of people.
    PersonSort {
        /// By name.
        Name = "name",
        /// By the name to sign in with.
        Username = "username",
        /// Newest first.
        Newest = "newest",
    }
}

#[allow(clippy::derivable_impls, reason = "the macro that declares the words has no default")]
impl Default for PersonSort {
    fn default() -> Self {
        Self::Name
    }
}

/// A place in a list of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonPlace {
    /// By name.
    Name(String, PersonId),
    /// By the name to sign in with.
    Username(String, PersonId),
    /// Newest first.
    Newest(PersonId),
}

impl PersonPlace {
    /// The place of a person in a list.
    pub fn of(sort: PersonSort, person: &Person) -> Self {
        match sort {
            PersonSort::Name => Self::Name(person.name.clone(), person.id),
            PersonSort::Username => Self::Username(person.username.clone(), person.id),
            PersonSort::Newest => Self::Newest(person.id),
        }
    }

    /// How the list is sorted that it is a place of.
    pub const fn sort(&self) -> PersonSort {
        match self {
            Self::Name(..) => PersonSort::Name,
            Self::Username(..) => PersonSort::Username,
            Self::Newest(..) => PersonSort::Newest,
        }
    }
}

/// A person as lists and forms show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PersonView {
    /// The person.
    pub person: Person,
    /// What the office knows; a person from before there was such a thing has none.
    pub profile: Option<Profile>,
    /// Name of the role; a built-in one's is its word.
    pub role_name: String,
}

/// A role as lists and forms show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoleView {
    /// The role as it stands.
    pub role: Role,
    /// Which of the built-in ones it is.
    pub built_in: Option<BuiltIn>,
    /// Whether a built-in one is no longer what it was.
    pub edited: bool,
    /// How many people have it.
    pub person_count: i64,
}

/// A key as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyView {
    /// The key.
    pub key: ApiKey,
    /// Whose it is.
    pub person_name: String,
    /// When it was used last; roughly.
    pub last_used_at: Option<Instant>,
}

words! {
    /// Where an entry of the audit comes from.
    AuditSource {
        /// A command.
        Command = "command",
        /// A sign-in, a refusal, a change of a password.
        Access = "access",
    }
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
    /// Of this person.
    pub person_id: Option<PersonId>,
    /// On this device.
    pub device_id: Option<DeviceId>,
    /// Beginning of the kind: `identity.`, `counter.sell`, `access.`; empty: all.
    pub kind: String,
}

/// One thing that was done, tried or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// The command, or the entry.
    pub id: uuid::Uuid,
    /// When the authority took it.
    pub at: Instant,
    /// Where it comes from.
    pub source: AuditSource,
    /// What: a command's name, or `access.…`.
    pub kind: String,
    /// Who; nobody where it is not known.
    pub person_id: Option<PersonId>,
    /// Their name.
    pub person_name: String,
    /// On which device.
    pub device_id: Option<DeviceId>,
    /// Its name.
    pub device_name: String,
    /// From which address, where it is known.
    pub address: String,
    /// Verdict: `ok`, `refused`, `parked`.
    pub status: String,
    /// Code of a refusal.
    pub code: Option<i64>,
    /// Number of the document that was made.
    pub number: Option<String>,
}

/// One thing with all it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditDetail {
    /// The thing.
    pub entry: AuditEntry,
    /// Its arguments, JSON: what was seen and what it became stand in it as `from` and `to`.
    pub args: String,
    /// When it was entered, by the clock of its device.
    pub entered_at: Instant,
    /// Its place in the company's order; 0 for what is no command.
    pub rev: i64,
    /// Who allowed what the person may not do alone.
    #[serde(default)]
    pub approved_by_name: Option<String>,
    /// The session by which a command came over the network, from a screen in a browser or from a program.
    #[serde(default)]
    pub session_id: Option<uuid::Uuid>,
    /// The key by which it came.
    #[serde(default)]
    pub key_id: Option<ApiKeyId>,
    /// What the key is for.
    #[serde(default)]
    pub key_name: Option<String>,
    /// What the things are called now that its arguments name by id, by the id.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
}
