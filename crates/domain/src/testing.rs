//! For tests: a store in memory that serves slices and takes row writes as the real one does, and a founded shop.
//!
//! It is stricter than a database: whatever a trigger, a key or the limit of load rounds would stop, stops here too.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::cell::{CellKind, Value};
use crate::command::{Context, Envelope, Outcome, execute};
use crate::reject::Reject;
use crate::world::{Action, Change, Halt, Row, RowWrite, Slice, Stored, Table, World};

mod ledgers;
mod shop;

pub use shop::{Shop, ShopKind, id_of, sum_of};

/// Most times that a command may ask for rows before it must be decided.
pub const LOAD_ROUNDS_LIMIT: usize = 8;

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A rule refused it.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// A rule of ours is wrong: a real store would have failed here.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    /// The refusal, if it is one.
    pub const fn reject(&self) -> Option<&Reject> {
        match self {
            Self::Reject(reject) => Some(reject),
            Self::Broken(_) => None,
        }
    }
}

fn broken<T>(text: String) -> Result<T, Failure> {
    Err(Failure::Broken(text))
}

/// Keys of rows by the value of an indexed column.
type Keys = BTreeMap<Value, BTreeSet<Vec<Value>>>;

/// Rows of one company, in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: BTreeMap<Table, BTreeMap<Vec<Value>, Stored>>,
    indexed: HashMap<(Table, usize), Keys>,
    world: World,
    /// The place of the command done last.
    pub rev: i64,
    /// Whether every command starts with an empty World, as after a start of the program.
    pub cold: bool,
    /// Most load rounds that a command has needed.
    pub rounds_most: usize,
    /// Load rounds of the last command.
    pub rounds_last: usize,
}

impl MemoryStore {
    /// Runs one command and keeps what it changed.
    pub fn run(&mut self, context: &Context, envelope: &Envelope) -> Result<Outcome, Failure> {
        let outcome = self.decide(context, envelope);
        self.commit()?;
        outcome
    }

    /// Runs commands one after another and keeps what they changed in one go: a refused one leaves the others.
    pub fn run_batch(&mut self, commands: &[(Context, Envelope)]) -> Result<Vec<Result<Outcome, Failure>>, Failure> {
        let outcomes = commands.iter().map(|(context, envelope)| self.decide(context, envelope)).collect();
        self.commit()?;
        Ok(outcomes)
    }

    fn decide(&mut self, context: &Context, envelope: &Envelope) -> Result<Outcome, Failure> {
        for round in 0..=LOAD_ROUNDS_LIMIT {
            match execute(&mut self.world, context, envelope) {
                Ok(outcome) => {
                    self.note_rounds(round);
                    self.rev += 1;
                    self.world.seal(self.rev);
                    return Ok(outcome);
                }
                Err(Halt::Need) => {
                    self.world.rollback();
                    self.load()?;
                }
                Err(Halt::Reject(reject)) => {
                    self.note_rounds(round);
                    self.world.rollback();
                    return Err(reject.into());
                }
            }
        }
        broken(format!("{} needs more than {LOAD_ROUNDS_LIMIT} load rounds", envelope.command.name()))
    }

    fn note_rounds(&mut self, rounds: usize) {
        self.rounds_last = rounds;
        self.rounds_most = self.rounds_most.max(rounds);
    }

    fn load(&mut self) -> Result<(), Failure> {
        let needs = self.world.take_needs();
        if needs.is_empty() {
            return broken("rows are needed, but none are named".into());
        }
        for slice in needs {
            let rows = self.slice(&slice);
            self.world.load(&slice, rows).or_else(|error| broken(error.to_string()))?;
        }
        Ok(())
    }

    fn slice(&self, slice: &Slice) -> Vec<Stored> {
        let (table, keys): (&Table, Vec<&Vec<Value>>) = match slice {
            Slice::Key(table, key) => (table, vec![key]),
            Slice::Index(table, index, value) => {
                let keys = self.indexed.get(&(*table, *index)).and_then(|under| under.get(value));
                (table, keys.into_iter().flatten().collect())
            }
        };
        let Some(rows) = self.tables.get(table) else { return Vec::new() };
        keys.into_iter().filter_map(|key| rows.get(key)).cloned().collect()
    }

