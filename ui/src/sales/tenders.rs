//! How money goes back when a person decides it.

use kontor_domain::counter::cart::{cash_rounding, check_tenders};
use kontor_domain::counter::{Tender, TenderKind};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Money;

/// Tenders with what cash rounding added.
pub(super) type Plan = (Vec<Tender>, Money);

fn tender(kind: TenderKind, amount: Money) -> Tender {
    Tender { kind, amount, given: amount, reference: String::new() }
}

/// `total` given back: this much by card and by transfer, the rest in cash.
pub(super) fn split(total: Money, card: Money, transfer: Money, cash_step: Money) -> Result<Plan, Reject> {
    let mut back: Vec<Tender> = Vec::new();
    let mut left = total;
    for (kind, amount) in [(TenderKind::Card, card), (TenderKind::Transfer, transfer)] {
        if amount.is_negative() || amount > left {
            return Err(Reject::field(Code::OutOfRange, kind.word()));
        }
        if !amount.is_zero() {
            back.push(tender(kind, amount));
            left = left.minus(amount)?;
        }
    }
    let rounding = cash_rounding(left, cash_step)?;
    let cash = left.plus(rounding)?;
    if cash.is_zero() && !left.is_zero() && !back.is_empty() {
        // Less than half a coin is left and there is no cash to round: it has to go where the rest goes.
        return Err(Reject::field(Code::OutOfRange, "amount"));
    }
    if !cash.is_zero() {
        back.insert(0, tender(TenderKind::Cash, cash));
    }
    check_tenders(total, &back, rounding, cash_step)?;
    Ok((back, rounding))
}

/// What a plan gives back by one kind.
pub(super) fn amount_by(plan: &Plan, kind: TenderKind) -> Money {
    let amounts = plan.0.iter().filter(|tender| tender.kind == kind).map(|tender| tender.amount);
    Money::sum(amounts).unwrap_or(Money::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_card_and_transfer_do_not_take_is_cash() -> Result<(), Reject> {
        let plan = split(Money(1000), Money(300), Money(200), Money(1))?;
        assert_eq!(amount_by(&plan, TenderKind::Cash), Money(500));
        assert_eq!(amount_by(&plan, TenderKind::Card), Money(300));
        assert_eq!(amount_by(&plan, TenderKind::Transfer), Money(200));
        assert_eq!(plan.1, Money::ZERO);
        Ok(())
    }

    #[test]
    fn only_cash_is_rounded_to_a_coin() -> Result<(), Reject> {
        assert_eq!(split(Money(1003), Money::ZERO, Money::ZERO, Money(5))?.1, Money(2));
        assert_eq!(split(Money(1003), Money(1003), Money::ZERO, Money(5))?.1, Money::ZERO);
        assert_eq!(split(Money(1002), Money(1000), Money::ZERO, Money(5)).map_err(|reject| reject.code), Err(Code::OutOfRange));
        Ok(())
    }

    #[test]
    fn more_than_the_total_is_refused_at_its_field() {
        let refused =
            |card, transfer| split(Money(100), Money(card), Money(transfer), Money(1)).err().and_then(|reject| reject.args.get("field").cloned());
        assert_eq!(refused(101, 0).as_deref(), Some("card"));
        assert_eq!(refused(60, 60).as_deref(), Some("transfer"));
        assert_eq!(refused(-1, 0).as_deref(), Some("card"));
        assert_eq!(refused(60, 40), None);
    }

    #[test]
    fn a_total_below_half_a_coin_is_rounded_away() -> Result<(), Reject> {
        assert_eq!(split(Money(2), Money::ZERO, Money::ZERO, Money(5))?, (Vec::new(), Money(-2)));
        Ok(())
    }
}
