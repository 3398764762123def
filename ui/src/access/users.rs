//! People: who works here, what they may, and who may no longer.

use kontor_domain::command::{Event, Permission};
use kontor_domain::identity::{BuiltIn, ListPersons, ListRoles, PersonFilter, PersonView, RoleView};
use kontor_domain::ids::RoleId;
use leptos::prelude::*;

use super::user_form::UserForm;
use crate::icon;
use crate::live::{Live, live};
use crate::parts::{Button, Column, Dialog, Empty, Kind, Rows, SearchField, Tabs, Tag, VirtualTable};
use crate::state::app;
use crate::text::{key, t, tx, word};
use crate::toast::Tone;

/// The page.
#[component]
pub(super) fn UsersPage() -> impl IntoView {
    let text = RwSignal::new(String::new());
    let role = RwSignal::new(None::<RoleId>);
    let active = RwSignal::new(Some(true));
    let filter =
        Memo::new(move |_| PersonFilter { text: text.get().trim().to_owned(), role_id: role.get(), active: active.get(), ..PersonFilter::default() });
    let rows = Rows::new(&[Event::IdentityChanged], move |offset, limit| ListPersons { filter: filter.get(), offset, limit });
    let roles = live(&[Event::IdentityChanged], || app().may(Permission::RolesRead).then_some(ListRoles {}));
    let (open, edited) = (RwSignal::new(false), RwSignal::new(None::<PersonView>));
    let edit = Callback::new(move |person: Option<PersonView>| {
        edited.set(person);
        open.set(true);
    });
    let states = vec![(Some(true), t(key::ACCESS_ACTIVE)), (Some(false), t(key::ACCESS_INACTIVE)), (None, t(key::COMMON_ALL))];
    let title = Signal::derive(move || t(if edited.with(Option::is_some) { key::ACCESS_USER } else { key::ACCESS_NEW_USER }));
    let can_edit = move || app().may(Permission::UsersEdit);
    view! {
        <div class="row wrap">
            <SearchField value=text placeholder=t(key::ACCESS_SEARCH_USERS)/>
            <Tabs label=t(key::ACCESS_STATE) options=states chosen=active/>
            <RoleSelect value=role roles=roles/>
            <span class="push"></span>
            {move || can_edit().then(|| view! { <Button label=t(key::ACCESS_NEW_USER) kind=Kind::Primary icon=icon::PLUS press=move || edit.run(None)/> })}
        </div>
        <VirtualTable
            label=t(key::ACCESS_USERS)
            rows=rows
            columns=columns()
            open=Callback::new(move |person: PersonView| edit.run(Some(person)))
            least_width=720
            empty=move || nobody(filter)
        />
        <Dialog open=open title=title wide=true>
            {move || view! { <UserForm person=edited.get_untracked() roles=roles.answer.get_untracked().unwrap_or_default() open=open/> }}
        </Dialog>
    }
}

fn columns() -> Vec<Column<PersonView>> {
    vec![
        Column::new(
            word("field", "name"),
            "minmax(180px, 1fr)",
            |view: &PersonView| view! { <span class="strong">{view.person.name.clone()}</span> },
        ),
        Column::new(word("field", "username"), "minmax(120px, .6fr)", |view: &PersonView| {
            view! { <span class="muted">{view.person.username.clone()}</span> }
        }),
        Column::new(t(key::ACCESS_ROLE), "minmax(120px, .6fr)", |view: &PersonView| role_words(view.person.role_id, &view.role_name)),
        Column::new(word("field", "department"), "minmax(120px, .6fr)", |view: &PersonView| {
            let profile = view.profile.as_ref();
            profile.map(|profile| {
                [&profile.department, &profile.position].into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ")
            })
        }),
        Column::new(t(key::ACCESS_STATE), "120px", |view: &PersonView| {
            (!view.person.active).then(|| view! { <Tag tone=Tone::Plain text=t(key::ACCESS_INACTIVE_ONE)/> })
        })
        .unseen(),
    ]
}

/// A role's name: a built-in one's in the person's language, as long as nobody named it otherwise.
pub(super) fn role_words(id: RoleId, name: &str) -> String {
    match BuiltIn::of_role(id) {
        Some(built_in) if built_in.word() == name => word("role", built_in.word()),
        _ => name.to_owned(),
    }
}

#[component]
fn RoleSelect(value: RwSignal<Option<RoleId>>, roles: Live<Vec<RoleView>>) -> impl IntoView {
    let choose = move |event| value.set(event_target_value(&event).parse().ok().map(RoleId));
    let options = move || {
        let chosen = value.get();
        let option = move |view: RoleView| {
            let words = role_words(view.role.id, &view.role.name);
            view! { <option value=view.role.id.to_string() selected=chosen == Some(view.role.id)>{words}</option> }
        };
        roles.get().unwrap_or_default().into_iter().map(option).collect_view()
    };
    view! {
        <label class="chip select" class:on=move || value.get().is_some()>
            <select aria-label=t(key::ACCESS_ROLE) on:change=choose>
                <option value="" selected=move || value.get().is_none()>{t(key::ACCESS_EVERY_ROLE)}</option>
                {options}
            </select>
        </label>
    }
}

fn nobody(filter: Memo<PersonFilter>) -> AnyView {
    let text = filter.with(|filter| filter.text.clone());
    let title = if text.is_empty() { t(key::ACCESS_NOBODY) } else { tx(key::COMMON_NO_MATCH, &[("text", text.into())]) };
    view! { <Empty icon=icon::PEOPLE title=title text=t(key::ACCESS_NOBODY_TEXT)/> }.into_any()
}
