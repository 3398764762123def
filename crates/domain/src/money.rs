//! The money ledger: append-only postings; every command's postings sum to zero.

use serde::{Deserialize, Serialize};

use crate::cell::words;
use crate::command::Exec;
use crate::ids::{CommandId, ShiftId, TillId};
use crate::reject::{Code, Reject};
use crate::stock::DocumentKind;
use crate::time::{BusinessDate, Instant};
use crate::units::Money;
use crate::world::{Halt, table};

words! {
    /// What an account collects. `detail` of a posting says which one: the till, the tax class, the reason.
    Account {
        /// Cash in a till's drawer.
        Drawer = "drawer",
        /// Card takings on their way from the terminal's bank.
        Card = "card",
        /// Bank transfers.
        Transfer = "transfer",
        /// Sales without tax, by tax class.
        Sales = "sales",
        /// Tax owed, by tax class.
        Tax = "tax",
        /// What cash rounding gave or took.
        Rounding = "rounding",
        /// Differences at counting.
        OverShort = "over_short",
        /// The safe: where floats come from and takings go.
        Safe = "safe",
        /// Cash put into a drawer, by reason.
        CashIn = "cash_in",
        /// Cash taken out of a drawer, by reason.
        CashOut = "cash_out",
    }
}

table! {
    /// A line of the money ledger. Never changed.
    posting: Posting, PostingKey {
        /// The command that made it.
        command_id: CommandId,
        /// Which of its postings, from 0.
        ordinal: i64,
    } => {
        /// The account.
        account: Account,
        /// Which one of its kind: till id, tax id, reason; may be empty.
        detail: String,
        /// How much; all of a command sum to zero.
        amount: Money,
        /// Kind of document.
        document_kind: DocumentKind,
        /// The document.
        document_id: uuid::Uuid,
        /// Its line, 0 for the whole.
        line: i64,
        /// The shift.
        shift_id: ShiftId,
        /// The till.
        till_id: TillId,
        /// The day it belongs to.
        business_date: BusinessDate,
        /// When.
        at: Instant,
    }
    reach Warehouse, change Append
}

/// A posting as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PostingView {
    /// The command.
    pub command_id: CommandId,
    /// Which of its postings.
    pub ordinal: i64,
    /// The account.
    pub account: Account,
    /// Which one of its kind, by name where it has one.
    pub detail: String,
    /// How much.
    pub amount: Money,
    /// Its document's line, 0 for the whole.
    pub line: i64,
}

/// What all postings of one command have in common.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    document_kind: DocumentKind,
    document_id: uuid::Uuid,
    shift_id: ShiftId,
    till_id: TillId,
    warehouse_id: crate::ids::WarehouseId,
    business_date: BusinessDate,
}

impl Draft {
    /// Postings of a document made in a shift.
    pub(crate) const fn of_shift(shift: &crate::counter::Shift, document_kind: DocumentKind, document_id: uuid::Uuid) -> Self {
        Self {
            document_kind,
            document_id,
            shift_id: shift.id,
            till_id: shift.till_id,
            warehouse_id: shift.warehouse_id,
            business_date: shift.business_date,
        }
    }
}

/// One side of a transaction: account, detail, amount, line of the document.
pub(crate) type Entry = (Account, String, Money, i64);

/// Writes a command's postings. They must sum to zero: checked here and again by `verify`.
pub(crate) fn post(exec: &mut Exec<'_>, draft: &Draft, entries: &[Entry]) -> Result<(), Halt> {
    let sum = Money::sum(entries.iter().map(|entry| entry.2))?;
    if !sum.is_zero() {
        // Not a person's mistake: a rule of ours is wrong, and nothing may be written by it.
        return Err(Reject::new(Code::Internal).with("reference", "postings do not sum to zero").into());
    }
    for (account, detail, amount, line) in entries {
        if amount.is_zero() {
            continue;
        }
        let posting = Posting {
            command_id: exec.envelope.id,
            ordinal: exec.next_posting(),
            account: *account,
            detail: detail.clone(),
            amount: *amount,
            document_kind: draft.document_kind,
            document_id: draft.document_id,
            line: *line,
            shift_id: draft.shift_id,
            till_id: draft.till_id,
            business_date: draft.business_date,
            at: exec.at(),
        };
        exec.world.insert(Exec::warehouse_scope(draft.warehouse_id), posting);
    }
    Ok(())
}
