//! Deciding who may act.

use super::approval::over_discount_limit;
use super::{
    ApiKey, ApiKeyKey, BuiltIn, Command, CreateKey, CreatePerson, CreateRole, NetworkRule, NetworkRuleKey, NewNetworkRule, PermissionSet, Person,
    PersonChanges, PersonKey, Powers, Profile, ProfileChanges, ProfileKey, Register, Role, RoleChanges, RoleKey, network_of,
};
use crate::cell::Cell;
use crate::command::{Edit, Event, Exec, Outcome, Rights, apply};
use crate::ids::{ApiKeyId, NetworkRuleId, PersonId, RoleId};
use crate::reject::{Code, Reject};
use crate::text::{NAME_LIMIT, check_line, check_name};
use crate::units::Rate;
use crate::world::{Halt, Scope};

/// Longest name to sign in with, in characters.
pub const USERNAME_LIMIT: usize = 64;
/// Longest e-mail address.
const EMAIL_LIMIT: usize = 254;
/// Keys that one person may have, taken back ones included.
pub const KEYS_LIMIT: usize = 200;
/// Rules about networks that a company may have, of each kind: each request looks through them.
pub const NETWORK_RULES_LIMIT: usize = 200;

/// Places of the indexes of [`Person`].
const BY_USERNAME: usize = 0;
const BY_ROLE: usize = 1;

/// Decides a change to who may act.
pub fn run(exec: &mut Exec<'_>, command: &Command) -> Result<Outcome, Halt> {
    match command {
        Command::CreatePerson(new) => create_person(exec, new),
        Command::Register(new) => register(exec, new),
        Command::EditPerson(changes) => edit_person(exec, changes),
        Command::EditProfile(changes) => edit_profile(exec, changes),
        Command::ChangeRole { person_id, role } => change_role(exec, *person_id, role),
        Command::SetActive { person_id, active } => set_active(exec, *person_id, active),
        Command::CreateRole(new) => create_role(exec, new),
        Command::EditRole(changes) => edit_role(exec, changes),
        Command::RemoveRole { id } => remove_role(exec, *id),
        Command::CreateKey(new) => create_key(exec, new),
        Command::RevokeKey { id } => revoke_key(exec, *id),
        Command::AddNetworkRule(new) => add_network_rule(exec, new),
        Command::RemoveNetworkRule { id } => remove_network_rule(exec, *id),
    }?;
    Ok(Outcome::event(Event::IdentityChanged))
}

/// A name to sign in with as it is kept and compared.
pub fn username_of(typed: &str) -> String {
    typed.trim().to_lowercase()
}

fn check_username(username: &str) -> Result<(), Reject> {
    check_line(username, "username", USERNAME_LIMIT)?;
    let is_known = |character: char| character.is_alphanumeric() || "._-+@".contains(character);
    if username == username_of(username) && username.chars().all(is_known) { Ok(()) } else { Err(Reject::field(Code::Format, "username")) }
}

/// Whether it looks like an address; whether somebody reads what is sent there, only sending tells.
fn check_email(email: &str) -> Result<(), Reject> {
    check_line(email, "email", EMAIL_LIMIT)?;
    let wrong = || Reject::field(Code::Format, "email");
    if email.is_empty() {
        return Ok(());
    }
    let (name, host) = email.split_once('@').ok_or_else(wrong)?;
    let is_known = |character: char| !character.is_whitespace() && !"<>()[],;:\\\"@".contains(character) && !character.is_uppercase();
    if name.is_empty() || host.is_empty() || !name.chars().chain(host.chars()).all(is_known) || host.split('.').any(str::is_empty) {
        return Err(wrong());
    }
    Ok(())
}

fn check_person(person: &Person, profile: &Profile) -> Result<(), Reject> {
    check_name(&person.name, "name", NAME_LIMIT)?;
    check_username(&person.username)?;
    check_email(&profile.email)?;
    check_line(&profile.department, "department", NAME_LIMIT)?;
    check_line(&profile.position, "position", NAME_LIMIT)
}

