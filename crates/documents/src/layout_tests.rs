//! Whatever is printed: nothing leaves the margins, and nothing stands on anything else.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use kontor_domain::counter::SaleDetail;
use kontor_domain::counter::cart::Discount;
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Money, Rate};

use crate::fonts::Fonts;
use crate::sheet::{MM, Sheet};
use crate::typeset::Typesetter;
use crate::words::Words;
use crate::{PaperOptions, invoice, receipt, roll, shift_report};

#[path = "../tests/fixture/mod.rs"]
mod fixture;

const COPY: PaperOptions = PaperOptions { copy: 12 };
const SLACK: f32 = 0.2;

fn assert_in_order(sheet: &Sheet, left: f32, right: f32) {
    let mut texts = sheet.texts();
    assert!(!texts.is_empty());
    texts.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    for text in &texts {
        assert!(text.1 >= left - SLACK && text.2 <= right + SLACK, "{text:?} leaves {left}–{right}");
        assert!(text.0 > 0.0 && text.0 < sheet.height, "{text:?} leaves the page");
    }
    for (place, one) in texts.iter().enumerate() {
        for other in texts.iter().skip(place + 1).take_while(|other| other.0 - one.0 < 6.0) {
            let is_beside = one.2 <= other.1 + SLACK || other.2 <= one.1 + SLACK;
            assert!(is_beside, "{one:?} stands on {other:?}");
        }
    }
}

/// Long names, units and figures: the worst a shop can enter.
fn absurd() -> SaleDetail {
    let name = "長".repeat(200);
    let word = "W".repeat(200);
    let articles = [
        (name.as_str(), "非常長的單位名稱非常長的單位名稱", 99_999_999, "999999", Discount::Percent(Rate(123_456)), 50_000),
        (word.as_str(), "", 1, "0.0001", Discount::None, 0),
        ("two words", "pcs", 1000, "1", Discount::None, 50_001),
    ];
    let mut detail = fixture::sale(fixture::company("zh-Hant", "TWD", TaxMode::Inclusive), &articles, Discount::None, "99999999999999");
    detail.sale.customer_name = "客".repeat(200);
    detail.sale.customer_tax_number = "1".repeat(32);
    detail.sale.note = "備註 note ".repeat(100);
    detail.sale.number = "A".repeat(80);
    detail.sale.total = Money(i64::MIN);
    detail.sale.rounding = Money(1);
    detail.company.name = "店".repeat(200);
    detail.company.address = "W".repeat(400);
    detail.company.receipt_footer = "謝謝 ".repeat(100);
    detail.person_name = "P".repeat(200);
    detail
}

fn typesetter(words: &Words) -> Typesetter {
    Typesetter::new(Fonts::find(&[]).faces(words.locale).expect("fonts"))
}

#[test]
fn rolls_stay_within_their_margins() {
    for detail in [fixture::taipei(), fixture::baltimore(), fixture::shanghai_refund(), fixture::long_sale("en"), absurd()] {
        let words = Words::of(&detail.company).expect("words");
        let rows = receipt::rows(&detail, COPY, &words).expect("rows");
        let sheet = roll::layout(&rows, &mut typesetter(&words));
        assert_in_order(&sheet, roll::MARGIN, sheet.width - roll::MARGIN);
    }
    for (is_closed, locale) in [(true, "zh-Hant"), (false, "en")] {
        let company = fixture::company(locale, "KWD", TaxMode::Inclusive);
        let words = Words::of(&company).expect("words");
        let rows = shift_report::rows(&fixture::shift(is_closed, locale), &company, COPY, &words).expect("rows");
        let sheet = roll::layout(&rows, &mut typesetter(&words));
        assert_in_order(&sheet, roll::MARGIN, sheet.width - roll::MARGIN);
    }
}

#[test]
fn invoices_stay_within_their_margins() {
    for detail in [fixture::taipei(), fixture::baltimore(), fixture::shanghai_refund(), fixture::long_sale("zh-Hant"), absurd()] {
        let words = Words::of(&detail.company).expect("words");
        let sheets = invoice::layout(&detail, COPY, &words, &mut typesetter(&words)).expect("pages");
        for sheet in &sheets {
            assert_in_order(sheet, 18.0 * MM, sheet.width - 18.0 * MM);
        }
    }
}
