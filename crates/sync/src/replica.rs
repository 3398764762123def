//! A copy: it executes commands ahead of the authority, keeps them until they are answered, and takes the authority's
//! rows when they come.
//!
//! It is an [`Agent`] as the authority is: the store's writer drives it, a batch is a transaction. Commands that wait
//! are one batch; everything else is a transaction of its own.

mod apply;
mod message;
mod outbox;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kontor_domain::command::{Context, Envelope, Mode, Receipt, Rights};
use kontor_domain::counter::carry;
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_domain::world::{Slice, World};
use kontor_store::StoreError;
use kontor_store::agent::{Agent, Commit, Input, LogEntry, Opened, Rest, Status, Step, Trace};
use kontor_store::copy::{Ask, CopyState, Local, OutboxEntry, Told};
use kontor_store::shape;

use self::message::Pending;
pub use apply::Applied;
pub use message::{Answer, Message};
pub use outbox::{Kept, push_request};

use crate::authority::Done;
use crate::message::ARGS_BYTES_LIMIT;
use crate::rule::Rule;
use crate::run::{Tried, attempt, draw_number, log_entry, prepare_and_attempt, repeated};

/// Rows kept in memory between batches.
const HOT_ROWS: usize = 200_000;

/// A till's copy of a company.
#[derive(Debug)]
pub struct Replica {
    company: CompanyId,
    world: World,
    batch: Vec<Pending>,
    deferred: Vec<Message>,
    copy: Option<CopyState>,
    rev: i64,
    last_at: i64,
    known: BTreeMap<CommandId, LogEntry>,
    phase: Phase,
    rounds: u32,
    log: Vec<LogEntry>,
    local: Vec<Local>,
}

/// Where a batch stands between two steps.
#[derive(Debug)]
enum Phase {
    /// Not begun.
    Idle,
    /// The first message decides.
    Opened,
    /// The outbox is asked for, to be executed again before anything else.
    ReplayAsked,
    /// Commands run again.
    Replay(VecDeque<OutboxEntry>),
    /// Commands entered here, from this place on.
    Submits(usize),
    /// The outbox is asked for, to be told or numbered anew.
    OutboxAsked(Vec<OutboxEntry>),
    /// The journal is asked for.
    JournalAsked,
    /// Whether pending commands touched what came is asked.
    TouchedAsked,
    /// Rows are being written.
    RowsWritten,
    /// Sums are asked for.
    SumsAsked,
    /// The outbox is asked for, to be compared with answers.
    AcksAsked,
}

impl Replica {
    /// The agent of a file that is a copy of a company.
    pub fn new(company: CompanyId) -> Self {
        Self {
            company,
            world: World::default(),
            batch: Vec::new(),
            deferred: Vec::new(),
            copy: None,
            rev: 0,
            last_at: 0,
            known: BTreeMap::new(),
            phase: Phase::Idle,
            rounds: 0,
            log: Vec::new(),
            local: Vec::new(),
        }
    }

    fn open(&self) -> Step {
        let commands = self.batch.iter().filter_map(|pending| match &pending.message {
            Message::Submit(submission) => Some(submission.envelope.id),
            _ => None,
        });
        Step::Open { company: self.company, commands: commands.collect(), pushed: Vec::new() }
    }

    fn opened(&mut self, opened: Opened) -> Result<Step, StoreError> {
        let mut copy = opened.copy.ok_or_else(|| StoreError::Other("this file is no copy".into()))?;
        self.boot_another_shape(&mut copy);
        self.rev = opened.rev;
        self.last_at = opened.last_at;
        self.known = opened.known.into_iter().map(|entry| (entry.id, entry)).collect();
        self.world.hold(copy.cursors.keys().copied().collect());
        let replay_due = copy.meta.replay_due && Rule::ReplayIsDue.holds();
        self.copy = Some(copy);
        self.phase = Phase::Opened;
        let brings_its_own = matches!(self.batch.first().map(|pending| &pending.message), Some(Message::Apply { .. }));
        if replay_due && !brings_its_own {
            self.phase = Phase::ReplayAsked;
            return Ok(Step::Ask(Ask::Outbox));
        }
        self.first()
    }

    /// The tables have another shape than when their rows came (a migration added a column): what is in them stays
    /// readable, and every scope starts anew with the next pull, because only the authority knows the new cells.
    fn boot_another_shape(&mut self, copy: &mut CopyState) {
        if copy.meta.shape == shape::shape() || !Rule::ShapeBoots.holds() {
            return;
        }
        copy.meta.shape = shape::shape();
        for (scope, rev) in &mut copy.cursors {
            *rev = 0;
            self.local.push(Local::Cursor(*scope, Some(0)));
        }
    }

