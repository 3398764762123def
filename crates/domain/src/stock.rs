//! Stock: a double-entry ledger. Quantities move between locations and never appear or vanish.

use serde::{Deserialize, Serialize};

use crate::catalog::Page;
use crate::cell::words;
use crate::command::queries;
use crate::ids::{CommandId, DeviceId, LocationId, LotId, PersonId, ProductId, StockDocumentId, WarehouseId};
use crate::place::{Order, Place, Stretch};
use crate::time::{BusinessDate, Instant};
use crate::units::{Money, Quantity, UnitPrice};
use crate::world::table;

mod execute;
mod ledger;
pub use execute::run;
pub(crate) use ledger::{Movement, Source, find_location_of_kind, move_stock, wish_movement};

/// Most lines of one stock document.
pub const LINES_LIMIT: usize = 500;

words! {
    /// What a location is for.
    LocationKind {
        /// Goods for sale.
        Shelf = "shelf",
        /// Arrivals and departures.
        Dock = "dock",
        /// Being sorted.
        Sorting = "sorting",
        /// Being packed.
        Packing = "packing",
        /// Waiting for shipment.
        Staging = "staging",
        /// Damaged goods.
        Damaged = "damaged",
        /// Returned goods.
        Returns = "returns",
        /// A till's own goods.
        Till = "till",
        /// Virtual: where goods come from.
        Supplier = "supplier",
        /// Virtual: where sold goods go.
        Customer = "customer",
        /// Virtual: differences found.
        Adjustment = "adjustment",
        /// Virtual: thrown away.
        Scrap = "scrap",
        /// Virtual: between warehouses.
        InTransit = "in_transit",
    }
}

impl LocationKind {
    /// Whether goods there are ours to count and value.
    pub const fn is_real(self) -> bool {
        match self {
            Self::Shelf | Self::Dock | Self::Sorting | Self::Packing | Self::Staging | Self::Damaged | Self::Returns | Self::Till => true,
            Self::Supplier | Self::Customer | Self::Adjustment | Self::Scrap | Self::InTransit => false,
        }
    }

    /// Whether goods there may be sold.
    pub const fn is_sellable(self) -> bool {
        matches!(self, Self::Shelf | Self::Till)
    }

    /// The locations every warehouse has beside its first shelf.
    pub const EVERY_WAREHOUSE: &'static [Self] =
        &[Self::Supplier, Self::Customer, Self::Adjustment, Self::Scrap, Self::InTransit, Self::Damaged, Self::Returns];
}

table! {
    /// A warehouse; a shop's back room and shelves are one.
    warehouse: Warehouse, WarehouseKey {
        /// The warehouse.
        id: WarehouseId,
    } => {
        /// Name.
        name: String,
        /// Whether it is in use.
        active: bool,
    }
    reach Company, change Update
}

table! {
    /// A place in a warehouse.
    location: Location, LocationKey {
        /// The location.
        id: LocationId,
    } => {
        /// Its warehouse.
        warehouse_id: WarehouseId,
        /// Code as on its label.
        code: String,
        /// What it is for.
        kind: LocationKind,
        /// Whether it is in use.
        active: bool,
    }
    reach Company, change Update, index [warehouse_id]
}

words! {
    /// What a stock document records.
    StockDocumentKind {
        /// Goods came in.
        Receipt = "receipt",
        /// A difference was found.
        Adjustment = "adjustment",
    }
}

words! {
    /// Why stock moved.
    MoveReason {
        /// Sold at a counter.
        Sale = "sale",
        /// Brought back.
        Refund = "refund",
        /// Received.
        Receipt = "receipt",
        /// Broken or spoilt.
        Damaged = "damaged",
        /// Past its date.
        Expired = "expired",
        /// Lost or stolen.
        Lost = "lost",
        /// Found.
        Found = "found",
        /// Counted differently.
        Counted = "counted",
        /// Used in the shop.
        OwnUse = "own_use",
        /// Something else, said in the note.
        Other = "other",
        /// Value only: what was sold below zero at another cost than it then had.
        Revaluation = "revaluation",
    }
}

impl MoveReason {
    /// The reasons a person may give for an adjustment.
    pub const FOR_ADJUSTMENT: &'static [Self] = &[Self::Damaged, Self::Expired, Self::Lost, Self::Found, Self::Counted, Self::OwnUse, Self::Other];
}

