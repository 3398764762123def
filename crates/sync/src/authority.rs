//! The authority of a company: one order of commands, each exactly once.
//!
//! It is an [`Agent`]: the store's writer drives it. Whatever waits is one batch and one transaction. A command
//! that is refused leaves nothing of itself in the batch; a command that was done before is answered from the log.

mod care;
mod push;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kontor_domain::command::{Context, Envelope, Mode, Outcome, Receipt, Rights};
use kontor_domain::counter::carry_nothing;
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_domain::world::{Slice, World};
use kontor_store::StoreError;
use kontor_store::agent::{Agent, Commit, Input, LogEntry, Mark, Opened, Pushed, PushedBefore, Rest, Status, Step, Trace};
use kontor_store::answers::KeptBeside;
use kontor_store::copy::Local;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use care::{Care, Job, Upkeep};
pub use push::Push;

use crate::rule::Rule;
use crate::run::{Tried, draw_number, log_entry, prepare_and_attempt, repeated};

/// Rows kept in memory between batches. More than a busy till needs; then the memory starts anew.
const HOT_ROWS: usize = 200_000;
/// How long a batch takes up further messages: whoever comes later waits for its transaction.
const BATCH_LASTS: Duration = Duration::from_millis(50);
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
    /// What is answered to the caller, made where the command stands and kept in its transaction.
    pub keep: Option<Keep>,
}

/// Makes the answer that is kept with a command.
pub type Keep = Box<dyn Fn(&Receipt) -> KeptBeside + Send>;

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submission").field("envelope", &self.envelope).finish_non_exhaustive()
    }
}

/// What is sent to an authority.
#[allow(clippy::large_enum_variant, reason = "sent one at a time, most of them submissions")]
#[derive(Debug)]
pub enum Message {
    /// A command entered here.
    Submit(Submission),
    /// Commands of a copy.
    Push(Push),
    /// A change to data that no person entered.
    Job(Job),
    /// Something about copies and backups.
    Care(Care),
}

impl From<Submission> for Message {
    fn from(submission: Submission) -> Self {
        Self::Submit(submission)
    }
}

impl Message {
    const fn company(&self) -> CompanyId {
        match self {
            Self::Submit(submission) => submission.envelope.company,
            Self::Push(push) => push.company,
            Self::Job(job) => job.company,
            Self::Care(care) => care.company,
        }
    }

    fn commands(&self) -> Vec<CommandId> {
        match self {
            Self::Submit(submission) => vec![submission.envelope.id],
            Self::Push(push) => push.request.commands.iter().map(|command| command.id).collect(),
            Self::Job(job) => vec![job.id],
            Self::Care(_) => Vec::new(),
        }
    }

    fn fail(self, reject: Reject) {
        match self {
            Self::Submit(submission) => (submission.answer)(Err(reject)),
            Self::Push(push) => push.reply(Err(reject)),
            Self::Job(job) => (job.answer)(Err(reject)),
            Self::Care(care) => (care.answer)(Err(reject)),
        }
    }
}

/// A clock that only goes forward.
pub type Clock = Box<dyn Fn() -> Duration + Send>;

/// Where a history stands. A database that takes the place of another (a standby that lagged, a backup) may have the
/// same rev, with other commands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    rev: i64,
    chain: Option<Mark>,
    epoch: Option<Uuid>,
}

/// Executes batches of messages.
#[derive(Default)]
pub struct Authority {
    worlds: BTreeMap<CompanyId, World>,
    /// Where the history of a company's World in memory stands.
    places: BTreeMap<CompanyId, Place>,
    batch: Vec<Pending>,
    /// How long batches take is measured with it; without one they take up all there is.
    clock: Option<Clock>,
    began: Duration,
    /// Other companies' messages wait for the next transaction: one transaction holds one clock.
    company: Option<CompanyId>,
    rev: i64,
    last_at: i64,
    epoch: Option<Uuid>,
    chain: Option<Mark>,
    series: i64,
    /// Commands of this batch that are in the log already.
    known: BTreeMap<CommandId, LogEntry>,
    /// What the copies of this batch pushed, before it and in it.
    pushed: BTreeMap<Uuid, PushedBefore>,
    at: usize,
    /// Messages that this batch does not take up any more.
    late: Vec<Pending>,
    rounds: u32,
    log: Vec<LogEntry>,
    local: Vec<Local>,
}

#[derive(Debug)]
struct Pending {
    message: Message,
    /// Of a command entered here, or a job.
    verdict: Option<Verdict>,
    /// Of a push: how many of its commands are kept, and the answer.
    kept: usize,
    answer: Option<crate::message::PushAnswer>,
    /// A series that was given.
    series: Option<i64>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("places", &self.places).finish_non_exhaustive()
    }
}

enum Progress {
    Next,
    Load(BTreeSet<Slice>),
}

impl Authority {
    /// An authority with nothing in memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One whose batches take up nothing more after 50 ms.
    pub fn with_clock(clock: Clock) -> Self {
        Self { clock: Some(clock), ..Self::default() }
    }

    fn is_late(&self) -> bool {
        self.clock.as_ref().is_some_and(|clock| clock().saturating_sub(self.began) >= BATCH_LASTS)
    }

