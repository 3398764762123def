//! What copies and the authority say to each other (JSON over HTTPS), and how much of it.

use std::collections::{BTreeMap, BTreeSet};

use kontor_domain::cell::{CellKind, Value};
use kontor_domain::command::{DocumentNumber, Query};
use kontor_domain::ids::{CommandId, DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_domain::world::{Scope, Stored, Table};
use kontor_store::agent::{Mark, Status};
use kontor_store::copy::PulledRow;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most commands of one push.
pub const COMMANDS_LIMIT: usize = 200;
/// Most bytes of one command's arguments: a sale of 1,000 lines with the longest names has room.
pub const ARGS_BYTES_LIMIT: usize = 4 * 1_048_576;
/// Most scopes of one device.
pub const SCOPES_LIMIT: usize = 1_000;
/// Most bytes of the name of a program.
pub const BUILD_BYTES_LIMIT: usize = 200;
/// Rows of one page, if no command changed more: a page never splits a rev.
pub const PAGE_ROWS: usize = 5_000;

/// Commands on their way up: always the first of the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushRequest {
    /// The history the copy follows; `None` before its first pull.
    pub epoch: Option<Uuid>,
    /// The copy.
    pub replica: Uuid,
    /// Its device.
    pub device: DeviceId,
    /// The program that sends.
    pub build: String,
    /// Its clock: kept, never used to order anything.
    pub now: Instant,
    /// The commands.
    pub commands: Vec<PushedCommand>,
}

/// One command on its way up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushedCommand {
    /// Its number on this copy: it orders, and does nothing else.
    pub seq: i64,
    /// Its identity.
    pub id: CommandId,
    /// Its name.
    pub name: String,
    /// Version of its shape.
    pub version: u32,
    /// The command, as its version wrote it.
    pub args: serde_json::Value,
    /// Number of its document, drawn where it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<DocumentNumber>,
    /// When it was entered.
    pub at: Instant,
    /// Who.
    pub actor: PersonId,
}

impl PushRequest {
    /// Whether it keeps to what a copy of ours would send.
    pub fn check(&self) -> Result<(), Reject> {
        if self.commands.len() > COMMANDS_LIMIT {
            return Err(Reject::field(Code::TooLong, "commands").with("limit", COMMANDS_LIMIT));
        }
        let is_run = self.commands.windows(2).all(|pair| pair[0].seq.checked_add(1) == Some(pair[1].seq));
        if !is_run || self.commands.iter().any(|command| command.seq < 1) {
            return Err(Reject::field(Code::Format, "seq"));
        }
        if self.build.len() > BUILD_BYTES_LIMIT {
            return Err(Reject::field(Code::TooLong, "build").with("limit", BUILD_BYTES_LIMIT));
        }
        Ok(())
    }
}

/// What the authority says to a push. Nothing is dropped for it: answers to commands come with a pull.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushReply {
    /// The copy it is for.
    pub replica: Uuid,
    /// The answer.
    pub answer: PushAnswer,
}

/// What the authority says to a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum PushAnswer {
    /// All of it is kept.
    Ok,
    /// Another file with this replica id has used these numbers: be another replica, with this series.
    Fork {
        /// A series nobody has used.
        series: i64,
    },
    /// Commands before these are missing.
    Gap {
        /// The last one known.
        last: i64,
    },
    /// The history is another one.
    Reset {
        /// It.
        epoch: Uuid,
    },
    /// A newer program made one of these: it and what follows wait.
    Upgrade {
        /// The last one kept.
        last: i64,
    },
}

/// Header of a ready file: the history.
pub const SNAPSHOT_EPOCH: &str = "kontor-epoch";
/// Header of a ready file: the rev its rows are of.
pub const SNAPSHOT_REV: &str = "kontor-rev";
/// Header of a ready file: what the history is there; empty where nothing was entered yet.
pub const SNAPSHOT_MARK: &str = "kontor-mark";

/// Asks about documents that are older than what the copy keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OlderRequest {
    /// Who asks.
    pub actor: PersonId,
    /// What.
    pub query: Query,
}

