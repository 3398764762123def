//! The World: the rows a command needs, in memory, typed, with how each was before.
//!
//! A command reads by key or by one declared index. What was not loaded is not absent: the read ends the
//! try with [`Halt::Need`], the store loads what is asked for, and the command runs again. So `domain`
//! decides without I/O and never mistakes "I did not look" for "there is none".

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::cell::{CellError, CellKind, Value};
use crate::reject::Reject;

/// What a table is and who may hold its rows. One static of these for each table; the store reads and writes from it.
#[derive(Debug)]
pub struct TableInfo {
    /// Its name in SQL.
    pub name: &'static str,
    /// Key columns behind `company`.
    pub key: &'static [&'static str],
    /// All columns behind `company`: key first, then the rest.
    pub columns: &'static [&'static str],
    /// Kinds of [`TableInfo::columns`].
    pub kinds: &'static [CellKind],
    /// Columns rows can be asked for by ([`Slice::Index`]).
    pub indexes: &'static [&'static str],
    /// Who may hold the rows.
    pub reach: Reach,
    /// How the rows may change.
    pub change: Change,
}

/// Who may hold a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only the authority.
    Authority,
    /// Devices with office rights.
    Office,
    /// Every device of the company.
    Company,
    /// Devices of the warehouse.
    Warehouse,
    /// One device.
    Device,
}

/// How the rows of a table may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Ledgers and finished documents: inserted once, never changed (a trigger refuses).
    Append,
    /// Updated in place, never removed.
    Update,
    /// May also be removed (drafts, tags, barcodes).
    Remove,
    /// As `Update`, and not undone with its command: number counters.
    OutsideUndo,
}

/// Which copies a row goes to: a small number stored in each row beside `rev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub i64);

impl Scope {
    /// Never leaves the authority.
    pub const AUTHORITY: Self = Self(0);
    /// Every device.
    pub const COMPANY: Self = Self(1);
    /// Office devices.
    pub const OFFICE: Self = Self(2);

    /// Devices of one warehouse, or one device. The number is cut from the id's random half: 62 bits, so that
    /// two never meet and no table of numbers is needed.
    pub fn of_id(id: uuid::Uuid) -> Self {
        let random = id.as_u64_pair().1 & 0x3FFF_FFFF_FFFF_FFFF;
        Self(i64::try_from(random | 0x100).unwrap_or(i64::MAX))
    }
}

/// Rows to load: by whole key, or by one declared index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slice {
    /// One row.
    Key(Table, Vec<Value>),
    /// All rows whose column (a position in [`TableInfo::indexes`]) has the value.
    Index(Table, usize, Value),
}

/// Why a command did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// Rows are missing; the World has noted which ([`World::take_needs`]).
    #[error("rows must be loaded first")]
    Need,
    /// A rule refuses.
    #[error(transparent)]
    Reject(#[from] Reject),
}

/// A row to write, as the store needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowWrite {
    /// The table.
    pub table: Table,
    /// What to do.
    pub action: Action,
    /// All cells for insert and update, the key's for remove.
    pub cells: Vec<Value>,
    /// The command's place in the company's one order.
    pub rev: i64,
    /// Which copies it goes to.
    pub scope: Scope,
    /// The row as it was before this batch; `None` for an insert.
    pub before: Option<Stored>,
}

/// A row as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its cells in the order of the table's columns.
    pub cells: Vec<Value>,
    /// Which copies it goes to.
    pub scope: Scope,
    /// The command that wrote it last; 0 on a copy while that command is on its way to the authority.
    pub rev: i64,
}

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new row.
    Insert,
    /// A row that is there.
    Update,
    /// A row that goes.
    Remove,
}

/// A typed row of one table.
pub trait Row: Clone + PartialEq + 'static {
    /// Its key behind the company.
    type Key: Clone + Ord + std::hash::Hash + std::fmt::Debug;
    /// Which table.
    const TABLE: Table;
    /// Its key.
    fn key(&self) -> Self::Key;
    /// A key as stored.
    fn key_cells(key: &Self::Key) -> Vec<Value>;
    /// All cells in the order of [`TableInfo::columns`].
    fn cells(&self) -> Vec<Value>;
    /// The value under an index.
    fn index_value(&self, index: usize) -> Value;
    /// Read back from cells.
    fn from_cells(cells: Vec<Value>) -> Result<Self, CellError>;
    /// This table's part of a World.
    fn part(world: &World) -> &Part<Self>;
    /// This table's part of a World.
    fn part_mut(world: &mut World) -> &mut Part<Self>;
}

