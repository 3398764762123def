//! Reading a shift's totals.

use kontor_domain::counter::{ShiftTotal, TotalKind};
use kontor_domain::units::Money;

/// How often and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) count: i64,
    pub(super) amount: Money,
}

/// The total of a kind that has no details.
pub(super) fn total(totals: &[ShiftTotal], kind: TotalKind) -> Sum {
    let found = totals.iter().find(|total| total.kind == kind);
    found.map_or(Sum::default(), |total| Sum { count: total.count, amount: total.amount })
}

/// Sales less refunds; refunds are stored below zero.
pub(super) fn net(totals: &[ShiftTotal]) -> Money {
    let sales = total(totals, TotalKind::Sales).amount;
    sales.plus(total(totals, TotalKind::Refunds).amount).unwrap_or(sales)
}

/// The totals of a kind, by detail.
pub(super) fn by_detail(totals: &[ShiftTotal], kind: TotalKind) -> Vec<(String, Sum)> {
    let of_kind = totals.iter().filter(|total| total.kind == kind);
    of_kind.map(|total| (total.detail.clone(), Sum { count: total.count, amount: total.amount })).collect()
}

/// By tax class: name, amount without tax, tax.
pub(super) fn by_tax(totals: &[ShiftTotal]) -> Vec<(String, Money, Money)> {
    let taxes = by_detail(totals, TotalKind::TaxAmount);
    let tax_of = |name: &str| taxes.iter().find(|(known, _)| known == name).map_or(Money::ZERO, |(_, sum)| sum.amount);
    let bases = by_detail(totals, TotalKind::TaxBase);
    bases.into_iter().map(|(name, base)| (name.clone(), base.amount, tax_of(&name))).collect()
}

#[cfg(test)]
mod tests {
    use kontor_domain::ids::ShiftId;
    use uuid::Uuid;

    use super::*;

    fn row(kind: TotalKind, detail: &str, count: i64, amount: i64) -> ShiftTotal {
        ShiftTotal { shift_id: ShiftId(Uuid::nil()), kind, detail: detail.to_owned(), count, amount: Money(amount) }
    }

    #[test]
    fn refunds_are_taken_off_and_taxes_stand_by_class() {
        let totals = [
            row(TotalKind::Sales, "", 5, 1000),
            row(TotalKind::Refunds, "", 1, -200),
            row(TotalKind::TaxBase, "5 %", 5, 700),
            row(TotalKind::TaxBase, "0 %", 1, 100),
            row(TotalKind::TaxAmount, "5 %", 5, 35),
        ];
        assert_eq!(net(&totals), Money(800));
        assert_eq!(total(&totals, TotalKind::Refunds), Sum { count: 1, amount: Money(-200) });
        assert_eq!(total(&totals, TotalKind::CashIn), Sum::default());
        assert_eq!(by_tax(&totals), [("5 %".to_owned(), Money(700), Money(35)), ("0 %".to_owned(), Money(100), Money::ZERO)]);
    }
}