/// Asks for rows and answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The device.
    pub device: DeviceId,
    /// The last head that was seen: its rev and what the history was there.
    pub seen: Option<(i64, Mark)>,
    /// The shape of the tables.
    pub shape: i64,
    /// Newest migration of the copy's program: tells who of two that differ is older.
    pub schema: i64,
    /// Scopes that were booted by an earlier page of this pull, and the head then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub booting: BTreeMap<i64, i64>,
    /// Whether sums are wanted with the last page.
    #[serde(default)]
    pub sums: bool,
    /// Scopes whose rows were not the authority's at the end of the pull before: they come anew, and a person should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mismatched: Vec<i64>,
    /// How long the authority may wait for something new.
    #[serde(default)]
    pub wait_ms: u32,
    /// What the answer repeats.
    pub state: Echo,
}

/// The state of a copy that a pull is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The history it follows.
    pub epoch: Option<Uuid>,
    /// Who it is.
    pub replica: Uuid,
    /// Up to here answers have arrived.
    pub acked: i64,
    /// The rev of each scope it holds; 0 for one that must be booted.
    pub cursors: BTreeMap<i64, i64>,
}

/// What the authority says to a pull. (Not tagged within: serde reads numbers as keys only where it knows the type first.)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullReply {
    /// Rows and answers.
    Page(Box<Page>),
    /// The history is another one, or went back.
    Reset {
        /// It.
        epoch: Uuid,
        /// What was asked with.
        echo: Echo,
    },
    /// The copy's program is older than its authority: it can still push.
    Upgrade,
    /// The authority is older: it will be as new before long.
    Wait,
}

/// A page of rows, from one snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The history.
    pub epoch: Uuid,
    /// Its last rev and what it is there.
    pub head: (i64, Option<Mark>),
    /// The authority's clock: it alone says how old something is.
    pub now: Instant,
    /// A backup on another machine covers it up to here.
    pub stable: i64,
    /// That backup. Said where something else is: nothing to do stays small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// The scopes of the device, and up to which rev each is read with this page.
    pub scopes: BTreeMap<i64, i64>,
    /// Scopes that start anew.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub boot: BTreeSet<i64>,
    /// Rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<WireRow>,
    /// Answers to commands; with the last page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acks: Vec<Ack>,
    /// Sums of the scopes, if wanted; with the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sums: Option<BTreeMap<i64, String>>,
    /// Whether this is the last page.
    pub complete: bool,
    /// What was asked with.
    pub echo: Echo,
}

/// The last backup on another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// When it was made; `None`: there is none.
    pub at: Option<Instant>,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Its number on the copy.
    pub seq: i64,
    /// The command.
    pub id: CommandId,
    /// The verdict.
    pub status: Status,
    /// Code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Its place in the order.
    pub rev: i64,
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// It is as given.
    Put,
    /// It was removed.
    Del,
    /// Other copies hold it from now on.
    Left,
}

impl RowKind {
    /// The kind of a stored word.
    pub fn of(word: &str) -> Self {
        if word == "left" { Self::Left } else { Self::Del }
    }
}

/// A row on its way down: table, rev, kind, scope, cells (of the key alone, unless it is put).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireRow(pub String, pub i64, pub RowKind, pub i64, pub Vec<WireCell>);

/// A cell on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WireCell {
    /// NULL.
    Null(()),
    /// A number.
    Int(i64),
    /// Text, or an id as digits: the column says which.
    Text(String),
}

/// A row that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of {0} that this program does not understand")]
pub struct RowError(String);

impl WireRow {
    /// A row to send.
    pub fn new(table: Table, rev: i64, kind: RowKind, scope: Scope, cells: &[Value]) -> Self {
        let cells = cells.iter().map(|cell| match cell {
            Value::Null => WireCell::Null(()),
            Value::Int(number) => WireCell::Int(*number),
            Value::Text(text) => WireCell::Text(text.clone()),
            Value::Id(id) => WireCell::Text(id.simple().to_string()),
        });
        Self(table.info().name.to_owned(), rev, kind, scope.0, cells.collect())
    }

