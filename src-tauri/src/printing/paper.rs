//! Paper is made: for a job, for a file a person wants, as a test page.

use std::path::PathBuf;
use std::sync::Arc;

use kontor_documents::{
    Charset, DocumentError, EscposOptions, Paper, PaperOptions, drawer_kick, invoice_pdf, receipt_escpos, receipt_pdf, shift_report_escpos,
    shift_report_pdf, test_page_escpos,
};
use kontor_domain::counter::SaleDetail;
use kontor_domain::host::HostEvent;
use kontor_domain::ids::{PrinterId, SaleId, ShiftId};
use kontor_domain::printing::{self, ListPrinters, PaperDocument, PrintJob, Printer, PrinterKind, SavePaper};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use uuid::Uuid;

use super::delivery::{deliver, unwritten, write};
use super::rest::TOLD_AFTER;
use super::submit;
use crate::platform;
use crate::program::{Program, internal};
use crate::shop::Shop;

/// A drawer opens with its sale, not when a printer answers again.
const DRAWER_MS: i64 = 30_000;

/// How often a file is made anew because another paper of the sale came between.
const SAVE_TRIES: usize = 5;

/// Paper with its name.
pub(super) struct Made {
    /// When what is on it was sold.
    sold_at: Option<Instant>,
    /// Of the file, and of the document.
    pub(super) name: String,
    /// What is on it.
    pub(super) paper: Paper,
}

impl Made {
    /// Tells people which characters are not on it as they were written.
    pub(super) fn tell_missing(&self, program: &Program) {
        if !self.paper.missing_characters.is_empty() {
            tracing::warn!(characters = ?self.paper.missing_characters, document = self.name, "no font has these characters");
            program.tell(HostEvent::GlyphsMissing { number: self.name.clone(), characters: self.paper.missing_characters.iter().collect() });
        }
    }
}

fn escpos(printer: &Printer) -> EscposOptions {
    EscposOptions { charset: Charset::of(&printer.charset).unwrap_or(Charset::Raster), columns: 48 }
}

fn not_found(what: &str) -> Reject {
    Reject::new(Code::NotFound).with("what", what)
}

/// Whether a printer takes ESC/POS rather than PDF.
const fn speaks_escpos(kind: PrinterKind) -> bool {
    matches!(kind, PrinterKind::Network | PrinterKind::EscposFile)
}

/// Makes the paper of a job.
pub(super) async fn make(program: &Arc<Program>, shop: &Arc<Shop>, job: &PrintJob, printer: &Printer) -> Result<Made, Reject> {
    let form = speaks_escpos(printer.kind).then(|| escpos(printer));
    let mut made = make_document(program, shop, job.document, job.document_id, job.copy, form).await?;
    if form.is_some() && printer.has_drawer && made.sold_at.is_some_and(|sold_at| opens_drawer(job, sold_at)) {
        made.paper.bytes.splice(0..0, drawer_kick());
    }
    Ok(made)
}

fn opens_drawer(job: &PrintJob, sold_at: Instant) -> bool {
    let is_at_once = job.attempts < i64::from(TOLD_AFTER) && platform::now().0.saturating_sub(sold_at.0) < DRAWER_MS;
    is_at_once && job.copy == 0 && job.document == PaperDocument::Receipt
}

async fn make_document(
    program: &Arc<Program>,
    shop: &Arc<Shop>,
    document: PaperDocument,
    id: Uuid,
    copy: i64,
    form: Option<EscposOptions>,
) -> Result<Made, Reject> {
    let fonts = program.fonts();
    let options = PaperOptions { copy };
    let suffix = if copy > 0 { format!("-copy-{copy}") } else { String::new() };
    let asker = shop.asker();
    if document == PaperDocument::ShiftReport {
        let company = shop.reader().company(&asker).await.map_err(|error| error.reject())?.ok_or_else(|| not_found("company"))?;
        let shift = shop.reader().shift_detail(&asker, ShiftId(id)).await.map_err(|error| error.reject())?.ok_or_else(|| not_found("shift"))?;
        let name = shift.shift.number.map_or_else(|| "X".to_owned(), |number| format!("Z{number}"));
        let work = move || match form {
            Some(printer) => shift_report_escpos(&shift, &company, options, printer, &fonts),
            None => shift_report_pdf(&shift, &company, options, &fonts),
        };
        return Ok(Made { sold_at: None, name, paper: written(work).await? });
    }
    let sale = sale_detail(shop, SaleId(id)).await?;
    let sold_at = Some(sale.sale.at);
    let name = format!("{}{suffix}", sale.sale.number);
    let work = move || match (document, form) {
        (PaperDocument::Invoice, None) => invoice_pdf(&sale, options, &fonts),
        (_, None) => receipt_pdf(&sale, options, &fonts),
        (_, Some(printer)) => receipt_escpos(&sale, options, printer, &fonts),
    };
    Ok(Made { sold_at, name, paper: written(work).await? })
}

