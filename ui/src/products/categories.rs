//! Categories: name and colour.

use kontor_domain::catalog::{self, Category, CategoryChanges, ListCategories, NewCategory};
use kontor_domain::command::{Command, Edit, Event};
use kontor_domain::ids::CategoryId;
use leptos::prelude::*;

use crate::live::live;
use crate::parts::{Button, Dialog, Empty, Form, FormError, Kind, TextField, field_name, hue, on_enter};
use crate::text::{key, t, tx};
use crate::{backend, icon, ids};

/// How many colours there are.
const HUES: i64 = 8;

/// What is being edited.
#[derive(Clone, PartialEq, Eq)]
enum Edited {
    Nothing,
    New,
    One(Category),
}

/// The list of categories with a form for one.
#[component]
pub(super) fn CategoriesDialog(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <Dialog open=open title=t(key::PRODUCTS_CATEGORIES)>
            <Categories/>
        </Dialog>
    }
}

#[component]
fn Categories() -> impl IntoView {
    let categories = live(&[Event::CatalogChanged], || Some(ListCategories {}));
    let edited = RwSignal::new(Edited::Nothing);
    let row = move |category: Category| {
        let (chosen, name) = (category.clone(), category.name.clone());
        view! {
            <button type="button" class="option" on:click=move |_| edited.set(Edited::One(chosen.clone()))>
                <span class="dot8" style=hue(category.hue) aria-hidden="true"></span>
                <span class="grow clip">{name}</span>
                <span class="sub">{t(key::COMMON_EDIT)}</span>
            </button>
        }
    };
    let list = move || {
        let all = categories.get().unwrap_or_default();
        if all.is_empty() && !categories.waiting.get() {
            return view! { <Empty icon=icon::BOX title=t(key::PRODUCTS_NO_CATEGORY) text=t(key::PRODUCTS_NO_CATEGORY_TEXT)/> }.into_any();
        }
        view! { <div class="options">{all.into_iter().map(row).collect_view()}</div> }.into_any()
    };
    let done = Callback::new(move |_: CategoryId| edited.set(Edited::Nothing));
    let cancel = Callback::new(move |()| edited.set(Edited::Nothing));
    move || {
        match edited.get() {
        Edited::Nothing => view! {
            {list}
            <div class="foot"><Button label=t(key::PRODUCTS_NEW_CATEGORY) kind=Kind::Primary icon=icon::PLUS press=move || edited.set(Edited::New)/></div>
        }
        .into_any(),
        Edited::New => view! { <CategoryForm category=None done=done cancel=cancel/> }.into_any(),
        Edited::One(category) => view! { <CategoryForm category=Some(category) done=done cancel=cancel/> }.into_any(),
    }
    }
}

/// A new category, or an old one.
#[component]
pub(super) fn CategoryForm(
    category: Option<Category>,
    /// Gets its id when it is saved.
    done: Callback<CategoryId>,
    cancel: Callback<()>,
) -> impl IntoView {
    let form = Form::new(&["name", "hue"]);
    let name = RwSignal::new(category.as_ref().map(|category| category.name.clone()).unwrap_or_default());
    let chosen = RwSignal::new(category.as_ref().map_or(0, |category| category.hue));
    let id = category.as_ref().map_or_else(|| ids::new(CategoryId), |category| category.id);
    let is_old = category.is_some();
    let before = StoredValue::new(category);
    let send = move |active: bool| {
        let command = before.with_value(|before| command(id, before.as_ref(), name.get_untracked().trim(), chosen.get_untracked(), active));
        form.send(backend::execute(Command::Catalog(command)), move |_| done.run(id));
    };
    view! {
        <div class="form" on:keydown=on_enter(move || send(true))>
            <TextField label=field_name("name") value=name name="name" form=form autofocus=true max_length=200/>
            <Hues chosen=chosen/>
            <FormError form=form/>
            <div class="foot">
                {is_old.then(|| view! { <Button label=t(key::COMMON_ARCHIVE) kind=Kind::Danger busy=form.busy press=move || send(false)/> })}
                <Button label=t(key::COMMON_CANCEL) press=move || cancel.run(())/>
                <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy keycap="Enter" press=move || send(true)/>
            </div>
        </div>
    }
}

fn command(id: CategoryId, before: Option<&Category>, name: &str, hue: i64, active: bool) -> catalog::Command {
    match before {
        None => catalog::Command::CreateCategory(NewCategory { id, parent_id: None, name: name.to_owned(), hue }),
        Some(before) => catalog::Command::EditCategory(CategoryChanges {
            id,
            name: Edit::between(&before.name, &name.to_owned()),
            hue: Edit::between(&before.hue, &hue),
            active: Edit::between(&before.active, &active),
        }),
    }
}

#[component]
fn Hues(chosen: RwSignal<i64>) -> impl IntoView {
    let choice = move |number: i64| {
        view! {
            <button
                type="button"
                class="hue"
                role="radio"
                aria-checked=move || (chosen.get() == number).to_string()
                aria-label=tx(key::PRODUCTS_HUE, &[("number", (number + 1).into())])
                style=hue(number)
                on:click=move |_| chosen.set(number)
            ></button>
        }
    };
    view! {
        <div class="labelled">
            <span class="label">{field_name("hue")}</span>
            <div class="row wrap" role="radiogroup" aria-label=field_name("hue")>{(0..HUES).map(choice).collect_view()}</div>
        </div>
    }
}