table! {
    /// A goods receipt or adjustment.
    stock_document: StockDocument, StockDocumentKey {
        /// The document.
        id: StockDocumentId,
    } => {
        /// Number as shown.
        number: String,
        /// What it records.
        kind: StockDocumentKind,
        /// Where.
        warehouse_id: WarehouseId,
        /// Where in it.
        location_id: LocationId,
        /// Note, may be empty: the supplier's delivery note number, why it was adjusted.
        note: String,
        /// The day it belongs to.
        business_date: BusinessDate,
        /// When.
        at: Instant,
        /// Who.
        person_id: PersonId,
        /// On which device.
        device_id: DeviceId,
    }
    reach Warehouse, change Append
}

table! {
    /// A line of a stock document.
    stock_document_line: StockDocumentLine, StockDocumentLineKey {
        /// The document.
        document_id: StockDocumentId,
        /// The line, from 1.
        line: i64,
    } => {
        /// The product.
        product_id: ProductId,
        /// Its code then.
        code: String,
        /// Its name then.
        name: String,
        /// Its unit then.
        unit: String,
        /// How much came (negative: went).
        quantity: Quantity,
        /// Why.
        reason: MoveReason,
    }
    reach Warehouse, change Append, index [document_id]
}

table! {
    /// What a received line cost.
    stock_document_cost: StockDocumentCost, StockDocumentCostKey {
        /// The document.
        document_id: StockDocumentId,
        /// The line.
        line: i64,
    } => {
        /// Cost of one unit.
        unit_cost: UnitPrice,
    }
    reach Office, change Append
}

words! {
    /// Which document a ledger line belongs to.
    DocumentKind {
        /// A sale or refund.
        Sale = "sale",
        /// A receipt or adjustment.
        Stock = "stock",
        /// A shift's opening or closing.
        Shift = "shift",
        /// Cash in or out.
        Cash = "cash",
    }
}

table! {
    /// A line of the stock ledger: so much went from here to there. Never changed.
    stock_move: StockMove, StockMoveKey {
        /// The command that made it.
        command_id: CommandId,
        /// Which of its moves, from 0.
        ordinal: i64,
    } => {
        /// The product.
        product_id: ProductId,
        /// The lot.
        lot_id: LotId,
        /// How much; not negative, zero for a revaluation.
        quantity: Quantity,
        /// From where.
        from_id: LocationId,
        /// To where.
        to_id: LocationId,
        /// In which warehouse.
        warehouse_id: WarehouseId,
        /// Why.
        reason: MoveReason,
        /// Kind of document.
        document_kind: DocumentKind,
        /// The document.
        document_id: uuid::Uuid,
        /// Its line, from 1.
        line: i64,
        /// The day it belongs to.
        business_date: BusinessDate,
        /// When.
        at: Instant,
        /// Who.
        person_id: PersonId,
        /// On which device.
        device_id: DeviceId,
    }
    reach Warehouse, change Append, index [document_id]
}

table! {
    /// The value that moved with a move.
    move_value: MoveValue, MoveValueKey {
        /// The command.
        command_id: CommandId,
        /// The move.
        ordinal: i64,
    } => {
        /// Its value.
        value: Money,
    }
    reach Office, change Append
}

table! {
    /// How much of a product is where: a cache of the moves, kept with them.
    balance: Balance, BalanceKey {
        /// The product.
        product_id: ProductId,
        /// The location.
        location_id: LocationId,
        /// The lot.
        lot_id: LotId,
    } => {
        /// How much; below zero when more was sold than anyone knew of.
        quantity: Quantity,
    }
    reach Warehouse, change Update
}

table! {
    /// What a product's stock in a warehouse's real locations is worth: moving average.
    stock_value: StockValue, StockValueKey {
        /// The warehouse.
        warehouse_id: WarehouseId,
        /// The product.
        product_id: ProductId,
    } => {
        /// How much there is.
        quantity: Quantity,
        /// Its value; the average cost is value ÷ quantity.
        value: Money,
        /// Cost of one unit when it was last received.
        last_cost: UnitPrice,
    }
    reach Office, change Update
}

/// A location as entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLocation {
    /// The location.
    pub id: LocationId,
    /// Code.
    pub code: String,
    /// What it is for.
    pub kind: LocationKind,
}

/// Changes to stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Goods came in (a fact).
    Receive(Receive),
    /// Differences with a reason (a fact).
    Adjust(Adjust),
}

