//! People.

use std::sync::Arc;

use axum::extract::State;
use kontor_domain::command::{Command, Edit};
use kontor_domain::identity::{
    self, BrowsePersons, CreatePerson, GetPerson, GetProfile, ListPersons, Person, PersonChanges, PersonFilter, PersonPlace, PersonSort, PersonView,
    Profile, ProfileChanges, username_of,
};
use kontor_domain::ids::{PersonId, RoleId};
use kontor_domain::reject::{Code, Reject};
use kontor_sync::enrol::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::prove;
use super::actor::{Actor, Knocking};
use super::input::{Small, new_command};
use crate::api::acting::{ask_text, fresh, read};
use crate::api::categories::held;
use crate::api::input::{Of, Search};
use crate::api::once::Post;
use crate::api::output::{Listed, Reply};
use crate::api::paging::{Paging, listing};
use crate::api::seen::{Expected, IfMatch, IfNoneMatch, Single};
use crate::app::App;
use crate::problem::Problem;

listing! {
    /// Which people.
    PersonSearch {
        /// Part of a name, a name to sign in with, an e-mail address, a department or a position.
        q: Option<String>,
        /// Only of this role.
        role: Option<RoleId>,
        /// Those who may act, or those who may not.
        active: Option<bool>,
        /// Order; by name if nothing is said.
        sort: Option<PersonSort>,
    }
}

/// People.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<PersonSearch>,
) -> Result<Reply<200, Listed<PersonView>>, Problem> {
    let paging: Paging<PersonPlace> = search.paging()?;
    let (text, sort) = (search.q.unwrap_or_default(), search.sort.unwrap_or_default());
    let filter = PersonFilter { text, role_id: search.role, active: search.active, sort };
    let text = match paging {
        Paging::Page { offset, limit } => ask_text(&app, &actor, ListPersons { filter, offset, limit }).await?,
        Paging::Stretch { after: Some(after), .. } if after.0.sort() != sort => {
            return Err(Problem::malformed("after").about("a place of another order".into(), "query:after".into()));
        }
        Paging::Stretch { after, limit } => ask_text(&app, &actor, BrowsePersons { filter, after, limit }).await?,
    };
    Ok(Reply::text(text))
}

fn unknown() -> Problem {
    Reject::new(Code::UserNotFound).into()
}

/// A person as JSON, if there is one.
async fn text_of(app: &App, actor: &Actor, id: PersonId) -> Result<String, Problem> {
    let text = ask_text(app, actor, GetPerson { id }).await?;
    if text == "null" { Err(unknown()) } else { Ok(text) }
}

async fn own_text(app: &App, actor: &Actor) -> Result<String, Problem> {
    let text = ask_text(app, actor, GetProfile {}).await?;
    if text == "null" { Err(Problem::unauthorised()) } else { Ok(text) }
}

/// One person.
pub(super) async fn one(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<PersonId>, known: IfNoneMatch) -> Result<Single<PersonView>, Problem> {
    Single::text(text_of(&app, &actor, id).await?, &known)
}

/// Whoever asks.
pub(super) async fn own(State(app): State<Arc<App>>, actor: Actor, known: IfNoneMatch) -> Result<Single<PersonView>, Problem> {
    Single::text(own_text(&app, &actor).await?, &known)
}

/// What somebody is from now on, field by field; what is not named stays.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PersonFields {
    /// Name.
    name: Option<String>,
    /// Name to sign in with; empty: cannot sign in.
    username: Option<String>,
    /// E-mail address; links to a new password go there.
    email: Option<String>,
    /// Department.
    department: Option<String>,
    /// Position.
    position: Option<String>,
    /// The password of who asks: needed to change one's own e-mail address.
    password: Option<Secret>,
}

/// What people may say of themselves.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OwnFields {
    /// Name.
    name: Option<String>,
    /// E-mail address; links to a new password go there.
    email: Option<String>,
    /// The password so far: needed to change the e-mail address.
    password: Option<Secret>,
}

/// A field as it is seen now, and what it shall be; where nothing may have changed meanwhile, also one that stays.
fn changed(expected: Expected, from: &str, to: Option<String>) -> Option<Edit<String>> {
    let from = from.to_owned();
    let to = to.unwrap_or_else(|| from.clone());
    held(expected, &from, &to)
}

fn profile_of(view: &PersonView) -> Profile {
    let nothing = || Profile { id: view.person.id, email: String::new(), department: String::new(), position: String::new() };
    view.profile.clone().unwrap_or_else(nothing)
}

fn address_of(typed: Option<String>) -> Option<String> {
    typed.map(|email| email.trim().to_lowercase())
}

/// Whoever changes where links to a new password of theirs go proves with the password who they are.
async fn prove_for(app: &App, actor: &Actor, from: &str, to: Option<&str>, password: Option<Secret>) -> Result<(), Problem> {
    if to.is_none_or(|to| to == from) {
        return Ok(());
    }
    let missing =
        || Problem::from(Reject::field(Code::OldPasswordWrong, "password")).about("needed to change the e-mail".into(), "#/password".into());
    let proved = prove(app, actor, password.ok_or_else(missing)?, "password").await;
    if let Err(problem) = &proved {
        let Actor { company, person, device, address, .. } = *actor;
        Knocking { company, person: Some(person), device: Some(device), address }.note_number(app, problem.code()).await;
    }
    proved.map(|_| ())
}

