//! Paper: printers, and print jobs as rows, so that a sale never waits for paper and paper is never forgotten.

use serde::{Deserialize, Serialize};

use crate::catalog::Page;
use crate::cell::words;
use crate::command::{Nature, Permission, queries};
use crate::counter::Sale;
use crate::ids::{DeviceId, PrintJobId, PrinterId, SaleId, ShiftId};
use crate::reject::Reject;
use crate::time::Instant;
use crate::world::table;

mod execute;
pub use execute::run;
pub(crate) use execute::{wish_job, write_job};

words! {
    /// How bytes reach a printer.
    PrinterKind {
        /// ESC/POS over TCP: `host:port`.
        Network = "network",
        /// ESC/POS appended to a file or device node: a path.
        EscposFile = "escpos_file",
        /// A PDF in a folder: a path.
        PdfFolder = "pdf_folder",
        /// A printer of the operating system: its name.
        System = "system",
    }
}

words! {
    /// What the paper looks like.
    PaperKind {
        /// 80 mm receipt roll.
        Roll80 = "roll_80",
        /// A4 invoice.
        A4 = "a4",
    }
}

words! {
    /// What is printed.
    PaperDocument {
        /// A sale's receipt.
        Receipt = "receipt",
        /// A sale's A4 invoice.
        Invoice = "invoice",
        /// A shift's X or Z report.
        ShiftReport = "shift_report",
    }
}

words! {
    /// State of a print job.
    PrintState {
        /// Not printed yet: it is tried until it is out.
        Waiting = "waiting",
        /// Handed to the printer.
        Done = "done",
        /// Given up, because it cannot be made or nobody waits for it any more; a person can print it again.
        Failed = "failed",
        /// A person wants it no more.
        Cancelled = "cancelled",
    }
}

table! {
    /// A printer as set up on a device.
    printer: Printer, PrinterKey {
        /// The printer.
        id: PrinterId,
    } => {
        /// The device.
        device_id: DeviceId,
        /// What it is called.
        name: String,
        /// How it is reached.
        kind: PrinterKind,
        /// Where: `host:port`, path or name.
        address: String,
        /// Its paper.
        paper: PaperKind,
        /// Character set of Chinese on ESC/POS: `big5`, `gb18030` or `raster`.
        charset: String,
        /// Whether it opens a cash drawer.
        has_drawer: bool,
        /// Whether receipts go here by themselves.
        is_default: bool,
        /// Whether it is in use.
        active: bool,
    }
    reach Device, change Update, index [device_id]
}

table! {
    /// One piece of paper to print.
    print_job: PrintJob, PrintJobKey {
        /// The job.
        id: PrintJobId,
    } => {
        /// On which printer.
        printer_id: PrinterId,
        /// What.
        document: PaperDocument,
        /// Of which sale or shift.
        document_id: uuid::Uuid,
        /// 0 for the original, n for COPY n.
        copy: i64,
        /// State.
        state: PrintState,
        /// How often it was tried.
        attempts: i64,
        /// What went wrong last: a [`Reject`] as JSON, empty where nothing did. [`PrintJob::problem`] reads it.
        error: String,
        /// When it was asked for last.
        at: Instant,
    }
    reach Device, change Update, index [document_id]
}

impl PrintJob {
    /// What went wrong last.
    pub fn problem(&self) -> Option<Reject> {
        serde_json::from_str(&self.error).ok()
    }

    /// Whether nobody waits for it any more. A buyer has left by then; a shift's report is still wanted the next days.
    pub fn is_stale(&self, now: Instant) -> bool {
        let kept_ms = match self.document {
            PaperDocument::Receipt | PaperDocument::Invoice => RECEIPT_KEPT_MS,
            PaperDocument::ShiftReport => REPORT_KEPT_MS,
        };
        now.0.saturating_sub(self.at.0) > kept_ms
    }
}

/// How long a receipt or an invoice is tried: till the end of a long day at the counter.
const RECEIPT_KEPT_MS: i64 = 8 * 3_600_000;
/// How long a shift's report is tried: over a weekend.
const REPORT_KEPT_MS: i64 = 72 * 3_600_000;