/// Nobody else signs in under this name or is written to at this address.
fn check_unique(exec: &mut Exec<'_>, person: &Person, profile: &Profile) -> Result<(), Halt> {
    let (username, email) = (person.username.to_value(), profile.email.to_value());
    if !person.username.is_empty() {
        exec.world.wish_under::<Person>(BY_USERNAME, username.clone());
    }
    if !profile.email.is_empty() {
        exec.world.wish_under::<Profile>(0, email.clone());
    }
    exec.world.granted()?;
    let taken = |value: &str| Halt::from(Reject::field(Code::CodeInUse, "username").with("value", value).with("name", value));
    if !person.username.is_empty() && exec.world.under::<Person>(BY_USERNAME, username)?.iter().any(|other| other.id != person.id) {
        return Err(taken(&person.username));
    }
    if !profile.email.is_empty() && exec.world.under::<Profile>(0, email)?.iter().any(|other| other.id != profile.id) {
        return Err(taken(&profile.email));
    }
    Ok(())
}

/// Devices hold staff, the office holds customers.
fn scope_of(role: RoleId) -> Scope {
    if role == RoleId::CUSTOMER { Scope::OFFICE } else { Scope::COMPANY }
}

/// What a role may, if there is such a role.
fn powers_of_role(exec: &mut Exec<'_>, id: RoleId) -> Result<Powers, Halt> {
    let row = exec.world.find::<Role>(&RoleKey { id })?;
    if row.is_none() && BuiltIn::of_role(id).is_none() {
        return Err(Reject::new(Code::NotFound).with("what", "role").into());
    }
    Ok(super::rights::of_role(id, row.as_ref()))
}

/// Nobody gives what they do not have, and nobody takes it from who has it.
fn check_covers(exec: &Exec<'_>, powers: &Powers) -> Result<(), Reject> {
    check_covers_rights(exec, &powers.rights)?;
    check_covers_discount(exec, powers.discount_limit)
}

fn check_covers_rights(exec: &Exec<'_>, rights: &Rights) -> Result<(), Reject> {
    match exec.powers.rights.missing(rights) {
        None => Ok(()),
        Some(permission) => Err(Reject::new(Code::InsufficientPermission).with("permission", permission.word())),
    }
}

fn check_covers_discount(exec: &Exec<'_>, limit: Rate) -> Result<(), Reject> {
    let own = exec.powers.discount_limit;
    if limit <= own { Ok(()) } else { Err(over_discount_limit(own, limit)) }
}

fn check_covers_row(exec: &Exec<'_>, role: &Role) -> Result<(), Reject> {
    check_covers(exec, &super::rights::of_role(role.id, Some(role)))
}

fn check_discount_limit(limit: Rate) -> Result<(), Reject> {
    if (Rate::ZERO..=Rate::WHOLE).contains(&limit) { Ok(()) } else { Err(Reject::field(Code::OutOfRange, "discount_limit")) }
}

fn check_covers_role(exec: &mut Exec<'_>, id: RoleId) -> Result<(), Halt> {
    let powers = powers_of_role(exec, id)?;
    Ok(check_covers(exec, &powers)?)
}

fn person(exec: &mut Exec<'_>, id: PersonId) -> Result<Person, Halt> {
    Ok(exec.world.find::<Person>(&PersonKey { id })?.ok_or_else(|| Reject::new(Code::UserNotFound))?)
}

fn profile(exec: &mut Exec<'_>, id: PersonId) -> Result<Option<Profile>, Halt> {
    exec.world.find::<Profile>(&ProfileKey { id })
}

fn no_profile(id: PersonId) -> Profile {
    Profile { id, email: String::new(), department: String::new(), position: String::new() }
}

fn create_person(exec: &mut Exec<'_>, new: &CreatePerson) -> Result<(), Halt> {
    check_covers_role(exec, new.role_id)?;
    let person = Person { id: new.id, name: new.name.clone(), active: true, username: new.username.clone(), role_id: new.role_id };
    let profile = Profile { id: new.id, email: new.email.clone(), department: new.department.clone(), position: new.position.clone() };
    insert_person(exec, person, profile)
}

fn register(exec: &mut Exec<'_>, new: &Register) -> Result<(), Halt> {
    if new.id != exec.envelope.actor {
        return Err(Reject::field(Code::Format, "id").into());
    }
    if new.username.is_empty() {
        return Err(Reject::field(Code::Format, "username").into());
    }
    let person = Person { id: new.id, name: new.name.clone(), active: true, username: new.username.clone(), role_id: RoleId::CUSTOMER };
    insert_person(exec, person, Profile { email: new.email.clone(), ..no_profile(new.id) })
}

fn insert_person(exec: &mut Exec<'_>, person: Person, profile: Profile) -> Result<(), Halt> {
    check_person(&person, &profile)?;
    exec.check_fresh::<Person>(&PersonKey { id: person.id }, person.id.0)?;
    exec.check_fresh::<Profile>(&ProfileKey { id: person.id }, person.id.0)?;
    check_unique(exec, &person, &profile)?;
    exec.world.insert(scope_of(person.role_id), person);
    exec.world.insert(Scope::OFFICE, profile);
    Ok(())
}

