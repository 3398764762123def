//! What authority and replica do alike: try a command until it is decided, number its document, keep it in the log.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kontor_domain::cell::Cell as _;
use kontor_domain::command::{Context, DocumentNumber, Envelope, Outcome, Receipt, admit, execute};
use kontor_domain::counter::{NumberCounter, NumberCounterKey, NumberKind};
use kontor_domain::ids::TillId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{Device, DeviceKey};
use kontor_domain::time::Instant;
use kontor_domain::world::{Halt, Scope, Slice, World};
use kontor_store::StoreError;
use kontor_store::agent::{LogEntry, Status};

use crate::authority::{Done, Verdict};

/// Rounds of loading after which a command is given up: a rule that asks for ever is a defect, not a wait.
const LOAD_ROUNDS: u32 = 8;

/// Characters of a panic's message that are kept.
const PANIC_TEXT_LIMIT: usize = 200;

/// What came of a try.
pub(crate) enum Tried {
    /// Its changes are in the World, not sealed yet.
    Done(Outcome),
    /// Nothing of it is in the World.
    Refused(Reject),
    /// These rows first.
    Load(BTreeSet<Slice>),
}

/// Tries a command. `rounds` counts the tries of this one.
pub(crate) fn attempt(world: &mut World, rounds: &mut u32, context: &Context, envelope: &Envelope) -> Tried {
    settle(world, rounds, envelope.command.name(), |world| execute(world, context, envelope))
}

/// Prepares a new command as it is entered (its number), and tries it. Who may not enter it at all is told that, not what
/// else is missing.
pub(crate) fn prepare_and_attempt(
    world: &mut World,
    rounds: &mut u32,
    context: &Context,
    envelope: &mut Envelope,
    prepare: impl FnOnce(&mut World, &mut Envelope) -> Result<(), Halt>,
) -> Tried {
    let name = envelope.command.name();
    match settle(world, rounds, name, |world| prepare(world, envelope)) {
        Tried::Done(_) => attempt(world, rounds, context, envelope),
        Tried::Refused(reject) => match settle(world, rounds, name, |world| admit(world, context, envelope)) {
            Tried::Done(_) => Tried::Refused(reject),
            other => other,
        },
        load => load,
    }
}

/// Tries something with the World: what it changed stands, or nothing of it.
pub(crate) fn settle<T: Into<Settled>>(world: &mut World, rounds: &mut u32, name: &str, work: impl FnOnce(&mut World) -> Result<T, Halt>) -> Tried {
    match guarded(world, name, work) {
        Ok(done) => Tried::Done(done.into().0),
        Err(Halt::Reject(reject)) => {
            world.rollback();
            world.take_needs();
            Tried::Refused(reject)
        }
        Err(Halt::Need) => {
            world.rollback();
            *rounds += 1;
            let needs = world.take_needs();
            if *rounds > LOAD_ROUNDS || needs.is_empty() {
                return Tried::Refused(Reject::new(Code::Internal).with("reference", format!("{name} asks without end")));
            }
            Tried::Load(needs)
        }
    }
}

/// A panic is a defect of ours and says nothing about the other commands: it is told as one that cannot be executed.
/// What the command had changed is taken back like that of any other that is refused.
fn guarded<T>(world: &mut World, name: &str, work: impl FnOnce(&mut World) -> Result<T, Halt>) -> Result<T, Halt> {
    catch_unwind(AssertUnwindSafe(|| work(world))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let text: String = text.unwrap_or("panic").chars().take(PANIC_TEXT_LIMIT).collect();
        tracing::error!(name, text, "a command panicked");
        Err(Reject::new(Code::Internal).with("reference", format!("{name}: {text}")).into())
    })
}

/// An outcome, or none to speak of.
pub(crate) struct Settled(Outcome);

impl From<Outcome> for Settled {
    fn from(outcome: Outcome) -> Self {
        Self(outcome)
    }
}

impl From<()> for Settled {
    fn from((): ()) -> Self {
        Self(Outcome::default())
    }
}

/// Draws the next number for the command's document from the counter of the device's till. In the World, so a
/// refusal gives it back with everything else; outside undo, so a copy that takes its own commands back keeps it.
pub(crate) fn draw_number(world: &mut World, envelope: &mut Envelope, series: i64) -> Result<(), Halt> {
    let Some(kind) = envelope.command.number_kind() else { return Ok(()) };
    if envelope.number.is_some() {
        return Ok(());
    }
    let device = world.find::<Device>(&DeviceKey { id: envelope.device })?;
    let Some(till_id) = device.and_then(|device| device.till_id) else {
        return Err(Reject::new(Code::NotFound).with("what", "till").into());
    };
    envelope.number = Some(next_number(world, till_id, kind, series, Scope::of_id(envelope.device.0))?);
    Ok(())
}

fn next_number(world: &mut World, till_id: TillId, kind: NumberKind, series: i64, scope: Scope) -> Result<DocumentNumber, Halt> {
    let key = NumberCounterKey { till_id, kind, series };
    let seq = match world.find::<NumberCounter>(&key)? {
        Some(mut counter) => {
            counter.last += 1;
            let seq = counter.last;
            world.update(counter);
            seq
        }
        None => {
            let seq = first_number(world, till_id, kind)?;
            world.insert(scope, NumberCounter { till_id, kind, series, last: seq });
            seq
        }
    };
    Ok(DocumentNumber { till_id, series, seq })
}

/// The first number of a series. Receipts and stock papers name their series; a Z report is numbered on its till through
/// all of them, and goes on where the till stands.
fn first_number(world: &mut World, till_id: TillId, kind: NumberKind) -> Result<i64, Halt> {
    match kind {
        NumberKind::Receipt | NumberKind::Stock => Ok(1),
        NumberKind::Shift => {
            let counters = world.under::<NumberCounter>(0, till_id.to_value())?;
            let last = counters.iter().filter(|counter| counter.kind == kind).map(|counter| counter.last).max();
            Ok(last.unwrap_or(0) + 1)
        }
    }
}

/// A command that stands, for the log.
pub(crate) fn log_entry(envelope: &Envelope, rev: i64, now: Instant, outcome: &Outcome, status: Status) -> Result<LogEntry, StoreError> {
    let args = serde_json::to_string(&envelope.command).map_err(|error| StoreError::Other(error.to_string()))?;
    Ok(LogEntry {
        id: envelope.id,
        rev,
        pushed: None,
        device: envelope.device.0,
        actor: envelope.actor.0,
        name: envelope.command.name().to_owned(),
        version: i64::from(envelope.version),
        args,
        number: outcome.number.clone(),
        at: envelope.at.0,
        received_at: now.0,
        status,
        code: None,
        chain: None,
    })
}

/// What is said to a command that is in the log.
pub(crate) fn repeated(known: &LogEntry) -> Verdict {
    if let Status::Ok | Status::Pending = known.status {
        let receipt = Receipt { id: known.id, rev: known.rev, at: Instant(known.at), number: known.number.clone(), repeated: true };
        return Ok(Done { receipt, outcome: Outcome::default() });
    }
    let code = known.code.and_then(|code| u32::try_from(code).ok()).and_then(Code::of);
    Err(Reject::new(code.unwrap_or(Code::Internal)))
}
