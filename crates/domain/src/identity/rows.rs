//! The rows.

use super::PermissionSet;
use crate::cell::words;
use crate::ids::{ApiKeyId, NetworkRuleId, PersonId, RoleId};
use crate::time::Instant;
use crate::units::Rate;
use crate::world::table;

table! {
    /// A person who acts. Devices hold staff; customers stay where the office is.
    person: Person, PersonKey {
        /// The person.
        id: PersonId,
    } => {
        /// Name as shown and printed.
        name: String,
        /// Whether the person may act.
        active: bool,
        /// The name to sign in with, lower case; empty: cannot sign in.
        username: String,
        /// The role: all that the person may do comes from it.
        role_id: RoleId,
    }
    reach Company, change Update, index [username, role_id]
}

table! {
    /// What the office knows of a person. Tills do not need it.
    profile: Profile, ProfileKey {
        /// The person.
        id: PersonId,
    } => {
        /// E-mail address, lower case; may be empty.
        email: String,
        /// Department, may be empty.
        department: String,
        /// Position, may be empty.
        position: String,
    }
    reach Office, change Update, index [email]
}

table! {
    /// A named set of permissions: one that the company made, or a built-in one that it edited.
    role: Role, RoleKey {
        /// The role.
        id: RoleId,
    } => {
        /// Its name; a built-in role's is its word as long as nobody named it otherwise.
        name: String,
        /// What it may.
        permissions: PermissionSet,
        /// How much of the price of a line, or of a whole sale, it may let go.
        discount_limit: Rate,
    }
    reach Company, change Remove
}

table! {
    /// A key by which a program acts for a person. Its secret is kept elsewhere, as what it hashes to.
    api_key: ApiKey, ApiKeyKey {
        /// The key.
        id: ApiKeyId,
    } => {
        /// What it is for.
        name: String,
        /// Whose it is: it never may more than this person.
        person_id: PersonId,
        /// What it may, if the person may it.
        permissions: PermissionSet,
        /// Since when.
        created_at: Instant,
        /// When it was taken back.
        revoked_at: Option<Instant>,
    }
    reach Authority, change Update, index [person_id]
}

words! {
    /// What a rule says of a network.
    NetworkRuleKind {
        /// Who comes from there may ask; where there is such a rule, nobody else may.
        Allow = "allow",
        /// Who comes from there may not ask, whatever else allows it.
        Deny = "deny",
    }
}

table! {
    /// Whether people and programs may come from a network.
    network_rule: NetworkRule, NetworkRuleKey {
        /// The rule.
        id: NetworkRuleId,
    } => {
        /// What it says.
        kind: NetworkRuleKind,
        /// The network: an address and how many of its bits count, `192.168.1.0/24`, `2001:db8::/32`.
        network: String,
        /// Why, for people.
        note: String,
    }
    reach Authority, change Remove, index [kind]
}
