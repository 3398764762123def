//! The figures of a cart: they sum, they round as people do, and nothing is lost between lines and totals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use std::sync::OnceLock;

use common::{carts, tenders_for, tries};
use kontor_domain::counter::cart::{Cart, CartFigures, Discount, check_tenders, exact_cash, price};
use kontor_domain::counter::{SaleLine, part_of_line};
use kontor_domain::ids::{ProductId, SaleId};
use kontor_domain::reject::Code;
use kontor_domain::settings::TaxMode;
use kontor_domain::testing::{Shop, ShopKind, id_of};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use proptest::prelude::*;

/// One shop of each kind: the rules of a cart need no more of it than its taxes.
fn shop(kind: usize) -> &'static Shop {
    static SHOPS: OnceLock<Vec<Shop>> = OnceLock::new();
    let shops = SHOPS.get_or_init(|| ShopKind::ALL.iter().map(|kind| Shop::found(*kind).unwrap()).collect());
    &shops[kind % shops.len()]
}

fn products() -> Vec<ProductId> {
    (0..8).map(|count| ProductId(id_of(900 + count))).collect()
}

fn sum(amounts: impl Iterator<Item = Money>) -> i64 {
    amounts.map(|amount| amount.0).sum()
}

/// Recomputed here in another way: whole numbers, class by class, no spreading.
fn check_against_second_opinion(cart: &Cart, figures: &CartFigures) -> Result<(), TestCaseError> {
    let whole = i128::from(Rate::WHOLE.0);
    for tax in &figures.taxes {
        let members = || cart.lines.iter().zip(&figures.lines).filter(|(line, _)| line.tax_id == tax.tax_id);
        let net: i128 = members().map(|(_, line)| i128::from(line.gross.0 - line.discount.0 - line.cart_discount.0)).sum();
        let rate = i128::from(tax.rate.0);
        let divisor = if cart.tax_mode == TaxMode::Inclusive { whole + rate } else { whole };
        // The nearest whole unit: at most half of one away from the exact tax.
        prop_assert!((2 * (i128::from(tax.tax.0) * divisor - net * rate)).abs() <= divisor, "tax {tax:?} of {net}");
        let sold_for = if cart.tax_mode == TaxMode::Inclusive { net } else { net + i128::from(tax.tax.0) };
        prop_assert_eq!(i128::from(tax.base.0) + i128::from(tax.tax.0), sold_for);
        for (_, line) in members() {
            let line_net = i128::from(line.gross.0 - line.discount.0 - line.cart_discount.0);
            let off = i128::from(line.tax.0) * net - i128::from(tax.tax.0) * line_net;
            prop_assert!(off.abs() <= net, "a line's tax is its share to the unit");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(tries(20_000))]

    #[test]
    fn lines_sum_to_taxes_sum_to_totals(plan in carts(12), kind in 0_usize..3) {
        let shop = shop(kind);
        let cart = plan.cart(shop, &products()).unwrap();
        let figures = price(&cart).unwrap();
        prop_assert_eq!(figures.lines.len(), cart.lines.len());
        let lines = || figures.lines.iter();
        prop_assert_eq!(figures.gross.0, sum(lines().map(|line| line.gross)));
        prop_assert_eq!(figures.discount.0, sum(lines().map(|line| line.discount)) + sum(lines().map(|line| line.cart_discount)));
        prop_assert_eq!(figures.base.0, sum(lines().map(|line| line.base)));
        prop_assert_eq!(figures.tax.0, sum(lines().map(|line| line.tax)));
        prop_assert_eq!(figures.total.0, sum(lines().map(|line| line.total)));
        prop_assert_eq!(figures.base.0, sum(figures.taxes.iter().map(|tax| tax.base)));
        prop_assert_eq!(figures.tax.0, sum(figures.taxes.iter().map(|tax| tax.tax)));
        prop_assert_eq!(figures.base.0 + figures.tax.0, figures.total.0);
        for line in lines() {
            let parts = [line.gross, line.discount, line.cart_discount, line.base, line.tax, line.total];
            prop_assert!(parts.iter().all(|part| !part.is_negative()), "{line:?}");
            prop_assert_eq!(line.base.0 + line.tax.0, line.total.0);
        }
        if cart.tax_mode == TaxMode::Inclusive {
            prop_assert_eq!(figures.total.0, figures.gross.0 - figures.discount.0);
        }
        check_against_second_opinion(&cart, &figures)?;
        // The same cart written down and read back, as a parked cart is, comes to the same.
        if figures.total.0 % 8 == 0 {
            let again: Cart = serde_json::from_str(&serde_json::to_string(&cart).unwrap()).unwrap();
            prop_assert_eq!(price(&again).unwrap(), figures);
        }
    }

    #[test]
    fn every_total_can_be_paid_and_less_is_refused(plan in carts(6), kind in 0_usize..3, card in 0_i64..1_200_000, transfer in 0_i64..1_200_000) {
        let shop = shop(kind);
        let total = price(&plan.cart(shop, &products()).unwrap()).unwrap().total;
        let step = shop.cash_step;
        let (exact, rounding) = exact_cash(total, step).unwrap();
        prop_assert_eq!(check_tenders(total, &exact, rounding, step), Ok(()));
        prop_assert!(rounding.0.abs() * 2 <= step.0);
        prop_assert!((total.0 + rounding.0) % step.0 == 0);
        let (mixed, rounding) = tenders_for(total, card, transfer, step).unwrap();
        prop_assert_eq!(check_tenders(total, &mixed, rounding, step), Ok(()));
        if let Some(first) = mixed.first() {
            let mut short = mixed.clone();
            short[0].amount = Money(first.amount.0 - 1);
            prop_assert!(check_tenders(total, &short, rounding, step).is_err());
            let mut over = mixed.clone();
            over[0].amount = Money(first.amount.0 + 1);
            over[0].given = over[0].amount;
            prop_assert!(check_tenders(total, &over, rounding, step).is_err());
        }
    }

    #[test]
    fn parts_of_a_line_sum_to_the_line_in_any_sizes(plan in carts(4), kind in 0_usize..3, cuts in prop::collection::vec(0_i64..=1_000_000, 0..6)) {
        let shop = shop(kind);
        let cart = plan.cart(shop, &products()).unwrap();
        let figures = price(&cart).unwrap();
        for (line, figures) in cart.lines.iter().zip(&figures.lines) {
            let sold = SaleLine {
                sale_id: SaleId(id_of(1)), line: 1, product_id: line.product_id, code: String::new(), name: String::new(), unit: String::new(),
                barcode: String::new(), pack: line.pack, quantity: line.quantity, list_price: line.list_price, unit_price: line.unit_price,
                gross: figures.gross, discount: figures.discount, cart_discount: figures.cart_discount, tax_id: line.tax_id, tax_rate: line.tax_rate,
                base: figures.base, tax: figures.tax, total: figures.total, refund_of_line: None,
            };
            let mut ends: Vec<i64> = cuts.iter().map(|cut| i64::try_from(i128::from(line.quantity.0) * i128::from(*cut) / 1_000_000).unwrap()).collect();
            ends.push(line.quantity.0);
            ends.sort_unstable();
            let (mut before, mut back) = (0, [0_i64; 6]);
            for end in ends {
                if end == before {
                    continue;
                }
                let part = part_of_line(&sold, cart.tax_mode, Quantity(before), Quantity(end - before)).unwrap();
                prop_assert_eq!(part.base.0 + part.tax.0, part.total.0);
                prop_assert_eq!(part.gross.0 - part.discount.0 - part.cart_discount.0, if cart.tax_mode == TaxMode::Inclusive { part.total.0 } else { part.base.0 });
                prop_assert!(!part.total.is_negative() && part.total <= figures.total);
                let amounts = [part.gross, part.discount, part.cart_discount, part.base, part.tax, part.total];
                back.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount.0);
                before = end;
            }
            let whole = [figures.gross, figures.discount, figures.cart_discount, figures.base, figures.tax, figures.total].map(|amount| amount.0);
            prop_assert_eq!(back, whole);
            let more = part_of_line(&sold, cart.tax_mode, Quantity(before), Quantity(1)).map_err(|reject| reject.code);
            prop_assert_eq!(more, Err(Code::MoreThanRefundable));
        }
    }
}