/// A row in memory: as it is, and as it was when the batch began.
#[derive(Debug)]
struct Slot<R> {
    now: Option<R>,
    scope: Scope,
    /// As in the file. Kept while the row waits to be written.
    stored: Option<Option<Before<R>>>,
    rev: i64,
    /// Written although nothing in it is another: see [`World::lean_on`].
    is_leaned_on: bool,
}

impl<R: PartialEq> Slot<R> {
    /// Whether what it was in the file is what it is, after all that was done to it.
    fn is_as_it_was(&self) -> bool {
        match (&self.stored, &self.now) {
            (Some(Some(before)), Some(row)) => !self.is_leaned_on && before.row == *row && before.scope == self.scope,
            _ => false,
        }
    }
}

/// A row as it is in the file.
#[derive(Debug)]
struct Before<R> {
    row: R,
    scope: Scope,
    rev: i64,
}

/// One table's rows in a World.
#[derive(Debug)]
pub struct Part<R: Row> {
    rows: HashMap<R::Key, Slot<R>>,
    indexed: Vec<HashMap<Value, BTreeSet<R::Key>>>,
    loaded: HashSet<(usize, Value)>,
    /// Keys to write, in the order of their key so that writes go through the file forwards.
    dirty: BTreeSet<R::Key>,
    /// Changes of the running command: key, row before it, and whether it was dirty before.
    journal: Vec<Undo<R>>,
}

#[derive(Debug)]
struct Undo<R: Row> {
    key: R::Key,
    now: Option<R>,
    existed: bool,
    was_dirty: bool,
    scope: Scope,
    rev: i64,
}

impl<R: Row> Default for Part<R> {
    fn default() -> Self {
        let indexes = R::TABLE.info().indexes.len();
        Self {
            rows: HashMap::new(),
            indexed: (0..indexes).map(|_| HashMap::new()).collect(),
            loaded: HashSet::new(),
            dirty: BTreeSet::new(),
            journal: Vec::new(),
        }
    }
}

impl<R: Row> Part<R> {
    fn index_remove(&mut self, row: &R) {
        for index in 0..self.indexed.len() {
            if let Some(keys) = self.indexed[index].get_mut(&row.index_value(index)) {
                keys.remove(&row.key());
            }
        }
    }

    fn index_insert(&mut self, row: &R) {
        for index in 0..self.indexed.len() {
            self.indexed[index].entry(row.index_value(index)).or_default().insert(row.key());
        }
    }

    fn set(&mut self, key: R::Key, now: Option<R>) {
        if let Some(old) = self.rows.get_mut(&key).and_then(|slot| slot.now.take()) {
            self.index_remove(&old);
        }
        if let Some(row) = &now {
            self.index_insert(row);
        }
        if let Some(slot) = self.rows.get_mut(&key) {
            slot.now = now;
        }
    }

    fn change(&mut self, key: R::Key, now: Option<R>, scope: Option<Scope>) {
        let was_dirty = self.dirty.contains(&key);
        let (before, existed, old_scope, rev) = match self.rows.get(&key) {
            Some(slot) => (slot.now.clone(), true, slot.scope, slot.rev),
            None => (None, false, Scope::COMPANY, 0),
        };
        if !existed {
            let slot = Slot { now: None, scope: scope.unwrap_or(Scope::COMPANY), stored: None, rev: 0, is_leaned_on: false };
            self.rows.insert(key.clone(), slot);
        }
        if !was_dirty {
            self.dirty.insert(key.clone());
        }
        if let Some(slot) = self.rows.get_mut(&key) {
            if slot.stored.is_none() {
                slot.stored = Some(before.clone().map(|row| Before { row, scope: old_scope, rev }));
            }
            if let Some(scope) = scope {
                slot.scope = scope;
            }
        }
        self.journal.push(Undo { key: key.clone(), now: before, existed, was_dirty, scope: old_scope, rev });
        self.set(key, now);
    }

