//! What screens and paper show of the counter.

use serde::{Deserialize, Serialize};

use super::{CashMovement, ParkedCart, Sale, SaleKind, SaleLine, SaleTax, SaleTender, Shift, ShiftTotal, TenderKind, Till};
use crate::catalog::{Page, Product, Tax};
use crate::command::queries;
use crate::ids::{ParkedCartId, ProductId, SaleId, ShiftId, TillId, WarehouseId};
use crate::money::PostingView;
use crate::place::{Order, Place, Stretch};
use crate::settings::{Company, TaxMode};
use crate::stock::MoveView;
use crate::time::{BusinessDate, Instant};
use crate::units::{Money, Quantity};

queries! { Counter {
    /// A page of sales and refunds.
    ListSales { filter: SaleFilter, offset: u32, limit: u32 } -> Page<SaleRow>, permission: SalesRead;
    /// The same, from place to place.
    BrowseSales { filter: SaleFilter, after: Option<Place<SalePlace>>, limit: u32 } -> Stretch<SaleRow, SalePlace>, permission: SalesRead;
    /// What a cart is made of: how the shop prices, and the products that are named.
    GetPrices { product_ids: Vec<ProductId> } -> Option<Prices>, permission: CounterSell;
    /// The company's tills.
    ListTills {} -> Vec<Till>, permission: ShiftRead;
    /// One sale with lines, taxes, tenders, refunds.
    GetSale { id: SaleId } -> Option<SaleDetail>, permission: SalesRead;
    /// The sale of a printed number.
    FindSale { number: String } -> Option<SaleDetail>, permission: SalesRead;
    /// The last sale or refund of a till.
    LastSale { till_id: TillId } -> Option<SaleRow>, permission: SalesRead;
    /// The ledger lines behind a sale: stock moves and postings.
    GetSaleLedger { id: SaleId } -> SaleLedger, permission: LedgerRead;
    /// A shift with totals and cash movements.
    GetShift { id: ShiftId } -> Option<ShiftDetail>, permission: ShiftRead;
    /// Shifts of a till, newest first.
    ListShifts { till_id: TillId, offset: u32, limit: u32 } -> Page<Shift>, permission: ShiftRead;
    /// Parked carts of a till, oldest first.
    ListParked { till_id: TillId } -> Vec<ParkedCart>, permission: CounterSell;
    /// One parked cart.
    GetParked { id: ParkedCartId } -> Option<ParkedCart>, permission: CounterSell;
} }

/// A place among sales: its day, when, which.
pub type SalePlace = (BusinessDate, Instant, SaleId);

/// What a cart is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// Whether prices contain the tax.
    pub tax_mode: TaxMode,
    /// Smallest cash amount.
    pub cash_step: Money,
    /// All tax classes.
    pub taxes: Vec<Tax>,
    /// Those products that are sold.
    pub products: Vec<Product>,
}

/// Which sales a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleFilter {
    /// Part of a number or of a buyer's name, empty for all.
    pub text: String,
    /// Only this day.
    pub business_date: Option<BusinessDate>,
    /// Only sales or only refunds.
    pub kind: Option<SaleKind>,
    /// Only of this warehouse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse_id: Option<WarehouseId>,
    /// In which direction; the newest first if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// A sale in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SaleRow {
    /// The sale.
    pub id: SaleId,
    /// Its number.
    pub number: String,
    /// Sale or refund.
    pub kind: SaleKind,
    /// When.
    pub at: Instant,
    /// Its day.
    pub business_date: BusinessDate,
    /// Number of its till.
    pub till_number: i64,
    /// Who.
    pub person_name: String,
    /// Buyer, may be empty.
    pub customer_name: String,
    /// How many lines.
    pub lines: i64,
    /// To pay.
    pub total: Money,
    /// Paid by, in order: words of [`TenderKind`] joined by `,`.
    pub tenders: String,
}

/// A sale with everything, for its page and its paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SaleDetail {
    /// The company as it is printed.
    pub company: Company,
    /// The till.
    pub till: Till,
    /// Who.
    pub person_name: String,
    /// Who allowed what the person may not do alone.
    #[serde(default)]
    pub approved_by_name: Option<String>,
    /// The sale.
    pub sale: Sale,
    /// Its lines.
    pub lines: Vec<SaleLine>,
    /// By tax class.
    pub taxes: Vec<SaleTax>,
    /// How it was paid.
    pub tenders: Vec<SaleTender>,
    /// How much of each line came back: (line, quantity).
    pub refunded: Vec<(i64, Quantity)>,
    /// Its refunds.
    pub refunds: Vec<SaleRow>,
    /// What they gave back by each kind of tender.
    #[serde(default)]
    pub given_back: Vec<(TenderKind, Money)>,
    /// For a refund: number of the sale.
    pub refund_of_number: Option<String>,
    /// Times it was printed again.
    pub copies: i64,
}

/// The ledger lines behind a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SaleLedger {
    /// Stock moves.
    pub moves: Vec<MoveView>,
    /// Postings; they sum to zero.
    pub postings: Vec<PostingView>,
}

/// A shift with its totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShiftDetail {
    /// The shift.
    pub shift: Shift,
    /// The till.
    pub till: Till,
    /// Who opened it.
    pub opened_by_name: String,
    /// Who closed it.
    pub closed_by_name: Option<String>,
    /// Its totals. `detail` of tax totals is the tax class's name here.
    pub totals: Vec<ShiftTotal>,
    /// Cash in and out.
    pub movements: Vec<CashMovement>,
    /// First receipt number.
    pub first_number: Option<String>,
    /// Last receipt number.
    pub last_number: Option<String>,
}
