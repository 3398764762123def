//! People.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kontor_domain::command::{Command, Edit};
use kontor_domain::identity::{
    self, CreatePerson, GetPerson, GetProfile, ListPersons, PersonChanges, PersonFilter, PersonView, ProfileChanges, username_of,
};
use kontor_domain::ids::{PersonId, RoleId};
use kontor_domain::reject::{Code, Reject};
use serde::Deserialize;
use uuid::Uuid;

use super::actor::Actor;
use super::input::{Id, Params, Small, new_command};
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{self, Pack};

/// Rows of a page if nothing else is said.
const PAGE_ROWS: u32 = 50;

/// Which people.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Listing {
    q: String,
    role: Option<RoleId>,
    active: Option<bool>,
    page: u32,
    page_size: u32,
}

impl Default for Listing {
    fn default() -> Self {
        Self { q: String::new(), role: None, active: None, page: 1, page_size: PAGE_ROWS }
    }
}

/// People, a page of them.
pub(super) async fn list(State(app): State<Arc<App>>, actor: Actor, Params(wish): Params<Listing>) -> Result<Response, Problem> {
    let filter = PersonFilter { text: wish.q, role_id: wish.role, active: wish.active };
    let limit = wish.page_size.clamp(1, kontor_store::reader::PAGE_LIMIT);
    let offset = wish.page.saturating_sub(1).saturating_mul(limit);
    wire::reply(app.host.ask_as(&actor, ListPersons { filter, offset, limit }).await?, Pack::No).await
}

async fn view(app: &App, actor: &Actor, id: Uuid) -> Result<PersonView, Problem> {
    let found = app.host.ask_as(actor, GetPerson { id: PersonId(id) }).await?;
    found.ok_or_else(|| Reject::new(Code::UserNotFound).into())
}

/// One person.
pub(super) async fn one(State(app): State<Arc<App>>, actor: Actor, Id(id): Id) -> Result<Response, Problem> {
    wire::reply(view(&app, &actor, id).await?, Pack::No).await
}

async fn own_view(app: &App, actor: &Actor) -> Result<PersonView, Problem> {
    app.host.ask_as(actor, GetProfile {}).await?.ok_or_else(Problem::unauthorised)
}

/// Whoever asks.
pub(super) async fn own(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, Problem> {
    wire::reply(own_view(&app, &actor).await?, Pack::No).await
}

/// What somebody is from now on, field by field; what is not named stays.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fields {
    name: Option<String>,
    username: Option<String>,
    email: Option<String>,
    department: Option<String>,
    position: Option<String>,
}

/// What people may say of themselves.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OwnFields {
    name: Option<String>,
    email: Option<String>,
}

/// A field as it is seen now, and what it shall be.
fn changed(from: &str, to: Option<String>) -> Option<Edit<String>> {
    to.and_then(|to| Edit::between(&from.to_owned(), &to))
}

fn email_of(view: &PersonView) -> &str {
    view.profile.as_ref().map_or("", |profile| &profile.email)
}

/// Changes whoever asks.
pub(super) async fn edit_own(State(app): State<Arc<App>>, actor: Actor, Small(wish): Small<OwnFields>) -> Result<Response, Problem> {
    let seen = own_view(&app, &actor).await?;
    let email = changed(email_of(&seen), wish.email.map(|email| email.trim().to_lowercase()));
    let changes = ProfileChanges { name: changed(&seen.person.name, wish.name), email };
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::EditProfile(changes))).await?;
    wire::reply(own_view(&app, &actor).await?, Pack::No).await
}

/// Changes somebody.
pub(super) async fn edit(State(app): State<Arc<App>>, actor: Actor, Id(id): Id, Small(wish): Small<Fields>) -> Result<Response, Problem> {
    let seen = view(&app, &actor, id).await?;
    let profile = seen.profile.as_ref();
    let changes = PersonChanges {
        name: changed(&seen.person.name, wish.name),
        username: changed(&seen.person.username, wish.username.map(|username| username_of(&username))),
        email: changed(email_of(&seen), wish.email.map(|email| email.trim().to_lowercase())),
        department: changed(profile.map_or("", |profile| &profile.department), wish.department),
        position: changed(profile.map_or("", |profile| &profile.position), wish.position),
        ..PersonChanges::of(PersonId(id))
    };
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::EditPerson(changes))).await?;
    wire::reply(view(&app, &actor, id).await?, Pack::No).await
}

/// One more person of the staff. A password is set on its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    username: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    position: String,
    role_id: RoleId,
}

/// Makes somebody.
pub(super) async fn create(State(app): State<Arc<App>>, actor: Actor, Small(new): Small<New>) -> Result<Response, Problem> {
    let id = PersonId(Uuid::now_v7());
    let create = CreatePerson {
        id,
        name: new.name,
        username: username_of(&new.username),
        email: new.email.trim().to_lowercase(),
        department: new.department,
        position: new.position,
        role_id: new.role_id,
    };
    app.host.execute_as(&actor, new_command(), Command::Identity(identity::Command::CreatePerson(create.clone()))).await?;
    let mut response = wire::reply(create, Pack::No).await?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    role_id: RoleId,
}

/// Gives somebody another role.
pub(super) async fn change_role(State(app): State<Arc<App>>, actor: Actor, Id(id): Id, Small(wish): Small<NewRole>) -> Result<Response, Problem> {
    let seen = view(&app, &actor, id).await?;
    let role = Edit { from: seen.person.role_id, to: wish.role_id };
    let command = identity::Command::ChangeRole { person_id: PersonId(id), role };
    app.host.execute_as(&actor, new_command(), Command::Identity(command)).await?;
    wire::reply(view(&app, &actor, id).await?, Pack::No).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Activity {
    active: bool,
}

/// Lets somebody act, or no longer: then every session ends.
pub(super) async fn set_active(State(app): State<Arc<App>>, actor: Actor, Id(id): Id, Small(wish): Small<Activity>) -> Result<Response, Problem> {
    let seen = view(&app, &actor, id).await?;
    let active = Edit { from: seen.person.active, to: wish.active };
    let command = identity::Command::SetActive { person_id: PersonId(id), active };
    app.host.execute_as(&actor, new_command(), Command::Identity(command)).await?;
    wire::reply(view(&app, &actor, id).await?, Pack::No).await
}
