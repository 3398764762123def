//! Who decides what a writer writes. Sans-I/O: the writer drives the agent step by step and does the I/O between.

use std::collections::{BTreeSet, VecDeque};

use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::world::{RowWrite, Slice, Stored};
use uuid::Uuid;

use crate::copy::{Ask, CopyState, Local, Told};
use crate::error::StoreError;

/// Most commands in one transaction.
pub const BATCH_LIMIT: usize = 200;

/// Decides batches of messages.
pub trait Agent: Send + 'static {
    /// What is sent to the writer.
    type Message: Send + 'static;

    /// How many commands a message carries.
    fn commands_in(message: &Self::Message) -> usize;

    /// Takes what is waiting, for one transaction: one message, or several with at most [`BATCH_LIMIT`] commands.
    fn begin(&mut self, messages: Vec<Self::Message>);

    /// The next thing to do. The first input is [`Input::Start`].
    fn step(&mut self, input: Input) -> Result<Step, StoreError>;

    /// The transaction is durable, or rolled back by an error. Answers everyone but what it returns.
    fn finish(&mut self, result: Result<(), StoreError>) -> Rest<Self::Message>;
}

/// What a batch left to be done.
#[derive(Debug)]
pub struct Rest<M> {
    /// The batch broke a constraint: each of these is tried alone, so that only the culprit fails.
    pub alone: Vec<M>,
    /// What this transaction did not come to: another company's, or later than it may last. A batch again.
    pub next: Vec<M>,
}

impl<M> Default for Rest<M> {
    fn default() -> Self {
        Self { alone: Vec::new(), next: Vec::new() }
    }
}

/// Messages on their way into batches, in their order.
#[derive(Debug)]
pub(crate) struct Waiting<M> {
    alone: VecDeque<M>,
    next: VecDeque<M>,
}

impl<M> Waiting<M> {
    /// These.
    pub(crate) fn of(messages: impl IntoIterator<Item = M>) -> Self {
        Self { alone: VecDeque::new(), next: messages.into_iter().collect() }
    }

    /// The first message and what waits behind it, as far as one transaction takes it.
    pub(crate) fn gather<A: Agent<Message = M>>(first: M, mut more: impl FnMut() -> Option<M>) -> Self {
        let mut commands = A::commands_in(&first);
        let mut waiting = Self::of([first]);
        while commands < BATCH_LIMIT
            && let Some(message) = more()
        {
            commands += A::commands_in(&message);
            waiting.next.push_back(message);
        }
        waiting
    }

    /// The next batch; `None`: all is done.
    pub(crate) fn batch<A: Agent<Message = M>>(&mut self) -> Option<Vec<M>> {
        if let Some(message) = self.alone.pop_front() {
            return Some(vec![message]);
        }
        let first = self.next.pop_front()?;
        let mut commands = A::commands_in(&first);
        let mut batch = vec![first];
        while let Some(message) = self.next.pop_front_if(|message| commands + A::commands_in(message) <= BATCH_LIMIT) {
            commands += A::commands_in(&message);
            batch.push(message);
        }
        Some(batch)
    }

    /// What a batch left, each in its place: a message may have come apart into several.
    pub(crate) fn put_back(&mut self, rest: Rest<M>) {
        rest.alone.into_iter().rev().for_each(|message| self.alone.push_front(message));
        rest.next.into_iter().rev().for_each(|message| self.next.push_front(message));
    }
}

/// What an agent gets.
#[derive(Debug)]
pub enum Input {
    /// Nothing yet.
    Start,
    /// What [`Step::Open`] asked for.
    Opened(Opened),
    /// What [`Step::Load`] asked for, slice by slice.
    Loaded(Vec<LoadedSlice>),
    /// What [`Step::Ask`] asked for.
    Told(Told),
    /// What [`Step::Write`] gave is written.
    Written,
}

/// Rows of one slice.
pub type LoadedSlice = (Slice, Vec<Stored>);

/// What an agent wants.
#[derive(Debug)]
pub enum Step {
    /// Begin a transaction that holds the company's clock, and look these commands up.
    Open {
        /// The company.
        company: CompanyId,
        /// The commands.
        commands: Vec<CommandId>,
        /// What copies pushed: replica and the numbers it gave.
        pushed: Vec<(Uuid, Vec<i64>)>,
    },
    /// Read these rows.
    Load(BTreeSet<Slice>),
    /// Look into what is kept beside the business tables.
    Ask(Ask),
    /// Write now, and go on in the same transaction.
    Write(Vec<Local>),
    /// Write and commit.
    Commit(Commit),
    /// Nothing to write: roll back.
    Nothing,
}

/// The state of a company's order.
#[derive(Debug)]
pub struct Opened {
    /// The last rev.
    pub rev: i64,
    /// When its last command was entered, UTC milliseconds.
    pub last_at: i64,
    /// Commands that are in the log already.
    pub known: Vec<LogEntry>,
    /// The history's random id.
    pub epoch: Option<Uuid>,
    /// What the history is up to that rev; `None` before its first mark.
    pub chain: Option<Mark>,
    /// The last series given to a copy.
    pub series: i64,
    /// For each replica that pushed: what it pushed before.
    pub pushed: Vec<PushedBefore>,
    /// What this copy knows of itself; `None` where the authority is.
    pub copy: Option<CopyState>,
}

