//! The counter: tills, shifts, sales, refunds, parked carts.
//!
//! [`cart`] holds the rules of price, discount, tax and change; what a screen shows, what is printed and what
//! is stored are the same [`cart::CartFigures`].

pub mod cart;
mod refund;
mod rows;
mod sell;
mod shift;
mod views;

use serde::{Deserialize, Serialize};

pub use refund::{RefundPart, part_of_line, refund_figures, refund_tenders};
pub use rows::*;
pub use sell::receipt_number;
pub use shift::{OVER_SHORT_DETAIL, SAFE_DETAIL, Z_NUMBER};
pub use views::*;

use crate::command::{Exec, Outcome, Permission};
use crate::identity::{Approvable, Approval};
use crate::ids::{CashMovementId, ParkedCartId, PrintJobId, PrinterId, SaleId, ShiftId, TillId};
use crate::reject::Reject;
use crate::time::BusinessDate;
use crate::units::{Money, Quantity, Rate};
use crate::world::{Halt, World};
use cart::{Cart, CartFigures};

/// Most lines of one sale.
pub const LINES_LIMIT: usize = 1000;
/// Most tenders of one sale.
pub const TENDERS_LIMIT: usize = 20;
/// Most parked carts of one till.
pub const PARKED_LIMIT: usize = 100;

/// Changes at the counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A till's shift opens with a float.
    OpenShift(OpenShift),
    /// Cash into the drawer.
    CashIn(MoveCash),
    /// Cash out of the drawer.
    CashOut(MoveCash),
    /// A shift is counted and closed.
    CloseShift(CloseShift),
    /// A sale.
    Sell(Box<Sell>),
    /// Goods back against a receipt.
    Refund(Box<Refund>),
    /// A cart is put aside.
    Park(Park),
    /// A cart put aside is taken up again (or thrown away): it is no longer parked.
    Unpark(Unpark),
    /// The drawer was opened without a sale.
    OpenDrawer(OpenDrawer),
}

/// A till's shift opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenShift {
    /// The shift.
    pub shift_id: ShiftId,
    /// The till.
    pub till_id: TillId,
    /// Its business date: today in the shop's time zone, never before the last one.
    pub business_date: BusinessDate,
    /// Cash in the drawer.
    pub float: Money,
}

/// Cash in or out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveCash {
    /// The movement.
    pub movement_id: CashMovementId,
    /// The shift.
    pub shift_id: ShiftId,
    /// How much, above zero.
    pub amount: Money,
    /// Why; must say something.
    pub reason: String,
}

/// A shift is counted and closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseShift {
    /// The shift.
    pub shift_id: ShiftId,
    /// How many of each note and coin (in minor units) were counted; may be empty if only the sum was.
    #[serde(default)]
    pub denominations: Vec<(Money, i64)>,
    /// Cash counted in the drawer.
    pub counted: Money,
}

/// A sale as the person at the till saw it: every figure in it is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sell {
    /// The sale.
    pub sale_id: SaleId,
    /// The shift.
    pub shift_id: ShiftId,
    /// What was sold.
    pub cart: Cart,
    /// What it came to: [`cart::price`] of the cart.
    pub figures: CartFigures,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// What cash rounding added (below zero: took off).
    pub rounding: Money,
    /// Buyer's name, may be empty.
    #[serde(default)]
    pub customer_name: String,
    /// Buyer's tax number, may be empty.
    #[serde(default)]
    pub customer_tax_number: String,
    /// Note, may be empty.
    #[serde(default)]
    pub note: String,
    /// Paper to print, written down with the sale.
    #[serde(default)]
    pub print: Option<PrintWish>,
    /// A parked cart that this sale came from and that goes with it.
    #[serde(default)]
    pub parked_cart_id: Option<ParkedCartId>,
    /// What somebody who may more allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

impl Sell {
    /// The sale of a cart at its prices, with nothing besides: no buyer, note or paper.
    ///
    /// Refused as [`cart::price`] refuses the cart.
    pub fn plain(sale_id: SaleId, shift_id: ShiftId, cart: Cart, tenders: Vec<Tender>, rounding: Money) -> Result<Self, Reject> {
        Ok(Self {
            sale_id,
            shift_id,
            figures: cart::price(&cart)?,
            cart,
            tenders,
            rounding,
            customer_name: String::new(),
            customer_tax_number: String::new(),
            note: String::new(),
            print: None,
            parked_cart_id: None,
            approval: None,
        })
    }

    /// The same for cash that fits exactly, in steps of the smallest coin.
    pub fn for_exact_cash(sale_id: SaleId, shift_id: ShiftId, cart: Cart, cash_step: Money) -> Result<Self, Reject> {
        let (tenders, rounding) = cart::exact_cash(cart::price(&cart)?.total, cash_step)?;
        Self::plain(sale_id, shift_id, cart, tenders, rounding)
    }
}

/// Paper that goes with a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintWish {
    /// The job.
    pub job_id: PrintJobId,
    /// On which printer.
    pub printer_id: PrinterId,
}

/// One way a sale was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tender {
    /// Which.
    pub kind: TenderKind,
    /// What it paid, above zero (change already taken off).
    pub amount: Money,
    /// What was handed over; cash only, else the amount.
    pub given: Money,
    /// Last digits, terminal's reference; may be empty.
    #[serde(default)]
    pub reference: String,
}