    fn rollback(&mut self) {
        while let Some(undo) = self.journal.pop() {
            self.set(undo.key.clone(), undo.now);
            if !undo.was_dirty {
                self.dirty.remove(&undo.key);
                if let Some(slot) = self.rows.get_mut(&undo.key) {
                    slot.stored = None;
                    slot.is_leaned_on = false;
                }
            }
            if let Some(slot) = self.rows.get_mut(&undo.key) {
                slot.rev = undo.rev;
                slot.scope = undo.scope;
            }
            if !undo.existed {
                self.rows.remove(&undo.key);
            }
        }
    }

    fn seal(&mut self, rev: i64) {
        for undo in self.journal.drain(..) {
            if let Some(slot) = self.rows.get_mut(&undo.key) {
                slot.rev = rev;
            }
        }
    }

    fn writes(&self, out: &mut Vec<RowWrite>) {
        for key in &self.dirty {
            let Some(slot) = self.rows.get(key) else { continue };
            let stored = slot.stored.as_ref().and_then(Option::as_ref);
            let (action, cells) = match (stored, &slot.now) {
                (None, Some(row)) => (Action::Insert, row.cells()),
                (Some(_), Some(_)) if slot.is_as_it_was() => continue,
                (Some(_), Some(row)) => (Action::Update, row.cells()),
                (Some(_), None) => (Action::Remove, R::key_cells(key)),
                (None, None) => continue,
            };
            let before = stored.map(|before| Stored { cells: before.row.cells(), scope: before.scope, rev: before.rev });
            out.push(RowWrite { table: R::TABLE, action, cells, rev: slot.rev, scope: slot.scope, before });
        }
    }

    /// Ledger rows are not kept in memory: they are never read again to decide anything often.
    fn committed(&mut self) -> usize {
        let dirty = std::mem::take(&mut self.dirty);
        if R::TABLE.info().change == Change::Append {
            let held = self.rows.len();
            *self = Self::default();
            return held;
        }
        for key in dirty {
            if let Some(slot) = self.rows.get_mut(&key) {
                // Changed and changed back: nothing was written, so the file has it at its old place in the order.
                if let (true, Some(Some(before))) = (slot.is_as_it_was(), &slot.stored) {
                    slot.rev = before.rev;
                }
                slot.stored = None;
                slot.is_leaned_on = false;
            }
        }
        0
    }

    fn load(&mut self, slice: &Slice, rows: Vec<Stored>) -> Result<(), CellError> {
        for Stored { cells, scope, rev } in rows {
            let row = R::from_cells(cells)?;
            let key = row.key();
            // A row in memory is as new as the file or newer.
            if !self.rows.contains_key(&key) {
                self.index_insert(&row);
                self.rows.insert(key, Slot { now: Some(row), scope, stored: None, rev, is_leaned_on: false });
            }
        }
        if let Slice::Index(_, index, value) = slice {
            self.loaded.insert((*index, value.clone()));
        }
        Ok(())
    }

    fn absent(&mut self, key: R::Key) {
        self.rows.entry(key).or_insert(Slot { now: None, scope: Scope::COMPANY, stored: None, rev: 0, is_leaned_on: false });
    }
}

impl World {
    /// The row of a key, `None` if there is none; [`Halt::Need`] if nobody looked yet.
    pub fn find<R: Row>(&mut self, key: &R::Key) -> Result<Option<R>, Halt> {
        match R::part(self).rows.get(key) {
            Some(slot) => Ok(slot.now.clone()),
            None => {
                self.needs.insert(Slice::Key(R::TABLE, R::key_cells(key)));
                Err(Halt::Need)
            }
        }
    }

    /// Whether there is a row of a key: as [`World::find`], without copying it.
    pub fn has<R: Row>(&mut self, key: &R::Key) -> Result<bool, Halt> {
        match R::part(self).rows.get(key) {
            Some(slot) => Ok(slot.now.is_some()),
            None => {
                self.needs.insert(Slice::Key(R::TABLE, R::key_cells(key)));
                Err(Halt::Need)
            }
        }
    }