async fn sale_detail(shop: &Shop, id: SaleId) -> Result<SaleDetail, Reject> {
    let sale = shop.reader().sale_detail(&shop.asker(), id).await.map_err(|error| error.reject())?;
    sale.ok_or_else(|| not_found("sale"))
}

/// Writes paper on a thread where it stops nobody.
async fn written(work: impl FnOnce() -> Result<Paper, DocumentError> + Send + 'static) -> Result<Paper, Reject> {
    tokio::task::spawn_blocking(work).await.map_err(internal)?.map_err(|error| match error {
        DocumentError::NoFont | DocumentError::BadFont(..) => {
            tracing::error!(%error, "paper");
            Reject::new(Code::NoPaperFont)
        }
        DocumentError::File(_) | DocumentError::UnknownCurrency(_) | DocumentError::Figures(_) => internal(error),
    })
}

/// Makes a document's PDF where it is wanted. A sale's is its original or a copy as on a printer. It counts as soon as it is
/// there: what could not be written is no paper. If another paper of the sale came between, it is made anew.
pub async fn save_pdf(program: &Arc<Program>, document: PaperDocument, id: Uuid, path: Option<String>) -> Result<String, Reject> {
    let shop = program.shop().await?;
    for _ in 0..SAVE_TRIES {
        let copy = if document == PaperDocument::ShiftReport { 0 } else { next_copy(&shop, SaleId(id)).await? };
        let made = make_document(program, &shop, document, id, copy, None).await?;
        let path = match &path {
            Some(path) => PathBuf::from(path),
            None => {
                let folder = program.folder().join("paper");
                tokio::fs::create_dir_all(&folder).await.map_err(|error| unwritten(&error, &folder))?;
                folder.join(format!("{}.pdf", made.name))
            }
        };
        write(&path, &made.paper.bytes).await?;
        if document != PaperDocument::ShiftReport && !count(program, &shop, SavePaper { sale_id: SaleId(id), copy }).await? {
            continue;
        }
        made.tell_missing(program);
        return Ok(path.display().to_string());
    }
    Err(Reject::new(Code::NotAllowedInState).with("action", "save").with("state", "printed"))
}

/// Counts a paper that was saved; `false`: another came between.
async fn count(program: &Program, shop: &Shop, save: SavePaper) -> Result<bool, Reject> {
    match submit(program, shop, shop.asker().person, printing::Command::SavePaper(save)).await {
        Ok(()) => Ok(true),
        Err(reject) if reject.code == Code::NotAllowedInState => Ok(false),
        Err(reject) => Err(reject),
    }
}

async fn next_copy(shop: &Shop, id: SaleId) -> Result<i64, Reject> {
    let sale = sale_detail(shop, id).await?.sale;
    shop.reader().next_copy(&shop.asker(), &sale).await.map_err(|error| error.reject())
}

/// Prints a page that shows whether the printer is set up.
pub async fn test(program: &Arc<Program>, printer_id: PrinterId) -> Result<(), Reject> {
    let shop = program.shop().await?;
    let asker = shop.asker();
    let printer = shop.reader().printer(&asker, printer_id).await.map_err(|error| error.reject())?.ok_or_else(|| not_found("printer"))?;
    let company = shop.reader().company(&asker).await.map_err(|error| error.reject())?.ok_or_else(|| not_found("company"))?;
    let fonts = program.fonts();
    let form = escpos(&printer);
    let paper = if speaks_escpos(printer.kind) {
        written(move || test_page_escpos(&company, form, &fonts)).await?
    } else {
        written(move || kontor_documents::test_page_pdf(&company, &fonts)).await?
    };
    deliver(&printer, "test", &paper.bytes).await
}

/// Opens the drawer that hangs on the default printer; without one there is nothing to open.
pub async fn kick_drawer(program: &Arc<Program>) -> Result<bool, Reject> {
    let shop = program.shop().await?;
    let printers = shop.ask(ListPrinters { device_id: shop.asker().device }).await?;
    let Some(printer) = printers.iter().find(|printer| printer.has_drawer && speaks_escpos(printer.kind)) else { return Ok(false) };
    deliver(printer, "drawer", &drawer_kick()).await?;
    Ok(true)
}