/// Executes an edit and answers with what it came to.
async fn edited(app: &App, actor: &Actor, if_match: &IfMatch, command: identity::Command, id: PersonId) -> Result<Single<PersonView>, Problem> {
    let done = app.host.execute_proven(actor, new_command(), Command::Identity(command), None).await;
    done.map_err(|reject| if_match.refused(reject))?;
    // One's own data is read by who may not read people.
    let text = if id == actor.person { own_text(app, actor).await? } else { text_of(app, actor, id).await? };
    Single::text(text, &IfNoneMatch::nothing())
}

/// Changes whoever asks.
pub(super) async fn edit_own(
    State(app): State<Arc<App>>,
    actor: Actor,
    if_match: IfMatch,
    Small(wish): Small<OwnFields>,
) -> Result<Single<PersonView>, Problem> {
    let text = own_text(&app, &actor).await?;
    let seen: PersonView = read(&text)?;
    let (expected, profile, email) = (if_match.check(&text)?, profile_of(&seen), address_of(wish.email));
    prove_for(&app, &actor, &profile.email, email.as_deref(), wish.password).await?;
    let changes = ProfileChanges { name: changed(expected, &seen.person.name, wish.name), email: changed(expected, &profile.email, email) };
    edited(&app, &actor, &if_match, identity::Command::EditProfile(changes), actor.person).await
}

/// Changes somebody.
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<PersonId>,
    if_match: IfMatch,
    Small(wish): Small<PersonFields>,
) -> Result<Single<PersonView>, Problem> {
    let text = text_of(&app, &actor, id).await?;
    let PersonView { person, .. } = read::<PersonView>(&text)?;
    let (expected, profile, email) = (if_match.check(&text)?, profile_of(&read(&text)?), address_of(wish.email));
    if id == actor.person {
        prove_for(&app, &actor, &profile.email, email.as_deref(), wish.password).await?;
    }
    let changes = PersonChanges {
        name: changed(expected, &person.name, wish.name),
        username: changed(expected, &person.username, wish.username.map(|username| username_of(&username))),
        email: changed(expected, &profile.email, email),
        department: changed(expected, &profile.department, wish.department),
        position: changed(expected, &profile.position, wish.position),
        ..PersonChanges::of(id)
    };
    edited(&app, &actor, &if_match, identity::Command::EditPerson(changes), id).await
}

/// One more person of the staff. A password is set on its own.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct PersonDraft {
    /// Name as shown and printed.
    name: String,
    /// Name to sign in with; empty: cannot sign in.
    username: String,
    /// E-mail address, may be empty.
    #[serde(default)]
    email: String,
    /// Department, may be empty.
    #[serde(default)]
    department: String,
    /// Position, may be empty.
    #[serde(default)]
    position: String,
    /// The role.
    role_id: RoleId,
}

/// A person who was made.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct PersonMade {
    /// Who.
    id: PersonId,
    /// As entered.
    #[serde(flatten)]
    person: PersonDraft,
}

/// Makes somebody.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, post: Post<PersonDraft>) -> Result<Reply<201, PersonMade>, Problem> {
    let id: PersonId = fresh();
    let PersonDraft { name, username, email, department, position, role_id } = post.body;
    let (username, email) = (username_of(&username), email.trim().to_lowercase());
    let person = PersonDraft { name, username, email, department, position, role_id };
    let PersonDraft { name, username, email, department, position, role_id } = person.clone();
    let create = CreatePerson { id, name, username, email, department, position, role_id };
    let command = Command::Identity(identity::Command::CreatePerson(create));
    post.named.execute(&app, &actor, command, move |_| PersonMade { id, person: person.clone() }).await
}

/// Another role.
#[derive(Deserialize, JsonSchema)]
pub struct RoleWish {
    /// The role.
    role_id: RoleId,
}

/// A person as who asks has seen them.
async fn seen(app: &App, actor: &Actor, id: PersonId, if_match: &IfMatch) -> Result<Person, Problem> {
    let text = text_of(app, actor, id).await?;
    if_match.check(&text)?;
    Ok(read::<PersonView>(&text)?.person)
}

/// Gives somebody another role.
pub(super) async fn change_role(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<PersonId>,
    if_match: IfMatch,
    Small(wish): Small<RoleWish>,
) -> Result<Single<PersonView>, Problem> {
    let role = Edit { from: seen(&app, &actor, id, &if_match).await?.role_id, to: wish.role_id };
    edited(&app, &actor, &if_match, identity::Command::ChangeRole { person_id: id, role }, id).await
}

/// Whether somebody may act.
#[derive(Deserialize, JsonSchema)]
pub struct Activity {
    /// Whether they may.
    active: bool,
}

/// Lets somebody act, or no longer: then every session ends.
pub(super) async fn set_active(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<PersonId>,
    if_match: IfMatch,
    Small(wish): Small<Activity>,
) -> Result<Single<PersonView>, Problem> {
    let active = Edit { from: seen(&app, &actor, id, &if_match).await?.active, to: wish.active };
    edited(&app, &actor, &if_match, identity::Command::SetActive { person_id: id, active }, id).await
}
