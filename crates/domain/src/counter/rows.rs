//! What the counter keeps.

use crate::cell::words;
use crate::ids::{CashMovementId, DeviceId, LocationId, ParkedCartId, PersonId, ProductId, SaleId, ShiftId, TaxId, TillId, WarehouseId};
use crate::settings::TaxMode;
use crate::time::{BusinessDate, Instant};
use crate::units::{Money, Quantity, Rate, UnitPrice};
use crate::world::table;

table! {
    /// A till: a numbered place where sales are made.
    till: Till, TillKey {
        /// The till.
        id: TillId,
    } => {
        /// Its number in the shop, printed on receipts.
        number: i64,
        /// What it is called, may be empty.
        name: String,
        /// The warehouse it sells from.
        warehouse_id: WarehouseId,
        /// The location it sells from.
        location_id: LocationId,
        /// The open shift.
        open_shift_id: Option<ShiftId>,
        /// Business date of its last shift: the next is not before it.
        last_business_date: Option<BusinessDate>,
    }
    reach Company, change Update, index [number]
}

words! {
    /// What is numbered.
    NumberKind {
        /// Receipts of sales and refunds.
        Receipt = "receipt",
        /// Closed shifts (Z reports).
        Shift = "shift",
        /// Goods receipts and adjustments.
        Stock = "stock",
    }
}

table! {
    /// The next number of a till in its series. Outside undo: a number given to paper is never given again.
    number_counter: NumberCounter, NumberCounterKey {
        /// The till.
        till_id: TillId,
        /// What is numbered.
        kind: NumberKind,
        /// The series; 1 until the till's file is copied or restored.
        series: i64,
    } => {
        /// The number given last.
        last: i64,
    }
    reach Device, change OutsideUndo, index [till_id]
}

words! {
    /// State of a shift.
    ShiftState {
        /// Sales can be made.
        Open = "open",
        /// Counted; nothing changes any more.
        Closed = "closed",
    }
}

table! {
    /// A shift: from the float to the counted drawer.
    shift: Shift, ShiftKey {
        /// The shift.
        id: ShiftId,
    } => {
        /// The till.
        till_id: TillId,
        /// Warehouse of the till then.
        warehouse_id: WarehouseId,
        /// Z number, gapless on the till; given at closing.
        number: Option<i64>,
        /// Its day.
        business_date: BusinessDate,
        /// Open or closed.
        state: ShiftState,
        /// Cash in the drawer at the start.
        float: Money,
        /// When it opened.
        opened_at: Instant,
        /// Who opened it.
        opened_by: PersonId,
        /// When it closed.
        closed_at: Option<Instant>,
        /// Who closed it.
        closed_by: Option<PersonId>,
        /// Cash that should have been there.
        expected: Option<Money>,
        /// Cash that was counted.
        counted: Option<Money>,
        /// What was counted, note by note: JSON `[[minor units, count], …]`, may be empty.
        denominations: String,
    }
    reach Warehouse, change Update, index [till_id]
}

words! {
    /// What a shift's total counts.
    TotalKind {
        /// Sales: count and amount.
        Sales = "sales",
        /// Refunds: count and amount (below zero).
        Refunds = "refunds",
        /// Discounts given: count of sales (and refunds) with one, and amount.
        Discounts = "discounts",
        /// By tender; detail is the tender.
        Tender = "tender",
        /// Sales without tax, by tax class; detail is its id.
        TaxBase = "tax_base",
        /// Tax, by tax class; detail is its id.
        TaxAmount = "tax_amount",
        /// Cash rounding.
        Rounding = "rounding",
        /// Cash put in.
        CashIn = "cash_in",
        /// Cash taken out (above zero).
        CashOut = "cash_out",
        /// Cash in the drawer: float, cash taken and given, in and out.
        Drawer = "drawer",
        /// Times the drawer was opened without a sale.
        DrawerOpened = "drawer_opened",
    }
}

table! {
    /// One total of a shift, kept by each sale, so that closing takes the same time after 10 or 10,000.
    shift_total: ShiftTotal, ShiftTotalKey {
        /// The shift.
        shift_id: ShiftId,
        /// What it counts.
        kind: TotalKind,
        /// Which of its kind, may be empty.
        detail: String,
    } => {
        /// How often.
        count: i64,
        /// How much.
        amount: Money,
    }
    reach Warehouse, change Update, index [shift_id]
}

words! {
    /// Into the drawer or out of it.
    CashDirection {
        /// Into the drawer.
        In = "in",
        /// Out of the drawer.
        Out = "out",
    }
}

table! {
    /// Cash put into or taken out of the drawer.
    cash_movement: CashMovement, CashMovementKey {
        /// The movement.
        id: CashMovementId,
    } => {
        /// The shift.
        shift_id: ShiftId,
        /// In or out.
        direction: CashDirection,
        /// How much, above zero.
        amount: Money,
        /// Why.
        reason: String,
        /// When.
        at: Instant,
        /// Who.
        person_id: PersonId,
    }
    reach Warehouse, change Append
}

words! {
    /// Sale or refund.
    SaleKind {
        /// Goods against money.
        Sale = "sale",
        /// Money against goods.
        Refund = "refund",
    }
}

