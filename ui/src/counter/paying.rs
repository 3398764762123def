//! Taking money: several ways one after another until the total is reached. Pure.

use kontor_domain::counter::cart::{cash_rounding, check_tenders};
use kontor_domain::counter::{Tender, TenderKind};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Currency, Money};

/// What is to be paid and in which money.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bill {
    pub(crate) total: Money,
    pub(crate) cash_step: Money,
    pub(crate) currency: &'static Currency,
}

/// What was taken so far and what is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paying {
    /// Taken already.
    pub(crate) taken: Vec<Tender>,
    /// The way that is chosen now.
    pub(crate) kind: TenderKind,
    /// The amount as typed; empty: all that is left.
    pub(crate) typed: String,
    /// Last digits of a card, a transfer's note.
    pub(crate) reference: String,
}

/// The figures of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// What is left, as it is paid the chosen way (cash is rounded).
    pub(crate) due: Money,
    /// What cash rounding adds.
    pub(crate) rounding: Money,
    /// What is handed over now; `None`: what is typed is no amount.
    pub(crate) given: Option<Money>,
    /// What goes back.
    pub(crate) change: Money,
    /// What is still missing after this.
    pub(crate) missing: Money,
}

/// What Enter came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A part was taken, the rest is due.
    Part,
    /// All is paid, with this cash rounding.
    Paid(Vec<Tender>, Money),
}

impl Default for Paying {
    fn default() -> Self {
        Self { taken: Vec::new(), kind: TenderKind::Cash, typed: String::new(), reference: String::new() }
    }
}

impl Paying {
    fn left(&self, bill: Bill) -> Result<Money, Reject> {
        bill.total.minus(Money::sum(self.taken.iter().map(|tender| tender.amount))?)
    }

    /// The figures of this moment.
    pub(crate) fn sums(&self, bill: Bill) -> Result<Sums, Reject> {
        let left = self.left(bill)?;
        let rounding = if self.kind == TenderKind::Cash { cash_rounding(left, bill.cash_step)? } else { Money::ZERO };
        let due = left.plus(rounding)?;
        let typed = self.typed.trim();
        let given = if typed.is_empty() { Some(due) } else { bill.currency.parse_money(typed).filter(|given| !given.is_negative()) };
        let over = given.unwrap_or_default().minus(due)?;
        Ok(Sums { due, rounding, given, change: over.max(Money::ZERO), missing: over.negated()?.max(Money::ZERO) })
    }

    /// Takes what is typed.
    pub(crate) fn take(&mut self, bill: Bill) -> Result<Outcome, Reject> {
        let sums = self.sums(bill)?;
        let given = sums.given.ok_or_else(|| Reject::field(Code::Format, "amount"))?;
        let is_cash = self.kind == TenderKind::Cash;
        if sums.change > Money::ZERO && !is_cash {
            // A card gives no change: what is more than the rest is a slip of the finger.
            return Err(Reject::field(Code::OutOfRange, "amount"));
        }
        let amount = given.minus(sums.change)?;
        let mut tenders = self.taken.clone();
        if amount > Money::ZERO {
            tenders.push(Tender {
                kind: self.kind,
                amount,
                given: if is_cash { given } else { amount },
                reference: self.reference.trim().to_owned(),
            });
        }
        if sums.missing > Money::ZERO {
            if amount.is_zero() {
                return Err(Reject::field(Code::OutOfRange, "amount"));
            }
            *self = Self { taken: tenders, ..Self::default() };
            return Ok(Outcome::Part);
        }
        check_tenders(bill.total, &tenders, sums.rounding, bill.cash_step)?;
        Ok(Outcome::Paid(tenders, sums.rounding))
    }

    /// Gives a part back.
    pub(crate) fn give_back(&mut self, index: usize) {
        if index < self.taken.len() {
            self.taken.remove(index);
        }
    }
}

/// How many notes beside the exact amount are offered.
const NOTES: usize = 3;
/// Nobody counts out more pieces than this to get rounder change.
const PIECES: usize = 3;

/// The amounts a person would hand over for this: the exact one, then rounder ones that can be
/// made of few notes and coins of which none is too many.
pub(crate) fn quick_amounts(due: Money, currency: &Currency) -> Vec<Money> {
    let mut amounts = vec![due];
    if due <= Money::ZERO {
        return amounts;
    }
    let round_up = |piece: &i64| due.0.checked_add(piece - 1).map(|sum| sum / piece * piece);
    let mut rounder: Vec<i64> = currency.denominations.iter().filter_map(round_up).filter(|amount| *amount > due.0).collect();
    rounder.sort_unstable();
    rounder.dedup();
    for amount in rounder {
        // Only the nearest may need a handful of coins.
        let most = if amounts.len() == 1 { PIECES } else { PIECES - 1 };
        if amounts.len() <= NOTES && is_sensible(amount, due.0, currency.denominations, most) {
            amounts.push(Money(amount));
        }
    }
    amounts
}

