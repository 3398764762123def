//! The print loop: paper that waits is a row; it is made, handed over, and tried again until it is out.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use kontor_documents::{
    Charset, EscposOptions, Paper, PaperOptions, drawer_kick, invoice_pdf, receipt_escpos, receipt_pdf, shift_report_escpos, shift_report_pdf,
    test_page_escpos,
};
use kontor_domain::command::{Command, Permission};
use kontor_domain::host::HostEvent;
use kontor_domain::ids::{CommandId, PersonId, PrinterId, SaleId, ShiftId};
use kontor_domain::printing::{self, PaperDocument, PrintJob, PrintState, Printer, PrinterKind, Report};
use kontor_domain::reject::{Code, Reject};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use crate::platform;
use crate::program::{Program, internal};
use crate::shop::Shop;

/// How long a printer may take to answer.
const PRINTER_TIMEOUT: Duration = Duration::from_secs(4);
/// How long fonts (about 40 MB) stay in memory after the last paper.
const FONTS_KEPT: Duration = Duration::from_secs(60);
/// How often a job is tried before a person is told.
const TRIES: usize = 4;
/// Jobs taken at once.
const JOBS: u32 = 50;

/// Starts the loop; it ends with the program.
pub fn start(program: &Arc<Program>) {
    let weak = Arc::downgrade(program);
    program.paper.notify_one();
    tokio::spawn(run(weak));
}

async fn run(weak: Weak<Program>) {
    loop {
        let Some(program) = weak.upgrade() else { return };
        if tokio::time::timeout(FONTS_KEPT, program.paper.notified()).await.is_err() {
            program.release_fonts();
            continue;
        }
        if let Ok(shop) = program.shop().await {
            print_waiting(&program, &shop).await;
        }
    }
}

async fn print_waiting(program: &Arc<Program>, shop: &Arc<Shop>) {
    loop {
        let jobs = match shop.reader().waiting_jobs(&shop.asker(), JOBS).await {
            Ok(jobs) if jobs.is_empty() => return,
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::error!(%error, "print jobs");
                return;
            }
        };
        for (job, printer) in jobs {
            let outcome = match &printer {
                Some(printer) => print(program, shop, &job, printer).await,
                None => Err("no printer".to_owned()),
            };
            if report(program, shop, &job, printer.as_ref(), outcome).await.is_err() {
                return;
            }
        }
    }
}

async fn print(program: &Arc<Program>, shop: &Arc<Shop>, job: &PrintJob, printer: &Printer) -> Result<(), String> {
    let made = make(program, shop, job, printer).await.map_err(|reject| reject.to_string())?;
    let back_off = ExponentialBuilder::default().with_jitter().with_min_delay(Duration::from_millis(300)).with_max_times(TRIES - 1);
    let deliver = || deliver(printer, &made.name, &made.paper.bytes);
    deliver.retry(back_off).await.map_err(|error| format!("{error:#}"))
}

/// The verdict on a job is a command like any other.
async fn report(
    program: &Arc<Program>,
    shop: &Arc<Shop>,
    job: &PrintJob,
    printer: Option<&Printer>,
    outcome: Result<(), String>,
) -> Result<(), Reject> {
    let (state, error) = match outcome {
        Ok(()) => (PrintState::Done, String::new()),
        Err(error) => (PrintState::Failed, error),
    };
    let report = Report { job_id: job.id, state, attempts: job.attempts + 1, error: error.clone() };
    let command = Command::Printing(printing::Command::Report(report));
    let reporter = reporter(shop).await;
    let told = shop.submit_as(reporter, CommandId(Uuid::now_v7()), command, platform::now()).await;
    let done = told.inspect_err(|reject| tracing::error!(%reject, "print report"))?;
    program.told(&done);
    if state == PrintState::Failed {
        tracing::warn!(error, "print");
        let is_shift = job.document == PaperDocument::ShiftReport;
        program.tell(HostEvent::PrintFailed {
            printer_name: printer.map_or_else(String::new, |printer| printer.name.clone()),
            error,
            sale_id: (!is_shift).then_some(SaleId(job.document_id)),
            shift_id: is_shift.then_some(ShiftId(job.document_id)),
        });
    }
    Ok(())
}

/// Whoever is here says what became of paper; who may not print leaves it to whom the device was set up for.
async fn reporter(shop: &Shop) -> PersonId {
    let asker = shop.asker();
    let may_print = shop.reader().rights(&asker).await.is_ok_and(|rights| rights.allow(Permission::PrintingPrint));
    if may_print { asker.person } else { shop.installation.person }
}