table! {
    /// A sale, or a refund with all figures below zero.
    sale: Sale, SaleKey {
        /// The sale.
        id: SaleId,
    } => {
        /// Receipt number: `HS-2-7-004412`.
        number: String,
        /// Series of the number.
        series: i64,
        /// Count in the series.
        seq: i64,
        /// Sale or refund.
        kind: SaleKind,
        /// For a refund: the sale.
        refund_of: Option<SaleId>,
        /// The shift.
        shift_id: ShiftId,
        /// The till.
        till_id: TillId,
        /// The warehouse.
        warehouse_id: WarehouseId,
        /// The location goods left from.
        location_id: LocationId,
        /// The day it belongs to.
        business_date: BusinessDate,
        /// When.
        at: Instant,
        /// Who.
        person_id: PersonId,
        /// On which device.
        device_id: DeviceId,
        /// Whether prices contained the tax.
        tax_mode: TaxMode,
        /// Quantity × price of all lines.
        gross: Money,
        /// Discounts of all lines and of the cart.
        discount: Money,
        /// Without tax.
        base: Money,
        /// Tax.
        tax: Money,
        /// Base and tax: what is to be paid.
        total: Money,
        /// What cash rounding added.
        rounding: Money,
        /// What was handed over.
        given: Money,
        /// What was handed back.
        change: Money,
        /// Discount on the whole cart, for people: JSON of `Discount`.
        cart_discount: String,
        /// Buyer's name, may be empty.
        customer_name: String,
        /// Buyer's tax number, may be empty.
        customer_tax_number: String,
        /// Note, may be empty.
        note: String,
        /// Who allowed what the person may not do alone.
        approved_by: Option<PersonId>,
    }
    reach Warehouse, change Append, index [number]
}

table! {
    /// A line of a sale, as it was shown and printed.
    sale_line: SaleLine, SaleLineKey {
        /// The sale.
        sale_id: SaleId,
        /// The line, from 1.
        line: i64,
    } => {
        /// The product.
        product_id: ProductId,
        /// Its code then.
        code: String,
        /// Its name then.
        name: String,
        /// The unit or pack it was sold in.
        unit: String,
        /// The barcode scanned, may be empty.
        barcode: String,
        /// Base units in one unit sold.
        pack: Quantity,
        /// How many units (below zero: refund).
        quantity: Quantity,
        /// Price of the list then.
        list_price: UnitPrice,
        /// Price asked.
        unit_price: UnitPrice,
        /// Quantity × price.
        gross: Money,
        /// This line's discount.
        discount: Money,
        /// Its part of the cart's discount.
        cart_discount: Money,
        /// The tax class.
        tax_id: TaxId,
        /// Its rate then.
        tax_rate: Rate,
        /// Without tax.
        base: Money,
        /// Tax.
        tax: Money,
        /// Base and tax.
        total: Money,
        /// For a refund: the sale's line.
        refund_of_line: Option<i64>,
    }
    reach Warehouse, change Append, index [sale_id]
}

table! {
    /// A sale's sums by tax class.
    sale_tax: SaleTax, SaleTaxKey {
        /// The sale.
        sale_id: SaleId,
        /// The tax class.
        tax_id: TaxId,
    } => {
        /// Its name then.
        name: String,
        /// Its rate then.
        rate: Rate,
        /// Without tax.
        base: Money,
        /// Tax.
        tax: Money,
    }
    reach Warehouse, change Append, index [sale_id]
}

words! {
    /// How money changes hands.
    TenderKind {
        /// Notes and coins.
        Cash = "cash",
        /// A card on an external terminal, confirmed by hand.
        Card = "card",
        /// A bank transfer or wallet, confirmed by hand.
        Transfer = "transfer",
    }
}

table! {
    /// One way a sale was paid.
    sale_tender: SaleTender, SaleTenderKey {
        /// The sale.
        sale_id: SaleId,
        /// Which, from 0.
        ordinal: i64,
    } => {
        /// Cash, card, transfer.
        kind: TenderKind,
        /// What it paid (below zero: gave back).
        amount: Money,
        /// What was handed over.
        given: Money,
        /// Reference, may be empty.
        reference: String,
    }
    reach Warehouse, change Append, index [sale_id]
}

table! {
    /// How much of a sale's line came back already.
    sale_line_refunded: SaleLineRefunded, SaleLineRefundedKey {
        /// The sale.
        sale_id: SaleId,
        /// The line.
        line: i64,
    } => {
        /// How much, above zero.
        quantity: Quantity,
    }
    reach Warehouse, change Update, index [sale_id]
}

table! {
    /// A cart put aside.
    parked_cart: ParkedCart, ParkedCartKey {
        /// The parked cart.
        id: ParkedCartId,
    } => {
        /// The till.
        till_id: TillId,
        /// Whose it is, may be empty.
        name: String,
        /// The buyer's tax number, may be empty.
        tax_number: String,
        /// When.
        at: Instant,
        /// Lines in it.
        lines: i64,
        /// Its total then.
        total: Money,
        /// JSON of [`Cart`](super::cart::Cart).
        cart: String,
    }
    reach Device, change Remove, index [till_id]
}

impl SaleKind {
    /// An amount as it is stored: a refund's is below zero.
    pub(crate) fn signed(self, amount: Money) -> Result<Money, crate::reject::Reject> {
        match self {
            Self::Sale => Ok(amount),
            Self::Refund => amount.negated(),
        }
    }
}
