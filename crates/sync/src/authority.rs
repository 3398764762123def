//! The authority of a company: one order of commands, each exactly once.
//!
//! It is an [`Agent`]: the store's writer drives it. Whatever waits is one batch and one transaction. A command
//! that is refused leaves nothing of itself in the batch; a command that was done before is answered from the log.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::command::{Context, DocumentNumber, Envelope, Mode, Outcome, Receipt, Rights, execute};
use kontor_domain::counter::{NumberCounter, NumberCounterKey, NumberKind};
use kontor_domain::ids::{CompanyId, TillId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{Device, DeviceKey};
use kontor_domain::time::Instant;
use kontor_domain::world::{Halt, Scope, Slice, World};
use kontor_store::StoreError;
use kontor_store::agent::{Agent, Commit, Input, LogEntry, Opened, Step};

/// Rounds of loading after which a command is given up: a rule that asks for ever is a defect, not a wait.
const LOAD_ROUNDS: u32 = 8;
/// Rows kept in memory between batches. More than a busy till needs; then the memory starts anew.
const HOT_ROWS: usize = 200_000;
/// The series of a shop that is its own authority.
const SERIES_ALONE: i64 = 1;

/// What comes back for a command.
pub type Verdict = Result<Done, Reject>;

/// A command that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// For the screen.
    pub receipt: Receipt,
    /// What happened, for listeners; empty for a repeated command.
    pub outcome: Outcome,
}

/// A command on its way to the writer, and whom to answer.
pub struct Submission {
    /// The command. Its number, if its document has one, is drawn by the writer.
    pub envelope: Envelope,
    /// What the actor may do.
    pub rights: Rights,
    /// The time, for checks and for `received_at`.
    pub now: Instant,
    /// Called once, when the verdict is durable.
    pub answer: Box<dyn FnOnce(Verdict) + Send>,
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submission").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

/// Executes batches of submissions.
#[derive(Debug, Default)]
pub struct Authority {
    worlds: BTreeMap<CompanyId, World>,
    /// The rev that a company's World in memory is at.
    revs: BTreeMap<CompanyId, i64>,
    batch: Vec<Pending>,
    /// Other companies' submissions wait for the next transaction: one transaction holds one clock.
    company: Option<CompanyId>,
    rev: i64,
    last_at: i64,
    at: usize,
    rounds: u32,
    log: Vec<LogEntry>,
}

#[derive(Debug)]
struct Pending {
    submission: Submission,
    verdict: Option<Verdict>,
}

impl Authority {
    /// An authority with nothing in memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&mut self) -> Step {
        match self.batch.first() {
            None => Step::Nothing,
            Some(first) => {
                let company = first.submission.envelope.company;
                self.company = Some(company);
                Step::Open { company, commands: self.batch.iter().map(|pending| pending.submission.envelope.id).collect() }
            }
        }
    }

    /// Commands in the log are answered from it: done is done, whatever they would do now.
    fn opened(&mut self, opened: Opened) {
        if let Some(company) = self.company
            && self.revs.get(&company) != Some(&opened.rev)
        {
            // Another process wrote since: what is in memory is no longer what is stored.
            self.worlds.remove(&company);
        }
        self.rev = opened.rev;
        self.last_at = opened.last_at;
        for known in opened.known {
            for pending in self.batch.iter_mut().filter(|pending| pending.submission.envelope.id == known.id) {
                pending.verdict = Some(repeated(&known));
            }
        }
    }

    /// Executes until rows are missing or the batch is done.
    fn advance(&mut self) -> Result<Step, StoreError> {
        while self.at < self.batch.len() {
            if self.is_of_another_company() || self.batch[self.at].verdict.is_some() || self.answer_from_batch() {
                self.next();
                continue;
            }
            match self.decide()? {
                Decision::Verdict(verdict) => {
                    self.batch[self.at].verdict = Some(verdict);
                    self.next();
                }
                Decision::Load(slices) => return Ok(Step::Load(slices)),
            }
        }
        Ok(self.commit())
    }