    /// The row, read back by its table's columns.
    pub fn read(&self) -> Result<PulledRow, RowError> {
        let wrong = || RowError(self.0.clone());
        let table = Table::ALL.iter().copied().find(|table| table.info().name == self.0).ok_or_else(wrong)?;
        let info = table.info();
        let wanted = if self.2 == RowKind::Put { info.columns.len() } else { info.key.len() };
        if self.4.len() != wanted {
            return Err(wrong());
        }
        let cell = |(cell, kind): (&WireCell, &CellKind)| match (cell, kind) {
            (WireCell::Null(()), _) => Ok(Value::Null),
            (WireCell::Int(number), CellKind::Int) => Ok(Value::Int(*number)),
            (WireCell::Text(text), CellKind::Text) => Ok(Value::Text(text.clone())),
            (WireCell::Text(text), CellKind::Id) => Uuid::parse_str(text).map(Value::Id).map_err(|_| wrong()),
            _ => Err(wrong()),
        };
        let cells = self.4.iter().zip(info.kinds).map(cell).collect::<Result<_, _>>()?;
        Ok(PulledRow { table, stored: Stored { cells, scope: Scope(self.3), rev: self.1 } })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn cell(kind: CellKind) -> Value {
        match kind {
            CellKind::Id => Value::Id(id(1)),
            CellKind::Text => Value::Text("Mei".into()),
            CellKind::Int => Value::Int(1),
        }
    }

    #[test]
    fn a_row_comes_back_as_it_was_sent() {
        let cells: Vec<Value> = Table::person.info().kinds.iter().map(|kind| cell(*kind)).collect();
        let row = WireRow::new(Table::person, 7, RowKind::Put, Scope::COMPANY, &cells);
        let back: WireRow = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
        assert_eq!(back, row);
        assert_eq!(back.read().unwrap().stored, Stored { cells, scope: Scope::COMPANY, rev: 7 });
        let strange = WireRow("nothing".into(), row.1, row.2, row.3, row.4);
        assert!(strange.read().is_err());
    }

    #[test]
    fn a_pull_with_nothing_to_do_is_small() {
        let cursors: BTreeMap<i64, i64> = [(1, 123_456), (4_000_000_000_000_000_000, 123_456), (3_000_000_000_000_000_000, 123_456)].into();
        let state = Echo { epoch: Some(id(u128::MAX)), replica: id(u128::MAX - 1), acked: 9_999, cursors: cursors.clone() };
        let page = Page {
            epoch: id(u128::MAX),
            head: (123_456, Some(Mark(id(u128::MAX - 2)))),
            now: Instant(1_790_000_000_000),
            stable: 123_000,
            backup: None,
            scopes: cursors,
            boot: BTreeSet::new(),
            rows: Vec::new(),
            acks: Vec::new(),
            sums: None,
            complete: true,
            echo: state.clone(),
        };
        let request = PullRequest {
            device: DeviceId(id(5)),
            seen: Some((123_456, Mark(id(u128::MAX - 2)))),
            shape: i64::MAX,
            schema: 12,
            booting: BTreeMap::new(),
            sums: false,
            mismatched: Vec::new(),
            wait_ms: 25_000,
            state,
        };
        assert!(serde_json::to_vec(&request).unwrap().len() < 500);
        let reply = PullReply::Page(Box::new(page));
        let text = serde_json::to_string(&reply).unwrap();
        assert!(text.len() < 600);
        assert_eq!(serde_json::from_str::<PullReply>(&text).unwrap(), reply);
    }

    #[test]
    fn commands_of_a_push_follow_each_other() {
        let command = |seq| PushedCommand {
            seq,
            id: CommandId(id(9)),
            name: String::new(),
            version: 1,
            args: serde_json::Value::Null,
            number: None,
            at: Instant(0),
            actor: PersonId(id(3)),
        };
        let request = |seqs: &[i64]| PushRequest {
            epoch: None,
            replica: id(1),
            device: DeviceId(id(2)),
            build: String::new(),
            now: Instant(0),
            commands: seqs.iter().map(|seq| command(*seq)).collect(),
        };
        assert!(request(&[3, 4, 5]).check().is_ok());
        assert!(request(&[3, 5]).check().is_err());
        assert!(request(&[0, 1]).check().is_err());
        assert!(request(&(1..=201).collect::<Vec<_>>()).check().is_err());
    }
}
