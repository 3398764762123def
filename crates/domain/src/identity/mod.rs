//! Who may act: people, their roles, keys for programs, and the networks they may come from.
//!
//! What proves who somebody is (passwords, PINs, secrets of keys) is no part of this: it never leaves the server, or
//! the till where it was typed, and no command carries it.

mod approval;
mod commands;
mod execute;
mod network;
mod rights;
mod rows;
mod views;

pub use approval::{Approvable, Approval};
pub(crate) use approval::{check_discount, check_permission, check_person};
pub use commands::{Command, CreateKey, CreatePerson, CreateRole, NewNetworkRule, PersonChanges, ProfileChanges, Register, RoleChanges};
pub use execute::{KEYS_LIMIT, NETWORK_RULES_LIMIT, USERNAME_LIMIT, run, username_of};
pub use network::{Admission, admit, network_of, normal};
pub use rights::{BuiltIn, PermissionSet, Powers, powers, rights};
pub use rows::{ApiKey, ApiKeyKey, NetworkRule, NetworkRuleKey, NetworkRuleKind, Person, PersonKey, Profile, ProfileKey, Role, RoleKey};
pub use views::{
    AuditDetail, AuditEntry, AuditFilter, AuditSource, BrowsePersons, GetAudit, GetPerson, GetProfile, KeyView, ListAudit, ListKeys,
    ListNetworkRules, ListPersons, ListRoles, PersonFilter, PersonPlace, PersonSort, PersonView, Query, RoleView,
};
