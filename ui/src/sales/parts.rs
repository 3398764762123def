//! Small pieces and sums of the sales pages. All figures are the stored ones.

use kontor_domain::counter::{SaleDetail, SaleKind, SaleLine};
use kontor_domain::units::{Money, Quantity};

use crate::text::word;

/// `cash,card` in words.
pub(super) fn tender_words(tenders: &str) -> String {
    let words: Vec<String> = tenders.split(',').filter(|tender| !tender.is_empty()).map(|tender| word("tender", tender)).collect();
    words.join(" + ")
}

/// How much of a sale came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// Nothing.
    Nothing,
    /// Some of it.
    Partly,
    /// All of it.
    All,
}

/// How much of a line came back already.
pub(super) fn returned_of(refunded: &[(i64, Quantity)], line: i64) -> Quantity {
    refunded.iter().find(|(number, _)| *number == line).map_or(Quantity::ZERO, |(_, quantity)| *quantity)
}

/// How much of a line can still come back.
pub(super) fn left_of(refunded: &[(i64, Quantity)], line: i64, sold: Quantity) -> Quantity {
    sold.minus(returned_of(refunded, line)).unwrap_or(Quantity::ZERO).max(Quantity::ZERO)
}

/// How much of a sale came back, from (line, sold) and what came back.
pub(super) fn returned(sold: &[(i64, Quantity)], refunded: &[(i64, Quantity)]) -> Returned {
    if refunded.iter().all(|(_, quantity)| quantity.is_zero()) {
        return Returned::Nothing;
    }
    let is_all = sold.iter().all(|(line, quantity)| left_of(refunded, *line, *quantity).is_zero());
    if is_all { Returned::All } else { Returned::Partly }
}

/// The same of a sale with everything.
pub(super) fn returned_of_sale(detail: &SaleDetail) -> Returned {
    let sold: Vec<(i64, Quantity)> = detail.lines.iter().map(|line| (line.line, line.quantity)).collect();
    returned(&sold, &detail.refunded)
}

/// Whether goods can still come back against it.
pub(super) fn can_refund(detail: &SaleDetail) -> bool {
    detail.sale.kind == SaleKind::Sale && returned_of_sale(detail) != Returned::All
}

/// What a line's own discount and its part of the cart's took off.
pub(super) fn discount_of(line: &SaleLine) -> Money {
    line.discount.plus(line.cart_discount).unwrap_or(line.discount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sale_is_returned_when_nothing_of_any_line_is_left() {
        let sold = [(1, Quantity(3000)), (2, Quantity(1000))];
        assert_eq!(returned(&sold, &[]), Returned::Nothing);
        assert_eq!(returned(&sold, &[(1, Quantity(1000))]), Returned::Partly);
        assert_eq!(returned(&sold, &[(1, Quantity(3000))]), Returned::Partly);
        assert_eq!(returned(&sold, &[(1, Quantity(3000)), (2, Quantity(1000))]), Returned::All);
    }

    #[test]
    fn less_than_nothing_is_never_left() {
        assert_eq!(left_of(&[(1, Quantity(1500))], 1, Quantity(4000)), Quantity(2500));
        assert_eq!(left_of(&[(1, Quantity(5000))], 1, Quantity(4000)), Quantity::ZERO);
        assert_eq!(left_of(&[], 7, Quantity(4000)), Quantity(4000));
    }
}
