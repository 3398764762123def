//! Printers of this device, and paper that did not come out.

use kontor_domain::command::Event;
use kontor_domain::host::HostCall;
use kontor_domain::ids::PrinterId;
use kontor_domain::printing::{ListPrintJobs, ListPrinters, PrintJobView, PrintState, Printer};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::printer_form::PrinterForm;
use crate::live::live;
use crate::parts::{Button, Dialog, Empty, Kind, Tag};
use crate::state::app;
use crate::text::{key, refusal, t, tx, word};
use crate::toast::Tone;
use crate::{backend, format, icon, sales};

/// Jobs shown.
const JOBS: u32 = 20;

/// The page.
#[component]
pub(super) fn PrintersPage() -> impl IntoView {
    let device = app().session.with_untracked(|session| session.as_ref().map(|session| session.device.id));
    let printers = live(&[Event::PrintingChanged, Event::SettingsChanged], move || device.map(|device_id| ListPrinters { device_id }));
    let open = RwSignal::new(false);
    let edited = RwSignal::new(None::<Printer>);
    let edit = Callback::new(move |printer: Option<Printer>| {
        edited.set(printer);
        open.set(true);
    });
    let list = move || {
        let all: Vec<Printer> = printers.get().unwrap_or_default().into_iter().filter(|printer| printer.active).collect();
        if all.is_empty() && !printers.waiting.get() {
            return view! { <Empty icon=icon::PRINTER title=t(key::SETTINGS_NO_PRINTER) text=t(key::SETTINGS_NO_PRINTER_TEXT)/> }.into_any();
        }
        view! { <div class="options flush">{all.into_iter().map(|printer| row(printer, edit)).collect_view()}</div> }.into_any()
    };
    let title = Signal::derive(move || t(if edited.with(Option::is_some) { key::SETTINGS_PRINTER } else { key::SETTINGS_NEW_PRINTER }));
    view! {
        <section class="card pad form">
            <div class="row between">
                <h2>{t(key::SETTINGS_PRINTERS)}</h2>
                <Button label=t(key::SETTINGS_NEW_PRINTER) kind=Kind::Primary icon=icon::PLUS press=move || edit.run(None)/>
            </div>
            <p class="muted">{t(key::SETTINGS_PRINTERS_TEXT)}</p>
            {list}
        </section>
        <Jobs/>
        <Dialog open=open title=title>{move || view! { <PrinterForm printer=edited.get_untracked() open=open/> }}</Dialog>
    }
}

fn row(printer: Printer, edit: Callback<Option<Printer>>) -> impl IntoView {
    let (id, chosen) = (printer.id, printer.clone());
    view! {
        <div class="option still">
            <crate::icon::Picture icon=icon::PRINTER/>
            <span class="grow">
                <span class="row wrap">
                    <span class="strong">{printer.name.clone()}</span>
                    {printer.is_default.then(|| view! { <Tag tone=Tone::Ok text=t(key::SETTINGS_DEFAULT)/> })}
                    {printer.has_drawer.then(|| view! { <Tag tone=Tone::Plain text=t(key::SETTINGS_DRAWER)/> })}
                </span>
                <div class="sub selectable">
                    {word("printer-kind", printer.kind.word())} " · " {printer.address.clone()} " · " {word("paper-kind", printer.paper.word())}
                </div>
            </span>
            <Button label=t(key::SETTINGS_TEST) press=move || test(id)/>
            <Button label=t(key::COMMON_EDIT) press=move || edit.run(Some(chosen.clone()))/>
        </div>
    }
}

/// Prints a test page and says so.
fn test(printer_id: PrinterId) {
    spawn_local(async move {
        match backend::host::<()>(HostCall::TestPrinter { printer_id }).await {
            Ok(()) => app().toasts.say(Tone::Ok, t(key::SETTINGS_TESTED)),
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

/// Paper that waits or failed; nothing where all came out.
#[component]
fn Jobs() -> impl IntoView {
    let ask = |state| live(&[Event::PrintingChanged], move || Some(ListPrintJobs { state: Some(state), offset: 0, limit: JOBS }));
    let (waiting, failed) = (ask(PrintState::Waiting), ask(PrintState::Failed));
    let row = |view: PrintJobView| {
        let tone = if view.job.state == PrintState::Failed { Tone::Need } else { Tone::Plain };
        let (id, job, problem) = (view.job.id, view.job.clone(), view.job.problem().map(|problem| refusal(&problem)));
        view! {
            <div class="option still">
                <span class="grow">
                    <span class="strong">{view.document_number.clone()}</span>
                    <div class="sub">{word("paper-document", view.job.document.word())} " · " {view.printer_name.clone()} " · " {format::date_time(view.job.at)}</div>
                    {problem.map(|text| view! { <div class="sub below selectable">{text}</div> })}
                </span>
                <Tag tone=tone text=word("print-state", view.job.state.word())/>
                <Button label=t(key::COUNTER_PRINT_AGAIN) press=move || sales::paper::retry(job.clone())/>
                <Button label=t(key::SETTINGS_JOB_CANCEL) press=move || sales::paper::cancel(id)/>
            </div>
        }
    };
    move || {
        let of = |page: Option<kontor_domain::catalog::Page<PrintJobView>>| page.map(|page| page.rows).unwrap_or_default();
        let all: Vec<PrintJobView> = of(failed.get()).into_iter().chain(of(waiting.get())).collect();
        let count = i64::try_from(all.len()).unwrap_or_default();
        (!all.is_empty()).then(|| {
            view! {
                <section class="card pad">
                    <h3>{tx(key::SETTINGS_JOBS, &[("count", count.into())])}</h3>
                    <div class="options flush">{all.into_iter().map(row).collect_view()}</div>
                </section>
            }
        })
    }
}