struct Made {
    name: String,
    paper: Paper,
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

async fn make(program: &Arc<Program>, shop: &Arc<Shop>, job: &PrintJob, printer: &Printer) -> Result<Made, Reject> {
    let form = speaks_escpos(printer.kind).then(|| escpos(printer));
    let mut made = make_document(program, shop, job.document, job.document_id, job.copy, form).await?;
    if printer.has_drawer && job.copy == 0 && job.document == PaperDocument::Receipt && speaks_escpos(printer.kind) {
        made.paper.bytes.splice(0..0, drawer_kick());
    }
    if !made.paper.missing_characters.is_empty() {
        tracing::warn!(characters = ?made.paper.missing_characters, document = made.name, "no font has these characters");
    }
    Ok(made)
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
        let paper = tokio::task::spawn_blocking(work).await.map_err(internal)?.map_err(internal)?;
        return Ok(Made { name, paper });
    }
    let sale = shop.reader().sale_detail(&asker, SaleId(id)).await.map_err(|error| error.reject())?.ok_or_else(|| not_found("sale"))?;
    let name = format!("{}{suffix}", sale.sale.number);
    let work = move || match (document, form) {
        (PaperDocument::Invoice, None) => invoice_pdf(&sale, options, &fonts),
        (_, None) => receipt_pdf(&sale, options, &fonts),
        (_, Some(printer)) => receipt_escpos(&sale, options, printer, &fonts),
    };
    let paper = tokio::task::spawn_blocking(work).await.map_err(internal)?.map_err(internal)?;
    Ok(Made { name, paper })
}

/// Hands bytes to a printer.
async fn deliver(printer: &Printer, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    tokio::time::timeout(PRINTER_TIMEOUT, hand_over(printer, name, bytes)).await?
}

async fn hand_over(printer: &Printer, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    match printer.kind {
        PrinterKind::Network => {
            let mut socket = tokio::net::TcpStream::connect(&printer.address).await?;
            socket.write_all(bytes).await?;
            socket.shutdown().await?;
        }
        PrinterKind::EscposFile => {
            let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(&printer.address).await?;
            file.write_all(bytes).await?;
            file.flush().await?;
        }
        PrinterKind::PdfFolder => {
            tokio::fs::create_dir_all(&printer.address).await?;
            tokio::fs::write(Path::new(&printer.address).join(format!("{name}.pdf")), bytes).await?;
        }
        PrinterKind::System => {
            let file = std::env::temp_dir().join(format!("kontor-{}-{name}.pdf", std::process::id()));
            tokio::fs::write(&file, bytes).await?;
            let printed = platform::print_with_system(&printer.address, &file).await;
            tokio::fs::remove_file(&file).await?;
            printed?;
        }
    }
    Ok(())
}

/// Makes a document's PDF where it is wanted.
pub async fn save_pdf(program: &Arc<Program>, document: PaperDocument, id: Uuid, path: Option<String>) -> Result<String, Reject> {
    let shop = program.shop().await?;
    let made = make_document(program, &shop, document, id, 0, None).await?;
    let path = match path {
        Some(path) => PathBuf::from(path),
        None => {
            let folder = program.folder().join("paper");
            tokio::fs::create_dir_all(&folder).await.map_err(internal)?;
            folder.join(format!("{}.pdf", made.name))
        }
    };
    let unwritable = |_| Reject::new(Code::ReadOnly).with("path", path.display());
    tokio::fs::write(&path, &made.paper.bytes).await.map_err(unwritable)?;
    Ok(path.display().to_string())
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
        tokio::task::spawn_blocking(move || test_page_escpos(&company, form, &fonts)).await.map_err(internal)?.map_err(internal)?
    } else {
        tokio::task::spawn_blocking(move || kontor_documents::test_page_pdf(&company, &fonts)).await.map_err(internal)?.map_err(internal)?
    };
    deliver(&printer, "test", &paper.bytes).await.map_err(|error| internal(format!("{error:#}")))
}

/// Opens the drawer that hangs on the default printer; without one there is nothing to open.
pub async fn kick_drawer(program: &Arc<Program>) -> Result<bool, Reject> {
    let shop = program.shop().await?;
    let asker = shop.asker();
    let printers = shop.ask(kontor_domain::printing::ListPrinters { device_id: asker.device }).await?;
    let Some(printer) = printers.iter().find(|printer| printer.has_drawer && speaks_escpos(printer.kind)) else { return Ok(false) };
    deliver(printer, "drawer", &drawer_kick()).await.map_err(|error| internal(format!("{error:#}")))?;
    Ok(true)
}