fn edit_person(exec: &mut Exec<'_>, changes: &PersonChanges) -> Result<(), Halt> {
    let mut person = person(exec, changes.person_id)?;
    check_covers_role(exec, person.role_id)?;
    let stored = profile(exec, person.id)?;
    let mut profile = stored.clone().unwrap_or_else(|| no_profile(person.id));
    apply(&mut person.name, &changes.name, "name")?;
    apply(&mut person.username, &changes.username, "username")?;
    apply(&mut profile.email, &changes.email, "email")?;
    apply(&mut profile.department, &changes.department, "department")?;
    apply(&mut profile.position, &changes.position, "position")?;
    write_person(exec, person, profile, stored.is_some())
}

fn edit_profile(exec: &mut Exec<'_>, changes: &ProfileChanges) -> Result<(), Halt> {
    let mut person = person(exec, exec.envelope.actor)?;
    let stored = profile(exec, person.id)?;
    let mut profile = stored.clone().unwrap_or_else(|| no_profile(person.id));
    apply(&mut person.name, &changes.name, "name")?;
    apply(&mut profile.email, &changes.email, "email")?;
    write_person(exec, person, profile, stored.is_some())
}

fn write_person(exec: &mut Exec<'_>, person: Person, profile: Profile, has_profile: bool) -> Result<(), Halt> {
    check_person(&person, &profile)?;
    check_unique(exec, &person, &profile)?;
    exec.world.update(person);
    if has_profile {
        exec.world.update(profile);
    } else {
        exec.world.insert(Scope::OFFICE, profile);
    }
    Ok(())
}

/// The company keeps somebody who may do everything.
fn check_other_owner(exec: &mut Exec<'_>, person: &Person) -> Result<(), Halt> {
    if person.role_id != RoleId::OWNER || !person.active {
        return Ok(());
    }
    let owners = exec.world.under::<Person>(BY_ROLE, RoleId::OWNER.to_value())?;
    if owners.iter().any(|other| other.active && other.id != person.id) {
        return Ok(());
    }
    Err(Reject::new(Code::NotAllowedInState).with("action", "last_owner").with("state", "owner").into())
}

fn change_role(exec: &mut Exec<'_>, person_id: PersonId, role: &Edit<RoleId>) -> Result<(), Halt> {
    let mut person = person(exec, person_id)?;
    check_covers_role(exec, person.role_id)?;
    check_covers_role(exec, role.to)?;
    if role.to != RoleId::OWNER {
        check_other_owner(exec, &person)?;
    }
    let before = scope_of(person.role_id);
    apply(&mut person.role_id, &Some(role.clone()), "role")?;
    let after = scope_of(person.role_id);
    if before == after {
        exec.world.update(person);
    } else {
        exec.world.rescope(person, after);
    }
    Ok(())
}

fn set_active(exec: &mut Exec<'_>, person_id: PersonId, active: &Edit<bool>) -> Result<(), Halt> {
    let mut person = person(exec, person_id)?;
    check_covers_role(exec, person.role_id)?;
    if !active.to {
        check_other_owner(exec, &person)?;
    }
    apply(&mut person.active, &Some(active.clone()), "enabled")?;
    exec.world.update(person);
    Ok(())
}

fn create_role(exec: &mut Exec<'_>, new: &CreateRole) -> Result<(), Halt> {
    check_name(&new.name, "name", NAME_LIMIT)?;
    if BuiltIn::of_role(new.id).is_some() {
        return Err(Reject::field(Code::Format, "id").into());
    }
    exec.check_fresh::<Role>(&RoleKey { id: new.id }, new.id.0)?;
    check_discount_limit(new.discount_limit)?;
    let role = Role { id: new.id, name: new.name.clone(), permissions: new.permissions.clone(), discount_limit: new.discount_limit };
    check_covers_row(exec, &role)?;
    exec.world.insert(Scope::COMPANY, role);
    Ok(())
}

fn check_permissions(id: RoleId, permissions: &PermissionSet) -> Result<(), Reject> {
    if id == RoleId::CUSTOMER && !permissions.is_a_customers() { Err(Reject::field(Code::PermissionFormat, "permissions")) } else { Ok(()) }
}

