//! The print loop: paper that waits is a row; it is made, handed over, and tried again until it is out.

mod delivery;
mod paper;
mod rest;

use std::sync::{Arc, Weak};
use std::time::Duration;

use kontor_domain::command::{Command, Permission};
use kontor_domain::host::HostEvent;
use kontor_domain::ids::{CommandId, PersonId, PrinterId};
use kontor_domain::printing::{self, PrintJob, PrintState, Printer, Report};
use kontor_domain::reject::{Code, Reject};
use tokio::time::Instant;
use uuid::Uuid;

pub use self::paper::{kick_drawer, save_pdf, test};
use self::rest::{Rests, TOLD_AFTER};
use crate::platform;
use crate::program::Program;
use crate::shop::Shop;

/// How long fonts (about 40 MB) stay in memory after the last paper.
const FONTS_KEPT: Duration = Duration::from_secs(60);
/// Jobs of a printer looked at together.
const JOBS: u32 = 50;

/// Starts the loop; it ends with the program.
pub fn start(program: &Arc<Program>) {
    let weak = Arc::downgrade(program);
    program.paper.notify_one();
    tokio::spawn(run(weak));
}

async fn run(weak: Weak<Program>) {
    let mut rests = Rests::default();
    loop {
        let Some(program) = weak.upgrade() else { return };
        let pause = rests.next().map_or(FONTS_KEPT, |next| next.saturating_duration_since(Instant::now()));
        let is_asked = tokio::time::timeout(pause, program.paper.notified()).await.is_ok();
        if !is_asked && pause >= FONTS_KEPT {
            program.release_fonts();
        }
        if let Ok(shop) = program.shop().await {
            print_waiting(&program, &shop, &mut rests).await;
        }
    }
}

async fn print_waiting(program: &Arc<Program>, shop: &Arc<Shop>, rests: &mut Rests) {
    let printers = match shop.reader().printers_with_paper(&shop.asker()).await {
        Ok(printers) => printers,
        Err(error) => {
            tracing::error!(%error, "print jobs");
            return;
        }
    };
    rests.keep(&printers);
    for id in printers {
        if let Err(reject) = serve(program, shop, rests, id).await {
            tracing::error!(%reject, "print jobs");
            rests.fail(id);
        }
    }
}

/// Prints what waits for a printer, until nothing does or the printer needs a rest.
async fn serve(program: &Arc<Program>, shop: &Arc<Shop>, rests: &mut Rests, id: PrinterId) -> Result<(), Reject> {
    let asker = shop.asker();
    let printer = shop.reader().printer(&asker, id).await.map_err(|error| error.reject())?.filter(|printer| printer.active);
    let has_rested = rests.is_over(id);
    loop {
        let jobs = shop.reader().waiting_jobs(&asker, id, JOBS).await.map_err(|error| error.reject())?;
        let Some((job, others)) = jobs.split_first() else {
            rests.end(id);
            return Ok(());
        };
        // A person who has just asked for paper does not wait for the end of a rest.
        if !has_rested && !jobs.iter().any(is_new) {
            return Ok(());
        }
        match print(program, shop, job, printer.as_ref()).await {
            Outcome::Printed => {
                report(program, shop, job, PrintState::Done, None).await?;
                rests.end(id);
            }
            Outcome::GivenUp(problem) => {
                report(program, shop, job, PrintState::Failed, Some(problem.clone())).await?;
                tell(program, job, problem);
            }
            Outcome::Stale => report(program, shop, job, PrintState::Failed, job.problem()).await?,
            Outcome::Away(problem) => {
                let failures = rests.fail(id);
                report(program, shop, job, PrintState::Waiting, Some(problem.clone())).await?;
                if failures == TOLD_AFTER || (failures > TOLD_AFTER && is_new(job)) {
                    tell(program, job, problem.clone());
                }
                if failures >= TOLD_AFTER {
                    tell_of_others(program, shop, others, &problem).await?;
                }
                return Ok(());
            }
        }
    }
}

/// What became of one try.
enum Outcome {
    Printed,
    /// The printer may answer later.
    Away(Reject),
    /// No later try will do better.
    GivenUp(Reject),
    /// Nobody waits for it any more.
    Stale,
}

/// Whether it has not been tried since a person asked for it.
fn is_new(job: &PrintJob) -> bool {
    job.error.is_empty()
}

async fn print(program: &Arc<Program>, shop: &Arc<Shop>, job: &PrintJob, printer: Option<&Printer>) -> Outcome {
    if job.is_stale(platform::now()) {
        return Outcome::Stale;
    }
    let Some(printer) = printer else { return Outcome::GivenUp(Reject::new(Code::NotFound).with("what", "printer")) };
    let made = match paper::make(program, shop, job, printer).await {
        Ok(made) => made,
        Err(problem) => return Outcome::GivenUp(problem),
    };
    if let Err(problem) = delivery::deliver(printer, &made.name, &made.paper.bytes).await {
        return Outcome::Away(problem);
    }
    made.tell_missing(program);
    Outcome::Printed
}

/// Jobs behind one that was not taken: each of their buyers has no receipt, so each is told once.
async fn tell_of_others(program: &Arc<Program>, shop: &Arc<Shop>, others: &[PrintJob], problem: &Reject) -> Result<(), Reject> {
    for job in others.iter().filter(|job| is_new(job)) {
        note(program, shop, Report { job_id: job.id, state: PrintState::Waiting, attempts: job.attempts, problem: Some(problem.clone()) }).await?;
        tell(program, job, problem.clone());
    }
    Ok(())
}

/// Writes down what a try came to.
async fn report(program: &Program, shop: &Shop, job: &PrintJob, state: PrintState, problem: Option<Reject>) -> Result<(), Reject> {
    note(program, shop, Report { job_id: job.id, state, attempts: job.attempts + 1, problem }).await
}

/// The verdict on a job is a command like any other.
async fn note(program: &Program, shop: &Shop, report: Report) -> Result<(), Reject> {
    submit(program, shop, reporter(shop).await, printing::Command::Report(report)).await
}

async fn submit(program: &Program, shop: &Shop, actor: PersonId, command: printing::Command) -> Result<(), Reject> {
    let done = shop.submit_as(actor, CommandId(Uuid::now_v7()), Command::Printing(command), platform::now()).await?;
    // Only screens hear of it: the loop would wake itself.
    program.tell(HostEvent::Changed(done.outcome.events));
    Ok(())
}

/// Whoever is here says what became of paper; who may not print leaves it to whom the device was set up for.
async fn reporter(shop: &Shop) -> PersonId {
    let asker = shop.asker();
    let may_print = shop.reader().rights(&asker).await.is_ok_and(|rights| rights.allow(Permission::PrintingPrint));
    if may_print { asker.person } else { shop.installation.person }
}

fn tell(program: &Program, job: &PrintJob, problem: Reject) {
    tracing::warn!(%problem, document = ?job.document, "paper is not out");
    program.tell(HostEvent::PrintFailed { job: job.clone(), problem });
}
