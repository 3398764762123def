//! Printers and print jobs.

use super::{
    Command, PaperDocument, PaperKind, PrintJob, PrintJobKey, PrintShift, PrintState, Printer, PrinterKey, Report, Reprint, SalePrint, SalePrintKey,
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
        Command::PrintShift(print) => print_shift(exec, print),
        Command::Report(report) => self::report(exec, report),
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
    let copies = exec.world.find::<SalePrint>(&SalePrintKey { sale_id: sale.id })?;
    let copy = copies.as_ref().map_or(0, |row| row.copies) + 1;
    let row = SalePrint { sale_id: sale.id, copies: copy };
    match copies {
        Some(_) => exec.world.update(row),
        None => exec.world.insert(Exec::warehouse_scope(sale.warehouse_id), row),
    }
    insert_job(exec, reprint.job_id, reprint.printer_id, Paper { document: reprint.document, document_id: sale.id.0, copy })?;
    Ok(Outcome { number: Some(sale.number), events: vec![Event::PrintingChanged] })
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

fn report(exec: &mut Exec<'_>, report: &Report) -> Result<Outcome, Halt> {
    let key = PrintJobKey { id: report.job_id };
    let Some(mut job) = exec.world.find::<PrintJob>(&key)? else {
        return nothing_to_print(exec, "print_job", report.job_id.0);
    };
    job.state = report.state;
    job.attempts = report.attempts;
    // What a driver says may hold anything: kept short and clean, never a reason to refuse.
    job.error = report.error.chars().filter(|character| !character.is_control()).take(400).collect();
    exec.world.update(job);
    Ok(Outcome::event(Event::PrintingChanged))
}
