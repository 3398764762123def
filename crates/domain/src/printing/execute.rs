//! Printers and print jobs.

use super::{
    Command, PaperDocument, PaperKind, PrintJob, PrintJobKey, PrintShift, PrintState, Printer, PrinterKey, Report, Reprint, Retry, SalePrint,
    SalePrintKey, SavePaper, next_copy,
};
use crate::cell::Cell;
use crate::command::{Event, Exec, Outcome};
use crate::counter::{PrintWish, Sale, SaleKey, Shift, ShiftKey};
use crate::ids::{PrintJobId, PrinterId};
use crate::reject::{Code, Reject};
use crate::text::{NAME_LIMIT, check_line, check_name};
use crate::world::{Halt, Scope};

/// Decides a change to printing.
pub fn run(exec: &mut Exec<'_>, command: &Command) -> Result<Outcome, Halt> {
    match command {
        Command::SetPrinter(printer) => set_printer(exec, printer),
        Command::Reprint(reprint) => self::reprint(exec, reprint),
        Command::SavePaper(save) => save_paper(exec, save),
        Command::PrintShift(print) => print_shift(exec, print),
        Command::Report(report) => self::report(exec, report),
        Command::Retry(retry) => self::retry(exec, retry),
        Command::Cancel { job_id } => cancel(exec, *job_id),
    }
}

fn device_scope(exec: &Exec<'_>) -> Scope {
    Scope::of_id(exec.envelope.device.0)
}

fn set_printer(exec: &mut Exec<'_>, printer: &Printer) -> Result<Outcome, Halt> {
    check_name(&printer.name, "name", NAME_LIMIT)?;
    check_name(&printer.address, "address", 400)?;
    check_line(&printer.charset, "charset", 16)?;
    if printer.device_id != exec.envelope.device {
        return Err(Reject::field(Code::Format, "device").into());
    }
    let others = exec.world.under::<Printer>(0, printer.device_id.to_value())?;
    if printer.is_default {
        for mut other in others.into_iter().filter(|other| other.id != printer.id && other.is_default) {
            other.is_default = false;
            exec.world.update(other);
        }
    }
    match exec.world.find::<Printer>(&PrinterKey { id: printer.id })? {
        Some(_) => exec.world.update(printer.clone()),
        None => {
            let scope = device_scope(exec);
            exec.world.insert(scope, printer.clone());
        }
    }
    Ok(Outcome { number: None, events: vec![Event::PrintingChanged, Event::SettingsChanged] })
}

struct Paper {
    document: PaperDocument,
    document_id: uuid::Uuid,
    copy: i64,
}

fn insert_job(exec: &mut Exec<'_>, id: PrintJobId, printer_id: PrinterId, paper: Paper) -> Result<(), Halt> {
    exec.check_fresh::<PrintJob>(&PrintJobKey { id }, id.0)?;
    let job = PrintJob {
        id,
        printer_id,
        document: paper.document,
        document_id: paper.document_id,
        copy: paper.copy,
        state: PrintState::Waiting,
        attempts: 0,
        error: String::new(),
        at: exec.at(),
    };
    let scope = device_scope(exec);
    exec.world.insert(scope, job);
    Ok(())
}

/// Asks for what [`write_job`] looks at.
pub(crate) fn wish_job(exec: &mut Exec<'_>, wish: &PrintWish) {
    exec.world.wish::<Printer>(&PrinterKey { id: wish.printer_id });
    exec.world.wish::<PrintJob>(&PrintJobKey { id: wish.job_id });
}

/// The paper of a sale, written down with it. A printer that is gone stops no sale: there is no paper then, and
/// F12 prints it on another.
pub(crate) fn write_job(exec: &mut Exec<'_>, wish: &PrintWish, sale: &Sale) -> Result<(), Halt> {
    let Some(printer) = exec.world.find::<Printer>(&PrinterKey { id: wish.printer_id })?.filter(|printer| printer.active) else {
        return Ok(());
    };
    let document = match printer.paper {
        PaperKind::Roll80 => PaperDocument::Receipt,
        PaperKind::A4 => PaperDocument::Invoice,
    };
    insert_job(exec, wish.job_id, printer.id, Paper { document, document_id: sale.id.0, copy: 0 })
}