    /// All rows whose column under the index has the value, in key order.
    pub fn under<R: Row>(&mut self, index: usize, value: Value) -> Result<Vec<R>, Halt> {
        if !R::part(self).loaded.contains(&(index, value.clone())) {
            self.needs.insert(Slice::Index(R::TABLE, index, value));
            return Err(Halt::Need);
        }
        let part = R::part(self);
        let keys = part.indexed[index].get(&value);
        Ok(keys.into_iter().flatten().filter_map(|key| part.rows.get(key)?.now.clone()).collect())
    }

    /// Says that a row will be needed, without ending the try: many wishes, one load.
    pub fn wish<R: Row>(&mut self, key: &R::Key) {
        if !R::part(self).rows.contains_key(key) {
            self.needs.insert(Slice::Key(R::TABLE, R::key_cells(key)));
        }
    }

    /// The same for the rows under an index.
    pub fn wish_under<R: Row>(&mut self, index: usize, value: Value) {
        if !R::part(self).loaded.contains(&(index, value.clone())) {
            self.needs.insert(Slice::Index(R::TABLE, index, value));
        }
    }

    /// Ends the try if any wish is open.
    pub fn granted(&self) -> Result<(), Halt> {
        if self.needs.is_empty() { Ok(()) } else { Err(Halt::Need) }
    }

    /// A new row. Its key must not be in use (checked by the caller or impossible; a slip is noticed by
    /// [`World::take_collision`]).
    ///
    /// A copy keeps only rows of the scopes it holds: others are the authority's alone, and come to nothing here.
    pub fn insert<R: Row>(&mut self, scope: Scope, row: R) {
        if R::TABLE.info().change != Change::OutsideUndo && self.held.as_ref().is_some_and(|held| !held.contains(&scope)) {
            return;
        }
        let key = row.key();
        self.touched.insert(R::TABLE);
        self.loaded_rows += 1;
        if R::part(self).rows.get(&key).is_some_and(|slot| slot.now.is_some()) {
            self.collision = Some(R::TABLE);
        }
        R::part_mut(self).change(key, Some(row), Some(scope));
    }

    /// The new state of a row that is there.
    pub fn update<R: Row>(&mut self, row: R) {
        let key = row.key();
        self.touched.insert(R::TABLE);
        R::part_mut(self).change(key, Some(row), None);
    }

    /// What the command makes of other rows was decided by this one: it is written as it is, so that a copy on which the
    /// command waits runs it again when the row comes with something else in it.
    pub fn lean_on<R: HasPart>(&mut self, row: R) {
        let key = row.key();
        self.update(row);
        if let Some(slot) = R::part_of_mut(self).rows.get_mut(&key) {
            slot.is_leaned_on = true;
        }
    }

    /// Gives a row to other copies: the ones that had it lose it.
    pub fn rescope<R: Row>(&mut self, row: R, scope: Scope) {
        self.touched.insert(R::TABLE);
        R::part_mut(self).change(row.key(), Some(row), Some(scope));
    }

    /// Says which scopes this copy holds; the authority, which never says it, holds all.
    pub fn hold(&mut self, scopes: BTreeSet<Scope>) {
        self.held = Some(scopes);
    }

    /// Removes a row (tables with [`Change::Remove`]).
    pub fn remove<R: Row>(&mut self, key: R::Key) {
        self.touched.insert(R::TABLE);
        R::part_mut(self).change(key, None, None);
    }

    /// The table in which the running command inserted a row over another, if it did: nothing of it may stand.
    pub const fn take_collision(&mut self) -> Option<Table> {
        self.collision.take()
    }

    /// What has to be loaded before the command can run.
    pub fn take_needs(&mut self) -> BTreeSet<Slice> {
        std::mem::take(&mut self.needs)
    }

    /// How many rows are held.
    pub const fn is_larger_than(&self, rows: usize) -> bool {
        self.loaded_rows > rows
    }
}