/// Goods back against a receipt. Figures are amounts given back, above zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The refund's own document.
    pub refund_id: SaleId,
    /// The shift it is made in.
    pub shift_id: ShiftId,
    /// The sale.
    pub sale_id: SaleId,
    /// Which lines, how much.
    pub lines: Vec<RefundLine>,
    /// What is given back for goods and tax: [`refund_figures`].
    pub total: Money,
    /// How it is given back.
    pub tenders: Vec<Tender>,
    /// What cash rounding added to what is given back.
    pub rounding: Money,
    /// Why, may be empty.
    #[serde(default)]
    pub note: String,
    /// Whether the goods go back on sale (else to the returns location).
    pub restock: bool,
    /// Paper to print.
    #[serde(default)]
    pub print: Option<PrintWish>,
    /// On its way from a copy: what was sold, as the copy, or its server, has it. No screen fills it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold: Option<Box<Sold>>,
    /// What somebody who may more allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// A sale as far as something is given back of it. A refund that was given stands even where nobody knows the sale (its
/// copy was lost) or knows it yet (after a restore another till brings it later).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    /// The sale.
    pub sale: Sale,
    /// The lines that are given back.
    pub lines: Vec<SaleLine>,
    /// Its taxes.
    pub taxes: Vec<SaleTax>,
}

/// One line given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefundLine {
    /// The sale's line.
    pub line: i64,
    /// How much of it, above zero.
    pub quantity: Quantity,
}

/// A cart is put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Park {
    /// The parked cart.
    pub parked_cart_id: ParkedCartId,
    /// The till.
    pub till_id: TillId,
    /// What is in it.
    pub cart: Cart,
    /// Whose it is, may be empty.
    #[serde(default)]
    pub name: String,
    /// The buyer's tax number, may be empty.
    #[serde(default)]
    pub tax_number: String,
    /// The parked cart that it was taken up from: it lies there no longer. In the same command, so that it never lies there twice.
    #[serde(default)]
    pub replaces: Option<ParkedCartId>,
}

/// A cart is no longer parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpark {
    /// The parked cart.
    pub parked_cart_id: ParkedCartId,
}

/// The drawer was opened without a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDrawer {
    /// The shift.
    pub shift_id: ShiftId,
    /// Why, may be empty.
    #[serde(default)]
    pub reason: String,
}

impl Command {
    /// What somebody who may more allowed of it.
    pub const fn approval(&self) -> Option<&Approval> {
        match self {
            Self::Sell(sell) => sell.approval.as_ref(),
            Self::Refund(refund) => refund.approval.as_ref(),
            _ => None,
        }
    }

    /// Takes up an approval; what nobody can allow takes up none.
    pub fn approve(&mut self, approval: Option<Approval>) {
        match self {
            Self::Sell(sell) => sell.approval = approval,
            Self::Refund(refund) => refund.approval = approval,
            _ => {}
        }
    }

    /// What of it somebody who may more can allow.
    pub fn approvable(&self) -> Option<Approvable> {
        match self {
            Self::Sell(sell) => Some(sell::approvable(sell)),
            Self::Refund(_) => Some(Approvable { permissions: [Permission::CounterRefund].into_iter().collect(), discount: Rate::ZERO }),
            _ => None,
        }
    }
}

/// Puts into a command what it needs to stand where less is known than here: a copy calls it before it executes the
/// command for the first time.
pub fn carry(world: &mut World, command: &mut crate::command::Command) -> Result<(), Halt> {
    match command {
        crate::command::Command::Counter(Command::Refund(refund)) => refund::carry(world, refund),
        _ => Ok(()),
    }
}

/// The same where everything is known that there is to know: what came with a command is nobody's word.
pub fn carry_nothing(command: &mut crate::command::Command) {
    if let crate::command::Command::Counter(Command::Refund(refund)) = command {
        refund.sold = None;
    }
}

/// Asks for what the hot commands name themselves, together with company and person: a sale after a start of the
/// program is decided in three loads, and later in one.
pub(crate) fn wish_named(exec: &mut Exec<'_>, command: &crate::command::Command) {
    match command {
        crate::command::Command::Counter(Command::Sell(sale)) => sell::wish_named(exec, sale),
        crate::command::Command::Counter(Command::Refund(refund)) => refund::wish_named(exec, refund),
        _ => {}
    }
}

/// Decides a change at the counter.
pub fn run(exec: &mut Exec<'_>, command: &Command) -> Result<Outcome, Halt> {
    match command {
        Command::OpenShift(open) => shift::open(exec, open),
        Command::CashIn(cash) => shift::move_cash(exec, cash, CashDirection::In),
        Command::CashOut(cash) => shift::move_cash(exec, cash, CashDirection::Out),
        Command::CloseShift(close) => shift::close(exec, close),
        Command::Sell(sale) => sell::sell(exec, sale),
        Command::Refund(refund) => refund::refund(exec, refund),
        Command::Park(park) => sell::park(exec, park),
        Command::Unpark(unpark) => sell::unpark(exec, unpark),
        Command::OpenDrawer(open) => shift::open_drawer(exec, open),
    }
}
pub(crate) use shift::open_on_till;
