//! Paper on demand: a PDF where a person wants it, a report on the printer.

use kontor_domain::command::Command;
use kontor_domain::host::{FileWish, HostCall};
use kontor_domain::ids::{PrintJobId, ShiftId};
use kontor_domain::printing::{self, PaperDocument, PrintShift};
use kontor_domain::reject::Reject;
use leptos::task::spawn_local;

use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
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
