//! Whether the books are right: what is compared, and what is said when it differs.

use serde::{Deserialize, Serialize};

use crate::cell::words;

words! {
    /// What must hold between the ledgers, documents and the totals kept beside them.
    VerifyRule {
        /// A balance is the sum of its moves.
        BalanceOfMoves = "balance_of_moves",
        /// An opening is the sum of the moves behind the horizon.
        OpeningOfMoves = "opening_of_moves",
        /// Balances of a product in a warehouse sum to zero over all its locations, virtual ones included.
        BalancesSumToZero = "balances_sum_to_zero",
        /// A move goes from one place to another and moves not less than nothing.
        MoveGoesSomewhere = "move_goes_somewhere",
        /// A move belongs to a line of a document.
        MoveOfDocument = "move_of_document",
        /// A stock document's lines are what moved.
        StockDocumentMoved = "stock_document_moved",
        /// Received goods came in at what the document says they cost.
        ReceivedAtCost = "received_at_cost",
        /// A move into or out of stock has a value, and a value its move.
        ValueOfMove = "value_of_move",
        /// No move is worth less than nothing.
        ValueNotBelowZero = "value_not_below_zero",
        /// Stock value counts what real locations hold.
        StockValueCounts = "stock_value_counts",
        /// Stock value is the sum of the values that moved in and out.
        StockValueOfMoves = "stock_value_of_moves",
        /// What there is is worth something or nothing, what is owed costs something or nothing, and nothing is worth nothing.
        StockValueSign = "stock_value_sign",
        /// A command's postings sum to zero.
        PostingsSumToZero = "postings_sum_to_zero",
        /// No posting is empty.
        PostingOfSomething = "posting_of_something",
        /// A posting is in the shift and on the till of its document.
        PostingOfShift = "posting_of_shift",
        /// A sale's tenders are its postings, kind by kind.
        TendersPosted = "tenders_posted",
        /// A sale's sums without tax are its postings, tax class by tax class.
        SalesPosted = "sales_posted",
        /// A sale's tax is its postings, tax class by tax class.
        TaxPosted = "tax_posted",
        /// A sale's rounding is its postings.
        RoundingPosted = "rounding_posted",
        /// Cash put in or taken out is its postings.
        CashMovementPosted = "cash_movement_posted",
        /// A shift's float came from the safe, and what was counted went there.
        FloatAndCountPosted = "float_and_count_posted",
        /// What was too much or too little at counting is its postings.
        OverShortPosted = "over_short_posted",
        /// A closed shift's drawer is empty in the ledger.
        ClosedDrawerIsEmpty = "closed_drawer_is_empty",
        /// A line's base and tax are its total.
        LineBaseAndTax = "line_base_and_tax",
        /// A line's price less its discounts is what it comes to.
        LineDiscounted = "line_discounted",
        /// Lines sum to the sale's gross.
        LinesGross = "lines_gross",
        /// Discounts of the lines sum to the sale's.
        LinesDiscount = "lines_discount",
        /// Lines sum to the sale without tax.
        LinesBase = "lines_base",
        /// Lines sum to the sale's tax.
        LinesTax = "lines_tax",
        /// Lines sum to the sale's total.
        LinesTotal = "lines_total",
        /// Lines of a tax class sum to the sale's base of that class.
        ClassBase = "class_base",
        /// Lines of a tax class sum to the sale's tax of that class.
        ClassTax = "class_tax",
        /// Tenders sum to total and rounding.
        TendersPay = "tenders_pay",
        /// What was handed over is what the tenders say.
        TendersGiven = "tenders_given",
        /// Change is what was handed over less what was paid.
        TendersChange = "tenders_change",
        /// A sale's lines are what moved.
        SaleMoved = "sale_moved",
        /// Receipt numbers have no gap and no double.
        ReceiptNumbers = "receipt_numbers",
        /// The number counter stands at the last receipt.
        ReceiptCounter = "receipt_counter",
        /// What came back of a line is what its refunds say.
        RefundedOfLine = "refunded_of_line",
        /// A shift's sales are its receipts.
        ShiftSales = "shift_sales",
        /// A shift's refunds are its refund receipts.
        ShiftRefunds = "shift_refunds",
        /// A shift's discounts are those of its receipts.
        ShiftDiscounts = "shift_discounts",
        /// A shift's tenders are those of its receipts, kind by kind.
        ShiftTender = "shift_tender",
        /// A shift's sums without tax are those of its receipts, tax class by tax class.
        ShiftTaxBase = "shift_tax_base",
        /// A shift's tax is that of its receipts, tax class by tax class.
        ShiftTaxAmount = "shift_tax_amount",
        /// A shift's rounding is that of its receipts.
        ShiftRounding = "shift_rounding",
        /// A shift's cash put in is its movements.
        ShiftCashIn = "shift_cash_in",
        /// A shift's cash taken out is its movements.
        ShiftCashOut = "shift_cash_out",
        /// A shift's drawer is its float and what went through it.
        ShiftDrawer = "shift_drawer",
        /// A shift's drawer was opened as often as people opened it.
        ShiftDrawerOpened = "shift_drawer_opened",
        /// What was expected of a closed shift is what its drawer comes to.
        ShiftExpected = "shift_expected",
        /// Z numbers have no gap and no double.
        ShiftNumbers = "shift_numbers",
    }
}

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Figures compared.
    pub compared: i64,
    /// The first differences (none: all is right).
    pub differences: Vec<Difference>,
}

/// A figure that is not what its ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which rule.
    pub rule: VerifyRule,
    /// Of what: a document's number, a product's code, a till and its shift; an id where nothing has a name.
    pub about: String,
    /// What is stored.
    pub stored: String,
    /// What the ledger says.
    pub ledger: String,
}