    fn is_of_another_company(&self) -> bool {
        Some(self.batch[self.at].submission.envelope.company) != self.company
    }

    fn next(&mut self) {
        self.at += 1;
        self.rounds = 0;
    }

    /// The same command twice in one batch: the second hears what became of the first.
    fn answer_from_batch(&mut self) -> bool {
        let id = self.batch[self.at].submission.envelope.id;
        let earlier = self.batch[..self.at].iter().find(|pending| pending.submission.envelope.id == id);
        let Some(verdict) = earlier.and_then(|pending| pending.verdict.clone()) else { return false };
        let verdict = verdict.map(|done| Done { receipt: Receipt { repeated: true, ..done.receipt }, outcome: Outcome::default() });
        self.batch[self.at].verdict = Some(verdict);
        true
    }

    fn decide(&mut self) -> Result<Decision, StoreError> {
        let submission = &self.batch[self.at].submission;
        let company = submission.envelope.company;
        let world = self.worlds.entry(company).or_default();
        let context = Context {
            company,
            person: submission.envelope.actor,
            device: submission.envelope.device,
            rights: submission.rights.clone(),
            now: submission.now,
            mode: Mode::Entry,
        };
        let mut envelope = submission.envelope.clone();
        let result = draw_number(world, &mut envelope).and_then(|()| execute(world, &context, &envelope));
        match result {
            Ok(outcome) => {
                self.rev += 1;
                world.seal(self.rev);
                let entry = log_entry(&envelope, self.rev, submission.now, &outcome)?;
                self.last_at = self.last_at.max(envelope.at.0);
                self.log.push(entry);
                let receipt = Receipt { id: envelope.id, rev: self.rev, at: envelope.at, number: outcome.number.clone(), repeated: false };
                Ok(Decision::Verdict(Ok(Done { receipt, outcome })))
            }
            Err(Halt::Reject(reject)) => {
                world.rollback();
                world.take_needs();
                Ok(Decision::Verdict(Err(reject)))
            }
            Err(Halt::Need) => {
                world.rollback();
                self.rounds += 1;
                let needs = world.take_needs();
                if self.rounds > LOAD_ROUNDS || needs.is_empty() {
                    let reject = Reject::new(Code::Internal).with("reference", format!("{} asks without end", envelope.command.name()));
                    return Ok(Decision::Verdict(Err(reject)));
                }
                Ok(Decision::Load(needs))
            }
        }
    }

    fn commit(&mut self) -> Step {
        let Some(company) = self.company else { return Step::Nothing };
        if self.log.is_empty() {
            return Step::Nothing;
        }
        let writes = self.worlds.entry(company).or_default().writes();
        Step::Commit(Commit { company, rev: self.rev, last_at: self.last_at, writes, log: std::mem::take(&mut self.log) })
    }

    /// What is in memory may differ from the file after a failure: it is read again.
    fn forget(&mut self) {
        if let Some(company) = self.company {
            self.worlds.remove(&company);
            self.revs.remove(&company);
        }
    }

    fn remember(&mut self) {
        let Some(company) = self.company else { return };
        self.revs.insert(company, self.rev);
        if let Some(world) = self.worlds.get_mut(&company) {
            world.committed();
            if world.is_larger_than(HOT_ROWS) {
                self.worlds.remove(&company);
            }
        }
    }
}

enum Decision {
    Verdict(Verdict),
    Load(BTreeSet<Slice>),
}

impl Agent for Authority {
    type Message = Submission;

    fn begin(&mut self, messages: Vec<Submission>) {
        self.batch = messages.into_iter().map(|submission| Pending { submission, verdict: None }).collect();
        self.company = None;
        self.at = 0;
        self.rounds = 0;
        self.log.clear();
    }