/// Declares the World: every table once.
macro_rules! world {
    ($($field:ident: $row:ty),+ $(,)?) => {
        /// Every table, by the type of its rows.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Table { $(#[doc = stringify!($row)] $field),+ }

        impl Table {
            /// Every table.
            pub const ALL: &'static [Self] = &[$(Self::$field),+];

            /// What the table is.
            pub fn info(self) -> &'static TableInfo {
                match self { $(Self::$field => <$row>::INFO),+ }
            }
        }

        /// The rows in memory of one company, while commands run.
        #[derive(Debug, Default)]
        pub struct World {
            needs: BTreeSet<Slice>,
            touched: BTreeSet<Table>,
            dirty_tables: BTreeSet<Table>,
            loaded_rows: usize,
            collision: Option<Table>,
            held: Option<BTreeSet<Scope>>,
            $($field: Part<$row>),+
        }

        impl World {
            /// Takes rows that were loaded for a slice.
            pub fn load(&mut self, slice: &Slice, rows: Vec<Stored>) -> Result<(), CellError> {
                self.loaded_rows += rows.len().max(1);
                let table = match slice { Slice::Key(table, _) | Slice::Index(table, ..) => *table };
                match table {
                    $(Table::$field => {
                        if let (Slice::Key(_, key), true) = (slice, rows.is_empty()) {
                            self.$field.absent(<$row>::key_from_cells(key.clone())?);
                            return Ok(());
                        }
                        self.$field.load(slice, rows)
                    })+
                }
            }

            /// Takes back what the running command did.
            pub fn rollback(&mut self) {
                self.collision = None;
                for table in std::mem::take(&mut self.touched) {
                    match table { $(Table::$field => self.$field.rollback()),+ }
                }
            }

            /// Ends the running command: its rows carry `rev`.
            pub fn seal(&mut self, rev: i64) {
                for table in std::mem::take(&mut self.touched) {
                    match table { $(Table::$field => self.$field.seal(rev)),+ }
                    self.dirty_tables.insert(table);
                }
            }

            /// What the sealed commands changed, table by table.
            pub fn writes(&self) -> Vec<RowWrite> {
                let mut out = Vec::new();
                for table in &self.dirty_tables {
                    match table { $(Table::$field => self.$field.writes(&mut out)),+ }
                }
                out
            }

            /// The writes are in the file.
            pub fn committed(&mut self) {
                for table in std::mem::take(&mut self.dirty_tables) {
                    let dropped = match table { $(Table::$field => self.$field.committed()),+ };
                    self.loaded_rows = self.loaded_rows.saturating_sub(dropped);
                }
            }
        }

        $(
            impl HasPart for $row {
                fn part_of(world: &World) -> &Part<Self> { &world.$field }
                fn part_of_mut(world: &mut World) -> &mut Part<Self> { &mut world.$field }
            }
        )+
    };
}

/// Where a row type's table stands in the World; implemented by the declaration below.
pub trait HasPart: Row {
    /// Shared.
    fn part_of(world: &World) -> &Part<Self>;
    /// Exclusive.
    fn part_of_mut(world: &mut World) -> &mut Part<Self>;
}

