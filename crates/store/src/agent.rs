//! Who decides what a writer writes. Sans-I/O: the writer drives the agent step by step and does the I/O between.

use std::collections::BTreeSet;

use kontor_domain::cell::Value;
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::world::{RowWrite, Scope, Slice};
use uuid::Uuid;

use crate::error::StoreError;

/// Most commands in one transaction.
pub const BATCH_LIMIT: usize = 200;

/// Decides batches of messages.
pub trait Agent: Send + 'static {
    /// What is sent to the writer.
    type Message: Send + 'static;

    /// Takes what is waiting: at least one message, at most [`BATCH_LIMIT`], all executed in one transaction.
    fn begin(&mut self, messages: Vec<Self::Message>);

    /// The next thing to do. The first input is [`Input::Start`].
    fn step(&mut self, input: Input) -> Result<Step, StoreError>;

    /// The transaction is durable, or rolled back by an error. Answers everyone, except on a broken constraint in
    /// a batch of several: then it returns the messages, and each is tried alone so that only the culprit fails. What
    /// belongs to another company than the transaction's is returned, too.
    fn finish(&mut self, result: Result<(), StoreError>) -> Vec<Self::Message>;
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
}

/// Rows of one slice: cells and scope of each.
pub type LoadedSlice = (Slice, Vec<(Vec<Value>, Scope)>);

/// What an agent wants.
#[derive(Debug)]
pub enum Step {
    /// Begin a transaction that holds the company's clock, and look these commands up.
    Open {
        /// The company.
        company: CompanyId,
        /// The commands.
        commands: Vec<CommandId>,
    },
    /// Read these rows.
    Load(BTreeSet<Slice>),
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
}

/// A command and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The command.
    pub id: CommandId,
    /// Its place in the order.
    pub rev: i64,
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
    /// `ok`, `refused`, `parked`.
    pub status: &'static str,
    /// Code of a refusal.
    pub code: Option<i64>,
}

/// What to write in one transaction.
#[derive(Debug)]
pub struct Commit {
    /// The company.
    pub company: CompanyId,
    /// Its rev after this.
    pub rev: i64,
    /// When its last command was entered.
    pub last_at: i64,
    /// Rows of business tables.
    pub writes: Vec<RowWrite>,
    /// Rows of the command log.
    pub log: Vec<LogEntry>,
}