/// Paper asked for again elsewhere: what is gone meanwhile is told, and there is no paper.
fn nothing_to_print(exec: &mut Exec<'_>, what: &str, about: uuid::Uuid) -> Result<Outcome, Halt> {
    let scope = device_scope(exec);
    exec.refuse_or_flag(Reject::new(Code::NotFound).with("what", what), about, scope)?;
    Ok(Outcome::event(Event::PrintingChanged))
}

fn has_printer(exec: &mut Exec<'_>, id: PrinterId) -> Result<bool, Halt> {
    Ok(exec.world.find::<Printer>(&PrinterKey { id })?.is_some_and(|printer| printer.active))
}

fn reprint(exec: &mut Exec<'_>, reprint: &Reprint) -> Result<Outcome, Halt> {
    if reprint.document == PaperDocument::ShiftReport {
        return Err(Reject::field(Code::Format, "document").into());
    }
    if !has_printer(exec, reprint.printer_id)? {
        return nothing_to_print(exec, "printer", reprint.printer_id.0);
    }
    let Some(sale) = exec.world.find::<Sale>(&SaleKey { id: reprint.sale_id })? else {
        return nothing_to_print(exec, "sale", reprint.sale_id.0);
    };
    let original = original(exec, &sale)?;
    let state = original.as_ref().map(|job| job.state);
    match original {
        // What is printed first is no copy.
        Some(job) if job.state != PrintState::Done => put_in_line(exec, job, reprint.printer_id),
        _ => {
            let copy = count_paper(exec, &sale, state)?;
            insert_job(exec, reprint.job_id, reprint.printer_id, Paper { document: reprint.document, document_id: sale.id.0, copy })?;
        }
    }
    Ok(Outcome { number: Some(sale.number), events: vec![Event::PrintingChanged] })
}

fn save_paper(exec: &mut Exec<'_>, save: &SavePaper) -> Result<Outcome, Halt> {
    let Some(sale) = exec.world.find::<Sale>(&SaleKey { id: save.sale_id })? else {
        return nothing_to_print(exec, "sale", save.sale_id.0);
    };
    let original = original(exec, &sale)?;
    let copy = count_paper(exec, &sale, original.as_ref().map(|job| job.state))?;
    if copy != save.copy && !exec.is_fact_again() {
        return Err(Reject::new(Code::NotAllowedInState).with("action", "save").with("state", "printed").into());
    }
    // The file is the original of a job that was given up: no printer makes another.
    if let Some(mut job) = original.filter(|_| copy == 0) {
        job.state = PrintState::Done;
        job.error = String::new();
        exec.world.update(job);
    }
    Ok(Outcome { number: Some(sale.number), events: vec![Event::PrintingChanged] })
}

/// Counts one more paper of a sale and says which it is.
fn count_paper(exec: &mut Exec<'_>, sale: &Sale, job: Option<PrintState>) -> Result<i64, Halt> {
    let printed = exec.world.find::<SalePrint>(&SalePrintKey { sale_id: sale.id })?;
    let copy = next_copy(sale, exec.envelope.device, job, printed.as_ref());
    let row = SalePrint { sale_id: sale.id, copies: copy };
    match printed {
        Some(_) => exec.world.update(row),
        None => exec.world.insert(Exec::warehouse_scope(sale.warehouse_id), row),
    }
    Ok(copy)
}

