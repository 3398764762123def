//! Whatever is sold: receipt and invoice show the stored figures, and they add up on the paper.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::OnceLock;

use kontor_domain::counter::cart::Discount;
use kontor_domain::counter::{SaleDetail, SaleKind};
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Currency, Money, Rate};
use kontor_translations::Locale;
use proptest::prelude::*;

use crate::fonts::Fonts;
use crate::rows::{Row, Style};
use crate::sheet::MM;
use crate::typeset::Typesetter;
use crate::words::Words;
use crate::{PaperOptions, invoice, receipt};

#[path = "../tests/fixture/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "each file of tests takes of it what it needs")]
mod fixture;

/// How often a property is tried: fifty times as often when `KONTOR_LONG` is set.
fn tries(usual: u32) -> ProptestConfig {
    let cases = if std::env::var_os("KONTOR_LONG").is_some_and(|value| value == "1") { usual * 50 } else { usual };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Minor units that a person reads: `−$1,240.50` is −124050.
fn read(printed: &str) -> i64 {
    let digits: String = printed.chars().filter(char::is_ascii_digit).collect();
    let amount: i64 = digits.parse().unwrap_or_else(|_| panic!("{printed} is no amount"));
    if printed.starts_with('−') { -amount } else { amount }
}

/// The amounts on the right between two lines across.
fn amounts(rows: &[Row]) -> Vec<i64> {
    rows.iter().filter_map(|row| if let Row::Pair(_, right, _) = row { Some(read(right)) } else { None }).collect()
}

fn discounts() -> impl Strategy<Value = Discount> {
    prop_oneof![3 => Just(Discount::None), 1 => (0_i64..=1_000_000).prop_map(|rate| Discount::Percent(Rate(rate)))]
}

prop_compose! {
    /// A sale of some lines at up to three rates, in a currency with cents or without, for more cash than needed.
    fn sales()(
        lines in prop::collection::vec((1_i64..50_000, 0_i64..1_000_000, discounts(), prop_oneof![Just(0_i64), Just(50_000), Just(88_750)]), 1..6),
        discount in discounts(),
        place in prop_oneof![Just(("zh-Hant", "TWD")), Just(("en", "USD")), Just(("zh-Hans", "CNY"))],
        mode in prop_oneof![Just(TaxMode::Inclusive), Just(TaxMode::Exclusive)],
        step in prop_oneof![Just(1_i64), Just(5)],
    ) -> SaleDetail {
        let mut company = fixture::company(place.0, place.1, mode);
        company.cash_step = Money(step);
        let prices: Vec<String> = lines.iter().map(|line| line.1.to_string()).collect();
        let articles: Vec<fixture::Article<'_>> =
            lines.iter().zip(&prices).map(|((quantity, _, discount, rate), price)| ("鳳梨酥 cake", "pcs", *quantity, price.as_str(), *discount, *rate)).collect();
        fixture::sale(company, &articles, discount, "999999999999")
    }
}

/// The same, given back: every figure below zero.
fn given_back(mut detail: SaleDetail) -> SaleDetail {
    let negate = |amounts: &mut [&mut Money]| amounts.iter_mut().for_each(|amount| **amount = Money(-amount.0));
    let sale = &mut detail.sale;
    sale.kind = SaleKind::Refund;
    sale.change = Money::ZERO;
    negate(&mut [&mut sale.gross, &mut sale.discount, &mut sale.base, &mut sale.tax, &mut sale.total, &mut sale.rounding]);
    for line in &mut detail.lines {
        negate(&mut [&mut line.gross, &mut line.discount, &mut line.cart_discount, &mut line.base, &mut line.tax, &mut line.total]);
    }
    for tax in &mut detail.taxes {
        negate(&mut [&mut tax.base, &mut tax.tax]);
    }
    for tender in &mut detail.tenders {
        tender.amount = Money(-tender.amount.0);
        tender.given = tender.amount;
    }
    detail
}

proptest! {
    #![proptest_config(tries(20_000))]

    #[test]
    fn the_receipt_shows_the_stored_figures_and_they_add_up(sale in sales(), is_refund: bool) {
        let detail = if is_refund { given_back(sale) } else { sale };
        let words = Words::of(&detail.company).unwrap();
        let rows = receipt::rows(&detail, PaperOptions::default(), &words).unwrap();
        let parts: Vec<&[Row]> = rows.split(|row| *row == Row::Rule).collect();
        let [_, _, lines, totals, taxes] = parts[..] else { panic!("{} parts", parts.len()) };
        let sale = &detail.sale;

        // Line by line, with the price and how many.
        prop_assert_eq!(amounts(lines), detail.lines.iter().map(|line| line.gross.0 - line.discount.0).collect::<Vec<_>>());
        let currency = Currency::of(&detail.company.currency).unwrap();
        let texts = lines.iter().filter_map(|row| if let Row::Pair(left, ..) = row { Some(left) } else { None });
        for (text, line) in texts.zip(&detail.lines) {
            prop_assert!(text.contains(&currency.price_figure(line.unit_price)) && text.contains(&line.quantity.to_string()), "{}", text);
        }

        // Lines and what is between them and the total.
        let place = totals.iter().position(|row| matches!(row, Row::Pair(_, _, Style::Total))).unwrap();
        let (before, after) = (amounts(&totals[..place]), amounts(&totals[place..]));
        let printed_lines: i64 = amounts(lines).iter().sum();
        prop_assert_eq!(after[0], sale.total.0);
        match before.split_first() {
            None => prop_assert_eq!(printed_lines, sale.total.0),
            Some((subtotal, changes)) => {
                prop_assert_eq!(*subtotal, printed_lines);
                prop_assert_eq!(subtotal + changes.iter().sum::<i64>(), sale.total.0);
            }
        }

        // From the total to what changed hands.
        let (rounded, paid) = if sale.rounding.is_zero() { (sale.total.0, &after[1..]) } else { (after[2], &after[3..]) };
        if !sale.rounding.is_zero() {
            prop_assert_eq!((after[1], after[2]), (sale.rounding.0, sale.total.0 + sale.rounding.0));
        }
        let (handed, change) = paid.split_at(detail.tenders.len());
        prop_assert_eq!(handed.iter().sum::<i64>() - change.iter().sum::<i64>(), rounded);
        prop_assert_eq!(change.iter().sum::<i64>(), sale.change.0);

        // Base and tax of each class; one without tax shows its base alone.
        let shown: Vec<i64> = detail.taxes.iter().flat_map(|tax| if tax.rate.is_zero() { vec![tax.base.0] } else { vec![tax.base.0, tax.tax.0] }).collect();
        prop_assert_eq!(amounts(taxes).iter().sum::<i64>(), sale.total.0);
        prop_assert_eq!(amounts(taxes), shown);
    }
}

/// A typesetter for a language; the fonts of each are read once.
fn typesetter(words: &Words) -> Typesetter {
    static FONTS: [OnceLock<Fonts>; 3] = [const { OnceLock::new() }; 3];
    let place = Locale::ALL.iter().position(|locale| *locale == words.locale).unwrap();
    Typesetter::new(FONTS[place].get_or_init(|| Fonts::find(&[])).faces(words.locale).unwrap())
}

proptest! {
    // Typesetting a page takes a hundred times as long as the rows of a receipt.
    #![proptest_config(tries(400))]

    #[test]
    fn the_invoice_shows_the_stored_figures_and_they_add_up(sale in sales(), is_refund: bool) {
        let detail = if is_refund { given_back(sale) } else { sale };
        let words = Words::of(&detail.company).unwrap();
        let sheets = invoice::layout(&detail, PaperOptions::default(), &words, &mut typesetter(&words)).unwrap();
        let sale = &detail.sale;
        let currency = Currency::of(&detail.company.currency).unwrap();
        // Amounts that end at the right margin, as they are read: lines, what leads to the total, the total, payments.
        let right = sheets[0].width - 18.0 * MM;
        let at_right = |text: &(f32, f32, f32, String)| (text.2 - right).abs() < 0.1 && text.3.contains(currency.symbol);
        let texts: Vec<_> = sheets.iter().flat_map(crate::sheet::Sheet::texts).collect();
        let shown: Vec<i64> = texts.iter().filter(|text| at_right(text)).map(|text| read(&text.3)).collect();
        let (lines, rest) = shown.split_at(detail.lines.len());

        let is_inclusive = detail.company.tax_mode == TaxMode::Inclusive;
        prop_assert_eq!(lines, detail.lines.iter().map(|line| if is_inclusive { line.total.0 } else { line.base.0 }).collect::<Vec<_>>());
        prop_assert_eq!(lines.iter().sum::<i64>(), if is_inclusive { sale.total.0 } else { sale.base.0 });
        for line in &detail.lines {
            let price = words.price(line.unit_price);
            prop_assert!(texts.iter().any(|text| text.3 == price), "{} is missing", price);
        }

        let figures = if sale.discount.is_zero() { 3 } else { 4 };
        let (before, after) = rest.split_at(figures);
        let mut expected = vec![sale.gross.0];
        expected.extend((!sale.discount.is_zero()).then_some(-sale.discount.0));
        expected.extend([sale.base.0, sale.tax.0]);
        prop_assert_eq!(before, expected);
        prop_assert_eq!(sale.gross.0 - sale.discount.0, if is_inclusive { sale.total.0 } else { sale.base.0 });
        prop_assert_eq!(after[0], sale.base.0 + sale.tax.0);
        prop_assert_eq!(after[0], sale.total.0);
        let rounded = if sale.rounding.is_zero() { &after[1..] } else { &after[3..] };
        let (handed, change) = rounded.split_at(detail.tenders.len());
        prop_assert_eq!(handed.iter().sum::<i64>() - change.iter().sum::<i64>(), sale.total.0 + sale.rounding.0);
        prop_assert_eq!(change.iter().sum::<i64>(), sale.change.0);
    }
}