/// What a replica pushed before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushedBefore {
    /// The replica.
    pub replica: Uuid,
    /// The last number it used; 0 for none.
    pub last: i64,
    /// Which command had which of the numbers asked for.
    pub known: Vec<(i64, CommandId)>,
}

/// What a history is at a rev: made of every command and verdict up to there (older histories: the command there). Two
/// histories with the same mark at a rev are one up to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Mark(pub Uuid);

/// How a command came from a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The copy it came from first.
    pub replica: Uuid,
    /// The number it had there.
    pub seq: i64,
    /// How far the copy's clock was ahead of the authority's then, milliseconds. It orders nothing: it says which of
    /// the times that the copy wrote down are to be believed.
    pub offset_ms: i64,
}

/// A command and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The command.
    pub id: CommandId,
    /// Its place in the order.
    pub rev: i64,
    /// How it came from a copy.
    pub pushed: Option<Pushed>,
    /// The device it was entered on.
    pub device: Uuid,
    /// Who.
    pub actor: Uuid,
    /// What.
    pub name: String,
    /// Version of its shape.
    pub version: i64,
    /// Its arguments, JSON.
    pub args: String,
    /// Number of its document.
    pub number: Option<String>,
    /// When it was entered.
    pub at: i64,
    /// When the authority took it.
    pub received_at: i64,
    /// The verdict.
    pub status: Status,
    /// Code of a refusal.
    pub code: Option<i64>,
    /// What the history is up to this command; a copy does not know it.
    pub chain: Option<Mark>,
}

impl LogEntry {
    /// What a repeat is answered from: the verdict without what the command was.
    pub(crate) const fn verdict_of(id: CommandId, rev: i64, number: Option<String>, at: i64, status: Status, code: Option<i64>) -> Self {
        Self {
            id,
            rev,
            pushed: None,
            device: Uuid::nil(),
            actor: Uuid::nil(),
            name: String::new(),
            version: 0,
            args: String::new(),
            number,
            at,
            received_at: 0,
            status,
            code,
            chain: None,
        }
    }
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits on this copy for the authority.
    Pending,
    /// It stands.
    Ok,
    /// A rule refused it.
    Refused,
    /// It cannot be executed; what it said is kept.
    Parked,
}

impl Status {
    /// The word that is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Parked => "parked",
        }
    }

    /// A stored word.
    pub fn of(word: &str) -> Result<Self, StoreError> {
        match word {
            "pending" => Ok(Self::Pending),
            "ok" => Ok(Self::Ok),
            "refused" => Ok(Self::Refused),
            "parked" => Ok(Self::Parked),
            other => Err(StoreError::Damaged(format!("{other} is no verdict"))),
        }
    }
}

/// What to write in one transaction.
#[derive(Debug)]
pub struct Commit {
    /// The company.
    pub company: CompanyId,
    /// Its rev after this.
    pub rev: i64,
    /// What its history is after this; `None` leaves it (a copy does not know it).
    pub chain: Option<Mark>,
    /// When its last command was entered.
    pub last_at: i64,
    /// Rows of business tables.
    pub writes: Vec<RowWrite>,
    /// Rows of the command log.
    pub log: Vec<LogEntry>,
    /// Rows beside the business tables.
    pub local: Vec<Local>,
    /// What is kept of each row so that others, or this copy, can follow.
    pub trace: Trace,
}

/// What is kept of each written row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// At the authority: that a row was removed, or left a scope.
    Change,
    /// On a copy: the row as the authority had it, so that the command can be taken back.
    Undo,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    /// Says of a number that it is so many commands.
    struct Counting;

    impl Agent for Counting {
        type Message = usize;

        fn commands_in(message: &usize) -> usize {
            *message
        }

        fn begin(&mut self, _: Vec<usize>) {}

        fn step(&mut self, _: Input) -> Result<Step, StoreError> {
            Ok(Step::Nothing)
        }

        fn finish(&mut self, _: Result<(), StoreError>) -> Rest<usize> {
            Rest::default()
        }
    }

    fn batches(waiting: &mut Waiting<usize>) -> Vec<Vec<usize>> {
        std::iter::from_fn(|| waiting.batch::<Counting>()).collect()
    }

    #[test]
    fn a_batch_is_counted_in_commands_and_not_in_messages() {
        let mut waiting = Waiting::of([BATCH_LIMIT, BATCH_LIMIT - 1, 1, 1, BATCH_LIMIT + 1, 1]);
        let expected = [vec![BATCH_LIMIT], vec![BATCH_LIMIT - 1, 1], vec![1], vec![BATCH_LIMIT + 1], vec![1]];
        assert_eq!(batches(&mut waiting), expected);
    }

    #[test]
    fn no_more_is_taken_than_a_batch_holds() {
        let mut queue: VecDeque<usize> = vec![BATCH_LIMIT / 2; 9].into();
        let first = queue.pop_front().unwrap();
        let mut waiting = Waiting::gather::<Counting>(first, || queue.pop_front());
        assert_eq!((batches(&mut waiting).concat().len(), queue.len()), (2, 7));
    }

    #[test]
    fn what_a_batch_left_comes_before_what_waits_behind_it() {
        let mut waiting = Waiting::of([100, 101, 102]);
        let first = waiting.batch::<Counting>().unwrap();
        assert_eq!(first, [100]);
        waiting.put_back(Rest { alone: vec![7, 8], next: vec![50, 51] });
        assert_eq!(batches(&mut waiting), [vec![7], vec![8], vec![50, 51], vec![101], vec![102]]);
    }
}