    fn open(&mut self) -> Step {
        let Some(first) = self.batch.first() else { return Step::Nothing };
        let company = first.message.company();
        self.company = Some(company);
        let ours = || self.batch.iter().filter(|pending| pending.message.company() == company);
        let mut pushed: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
        for pending in ours() {
            if let Message::Push(push) = &pending.message {
                pushed.entry(push.request.replica).or_default().extend(push.request.commands.iter().map(|command| command.seq));
            }
        }
        let commands = ours().flat_map(|pending| pending.message.commands()).collect();
        Step::Open { company, commands, pushed: pushed.into_iter().collect() }
    }

    /// Commands in the log are answered from it: done is done, whatever they would do now.
    fn opened(&mut self, opened: Opened) {
        let place = Place { rev: opened.rev, chain: opened.chain, epoch: opened.epoch };
        if let Some(company) = self.company
            && self.places.get(&company) != Some(&place)
        {
            // Another process wrote since, or this is another database: what is in memory is not what is stored.
            self.worlds.remove(&company);
        }
        self.rev = opened.rev;
        self.last_at = opened.last_at;
        self.epoch = opened.epoch;
        self.chain = opened.chain;
        self.series = opened.series;
        self.known = opened.known.into_iter().map(|entry| (entry.id, entry)).collect();
        self.pushed = opened.pushed.into_iter().map(|before| (before.replica, before)).collect();
    }

    /// Executes until rows are missing, the batch is done, or it has lasted long enough.
    fn advance(&mut self) -> Result<Step, StoreError> {
        while self.at < self.batch.len() {
            // Never before the first: something is done in every transaction.
            if self.at > 0 && self.rounds == 0 && self.is_late() {
                self.late = self.batch.split_off(self.at);
                break;
            }
            let progress = if Some(self.batch[self.at].message.company()) != self.company {
                Progress::Next
            } else {
                match &self.batch[self.at].message {
                    Message::Submit(_) => self.submitted()?,
                    Message::Push(_) => self.push()?,
                    Message::Job(_) => self.job()?,
                    Message::Care(_) => self.care(),
                }
            };
            match progress {
                Progress::Next => {
                    self.at += 1;
                    self.rounds = 0;
                }
                Progress::Load(slices) => return Ok(Step::Load(slices)),
            }
        }
        Ok(self.commit())
    }

    fn submitted(&mut self) -> Result<Progress, StoreError> {
        let Message::Submit(submission) = &self.batch[self.at].message else { return Ok(Progress::Next) };
        if let Some(known) = self.known.get(&submission.envelope.id) {
            self.batch[self.at].verdict = Some(repeated(known));
            return Ok(Progress::Next);
        }
        let mut envelope = submission.envelope.clone();
        let (rights, now) = (submission.rights.clone(), submission.now);
        let context = Context {
            company: envelope.company,
            person: envelope.actor,
            device: envelope.device,
            rights,
            lender: Rights::All,
            now,
            mode: Mode::Entry,
        };
        let world = self.worlds.entry(envelope.company).or_default();
        let number = |world: &mut World, envelope: &mut Envelope| {
            carry_nothing(&mut envelope.command);
            draw_number(world, envelope, SERIES_ALONE)
        };
        let tried = prepare_and_attempt(world, &mut self.rounds, &context, &mut envelope, number);
        match tried {
            Tried::Load(needs) => return Ok(Progress::Load(needs)),
            Tried::Refused(reject) => self.batch[self.at].verdict = Some(Err(reject)),
            Tried::Done(outcome) => {
                self.stands(&envelope, now, &outcome, None)?;
                let receipt = Receipt { id: envelope.id, rev: self.rev, at: envelope.at, number: outcome.number.clone(), repeated: false };
                self.keep_answer(&receipt);
                self.batch[self.at].verdict = Some(Ok(Done { receipt, outcome }));
            }
        }
        Ok(Progress::Next)
    }

    fn keep_answer(&mut self, receipt: &Receipt) {
        if let Message::Submit(Submission { keep: Some(keep), .. }) = &self.batch[self.at].message {
            let answer = keep(receipt);
            self.local.push(Local::Answered(answer));
        }
    }

    /// A command that was executed takes the next place in the order and is kept with its verdict.
    fn stands(&mut self, envelope: &Envelope, now: Instant, outcome: &Outcome, pushed: Option<Pushed>) -> Result<(), StoreError> {
        let rev = self.seal(envelope.company);
        let entry = LogEntry { pushed, ..log_entry(envelope, rev, now, outcome, Status::Ok)? };
        self.last_at = self.last_at.max(envelope.at.0);
        self.keep(entry);
        Ok(())
    }

    fn seal(&mut self, company: CompanyId) -> i64 {
        self.rev += 1;
        self.worlds.entry(company).or_default().seal(self.rev);
        self.rev
    }

    fn keep(&mut self, entry: LogEntry) {
        if self.known.contains_key(&entry.id) {
            return;
        }
        let mark = next_mark(self.chain, &entry);
        self.chain = Some(mark);
        let entry = LogEntry { chain: Some(mark), ..entry };
        self.known.insert(entry.id, entry.clone());
        self.log.push(entry);
    }

