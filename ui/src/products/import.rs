//! A file of products: chosen, checked whole, then imported; undone as one.

use kontor_domain::catalog::ImportSummary;
use kontor_domain::host::{FileWish, HostCall, ImportCheck, ImportError};
use kontor_domain::ids::BatchId;
use kontor_domain::reject::Reject;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::export::export;
use super::imports::{Imports, undo};
use crate::icon::Picture;
use crate::parts::{BackTo, Button, Kind, Progress, Strip, Tag};
use crate::place::{Place, ProductsPlace, go};
use crate::state::app;
use crate::text::{key, refusal, t, tx};
use crate::toast::Tone;
use crate::{backend, icon, ids};

/// Where the work stands.
#[derive(Clone)]
enum Stage {
    /// A file is wanted.
    Choose(Option<Reject>),
    /// It is being read; nothing is written.
    Checking(String),
    /// What is in it.
    Checked(String, Box<ImportCheck>),
    /// It is being imported.
    Importing,
    /// It is done.
    Done(ImportSummary),
}

/// The page.
#[component]
pub(super) fn ImportPage() -> impl IntoView {
    let stage = RwSignal::new(Stage::Choose(None));
    let body = move || match stage.get() {
        Stage::Choose(refused) => view! { <Choose stage=stage refused=refused/> }.into_any(),
        Stage::Checking(path) => view! {
            <section class="card pad col">
                <h2>{t(key::PRODUCTS_CHECKING)}</h2>
                <p class="muted selectable">{path}</p>
                <Progress name="check" label=t(key::PRODUCTS_CHECKING_TEXT)/>
            </section>
        }
        .into_any(),
        Stage::Checked(path, check) => view! { <Checked path=path check=*check stage=stage/> }.into_any(),
        Stage::Importing => view! {
            <section class="card pad col">
                <h2>{t(key::PRODUCTS_IMPORTING)}</h2>
                <Progress name="import" label=t(key::PRODUCTS_IMPORTING_TEXT)/>
            </section>
        }
        .into_any(),
        Stage::Done(summary) => view! { <Done summary=summary stage=stage/> }.into_any(),
    };
    view! {
        <div class="page scroll narrow import">
            <div class="head">
                <BackTo label=t(key::PRODUCTS_TITLE) press=|| go(Place::Products(ProductsPlace::List))/>
                <h1>{t(key::PRODUCTS_IMPORT_TITLE)}</h1>
            </div>
            {body}
            <Imports/>
        </div>
    }
}

fn choose(stage: RwSignal<Stage>) {
    spawn_local(async move {
        let wish = FileWish { save: false, name: String::new(), extension: "csv".into() };
        match backend::host::<Option<String>>(HostCall::PickFile(wish)).await {
            Ok(Some(path)) => check(stage, path).await,
            Ok(None) => {}
            Err(reject) => {
                let _ = stage.try_set(Stage::Choose(Some(reject)));
            }
        }
    });
}

async fn check(stage: RwSignal<Stage>, path: String) {
    let _ = stage.try_set(Stage::Checking(path.clone()));
    let checked = backend::host::<ImportCheck>(HostCall::CheckImport { path: path.clone() }).await;
    app().task.set(None);
    let next = match checked {
        Ok(check) => Stage::Checked(path, Box::new(check)),
        Err(reject) => Stage::Choose(Some(reject)),
    };
    let _ = stage.try_set(next);
}

fn import(stage: RwSignal<Stage>) {
    stage.set(Stage::Importing);
    let batch_id = ids::new(BatchId);
    spawn_local(async move {
        let result = backend::host::<ImportSummary>(HostCall::RunImport { batch_id }).await;
        app().task.set(None);
        let next = match result {
            Ok(summary) => Stage::Done(summary),
            Err(reject) => Stage::Choose(Some(reject)),
        };
        let _ = stage.try_set(next);
    });
}

#[component]
fn Choose(stage: RwSignal<Stage>, refused: Option<Reject>) -> impl IntoView {
    view! {
        {refused.map(|reject| view! { <Strip tone=Tone::Need text=refusal(&reject)/> })}
        <section class="card pad row choosefile">
            <Picture icon=icon::FILE_IN large=true/>
            <div class="grow">
                <h2>{t(key::PRODUCTS_CHOOSE)}</h2>
                <p class="muted">{t(key::PRODUCTS_CHOOSE_TEXT)}</p>
            </div>
            <Button label=t(key::PRODUCTS_EXPORT_TEMPLATE) press=export/>
            <Button label=t(key::COMMON_CHOOSE_FILE) kind=Kind::Primary press=move || choose(stage)/>
        </section>
        <Progress name="export" label=t(key::PRODUCTS_EXPORTING)/>
    }
}

