//! Roles: named sets of permissions.

use std::collections::BTreeSet;

use kontor_domain::command::{Command, Edit, Event, Permission};
use kontor_domain::identity::{self, BuiltIn, CreateRole, ListRoles, PermissionSet, RoleChanges, RoleView};
use kontor_domain::ids::RoleId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Rate;
use leptos::prelude::*;

use super::grid::{PermissionGrid, counted};
use super::users::role_words;
use crate::live::live;
use crate::parts::{Button, Dialog, Form, FormError, Kind, Strip, Tag, TextField, field_name};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
use crate::{backend, icon, ids};

/// The page.
#[component]
pub(super) fn RolesPage() -> impl IntoView {
    let roles = live(&[Event::IdentityChanged], || Some(ListRoles {}));
    let (open, edited) = (RwSignal::new(false), RwSignal::new(None::<RoleView>));
    let edit = Callback::new(move |role: Option<RoleView>| {
        edited.set(role);
        open.set(true);
    });
    let row = move |view: RoleView| {
        let chosen = view.clone();
        let people = tx(key::ACCESS_PEOPLE_COUNT, &[("count", view.person_count.into())]);
        let permissions = if view.built_in == Some(BuiltIn::Owner) { t(key::ACCESS_EVERYTHING) } else { counted(view.role.permissions.0.len()) };
        view! {
            <button type="button" class="option" on:click=move |_| edit.run(Some(chosen.clone()))>
                <span class="grow">
                    <span class="row wrap">
                        <span class="strong">{role_words(view.role.id, &view.role.name)}</span>
                        {view.edited.then(|| view! { <Tag tone=Tone::Plain text=t(key::ACCESS_EDITED)/> })}
                    </span>
                    <div class="sub">{people}</div>
                </span>
                <span class="sub">{permissions}</span>
            </button>
        }
    };
    let title = Signal::derive(move || {
        edited.with(|edited| match edited {
            Some(view) => role_words(view.role.id, &view.role.name),
            None => t(key::ACCESS_NEW_ROLE),
        })
    });
    let can_edit = move || app().may(Permission::RolesManage);
    view! {
        <section class="card pad form">
            <div class="row between">
                <h2>{t(key::ACCESS_ROLES)}</h2>
                {move || can_edit().then(|| view! { <Button label=t(key::ACCESS_NEW_ROLE) kind=Kind::Primary icon=icon::PLUS press=move || edit.run(None)/> })}
            </div>
            <p class="muted">{t(key::ACCESS_ROLES_TEXT)}</p>
            <div class="options flush">{move || roles.get().unwrap_or_default().into_iter().map(row).collect_view()}</div>
        </section>
        <Dialog open=open title=title wide=true>
            {move || view! { <RoleForm view=edited.get_untracked() open=open/> }}
        </Dialog>
    }
}

#[component]
fn RoleForm(view: Option<RoleView>, open: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["name", "discount_limit"]);
    let is_owner = view.as_ref().is_some_and(|view| view.built_in == Some(BuiltIn::Owner));
    let is_fixed = is_owner || !app().may(Permission::RolesManage);
    let shown = view.as_ref().map(|view| role_words(view.role.id, &view.role.name)).unwrap_or_default();
    let name = RwSignal::new(shown.clone());
    let before: BTreeSet<Permission> = view.as_ref().map(|view| view.role.permissions.0.clone()).unwrap_or_default();
    let chosen = RwSignal::new(if is_owner { Permission::ALL.iter().copied().collect() } else { before });
    let limit_before = view.as_ref().map_or(Rate::ZERO, |view| view.role.discount_limit);
    let limit = RwSignal::new(limit_before.percent_figure());
    let id = view.as_ref().map_or_else(|| ids::new(RoleId), |view| view.role.id);
    let removal = view.as_ref().filter(|_| !is_fixed).and_then(removal);
    let (seen, shown) = (StoredValue::new(view), StoredValue::new(shown));
    let save = move || {
        let permissions = PermissionSet(chosen.get_untracked());
        let name = name.get_untracked().trim().to_owned();
        let Some(discount_limit) = Rate::parse_percent(limit.get_untracked().trim()) else {
            return form.refuse(Reject::field(Code::Format, "discount_limit"));
        };
        let command = seen.with_value(|seen| match seen {
            None => identity::Command::CreateRole(CreateRole { id, name, permissions, discount_limit }),
            Some(view) => identity::Command::EditRole(RoleChanges {
                role_id: id,
                // A built-in role's name is a word as long as nobody changed what is shown for it.
                name: if shown.with_value(|shown| *shown == name) { None } else { Edit::between(&view.role.name, &name) },
                permissions: Edit::between(&view.role.permissions, &permissions),
                discount_limit: Edit::between(&view.role.discount_limit, &discount_limit),
            }),
        });
        form.send(backend::execute(Command::Identity(command)), move |_| open.set(false));
    };
    let remove = move || form.send(backend::execute(Command::Identity(identity::Command::RemoveRole { id })), move |_| open.set(false));
    view! {
        <div class="form">
            {is_owner.then(|| view! { <Strip tone=Tone::Plain text=t(key::ACCESS_OWNER_FIXED)/> })}
            <TextField label=field_name("name") value=name name="name" form=form disabled=is_fixed max_length=200/>
            <TextField
                label=t(key::SEAT_DISCOUNT_LIMIT)
                value=limit
                name="discount_limit"
                form=form
                mode="decimal"
                unit="%"
                hint=t(key::SEAT_DISCOUNT_LIMIT_HOW)
                disabled=is_fixed
                max_length=10
            />
            <PermissionGrid chosen=chosen fixed=is_fixed/>
            <FormError form=form/>
            <div class="foot">
                {removal.map(|label| view! { <Button label=label kind=Kind::Danger busy=form.busy press=remove/> })}
                <Button label=t(if is_fixed { key::COMMON_CLOSE } else { key::COMMON_CANCEL }) press=move || open.set(false)/>
                {(!is_fixed).then(|| view! { <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy press=save/> })}
            </div>
        </div>
    }
}

/// What can be taken away: a role of the company's own that nobody has, or what was changed about a built-in one.
fn removal(view: &RoleView) -> Option<String> {
    match view.built_in {
        Some(_) => view.edited.then(|| t(key::ACCESS_AS_BEFORE)),
        None => (view.person_count == 0).then(|| t(key::COMMON_REMOVE)),
    }
}