/// Goods that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receive {
    /// The document.
    pub document_id: StockDocumentId,
    /// Where to.
    pub location_id: LocationId,
    /// Supplier's note or empty.
    #[serde(default)]
    pub note: String,
    /// The day it belongs to.
    pub business_date: BusinessDate,
    /// What came.
    pub lines: Vec<ReceiveLine>,
}

/// One received product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiveLine {
    /// The product.
    pub product_id: ProductId,
    /// How much, above zero.
    pub quantity: Quantity,
    /// Cost of one unit without tax.
    pub unit_cost: UnitPrice,
}

/// Differences found at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjust {
    /// The document.
    pub document_id: StockDocumentId,
    /// Where.
    pub location_id: LocationId,
    /// Note or empty.
    #[serde(default)]
    pub note: String,
    /// The day it belongs to.
    pub business_date: BusinessDate,
    /// What differs.
    pub lines: Vec<AdjustLine>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustLine {
    /// The product.
    pub product_id: ProductId,
    /// The difference: below zero when something is missing.
    pub difference: Quantity,
    /// Why ([`MoveReason::FOR_ADJUSTMENT`]).
    pub reason: MoveReason,
}

queries! { Stock {
    /// A page of balances in real locations.
    ListBalances { text: String, location_id: Option<LocationId>, only_low: bool, offset: u32, limit: u32 } -> Page<BalanceView>, permission: StockRead;
    /// The same, from place to place, by name.
    BrowseBalances { text: String, location_id: Option<LocationId>, only_low: bool, after: Option<Place<BalancePlace>>, limit: u32 } -> Stretch<BalanceView, BalancePlace>, permission: StockRead;
    /// A product's balances in real locations.
    ListProductBalances { product_id: ProductId } -> Vec<BalanceView>, permission: StockRead;
    /// Warehouses and their locations, virtual ones included.
    ListWarehouses {} -> Vec<WarehouseView>, permission: StockRead;
    /// Ledger lines from place to place.
    BrowseMoves { product_id: Option<ProductId>, location_id: Option<LocationId>, order: Option<Order>, after: Option<Place<MovePlace>>, limit: u32 } -> Stretch<MoveView, MovePlace>, permission: StockRead;
    /// Ledger lines.
    ListMoves { product_id: Option<ProductId>, location_id: Option<LocationId>, order: Option<Order>, offset: u32, limit: u32 } -> Page<MoveView>, permission: StockRead;
    /// Receipts and adjustments, newest first.
    ListDocuments { offset: u32, limit: u32 } -> Page<StockDocumentView>, permission: StockRead;
} }

/// A place among balances: name and id of the product, code of the location.
pub type BalancePlace = (String, ProductId, String);

/// A place among moves: when, the command, which of its moves.
pub type MovePlace = (Instant, CommandId, i64);

/// A warehouse and its locations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WarehouseView {
    /// The warehouse.
    pub warehouse: Warehouse,
    /// Its locations.
    pub locations: Vec<Location>,
}

/// Stock of a product at a location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BalanceView {
    /// The product.
    pub product_id: ProductId,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// The location.
    pub location_id: LocationId,
    /// Its code.
    pub location_code: String,
    /// How much.
    pub quantity: Quantity,
    /// Low threshold.
    pub low_threshold: Quantity,
    /// Average cost of one unit in the warehouse.
    pub average_cost: Option<UnitPrice>,
}

/// A ledger line as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MoveView {
    /// The command.
    pub command_id: CommandId,
    /// Which of its moves.
    pub ordinal: i64,
    /// When.
    pub at: Instant,
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// How much.
    pub quantity: Quantity,
    /// Code of the location it left.
    pub from_code: String,
    /// Its kind.
    pub from_kind: LocationKind,
    /// Code of the location it reached.
    pub to_code: String,
    /// Its kind.
    pub to_kind: LocationKind,
    /// Why.
    pub reason: MoveReason,
    /// Kind of document.
    pub document_kind: DocumentKind,
    /// The document.
    pub document_id: uuid::Uuid,
    /// Its number.
    pub document_number: String,
    /// Value that moved.
    pub value: Option<Money>,
    /// Who.
    pub person_name: String,
}

/// A receipt or adjustment in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockDocumentView {
    /// The document.
    pub document: StockDocument,
    /// Code of its location.
    pub location_code: String,
    /// Who.
    pub person_name: String,
    /// Its lines.
    pub lines: Vec<StockDocumentLine>,
}