#[component]
fn Checked(path: String, check: ImportCheck, stage: RwSignal<Stage>) -> impl IntoView {
    let has_errors = check.error_count > 0;
    let nothing_new = check.created == 0 && check.changed == 0;
    let figure = |label: String, count: i64| view! { <div class="figure"><span>{label}</span> <b>{tx(key::PRODUCTS_COUNT, &[("count", count.into())])}</b></div> };
    let categories = (!check.new_categories.is_empty()).then(|| {
        let tags = check.new_categories.iter().map(|name| view! { <Tag tone=Tone::Plain text=name.clone()/> }).collect_view();
        view! { <div class="row wrap"><span class="muted">{t(key::PRODUCTS_NEW_CATEGORIES)}</span> {tags}</div> }
    });
    let verdict = if has_errors {
        view! { <Strip tone=Tone::Need text=tx(key::PRODUCTS_FILE_WRONG, &[("count", check.error_count.into())])/> }.into_any()
    } else if nothing_new {
        view! { <Strip tone=Tone::Plain text=t(key::PRODUCTS_FILE_SAME)/> }.into_any()
    } else {
        view! { <Strip tone=Tone::Ok text=t(key::PRODUCTS_FILE_RIGHT)/> }.into_any()
    };
    view! {
        {verdict}
        <section class="card pad col">
            <p class="muted selectable clip">{path}</p>
            <div class="figures">
                {figure(t(key::PRODUCTS_ROWS), check.rows)}
                {figure(t(key::PRODUCTS_TO_CREATE), check.created)}
                {figure(t(key::PRODUCTS_TO_CHANGE), check.changed)}
                {figure(t(key::PRODUCTS_UNCHANGED), check.unchanged)}
            </div>
            {categories}
            <div class="row end">
                <Button label=t(key::PRODUCTS_OTHER_FILE) press=move || choose(stage)/>
                {(!has_errors && !nothing_new).then(|| view! {
                    <Button label=tx(key::PRODUCTS_IMPORT_NOW, &[("count", (check.created + check.changed).into())]) kind=Kind::Primary press=move || import(stage)/>
                })}
            </div>
        </section>
        {has_errors.then(|| errors(&check.errors, check.error_count))}
    }
}

fn errors(errors: &[ImportError], count: i64) -> impl IntoView + use<> {
    let rows = errors.iter().map(|error| {
        view! {
            <tr>
                <td class="num">{error.row.to_string()}</td>
                <td>{refusal(&error.reject)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let more = count.saturating_sub(i64::try_from(errors.len()).unwrap_or(i64::MAX));
    view! {
        <section class="card tablecard">
            <table class="plain">
                <thead>
                    <tr>
                        <th class="num" style:width="80px">{t(key::PRODUCTS_ROW)}</th>
                        <th>{t(key::PRODUCTS_WRONG)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {(more > 0).then(|| view! { <p class="under muted">{tx(key::PRODUCTS_MORE_WRONG, &[("count", more.into())])}</p> })}
        </section>
    }
}

#[component]
fn Done(summary: ImportSummary, stage: RwSignal<Stage>) -> impl IntoView {
    let batch_id = summary.batch_id;
    let figures = [("created", summary.created.into()), ("changed", summary.changed.into())];
    view! {
        <section class="card pad donepanel" role="status">
            <Picture icon=icon::CHECK large=true/>
            <h2>{t(key::PRODUCTS_IMPORTED)}</h2>
            <p>{tx(key::PRODUCTS_IMPORTED_TEXT, &figures)}</p>
            <Progress name="revert" label=t(key::PRODUCTS_UNDOING)/>
            <div class="row wrap">
                <Button label=t(key::PRODUCTS_UNDO_IMPORT) icon=icon::UNDO press=move || undo(batch_id)/>
                <Button label=t(key::PRODUCTS_OTHER_FILE) press=move || stage.set(Stage::Choose(None))/>
                <Button label=t(key::PRODUCTS_SHOW_LIST) kind=Kind::Primary press=|| go(Place::Products(ProductsPlace::List))/>
            </div>
        </section>
    }
}
