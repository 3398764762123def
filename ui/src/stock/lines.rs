//! The lines of a receipt or adjustment while they are entered. They survive a look at another screen.

use std::cell::RefCell;

use kontor_domain::catalog::ProductHit;
use kontor_domain::ids::ProductId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::stock::{AdjustLine, MoveReason, ReceiveLine};
use kontor_domain::units::{Money, Quantity};
use leptos::prelude::*;

use crate::state::app;

/// A line as typed.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) product_id: ProductId,
    pub(super) hit: StoredValue<ProductHit>,
    pub(super) quantity: RwSignal<String>,
    pub(super) cost: RwSignal<String>,
    pub(super) reason: RwSignal<String>,
}

/// What is kept of a line.
#[derive(Clone)]
pub(super) struct KeptLine {
    hit: ProductHit,
    quantity: String,
    cost: String,
    reason: String,
}

/// What is kept of a document that is not written yet.
#[derive(Clone, Default)]
pub(super) struct Kept {
    lines: Vec<KeptLine>,
    note: String,
}

thread_local! {
    static RECEIPT: RefCell<Kept> = RefCell::new(Kept::default());
    static ADJUSTMENT: RefCell<Kept> = RefCell::new(Kept::default());
}

/// Which document is entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Receipt,
    Adjustment,
}

impl Kind {
    fn load(self) -> Kept {
        match self {
            Self::Receipt => RECEIPT.with_borrow(Clone::clone),
            Self::Adjustment => ADJUSTMENT.with_borrow(Clone::clone),
        }
    }

    fn save(self, kept: Kept) {
        match self {
            Self::Receipt => RECEIPT.set(kept),
            Self::Adjustment => ADJUSTMENT.set(kept),
        }
    }
}

/// Puts a product on top of a document that is entered later.
pub(super) fn put(kind: Kind, hit: ProductHit) {
    let mut kept = kind.load();
    if !kept.lines.iter().any(|line| line.hit.id == hit.id) {
        let reason = MoveReason::Counted.word().to_owned();
        kept.lines.insert(0, KeptLine { quantity: missing(hit.on_hand), hit, cost: String::new(), reason });
        kind.save(kept);
    }
}

/// What brings a stock below zero back to nothing, as it stands in a field.
fn missing(on_hand: Quantity) -> String {
    match on_hand.negated() {
        Ok(missing) if missing > Quantity::ZERO => missing.to_string(),
        _ => String::new(),
    }
}

/// The lines, newest first, and the note.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub(super) all: RwSignal<Vec<Line>>,
    pub(super) note: RwSignal<String>,
    /// The line that came last, to be lit and counted up.
    pub(super) last: RwSignal<Option<ProductId>>,
    /// Who the lines' signals belong to: the page, not the handler that adds one.
    owner: StoredValue<Owner>,
}

impl Lines {
    /// What was entered before, and kept from now on.
    pub(super) fn new(kind: Kind) -> Self {
        let kept = kind.load();
        let owner = StoredValue::new(Owner::current().unwrap_or_default());
        let lines = Self { all: RwSignal::new(Vec::new()), note: RwSignal::new(kept.note), last: RwSignal::new(None), owner };
        lines.all.set(kept.lines.into_iter().map(line_of).collect());
        Effect::new(move |_| {
            let keep =
                |line: &Line| KeptLine { hit: line.hit.get_value(), quantity: line.quantity.get(), cost: line.cost.get(), reason: line.reason.get() };
            kind.save(Kept { lines: lines.all.with(|all| all.iter().map(keep).collect()), note: lines.note.get() });
        });
        lines
    }

    /// One more of a product: its line counts up, or a new one stands on top. Gives the line.
    pub(super) fn add(self, hit: ProductHit, quantity: Quantity) -> Line {
        self.last.set(Some(hit.id));
        let known = self.all.with_untracked(|all| all.iter().find(|line| line.product_id == hit.id).copied());
        if let Some(line) = known {
            let now = line.quantity.with_untracked(|text| Quantity::parse(text)).unwrap_or(Quantity::ZERO);
            line.quantity.set(now.plus(quantity).unwrap_or(now).to_string());
            return line;
        }
        let kept = KeptLine { hit, quantity: quantity.to_string(), cost: String::new(), reason: MoveReason::Counted.word().into() };
        let line = self.owner.get_value().with(|| line_of(kept));
        self.all.update(|all| all.insert(0, line));
        line
    }

    pub(super) fn remove(self, product_id: ProductId) {
        self.all.update(|all| all.retain(|line| line.product_id != product_id));
    }

    pub(super) fn clear(self) {
        self.all.set(Vec::new());
        self.note.set(String::new());
        self.last.set(None);
    }
}

fn line_of(kept: KeptLine) -> Line {
    Line {
        product_id: kept.hit.id,
        hit: StoredValue::new(kept.hit),
        quantity: RwSignal::new(kept.quantity),
        cost: RwSignal::new(kept.cost),
        reason: RwSignal::new(kept.reason),
    }
}

impl Line {
    fn named(self, reject: Reject) -> Reject {
        self.hit.with_value(|hit| reject.with("name", &hit.name))
    }

    fn parsed_quantity(self) -> Result<Quantity, Reject> {
        self.quantity.with(|text| Quantity::parse(text)).ok_or_else(|| self.named(Reject::field(Code::Format, "quantity")))
    }

    /// The line of a receipt.
    pub(super) fn received(self) -> Result<ReceiveLine, Reject> {
        let quantity = self.parsed_quantity()?;
        if quantity <= Quantity::ZERO {
            return Err(self.named(Reject::field(Code::OutOfRange, "quantity")));
        }
        let unit_cost = self.cost.with(|text| app().currency().parse_price(text)).ok_or_else(|| self.named(Reject::field(Code::Format, "cost")))?;
        Ok(ReceiveLine { product_id: self.product_id, quantity, unit_cost })
    }

    /// The line of an adjustment.
    pub(super) fn adjusted(self) -> Result<AdjustLine, Reject> {
        let difference = self.parsed_quantity()?;
        if difference.is_zero() {
            return Err(self.named(Reject::field(Code::OutOfRange, "quantity")));
        }
        let word = self.reason.get();
        let reason = MoveReason::FOR_ADJUSTMENT.iter().copied().find(|reason| reason.word() == word);
        let reason = reason.ok_or_else(|| self.named(Reject::field(Code::Format, "reason")))?;
        Ok(AdjustLine { product_id: self.product_id, difference, reason })
    }

    /// What a received line costs.
    pub(super) fn cost_sum(self) -> Result<Money, Reject> {
        let line = self.received()?;
        line.unit_cost.times(line.quantity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_zero_is_proposed() {
        assert_eq!(missing(Quantity(-13_000)), "13");
        assert_eq!(missing(Quantity(-1250)), "1.25");
        assert_eq!(missing(Quantity(5000)), "");
        assert_eq!(missing(Quantity(i64::MIN)), "");
    }
}
