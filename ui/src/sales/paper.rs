//! Paper on demand: a PDF where a person wants it, a report on the printer.

use kontor_domain::command::Command;
use kontor_domain::host::{FileWish, HostCall};
use kontor_domain::ids::{PrintJobId, ShiftId};
use kontor_domain::printing::{self, ListPrinters, PaperDocument, PrintJob, PrintShift, Retry};
use kontor_domain::reject::Reject;
use leptos::prelude::WithUntracked as _;
use leptos::task::spawn_local;

use crate::deed::Deed;
use crate::keys::{Action, shown};
use crate::state::app;
use crate::text::{key, refusal, t, tx};
use crate::toast::{Act, Tone};
use crate::{backend, ids};

/// Asks where to, and writes a document's PDF there.
pub(crate) fn save_pdf(document: PaperDocument, document_id: uuid::Uuid, name: &str) {
    let wish = FileWish { save: true, name: format!("{name}.pdf"), extension: "pdf".into() };
    spawn_local(async move {
        match write_pdf(document, document_id, wish).await {
            Ok(Some(path)) => app().toasts.say(Tone::Ok, tx(key::SALES_PDF_SAVED, &[("path", path.into())])),
            // The person closed the box: nothing was wanted.
            Ok(None) => {}
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

async fn write_pdf(document: PaperDocument, document_id: uuid::Uuid, wish: FileWish) -> Result<Option<String>, Reject> {
    let Some(path) = backend::host::<Option<String>>(HostCall::PickFile(wish)).await? else { return Ok(None) };
    backend::host::<String>(HostCall::SavePdf { document, document_id, path: Some(path) }).await.map(Some)
}

/// Prints a shift's report on the default printer and says so.
pub(crate) fn print_shift(shift_id: ShiftId) {
    let Some(printer) = app().default_printer() else {
        app().toasts.say(Tone::Warn, t(key::SALES_NO_PRINTER));
        return;
    };
    let print = PrintShift { job_id: ids::new(PrintJobId), printer_id: printer.id, shift_id };
    spawn_local(async move {
        match backend::execute(Command::Printing(printing::Command::PrintShift(print))).await {
            Ok(_) => app().toasts.say(Tone::Ok, tx(key::SALES_PRINTING, &[("printer", printer.name.into())])),
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

/// Tries paper again that is not out: on its printer, or on the default one if that is gone.
pub(crate) fn retry(job: PrintJob) {
    spawn_local(async move {
        if let Err(reject) = send_retry(&job).await {
            app().toasts.refuse(&reject);
        }
    });
}

async fn send_retry(job: &PrintJob) -> Result<(), Reject> {
    let device = app().session.with_untracked(|session| session.as_ref().map(|session| session.device.id));
    let Some(device_id) = device else { return Ok(()) };
    let printers = backend::ask(ListPrinters { device_id }).await?;
    let own = printers.into_iter().find(|printer| printer.id == job.printer_id);
    let Some(printer) = own.or_else(|| app().default_printer()) else {
        app().toasts.say(Tone::Warn, t(key::SALES_NO_PRINTER));
        return Ok(());
    };
    let retry = Retry { job_id: job.id, printer_id: printer.id };
    backend::execute(Command::Printing(printing::Command::Retry(retry))).await?;
    app().toasts.say(Tone::Ok, tx(key::SALES_PRINTING, &[("printer", printer.name.into())]));
    Ok(())
}

/// Paper that nobody wants any more.
pub(crate) fn cancel(job_id: PrintJobId) {
    spawn_local(async move {
        if let Err(reject) = backend::execute(Command::Printing(printing::Command::Cancel { job_id })).await {
            app().toasts.refuse(&reject);
        }
    });
}

/// Says that paper is not out, and offers to try again.
pub(crate) fn tell_failure(job: PrintJob, problem: &Reject) {
    let problem = refusal(problem);
    let text = match job.document {
        PaperDocument::Receipt | PaperDocument::Invoice => {
            tx(key::PRINT_FAILED_SALE, &[("problem", problem.into()), ("key", shown(Action::LastReceipt).into())])
        }
        PaperDocument::ShiftReport => tx(key::PRINT_FAILED_SHIFT, &[("problem", problem.into())]),
    };
    let again = Act { label: t(key::COUNTER_PRINT_AGAIN), run: Deed::new(move || retry(job.clone())) };
    app().toasts.say_with(Tone::Need, text, Some(again));
}