/// The paper that the sale itself asked for on this device.
fn original(exec: &mut Exec<'_>, sale: &Sale) -> Result<Option<PrintJob>, Halt> {
    for job in exec.world.under::<PrintJob>(0, sale.id.to_value())? {
        if job.copy == 0 && is_of_this_device(exec, &job)? {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// Jobs are rows of the device whose printer they are for; the authority sees those of all.
fn is_of_this_device(exec: &mut Exec<'_>, job: &PrintJob) -> Result<bool, Halt> {
    let printer = exec.world.find::<Printer>(&PrinterKey { id: job.printer_id })?;
    Ok(printer.is_some_and(|printer| printer.device_id == exec.envelope.device))
}

/// A job waits as if it were asked for now.
fn put_in_line(exec: &mut Exec<'_>, mut job: PrintJob, printer_id: PrinterId) {
    job.printer_id = printer_id;
    job.state = PrintState::Waiting;
    job.error = String::new();
    job.at = exec.at();
    exec.world.update(job);
}

fn print_shift(exec: &mut Exec<'_>, print: &PrintShift) -> Result<Outcome, Halt> {
    if !has_printer(exec, print.printer_id)? {
        return nothing_to_print(exec, "printer", print.printer_id.0);
    }
    let Some(shift) = exec.world.find::<Shift>(&ShiftKey { id: print.shift_id })? else {
        return nothing_to_print(exec, "shift", print.shift_id.0);
    };
    insert_job(exec, print.job_id, print.printer_id, Paper { document: PaperDocument::ShiftReport, document_id: shift.id.0, copy: 0 })?;
    Ok(Outcome::event(Event::PrintingChanged))
}

/// Most that a job keeps of one thing its problem names.
const DETAIL_LIMIT_CHARACTERS: usize = 200;

/// What a driver says may hold anything: kept short and clean, never a reason to refuse.
fn kept(problem: &Reject) -> String {
    let clean = |text: &String| text.chars().filter(|character| !character.is_control()).take(DETAIL_LIMIT_CHARACTERS).collect();
    let args = problem.args.iter().take(4).map(|(name, value)| (clean(name), clean(value))).collect();
    serde_json::to_string(&Reject { code: problem.code, args }).unwrap_or_default()
}

fn report(exec: &mut Exec<'_>, report: &Report) -> Result<Outcome, Halt> {
    let Some(mut job) = exec.world.find::<PrintJob>(&PrintJobKey { id: report.job_id })? else {
        return nothing_to_print(exec, "print_job", report.job_id.0);
    };
    match job.state {
        // It is out, by this way or as a file: a try that ends later changes nothing.
        PrintState::Done => return Ok(Outcome::default()),
        // Paper that a person cancelled while it was tried stays cancelled, unless it came out after all.
        PrintState::Cancelled if report.state != PrintState::Done => {}
        PrintState::Cancelled | PrintState::Waiting | PrintState::Failed => job.state = report.state,
    }
    job.attempts = report.attempts;
    job.error = report.problem.as_ref().map_or_else(String::new, kept);
    exec.world.update(job);
    Ok(Outcome::event(Event::PrintingChanged))
}

fn retry(exec: &mut Exec<'_>, retry: &Retry) -> Result<Outcome, Halt> {
    if !has_printer(exec, retry.printer_id)? {
        return nothing_to_print(exec, "printer", retry.printer_id.0);
    }
    let Some(job) = exec.world.find::<PrintJob>(&PrintJobKey { id: retry.job_id })? else {
        return nothing_to_print(exec, "print_job", retry.job_id.0);
    };
    // What came out meanwhile is not printed twice under one number.
    if job.state != PrintState::Done {
        put_in_line(exec, job, retry.printer_id);
    }
    Ok(Outcome::event(Event::PrintingChanged))
}

fn cancel(exec: &mut Exec<'_>, job_id: PrintJobId) -> Result<Outcome, Halt> {
    let Some(mut job) = exec.world.find::<PrintJob>(&PrintJobKey { id: job_id })? else {
        return nothing_to_print(exec, "print_job", job_id.0);
    };
    if job.state != PrintState::Done {
        job.state = PrintState::Cancelled;
        exec.world.update(job);
    }
    Ok(Outcome::event(Event::PrintingChanged))
}