    fn commit(&mut self) -> Step {
        let Some(company) = self.company else { return Step::Nothing };
        if self.log.is_empty() && self.local.is_empty() {
            return Step::Nothing;
        }
        let writes = self.worlds.entry(company).or_default().writes();
        Step::Commit(Commit {
            company,
            rev: self.rev,
            chain: self.chain,
            last_at: self.last_at,
            writes,
            log: std::mem::take(&mut self.log),
            local: std::mem::take(&mut self.local),
            trace: Trace::Change,
        })
    }

    /// What is in memory may differ from what is stored after a failure: all is read again. Of every company: the next
    /// connection may lead to another database.
    fn forget(&mut self) {
        self.worlds.clear();
        self.places.clear();
    }

    fn remember(&mut self) {
        let Some(company) = self.company else { return };
        self.places.insert(company, Place { rev: self.rev, chain: self.chain, epoch: self.epoch });
        if let Some(world) = self.worlds.get_mut(&company) {
            world.committed();
            if world.is_larger_than(HOT_ROWS) {
                self.worlds.remove(&company);
            }
        }
    }
}

impl Pending {
    const fn new(message: Message) -> Self {
        Self { message, verdict: None, kept: 0, answer: None, series: None }
    }

    fn answer(self) {
        let verdict = self.verdict.unwrap_or_else(|| Err(Reject::new(Code::Internal).with("reference", "no verdict")));
        match self.message {
            Message::Submit(submission) => (submission.answer)(verdict),
            Message::Job(job) => (job.answer)(verdict.map(|_| ())),
            Message::Care(care) => (care.answer)(Ok(self.series)),
            Message::Push(push) => match self.answer {
                Some(answer) => push.reply(Ok(answer)),
                None => push.reply(Err(Reject::new(Code::Internal).with("reference", "no answer"))),
            },
        }
    }
}

impl Agent for Authority {
    type Message = Message;

    fn commands_in(message: &Message) -> usize {
        match message {
            Message::Push(push) => push.request.commands.len().max(1),
            Message::Submit(_) | Message::Job(_) | Message::Care(_) => 1,
        }
    }

    fn begin(&mut self, messages: Vec<Message>) {
        self.began = self.clock.as_ref().map(|clock| clock()).unwrap_or_default();
        self.batch = messages.into_iter().map(Pending::new).collect();
        self.company = None;
        self.late.clear();
        self.at = 0;
        self.rounds = 0;
        self.log.clear();
        self.local.clear();
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
            Input::Told(_) | Input::Written => return Ok(Step::Nothing),
        }
        self.advance()
    }

    fn finish(&mut self, result: Result<(), StoreError>) -> Rest<Message> {
        let (batch, late) = (std::mem::take(&mut self.batch), std::mem::take(&mut self.late));
        let messages = |batch: Vec<Pending>| batch.into_iter().map(|pending| pending.message);
        match if Rule::FailureIsNoAnswer.holds() { result } else { as_constraint(result) } {
            Ok(()) => {
                self.remember();
                let company = self.company;
                let (batch, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|pending| Some(pending.message.company()) == company);
                batch.into_iter().for_each(Pending::answer);
                Rest { alone: Vec::new(), next: messages(others).chain(messages(late)).collect() }
            }
            Err(StoreError::Constraint(what)) => {
                self.forget();
                let is_alone = batch.len() == 1;
                let alone = messages(batch).flat_map(|message| if is_alone { apart(message, &what) } else { vec![message] }).collect();
                Rest { alone, next: messages(late).collect() }
            }
            // Overload, a full disk, a lost connection: not an answer to any command. Nothing is kept, nothing is acked.
            Err(error) => {
                self.forget();
                messages(batch).chain(messages(late)).for_each(|message| message.fail(error.reject()));
                Rest::default()
            }
        }
    }
}

/// What the history is with one more command: a hash over what it was and over the command and its verdict. That the
/// same command stands at a rev says nothing of those before it: a server that was restored may be told the last one
/// again before the others, and it takes the place it had.
fn next_mark(before: Option<Mark>, entry: &LogEntry) -> Mark {
    let hash = Sha256::new()
        .chain_update(before.unwrap_or(Mark(Uuid::nil())).0)
        .chain_update(entry.id.0)
        .chain_update(entry.status.word())
        .chain_update(entry.code.unwrap_or(0).to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Mark(Uuid::from_bytes(bytes))
}

/// Only with a broken rule: what failed is taken for what the command did.
fn as_constraint(result: Result<(), StoreError>) -> Result<(), StoreError> {
    result.map_err(|error| StoreError::Constraint(error.to_string()))
}

/// A message that broke a constraint alone: a push comes apart, at last into its commands, and the one that breaks it
/// is parked, so that the others arrive.
fn apart(message: Message, what: &str) -> Vec<Message> {
    match message {
        Message::Push(push) => push.apart(what).into_iter().map(Message::Push).collect(),
        other => {
            other.fail(StoreError::Constraint(what.to_owned()).reject());
            Vec::new()
        }
    }
}