fn edit_role(exec: &mut Exec<'_>, changes: &RoleChanges) -> Result<(), Halt> {
    let id = changes.role_id;
    if id == RoleId::OWNER {
        return Err(Reject::new(Code::NotAllowedInState).with("action", "edit_role").with("state", "owner").into());
    }
    let stored = exec.world.find::<Role>(&RoleKey { id })?;
    let is_stored = stored.is_some();
    let mut role = match (stored, BuiltIn::of_role(id)) {
        (Some(role), _) => role,
        (None, Some(built_in)) => built_in.role(),
        (None, None) => return Err(Reject::new(Code::NotFound).with("what", "role").into()),
    };
    check_covers_row(exec, &role)?;
    apply(&mut role.name, &changes.name, "name")?;
    apply(&mut role.permissions, &changes.permissions, "permissions")?;
    apply(&mut role.discount_limit, &changes.discount_limit, "discount_limit")?;
    check_discount_limit(role.discount_limit)?;
    check_name(&role.name, "name", NAME_LIMIT)?;
    check_permissions(id, &role.permissions)?;
    check_covers_row(exec, &role)?;
    if is_stored {
        exec.world.update(role);
    } else {
        exec.world.insert(Scope::COMPANY, role);
    }
    Ok(())
}

fn remove_role(exec: &mut Exec<'_>, id: RoleId) -> Result<(), Halt> {
    let role = exec.world.find::<Role>(&RoleKey { id })?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "role"))?;
    check_covers_row(exec, &role)?;
    match BuiltIn::of_role(id) {
        Some(built_in) => check_covers_row(exec, &built_in.role())?,
        None if exec.world.under::<Person>(BY_ROLE, id.to_value())?.is_empty() => {}
        None => return Err(Reject::new(Code::NotAllowedInState).with("action", "remove_role").with("state", "in_use").into()),
    }
    exec.world.remove::<Role>(RoleKey { id });
    Ok(())
}

fn create_key(exec: &mut Exec<'_>, new: &CreateKey) -> Result<(), Halt> {
    check_name(&new.name, "name", NAME_LIMIT)?;
    let person_id = exec.envelope.actor;
    exec.check_fresh::<ApiKey>(&ApiKeyKey { id: new.id }, new.id.0)?;
    check_covers_rights(exec, &Rights::Only(new.permissions.0.clone()))?;
    if exec.world.under::<ApiKey>(0, person_id.to_value())?.len() >= KEYS_LIMIT {
        return Err(Reject::field(Code::TooLong, "keys").with("limit", KEYS_LIMIT).into());
    }
    let created_at = exec.at();
    let key = ApiKey { id: new.id, name: new.name.clone(), person_id, permissions: new.permissions.clone(), created_at, revoked_at: None };
    exec.world.insert(Scope::AUTHORITY, key);
    Ok(())
}

fn revoke_key(exec: &mut Exec<'_>, id: ApiKeyId) -> Result<(), Halt> {
    let mut key = exec.world.find::<ApiKey>(&ApiKeyKey { id })?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "key"))?;
    if key.revoked_at.is_none() {
        key.revoked_at = Some(exec.at());
        exec.world.update(key);
    }
    Ok(())
}

fn add_network_rule(exec: &mut Exec<'_>, new: &NewNetworkRule) -> Result<(), Halt> {
    let network = network_of(&new.network).ok_or_else(|| Reject::field(Code::Format, "network"))?.to_string();
    check_line(&new.note, "note", NAME_LIMIT)?;
    exec.check_fresh::<NetworkRule>(&NetworkRuleKey { id: new.id }, new.id.0)?;
    let others = exec.world.under::<NetworkRule>(0, new.kind.to_value())?;
    if others.len() >= NETWORK_RULES_LIMIT {
        return Err(Reject::field(Code::TooLong, "rules").with("limit", NETWORK_RULES_LIMIT).into());
    }
    if others.iter().any(|other| other.network == network) {
        return Err(Reject::field(Code::CodeInUse, "network").with("value", &network).with("name", new.kind.word()).into());
    }
    exec.world.insert(Scope::AUTHORITY, NetworkRule { id: new.id, kind: new.kind, network, note: new.note.clone() });
    Ok(())
}

fn remove_network_rule(exec: &mut Exec<'_>, id: NetworkRuleId) -> Result<(), Halt> {
    if exec.world.find::<NetworkRule>(&NetworkRuleKey { id })?.is_none() {
        return Err(Reject::new(Code::NotFound).with("what", "rule").into());
    }
    exec.world.remove::<NetworkRule>(NetworkRuleKey { id });
    Ok(())
}