table! {
    /// How often a sale was printed or saved again. None: its original is the paper of the sale itself, or there is none yet.
    sale_print: SalePrint, SalePrintKey {
        /// The sale.
        sale_id: SaleId,
    } => {
        /// Copies after the original.
        copies: i64,
    }
    reach Warehouse, change Update
}

/// What the next paper of a sale is: 0 for the original, n for COPY n. The original comes out where the sale was made,
/// once; `job` is what became of the paper that the sale itself asked for there.
pub fn next_copy(sale: &Sale, device: DeviceId, job: Option<PrintState>, printed: Option<&SalePrint>) -> i64 {
    let is_out = !matches!(job, None | Some(PrintState::Failed | PrintState::Cancelled));
    match printed {
        Some(row) => row.copies + 1,
        None => i64::from(is_out || sale.device_id != device),
    }
}

/// Changes to printing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Sets up a printer or changes it.
    SetPrinter(Printer),
    /// Prints a sale again, marked COPY n; its original, where that never came out.
    Reprint(Reprint),
    /// Paper of a sale was saved as a file: it counts as what is printed does.
    SavePaper(SavePaper),
    /// Prints a shift's report.
    PrintShift(PrintShift),
    /// What became of a job.
    Report(Report),
    /// Tries a job again that is not out.
    Retry(Retry),
    /// A job that is not out is wanted no more.
    Cancel {
        /// The job.
        job_id: PrintJobId,
    },
}

impl Command {
    /// The right it needs.
    pub(crate) const fn permission(&self) -> Permission {
        match self {
            Self::SetPrinter(_) => Permission::PrintingManage,
            Self::Reprint(_) | Self::SavePaper(_) | Self::PrintShift(_) | Self::Report(_) | Self::Retry(_) | Self::Cancel { .. } => {
                Permission::PrintingPrint
            }
        }
    }

    /// Whether it is a fact or a request.
    pub(crate) const fn nature(&self) -> Nature {
        match self {
            Self::SetPrinter(_) => Nature::Request,
            Self::Reprint(_) | Self::SavePaper(_) | Self::PrintShift(_) | Self::Report(_) | Self::Retry(_) | Self::Cancel { .. } => Nature::Fact,
        }
    }
}

/// Prints a sale again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reprint {
    /// The job.
    pub job_id: PrintJobId,
    /// On which printer.
    pub printer_id: PrinterId,
    /// Which sale.
    pub sale_id: SaleId,
    /// Receipt or invoice.
    pub document: PaperDocument,
}

/// Paper of a sale that was saved as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavePaper {
    /// Of which sale.
    pub sale_id: SaleId,
    /// What is written on it: 0 for the original, n for COPY n. Refused with `NotAllowedInState` if another paper came
    /// between: then the file is written anew.
    pub copy: i64,
}

/// Prints a shift's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintShift {
    /// The job.
    pub job_id: PrintJobId,
    /// On which printer.
    pub printer_id: PrinterId,
    /// Which shift.
    pub shift_id: ShiftId,
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The job.
    pub job_id: PrintJobId,
    /// Its state now.
    pub state: PrintState,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong.
    #[serde(default)]
    pub problem: Option<Reject>,
}

/// Tries a job again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// The job.
    pub job_id: PrintJobId,
    /// On which printer: the one it was for, or another if that is gone.
    pub printer_id: PrinterId,
}

queries! { Printing {
    /// Printers of a device.
    ListPrinters { device_id: DeviceId } -> Vec<Printer>, permission: PrintingRead;
    /// Jobs, newest first.
    ListPrintJobs { state: Option<PrintState>, offset: u32, limit: u32 } -> Page<PrintJobView>, permission: PrintingRead;
} }

/// A job in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintJobView {
    /// The job.
    pub job: PrintJob,
    /// Name of its printer.
    pub printer_name: String,
    /// Number of its document.
    pub document_number: String,
}