    /// What the first message wants.
    fn first(&mut self) -> Result<Step, StoreError> {
        let Some(pending) = self.batch.first() else { return Ok(Step::Nothing) };
        match &pending.message {
            Message::Submit(_) => {
                self.phase = Phase::Submits(0);
                self.submits()
            }
            Message::Look { after, commands, .. } => {
                let ask = Ask::OutboxAfter(*after, *commands);
                self.phase = Phase::OutboxAsked(Vec::new());
                Ok(Step::Ask(ask))
            }
            Message::Pushed { .. } => self.pushed(),
            Message::Reset { epoch, echo, .. } => {
                let (epoch, echo) = (*epoch, echo.clone());
                self.reset(epoch, Some(&echo))
            }
            Message::Apply { .. } => self.apply(),
        }
    }

    fn meta(&mut self) -> Result<&mut CopyState, StoreError> {
        self.copy.as_mut().ok_or_else(|| StoreError::Other("this file is no copy".into()))
    }

    fn submits(&mut self) -> Result<Step, StoreError> {
        while let Phase::Submits(at) = self.phase
            && at < self.batch.len()
        {
            if let Some(needs) = self.submit(at)? {
                return Ok(Step::Load(needs));
            }
            self.rounds = 0;
            self.phase = Phase::Submits(at + 1);
        }
        self.commit()
    }

    /// Executes a command here, ahead of the authority, and keeps it until it is answered.
    fn submit(&mut self, at: usize) -> Result<Option<BTreeSet<Slice>>, StoreError> {
        let Message::Submit(submission) = &self.batch[at].message else { return Ok(None) };
        if let Some(known) = self.known.get(&submission.envelope.id) {
            self.batch[at].verdict = Some(repeated(known));
            return Ok(None);
        }
        let mut envelope = submission.envelope.clone();
        let (rights, now) = (submission.rights.clone(), submission.now);
        if envelope.company != self.company || envelope.command.is_online_only() {
            self.batch[at].verdict = Some(Err(Reject::new(Code::OnlineOnly)));
            return Ok(None);
        }
        let series = self.meta()?.meta.series;
        let context = Context {
            company: envelope.company,
            person: envelope.actor,
            device: envelope.device,
            rights,
            lender: Rights::All,
            now,
            mode: Mode::Entry,
        };
        let tried = prepare_and_attempt(&mut self.world, &mut self.rounds, &context, &mut envelope, |world, envelope| {
            draw_number(world, envelope, series)?;
            carry(world, &mut envelope.command)
        });
        match tried {
            Tried::Load(needs) => return Ok(Some(needs)),
            Tried::Refused(reject) => self.batch[at].verdict = Some(Err(reject)),
            Tried::Done(outcome) => {
                let entry = log_entry(&envelope, 0, now, &outcome, Status::Pending)?;
                if entry.args.len() > ARGS_BYTES_LIMIT {
                    // The authority takes in no longer ones: kept, it would hold up all that is entered after it.
                    self.world.rollback();
                    self.batch[at].verdict = Some(Err(Reject::field(Code::TooLong, "command").with("limit", ARGS_BYTES_LIMIT)));
                    return Ok(None);
                }
                // Rev 0: the row's place in the order is the authority's to give.
                self.world.seal(0);
                self.last_at = self.last_at.max(envelope.at.0);
                self.known.insert(entry.id, entry.clone());
                self.log.push(entry);
                self.keep(&envelope)?;
                let receipt = Receipt { id: envelope.id, rev: 0, at: envelope.at, number: outcome.number.clone(), repeated: false };
                self.batch[at].verdict = Some(Ok(Done { receipt, outcome }));
            }
        }
        Ok(None)
    }

    fn keep(&mut self, envelope: &Envelope) -> Result<(), StoreError> {
        let text = Kept::of(envelope)?.text()?;
        let copy = self.meta()?;
        let entry = OutboxEntry { seq: copy.meta.next_seq, id: envelope.id, envelope: text };
        copy.meta.next_seq += 1;
        self.local.push(Local::OutboxAdd(entry));
        Ok(())
    }