/// Whether an amount is a few pieces that are all needed.
fn is_sensible(amount: i64, due: i64, pieces: &[i64], most: usize) -> bool {
    let Some(largest) = pieces.first() else { return false };
    // Thousands of a large sum are counted out, the rest is what matters.
    let (mut rest, mut smallest, mut count) = (amount % largest, *largest, 0);
    for piece in pieces {
        while rest >= *piece {
            rest -= piece;
            smallest = *piece;
            count += 1;
        }
    }
    rest == 0 && count <= most && amount - smallest < due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(total: i64, code: &str) -> Option<Bill> {
        let currency = Currency::of(code)?;
        Some(Bill { total: Money(total), cash_step: currency.cash_step, currency })
    }

    fn amounts(due: i64, code: &str) -> Vec<i64> {
        Currency::of(code).map(|currency| quick_amounts(Money(due), currency)).unwrap_or_default().iter().map(|amount| amount.0).collect()
    }

    #[test]
    fn quick_amounts_are_what_people_hand_over() {
        assert_eq!(amounts(1365, "TWD"), [1365, 1400, 1500, 2000]);
        assert_eq!(amounts(65, "TWD"), [65, 70, 100, 200]);
        assert_eq!(amounts(526, "TWD"), [526, 530, 550, 600]);
        assert_eq!(amounts(2000, "TWD"), [2000]);
        assert_eq!(amounts(1999, "USD"), [1999, 2000, 5000, 10_000]);
        assert_eq!(amounts(0, "TWD"), [0]);
        assert_eq!(amounts(i64::MAX, "EUR"), [i64::MAX]);
    }

    #[test]
    fn nothing_typed_is_the_exact_amount() -> Result<(), Reject> {
        let Some(bill) = bill(1365, "TWD") else { return Ok(()) };
        let mut paying = Paying::default();
        let Outcome::Paid(tenders, rounding) = paying.take(bill)? else { return Err(Reject::new(Code::Internal)) };
        assert_eq!((tenders.len(), tenders[0].given, rounding), (1, Money(1365), Money::ZERO));
        Ok(())
    }

    #[test]
    fn cash_gives_change_and_a_card_does_not() -> Result<(), Reject> {
        let Some(bill) = bill(1365, "TWD") else { return Ok(()) };
        let mut paying = Paying { typed: "2000".into(), ..Paying::default() };
        assert_eq!(paying.sums(bill)?.change, Money(635));
        paying.kind = TenderKind::Card;
        assert_eq!(paying.take(bill).map_err(|reject| reject.code), Err(Code::OutOfRange));
        Ok(())
    }

    #[test]
    fn a_part_by_card_then_the_rest_in_cash() -> Result<(), Reject> {
        let Some(bill) = bill(1365, "TWD") else { return Ok(()) };
        let mut paying = Paying { kind: TenderKind::Card, typed: "1000".into(), ..Paying::default() };
        assert_eq!(paying.take(bill)?, Outcome::Part);
        assert_eq!((paying.kind, paying.sums(bill)?.due), (TenderKind::Cash, Money(365)));
        paying.typed = "500".into();
        let Outcome::Paid(tenders, _) = paying.take(bill)? else { return Err(Reject::new(Code::Internal)) };
        assert_eq!(tenders.iter().map(|tender| tender.amount.0).collect::<Vec<_>>(), [1000, 365]);
        assert_eq!(tenders[1].given, Money(500));
        Ok(())
    }

    #[test]
    fn cash_is_rounded_and_a_card_is_not() -> Result<(), Reject> {
        let Some(bill) = bill(1003, "SGD") else { return Ok(()) };
        let mut paying = Paying::default();
        assert_eq!((paying.sums(bill)?.due, paying.sums(bill)?.rounding), (Money(1005), Money(2)));
        paying.kind = TenderKind::Card;
        assert_eq!(paying.sums(bill)?.due, Money(1003));
        Ok(())
    }

    #[test]
    fn what_is_no_amount_is_not_taken() -> Result<(), Reject> {
        let Some(bill) = bill(1365, "TWD") else { return Ok(()) };
        for typed in ["x", "12.5", "-5", "0", "99999999999999999999"] {
            let mut paying = Paying { typed: typed.into(), ..Paying::default() };
            assert!(paying.take(bill).is_err(), "{typed}");
            assert!(paying.taken.is_empty(), "{typed}");
        }
        Ok(())
    }

    #[test]
    fn nothing_to_pay_needs_no_tender() -> Result<(), Reject> {
        let Some(bill) = bill(0, "TWD") else { return Ok(()) };
        assert_eq!(Paying::default().take(bill)?, Outcome::Paid(Vec::new(), Money::ZERO));
        Ok(())
    }
}
