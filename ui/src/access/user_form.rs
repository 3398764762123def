//! One person: data, role, and whether they may act.

use kontor_domain::command::{Command, Edit, Permission};
use kontor_domain::host::SignInAt;
use kontor_domain::identity::{self, CreatePerson, PersonChanges, PersonView, RoleView};
use kontor_domain::ids::{PersonId, RoleId};
use kontor_domain::reject::{Code, Reject};
use leptos::prelude::*;

use super::here::PinActs;
use super::user_acts::UserActs;
use super::users::role_words;
use crate::parts::{Button, Form, FormError, Kind, SelectField, TextField, field_name};
use crate::seat::kept_at;
use crate::state::app;
use crate::text::{key, t};
use crate::toast::Tone;
use crate::{backend, ids};

/// The fields as typed.
#[derive(Clone, Copy)]
struct Fields {
    name: RwSignal<String>,
    username: RwSignal<String>,
    email: RwSignal<String>,
    department: RwSignal<String>,
    position: RwSignal<String>,
    role: RwSignal<String>,
}

impl Fields {
    fn new(view: Option<&PersonView>) -> Self {
        let text = |read: fn(&PersonView) -> String| RwSignal::new(view.map(read).unwrap_or_default());
        Self {
            name: text(|view| view.person.name.clone()),
            username: text(|view| view.person.username.clone()),
            email: text(|view| view.profile.as_ref().map(|profile| profile.email.clone()).unwrap_or_default()),
            department: text(|view| view.profile.as_ref().map(|profile| profile.department.clone()).unwrap_or_default()),
            position: text(|view| view.profile.as_ref().map(|profile| profile.position.clone()).unwrap_or_default()),
            role: text(|view| view.person.role_id.to_string()),
        }
    }

    fn read(value: RwSignal<String>) -> String {
        value.get_untracked().trim().to_owned()
    }

    fn role(self) -> Result<RoleId, Reject> {
        self.role.get_untracked().parse().map(RoleId).map_err(|_| Reject::field(Code::Format, "role"))
    }

    fn create(self, id: PersonId) -> Result<identity::Command, Reject> {
        Ok(identity::Command::CreatePerson(CreatePerson {
            id,
            name: Self::read(self.name),
            username: identity::username_of(&Self::read(self.username)),
            email: Self::read(self.email).to_lowercase(),
            department: Self::read(self.department),
            position: Self::read(self.position),
            role_id: self.role()?,
        }))
    }

    /// What was changed; nothing where all is as it was.
    fn edit(self, seen: &PersonView) -> Option<identity::Command> {
        let profile = seen.profile.as_ref();
        let before = |read: fn(&identity::Profile) -> &String| profile.map(|profile| read(profile).clone()).unwrap_or_default();
        let changes = PersonChanges {
            person_id: seen.person.id,
            name: Edit::between(&seen.person.name, &Self::read(self.name)),
            username: Edit::between(&seen.person.username, &identity::username_of(&Self::read(self.username))),
            email: Edit::between(&before(|profile| &profile.email), &Self::read(self.email).to_lowercase()),
            department: Edit::between(&before(|profile| &profile.department), &Self::read(self.department)),
            position: Edit::between(&before(|profile| &profile.position), &Self::read(self.position)),
        };
        let is_same = [&changes.name, &changes.username, &changes.email, &changes.department, &changes.position].iter().all(|edit| edit.is_none());
        (!is_same).then_some(identity::Command::EditPerson(changes))
    }
}

/// The commands that make what is on the screen true.
fn commands(fields: Fields, seen: Option<&PersonView>, id: PersonId) -> Result<Vec<identity::Command>, Reject> {
    let Some(seen) = seen else { return Ok(vec![fields.create(id)?]) };
    let role = Edit::between(&seen.person.role_id, &fields.role()?).map(|role| identity::Command::ChangeRole { person_id: seen.person.id, role });
    Ok(fields.edit(seen).into_iter().chain(role).collect())
}

async fn execute_all(commands: Vec<identity::Command>) -> Result<(), Reject> {
    for command in commands {
        backend::execute(Command::Identity(command)).await?;
    }
    Ok(())
}

/// The form.
#[component]
pub(super) fn UserForm(person: Option<PersonView>, roles: Vec<RoleView>, open: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["name", "username", "email", "department", "position", "role"]);
    let fields = Fields::new(person.as_ref());
    let id = person.as_ref().map_or_else(|| ids::new(PersonId), |view| view.person.id);
    let may_edit = app().may(Permission::UsersEdit);
    let is_old = person.is_some();
    let is_active = person.as_ref().is_none_or(|view| view.person.active);
    let no_role = (String::new(), t(key::ACCESS_CHOOSE_ROLE));
    let options = roles.into_iter().map(|view| (view.role.id.to_string(), role_words(view.role.id, &view.role.name)));
    let options: Vec<(String, String)> = std::iter::once(no_role).filter(|_| !is_old).chain(options).collect();
    let seen = StoredValue::new(person);
    let save = move || match seen.with_value(|seen| commands(fields, seen.as_ref(), id)) {
        Ok(commands) => form.send(execute_all(commands), move |()| {
            open.set(false);
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        }),
        Err(reject) => form.refuse(reject),
    };
    let set_active = move |to: bool| {
        let active = Edit { from: is_active, to };
        form.send(execute_all(vec![identity::Command::SetActive { person_id: id, active }]), move |()| open.set(false));
    };
    view! {
        <div class="form">
            <div class="cols">
                <TextField label=field_name("name") value=fields.name name="name" form=form autofocus=!is_old disabled=!may_edit max_length=200/>
                <SelectField label=t(key::ACCESS_ROLE) value=fields.role options=options name="role" form=form disabled=!app().may(Permission::UsersRole)/>
            </div>
            <div class="cols">
                <TextField label=field_name("username") value=fields.username name="username" form=form disabled=!may_edit hint=t(key::ACCESS_USERNAME_HOW) max_length=64/>
                <TextField label=field_name("email") value=fields.email name="email" form=form disabled=!may_edit hint=t(key::ACCESS_EMAIL_HOW) max_length=254/>
            </div>
            <div class="cols">
                <TextField label=field_name("department") value=fields.department name="department" form=form disabled=!may_edit max_length=200/>
                <TextField label=t(key::ACCESS_POSITION) value=fields.position name="position" form=form disabled=!may_edit max_length=200/>
            </div>
            {(is_old && may_edit).then(|| if kept_at() == Some(SignInAt::Here) { view! { <PinActs id=id/> }.into_any() } else { view! { <UserActs id=id/> }.into_any() })}
            <FormError form=form/>
            <div class="foot">
                {(is_old && may_edit).then(|| {
                    let (label, kind) = if is_active { (key::ACCESS_DEACTIVATE, Kind::Danger) } else { (key::ACCESS_ACTIVATE, Kind::Normal) };
                    view! { <Button label=t(label) kind=kind busy=form.busy press=move || set_active(!is_active)/> }
                })}
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy press=save/>
            </div>
        </div>
    }
}