    /// Commands run again on what the authority has. One that is refused now stays in the outbox without effect: the
    /// authority decides.
    fn replay(&mut self) -> Result<Step, StoreError> {
        let now = match self.batch.first().map(|pending| &pending.message) {
            Some(Message::Apply { now, .. }) => *now,
            Some(Message::Submit(submission)) => submission.now,
            _ => Instant(self.last_at),
        };
        while let Phase::Replay(entries) = &mut self.phase
            && let Some(entry) = entries.front()
        {
            let envelope = Kept::read(&entry.envelope).and_then(|kept| kept.envelope(entry.id, self.company));
            let mut is_refused = false;
            if let Some(envelope) = envelope {
                let (person, device) = (envelope.actor, envelope.device);
                let context = Context { company: self.company, person, device, rights: Rights::All, lender: Rights::All, now, mode: Mode::Again };
                match attempt(&mut self.world, &mut self.rounds, &context, &envelope) {
                    Tried::Load(needs) => return Ok(Step::Load(needs)),
                    Tried::Done(_) => self.world.seal(0),
                    Tried::Refused(_) => is_refused = true,
                }
            }
            if is_refused && !Rule::RefusedStays.holds() {
                self.local.push(Local::OutboxDrop(entry.seq));
            }
            entries.pop_front();
            self.rounds = 0;
        }
        self.meta()?.meta.replay_due = false;
        match self.batch.first().map(|pending| &pending.message) {
            Some(Message::Apply { .. }) => self.commit(),
            _ => self.first(),
        }
    }

    fn commit(&mut self) -> Result<Step, StoreError> {
        let writes = self.world.writes();
        let meta = self.meta()?.meta.clone();
        if self.log.is_empty() && self.local.is_empty() && writes.is_empty() {
            return Ok(Step::Nothing);
        }
        let mut local = std::mem::take(&mut self.local);
        local.push(Local::Meta(meta));
        let log = std::mem::take(&mut self.log);
        Ok(Step::Commit(Commit { company: self.company, rev: self.rev, chain: None, last_at: self.last_at, writes, log, local, trace: Trace::Undo }))
    }

    /// The file changed under the World.
    fn forget(&mut self) {
        self.world = World::default();
    }

    fn told(&mut self, told: Told) -> Result<Step, StoreError> {
        match (std::mem::replace(&mut self.phase, Phase::Opened), told) {
            (Phase::ReplayAsked, Told::Commands(entries)) => {
                self.phase = Phase::Replay(entries.into());
                self.replay()
            }
            (Phase::OutboxAsked(before), Told::Commands(entries)) => self.outbox(before, entries),
            (Phase::JournalAsked, Told::Commands(journal)) => {
                self.phase = Phase::OutboxAsked(journal);
                Ok(Step::Ask(Ask::Outbox))
            }
            (Phase::TouchedAsked, Told::IsTouched(is_touched)) => self.touched(is_touched),
            (Phase::SumsAsked, Told::Sums(sums)) => self.summed(&sums),
            (Phase::AcksAsked, Told::Commands(entries)) => self.answered(entries),
            (phase, told) => Err(StoreError::Other(format!("{told:?} in {phase:?}"))),
        }
    }
}

impl Agent for Replica {
    type Message = Message;

    fn commands_in(_: &Message) -> usize {
        1
    }

    fn begin(&mut self, messages: Vec<Message>) {
        let is_submit = |message: &Message| matches!(message, Message::Submit(_));
        let together = match messages.first() {
            Some(first) if is_submit(first) => messages.iter().take_while(|message| is_submit(message)).count(),
            _ => 1,
        };
        let mut messages = messages.into_iter();
        self.batch =
            messages.by_ref().take(together).map(|message| Pending { message, verdict: None, applied: None, changed: false, looked: None }).collect();
        self.deferred = messages.collect();
        self.phase = Phase::Idle;
        self.rounds = 0;
        self.log.clear();
        self.local.clear();
    }

    fn step(&mut self, input: Input) -> Result<Step, StoreError> {
        match input {
            Input::Start => Ok(self.open()),
            Input::Opened(opened) => self.opened(opened),
            Input::Loaded(slices) => {
                for (slice, rows) in slices {
                    self.world.load(&slice, rows)?;
                }
                match self.phase {
                    Phase::Replay(_) => self.replay(),
                    _ => self.submits(),
                }
            }
            Input::Told(told) => self.told(told),
            Input::Written => self.written(),
        }
    }

    fn finish(&mut self, result: Result<(), StoreError>) -> Rest<Message> {
        let batch = std::mem::take(&mut self.batch);
        let mut rest = Rest::default();
        match result {
            Ok(()) => {
                self.world.committed();
                if self.world.is_larger_than(HOT_ROWS) {
                    self.forget();
                }
                let echo = self.copy.as_ref().map(crate::stage::echo_of);
                for pending in batch {
                    rest.next.extend(pending.answer(echo.clone()));
                }
            }
            Err(StoreError::Constraint(_)) if batch.len() > 1 => {
                self.forget();
                rest.alone.extend(batch.into_iter().map(|pending| pending.message));
            }
            Err(error) => {
                self.forget();
                batch.into_iter().for_each(|pending| pending.message.fail(error.reject()));
            }
        }
        rest.next.append(&mut self.deferred);
        rest
    }
}