    fn step(&mut self, input: Input) -> Result<Step, StoreError> {
        match input {
            Input::Start => return Ok(self.open()),
            Input::Opened(opened) => self.opened(opened),
            Input::Loaded(slices) => {
                let Some(company) = self.company else { return Ok(Step::Nothing) };
                let world = self.worlds.entry(company).or_default();
                for (slice, rows) in slices {
                    world.load(&slice, rows)?;
                }
            }
        }
        self.advance()
    }

    fn finish(&mut self, result: Result<(), StoreError>) -> Vec<Submission> {
        let batch = std::mem::take(&mut self.batch);
        match result {
            Ok(()) => {
                self.remember();
                let (batch, others): (Vec<_>, Vec<_>) =
                    batch.into_iter().partition(|pending| Some(pending.submission.envelope.company) == self.company);
                for pending in batch {
                    let verdict = pending.verdict.unwrap_or_else(|| Err(Reject::new(Code::Internal).with("reference", "no verdict")));
                    (pending.submission.answer)(verdict);
                }
                others.into_iter().map(|pending| pending.submission).collect()
            }
            Err(StoreError::Constraint(_)) if batch.len() > 1 => {
                self.forget();
                batch.into_iter().map(|pending| pending.submission).collect()
            }
            Err(error) => {
                self.forget();
                for pending in batch {
                    (pending.submission.answer)(Err(error.reject()));
                }
                Vec::new()
            }
        }
    }
}

/// Draws the next number for the command's document from the counter of the device's till. In the World, so a
/// refusal gives it back with everything else; outside undo, so a copy that takes its own commands back keeps it.
fn draw_number(world: &mut World, envelope: &mut Envelope) -> Result<(), Halt> {
    let Some(kind) = envelope.command.number_kind() else { return Ok(()) };
    if envelope.number.is_some() {
        return Ok(());
    }
    let device = world.find::<Device>(&DeviceKey { id: envelope.device })?;
    let Some(till_id) = device.and_then(|device| device.till_id) else {
        return Err(Reject::new(Code::NotFound).with("what", "till").into());
    };
    envelope.number = Some(next_number(world, till_id, kind, Scope::of_id(envelope.device.0))?);
    Ok(())
}

fn next_number(world: &mut World, till_id: TillId, kind: NumberKind, scope: Scope) -> Result<DocumentNumber, Halt> {
    let key = NumberCounterKey { till_id, kind, series: SERIES_ALONE };
    let seq = match world.find::<NumberCounter>(&key)? {
        Some(mut counter) => {
            counter.last += 1;
            let seq = counter.last;
            world.update(counter);
            seq
        }
        None => {
            world.insert(scope, NumberCounter { till_id, kind, series: SERIES_ALONE, last: 1 });
            1
        }
    };
    Ok(DocumentNumber { till_id, series: SERIES_ALONE, seq })
}

fn log_entry(envelope: &Envelope, rev: i64, now: Instant, outcome: &Outcome) -> Result<LogEntry, StoreError> {
    let args = serde_json::to_string(&envelope.command).map_err(|error| StoreError::Other(error.to_string()))?;
    Ok(LogEntry {
        id: envelope.id,
        rev,
        device: envelope.device.0,
        actor: envelope.actor.0,
        name: envelope.command.name().to_owned(),
        version: i64::from(envelope.version),
        args,
        number: outcome.number.clone(),
        at: envelope.at.0,
        received_at: now.0,
        status: "ok",
        code: None,
    })
}

fn repeated(known: &LogEntry) -> Verdict {
    match known.code.and_then(|code| u32::try_from(code).ok()).and_then(Code::of) {
        Some(code) => Err(Reject::new(code)),
        None => Ok(Done {
            receipt: Receipt { id: known.id, rev: known.rev, at: Instant(known.at), number: known.number.clone(), repeated: true },
            outcome: Outcome::default(),
        }),
    }
}
