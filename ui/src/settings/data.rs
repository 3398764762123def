//! The shop's file: where it is, a copy of it, whether its books are right, which shop is open.

use kontor_domain::host::{FileWish, HostCall, ShopFile, Start, VerifyReport};
use kontor_domain::reject::Reject;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::parts::{Button, Form, FormError, Kind, Progress, Strip, today};
use crate::state::app;
use crate::text::{key, locale, t, tx, word};
use crate::toast::Tone;
use crate::{backend, format, icon};

/// The page.
#[component]
pub(super) fn DataPage() -> impl IntoView {
    let start = app().start;
    let path = move || start.with(|start| start.as_ref().map(|start| start.path.clone())).unwrap_or_default();
    let version = move || start.with(|start| start.as_ref().map(|start| start.version.clone())).unwrap_or_default();
    view! {
        <section class="card pad form">
            <h2>{t(key::SETTINGS_FILE)}</h2>
            <p class="selectable path">{path}</p>
            <p class="muted">{t(key::SETTINGS_FILE_TEXT)}</p>
            <BackUp label=t(key::SETTINGS_BACKUP)/>
        </section>
        <Verify/>
        <Switch/>
        <section class="card pad form">
            <h2>{t(key::SETTINGS_ABOUT)}</h2>
            <p>{move || tx(key::SETTINGS_VERSION, &[("version", version().into())])}</p>
            <p class="muted">{t(key::SETTINGS_LICENCE)}</p>
        </section>
    }
}

/// Writes a copy of the file where a person wants it, and says how far it is.
#[component]
pub(super) fn BackUp(#[prop(into)] label: String) -> impl IntoView {
    let busy = RwSignal::new(false);
    view! {
        <Progress name="backup" label=t(key::SETTINGS_BACKING_UP) steady=true count=format::megabytes/>
        <div class="row wrap"><Button label=label icon=icon::SAVED busy=busy press=move || back_up(busy)/></div>
    }
}

fn back_up(busy: RwSignal<bool>) {
    busy.set(true);
    spawn_local(async move {
        let written = write_backup().await;
        app().task.set(None);
        let _ = busy.try_set(false);
        match written {
            Ok(Some(path)) => app().toasts.say(Tone::Ok, tx(key::SETTINGS_BACKED_UP, &[("path", path.into())])),
            Ok(None) => {}
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

async fn write_backup() -> Result<Option<String>, Reject> {
    let day = untrack(today).map(|day| day.to_string()).unwrap_or_default();
    let wish = FileWish { save: true, name: format!("kontor-{day}.db"), extension: "db".into() };
    let Some(path) = backend::host::<Option<String>>(HostCall::PickFile(wish)).await? else { return Ok(None) };
    backend::host::<String>(HostCall::Backup { path }).await.map(Some)
}

#[component]
fn Verify() -> impl IntoView {
    let form = Form::new(&[]);
    let report = RwSignal::new(None::<VerifyReport>);
    let run = move || {
        report.set(None);
        form.send(backend::host::<VerifyReport>(HostCall::Verify), move |found| {
            app().task.set(None);
            let _ = report.try_set(Some(found));
        });
    };
    view! {
        <section class="card pad form">
            <h2>{t(key::VERIFY_TITLE)}</h2>
            <p class="muted">{t(key::VERIFY_TEXT)}</p>
            <Progress name="verify" label=t(key::VERIFY_RUNNING) steady=true/>
            <FormError form=form/>
            {move || report.get().map(|report| found(&report))}
            <div class="row wrap"><Button label=t(key::VERIFY_RUN) icon=icon::CHECK busy=form.busy press=run/></div>
        </section>
    }
}

fn found(report: &VerifyReport) -> AnyView {
    let compared = report.compared;
    if report.differences.is_empty() {
        return view! { <Strip tone=Tone::Ok text=tx(key::VERIFY_RIGHT, &[("count", compared.into())])/> }.into_any();
    }
    let rows = report.differences.iter().map(|difference| {
        view! {
            <tr>
                <td>{word("verify-rule", difference.rule.word())}</td>
                <td class="selectable">{difference.about.clone()}</td>
                <td class="num">{difference.stored.clone()}</td>
                <td class="num">{difference.ledger.clone()}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Strip tone=Tone::Need text=t(key::VERIFY_WRONG)/>
        <table class="plain small">
            <thead>
                <tr>
                    <th>{t(key::VERIFY_RULE)}</th>
                    <th>{t(key::VERIFY_ABOUT)}</th>
                    <th class="num">{t(key::VERIFY_STORED)}</th>
                    <th class="num">{t(key::VERIFY_LEDGER)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// Between the person's own shop and the demo.
#[component]
fn Switch() -> impl IntoView {
    let form = Form::new(&[]);
    let is_demo = app().start.with_untracked(|start| start.as_ref().is_some_and(|start| start.file == ShopFile::Demo));
    let open = move |call: HostCall| {
        form.send(backend::host::<Start>(call), |start| {
            app().task.set(None);
            app().begin(start);
        });
    };
    let (text, label) =
        if is_demo { (t(key::SETTINGS_IN_DEMO), t(key::SETTINGS_OPEN_OWN)) } else { (t(key::SETTINGS_IN_OWN), t(key::SETTINGS_OPEN_DEMO)) };
    let press = move || open(if is_demo { HostCall::OpenOwn } else { HostCall::OpenDemo { locale: locale().tag().to_owned() } });
    let kind = if is_demo { Kind::Primary } else { Kind::Normal };
    view! {
        <section class="card pad form">
            <h2>{t(key::SETTINGS_WHICH_SHOP)}</h2>
            <p class="muted">{text}</p>
            <Progress name="demo" label=t(key::SETTINGS_MAKING_DEMO) steady=true/>
            <FormError form=form/>
            <div class="row wrap"><Button label=label kind=kind icon=icon::SHOP busy=form.busy press=press/></div>
        </section>
    }
}