#[test]
fn a_price_with_tax_in_it_is_what_is_paid() {
    let shop = shop(0);
    let mut cart = shop.cart(vec![shop.line(products()[0], 0, Quantity(3000), UnitPrice(1_000_000))]);
    let figures = price(&cart).unwrap();
    assert_eq!((figures.total, figures.tax, figures.base), (Money(300), Money(14), Money(286)));
    cart.discount = Discount::Percent(Rate(100_000));
    let figures = price(&cart).unwrap();
    assert_eq!((figures.total, figures.discount, figures.tax), (Money(270), Money(30), Money(13)));
}

#[test]
fn a_class_whose_rate_changed_while_the_cart_was_open_must_be_scanned_again() {
    let shop = shop(1);
    let mut cart = shop.cart(vec![
        shop.line(products()[0], 0, Quantity(1000), UnitPrice(1_000_000)),
        shop.line(products()[1], 0, Quantity(1000), UnitPrice(1_000_000)),
    ]);
    cart.lines[1].tax_rate = Rate(100_000);
    assert_eq!(price(&cart).map_err(|reject| reject.code), Err(Code::Format));
}

#[test]
fn rounding_needs_cash_and_is_less_than_one_coin() {
    let shop = shop(2);
    let (tenders, rounding) = exact_cash(Money(1003), shop.cash_step).unwrap();
    assert_eq!((tenders[0].amount, rounding), (Money(1005), Money(2)));
    let check = |tenders: &[_], rounding| check_tenders(Money(1003), tenders, Money(rounding), Money(5)).map_err(|reject| reject.code);
    let mut card = tenders.clone();
    card[0].kind = kontor_domain::counter::TenderKind::Card;
    assert_eq!(check(&card, 2), Err(Code::OutOfRange));
    let mut much = tenders;
    much[0].amount = Money(998);
    assert_eq!(check(&much, -5), Err(Code::OutOfRange));
    assert_eq!(check(&[], -1003), Err(Code::OutOfRange));
}