    fn commit(&mut self) -> Result<(), Failure> {
        for write in self.world.writes() {
            self.apply(write)?;
        }
        self.world.committed();
        if self.cold {
            self.world = World::default();
        }
        Ok(())
    }

    fn apply(&mut self, write: RowWrite) -> Result<(), Failure> {
        let info = write.table.info();
        check_write(&write)?;
        let key = write.cells[..info.key.len()].to_vec();
        let rows = self.tables.entry(write.table).or_default();
        let old = rows.get(&key);
        match (write.action, old) {
            (Action::Insert, Some(_)) => return broken(format!("{}: key {key:?} is in use", info.name)),
            (Action::Update | Action::Remove, None) => return broken(format!("{}: key {key:?} is not there", info.name)),
            (_, old) if old != write.before.as_ref() => {
                return broken(format!("{}: before-image of {key:?} is not what is stored", info.name));
            }
            (_, _) => {}
        }
        for (index, column) in info.indexes.iter().enumerate() {
            let position = info.columns.iter().position(|known| known == column);
            let Some(position) = position else { return broken(format!("{}: no column {column}", info.name)) };
            let under = self.indexed.entry((write.table, index)).or_default();
            if let Some(before) = &write.before {
                under.entry(before.cells[position].clone()).or_default().remove(&key);
            }
            if write.action != Action::Remove {
                under.entry(write.cells[position].clone()).or_default().insert(key.clone());
            }
        }
        match write.action {
            Action::Remove => rows.remove(&key),
            Action::Insert | Action::Update => rows.insert(key, Stored { cells: write.cells, scope: write.scope, rev: write.rev }),
        };
        Ok(())
    }

    /// All rows of a table, in key order.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, Failure> {
        let rows = self.tables.get(&R::TABLE).into_iter().flat_map(BTreeMap::values);
        rows.map(|row| R::from_cells(row.cells.clone()).or_else(|error| broken(error.to_string()))).collect()
    }

    /// One row.
    pub fn row<R: Row>(&self, key: &R::Key) -> Result<Option<R>, Failure> {
        let stored = self.stored::<R>(key);
        stored.map(|row| R::from_cells(row.cells.clone()).or_else(|error| broken(error.to_string()))).transpose()
    }

    /// One row as it is kept.
    pub fn stored<R: Row>(&self, key: &R::Key) -> Option<&Stored> {
        self.tables.get(&R::TABLE)?.get(&R::key_cells(key))
    }

    /// Everything that is kept, to compare before and after.
    pub fn everything(&self) -> BTreeMap<Table, BTreeMap<Vec<Value>, Stored>> {
        self.tables.clone()
    }

    /// Recomputes every figure from the ledgers and compares; the first difference is told.
    pub fn check_ledgers(&self) -> Result<(), Failure> {
        ledgers::check(self)
    }
}

fn check_write(write: &RowWrite) -> Result<(), Failure> {
    let info = write.table.info();
    let allowed = match write.action {
        Action::Insert => true,
        Action::Update => info.change != Change::Append,
        Action::Remove => info.change == Change::Remove,
    };
    if !allowed {
        return broken(format!("{:?} on {}, which is {:?}", write.action, info.name, info.change));
    }
    if write.rev == 0 {
        return broken(format!("a row of {} without rev", info.name));
    }
    let wanted = if write.action == Action::Remove { info.key.len() } else { info.columns.len() };
    if write.cells.len() != wanted {
        return broken(format!("{}: {} cells, not {wanted}", info.name, write.cells.len()));
    }
    for ((cell, kind), column) in write.cells.iter().zip(info.kinds).zip(info.columns) {
        let fits = match cell {
            Value::Null => !info.key.contains(column),
            Value::Int(_) => *kind == CellKind::Int,
            Value::Text(text) => *kind == CellKind::Text && !text.contains('\0'),
            Value::Id(_) => *kind == CellKind::Id,
        };
        if !fits {
            return broken(format!("{}.{column} cannot hold {cell:?}", info.name));
        }
    }
    Ok(())
}