/// Declares one table: its row type, key type, columns, indexes, reach and how it changes.
macro_rules! table {
    (
        $(#[$meta:meta])*
        $table:ident: $row:ident, $key_name:ident {
            $($(#[$kmeta:meta])* $key:ident: $key_type:ty),+ $(,)?
        } => {
            $($(#[$cmeta:meta])* $column:ident: $column_type:ty),* $(,)?
        }
        reach $reach:ident, change $change:ident $(, index [$($index:ident),*])?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $row {
            $($(#[$kmeta])* pub $key: $key_type,)+
            $($(#[$cmeta])* pub $column: $column_type,)*
        }

        #[doc = concat!("Key of [`", stringify!($row), "`].")]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $key_name { $($(#[$kmeta])* pub $key: $key_type),+ }

        impl $row {
            /// What the table is.
            pub const INFO: &'static $crate::world::TableInfo = &$crate::world::TableInfo {
                name: stringify!($table),
                key: &[$(stringify!($key)),+],
                columns: &[$(stringify!($key),)+ $(stringify!($column)),*],
                kinds: &[$(<$key_type as $crate::cell::Cell>::KIND,)+ $(<$column_type as $crate::cell::Cell>::KIND),*],
                indexes: &[$($(stringify!($index)),*)?],
                reach: $crate::world::Reach::$reach,
                change: $crate::world::Change::$change,
            };

            /// A key read back.
            pub fn key_from_cells(cells: Vec<$crate::cell::Value>) -> Result<$key_name, $crate::cell::CellError> {
                let mut cells = cells.into_iter();
                Ok($key_name { $($key: $crate::cell::Cell::from_value(cells.next().unwrap_or($crate::cell::Value::Null))?),+ })
            }
        }

        impl $crate::world::Row for $row {
            type Key = $key_name;
            const TABLE: $crate::world::Table = $crate::world::Table::$table;
            fn key(&self) -> $key_name {
                $key_name { $($key: self.$key.clone()),+ }
            }
            fn key_cells(key: &$key_name) -> Vec<$crate::cell::Value> {
                vec![$($crate::cell::Cell::to_value(&key.$key)),+]
            }
            fn cells(&self) -> Vec<$crate::cell::Value> {
                vec![$($crate::cell::Cell::to_value(&self.$key),)+ $($crate::cell::Cell::to_value(&self.$column)),*]
            }
            #[allow(unused_variables, unused_mut, unused_assignments)]
            fn index_value(&self, index: usize) -> $crate::cell::Value {
                let mut position = 0;
                $($(
                    if index == position {
                        return $crate::cell::Cell::to_value(&self.$index);
                    }
                    position += 1;
                )*)?
                $crate::cell::Value::Null
            }
            fn from_cells(cells: Vec<$crate::cell::Value>) -> Result<Self, $crate::cell::CellError> {
                let mut cells = cells.into_iter();
                Ok(Self {
                    $($key: $crate::cell::Cell::from_value(cells.next().unwrap_or($crate::cell::Value::Null))?,)+
                    $($column: $crate::cell::Cell::from_value(cells.next().unwrap_or($crate::cell::Value::Null))?,)*
                })
            }
            fn part(world: &$crate::world::World) -> &$crate::world::Part<Self> {
                <Self as $crate::world::HasPart>::part_of(world)
            }
            fn part_mut(world: &mut $crate::world::World) -> &mut $crate::world::Part<Self> {
                <Self as $crate::world::HasPart>::part_of_mut(world)
            }
        }
    };
}
pub(crate) use table;

use crate::{attention, catalog, counter, history, identity, money, printing, settings, stock};

world! {
    company: settings::Company,
    person: identity::Person,
    profile: identity::Profile,
    role: identity::Role,
    api_key: identity::ApiKey,
    network_rule: identity::NetworkRule,
    device: settings::Device,
    tax: catalog::Tax,
    category: catalog::Category,
    product: catalog::Product,
    barcode: catalog::Barcode,
    product_tag: catalog::ProductTag,
    product_image: catalog::ProductImage,
    import_row: catalog::ImportRow,
    warehouse: stock::Warehouse,
    location: stock::Location,
    stock_document: stock::StockDocument,
    stock_document_line: stock::StockDocumentLine,
    stock_document_cost: stock::StockDocumentCost,
    stock_move: stock::StockMove,
    move_value: stock::MoveValue,
    balance: stock::Balance,
    stock_value: stock::StockValue,
    posting: money::Posting,
    till: counter::Till,
    number_counter: counter::NumberCounter,
    shift: counter::Shift,
    shift_total: counter::ShiftTotal,
    cash_movement: counter::CashMovement,
    sale: counter::Sale,
    sale_line: counter::SaleLine,
    sale_tax: counter::SaleTax,
    sale_tender: counter::SaleTender,
    sale_line_refunded: counter::SaleLineRefunded,
    parked_cart: counter::ParkedCart,
    printer: printing::Printer,
    print_job: printing::PrintJob,
    sale_print: printing::SalePrint,
    attention: attention::Attention,
    horizon: history::Horizon,
    opening: history::Opening,
}
