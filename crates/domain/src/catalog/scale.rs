//! Barcodes that a scale prints: which product, and how much of it or at what price.
//!
//! A shop says how its scales write them by patterns as long as the code, a place for each digit:
//!
//! | place | holds |
//! |---|---|
//! | digits in front | the prefix that tells these codes from all others |
//! | `I` | the item: part of the code by which the product is known |
//! | `W` | weight in thousandths of the product's unit (grams, where it is priced by the kilogram) |
//! | `P` | price in minor units of the currency |
//! | `V` | a digit that the scale adds to guard the price; not looked at |
//! | `C` | the check digit of the whole code |
//!
//! `21IIIIIWWWWWC 22IIIIIPPPPPC` is what most of Europe and Asia use, `2IIIIIVPPPPC` North America.

use crate::reject::{Code, Reject};
use crate::text::{CODE_LIMIT, check_line};
use crate::units::{Money, Quantity, UnitPrice, divide_rounded};

use super::ScanHit;
use super::trade_number::{check_digit, has_right_check_digit, is_trade_number};

/// Longest text of patterns, characters.
pub const SCALE_BARCODES_LIMIT: usize = 200;
/// Most patterns of one company.
const PATTERNS_LIMIT: usize = 8;
/// Most digits of a weight or price.
const AMOUNT_DIGITS_LIMIT: usize = 7;

/// How one kind of label is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePattern(Vec<Place>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Prefix(u8),
    Item,
    Weight,
    Price,
    Guard,
    Check,
}

/// What a label says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleLabel {
    /// The codes under which the product may be known, the likeliest first: the whole code with nothing weighed (or
    /// priced), the prefix with the item, the item alone, the item without zeros in front.
    pub codes: Vec<String>,
    /// What was weighed or what it costs, above zero.
    pub amount: ScaleAmount,
}

/// What the scale put into the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleAmount {
    /// So much of the product.
    Weight(Quantity),
    /// So much to pay.
    Price(Money),
}

impl ScalePattern {
    /// Reads the patterns of a company: parted by spaces or commas.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, Reject> {
        check_line(text, "scale_barcodes", SCALE_BARCODES_LIMIT)?;
        let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        if words.len() > PATTERNS_LIMIT {
            return Err(Reject::field(Code::TooLong, "scale_barcodes").with("limit", PATTERNS_LIMIT));
        }
        words.into_iter().map(|word| Self::parse(word).ok_or_else(|| Reject::field(Code::Format, "scale_barcodes"))).collect()
    }

    fn parse(word: &str) -> Option<Self> {
        let place = |letter: u8| match letter {
            b'0'..=b'9' => Some(Place::Prefix(letter)),
            b'I' | b'i' => Some(Place::Item),
            b'W' | b'w' => Some(Place::Weight),
            b'P' | b'p' => Some(Place::Price),
            b'V' | b'v' => Some(Place::Guard),
            b'C' | b'c' => Some(Place::Check),
            _ => None,
        };
        let places = word.bytes().map(place).collect::<Option<Vec<_>>>()?;
        let pattern = Self(places);
        pattern.is_sound().then_some(pattern)
    }

    /// Each kind of place stands in one piece, and there is a prefix, an item, either a weight or a price, and a check digit
    /// at the end.
    fn is_sound(&self) -> bool {
        let count = |is: fn(&Place) -> bool| self.0.iter().filter(|place| is(place)).count();
        let is_in_one_piece =
            |is: fn(&Place) -> bool| self.0.iter().skip_while(|place| !is(place)).skip_while(|place| is(place)).all(|place| !is(place));
        let is_prefix: fn(&Place) -> bool = |place| matches!(place, Place::Prefix(_));
        let is_item: fn(&Place) -> bool = |place| *place == Place::Item;
        let is_amount: fn(&Place) -> bool = |place| matches!(place, Place::Weight | Place::Price);
        let (weight, price) = (count(|place| *place == Place::Weight), count(|place| *place == Place::Price));
        self.0.first().is_some_and(is_prefix)
            && (1..=4).contains(&count(is_prefix))
            && count(is_item) > 0
            && (weight == 0) != (price == 0)
            && weight + price <= AMOUNT_DIGITS_LIMIT
            && count(|place| *place == Place::Guard) <= 1
            && count(|place| *place == Place::Check) == 1
            && self.0.last() == Some(&Place::Check)
            && matches!(self.0.len(), 8 | 12 | 13 | 14)
            && [is_prefix, is_item, is_amount].into_iter().all(is_in_one_piece)
    }

    /// What a code of this kind says; `None`: it is not of this kind, its check digit is wrong, or nothing was weighed.
    fn read(&self, code: &str) -> Option<ScaleLabel> {
        let fits = |(place, digit): (&Place, u8)| digit.is_ascii_digit() && !matches!(place, Place::Prefix(own) if *own != digit);
        if code.len() != self.0.len() || !self.0.iter().zip(code.bytes()).all(fits) || !has_right_check_digit(code) {
            return None;
        }
        let digits = |wanted: fn(&Place) -> bool| -> String {
            self.0.iter().zip(code.chars()).filter(|(place, _)| wanted(place)).map(|(_, digit)| digit).collect()
        };
        let amount: i64 = digits(|place| matches!(place, Place::Weight | Place::Price)).parse().ok()?;
        if amount == 0 {
            return None;
        }
        let amount = if self.0.contains(&Place::Weight) { ScaleAmount::Weight(Quantity(amount)) } else { ScaleAmount::Price(Money(amount)) };
        let item = digits(|place| *place == Place::Item);
        let prefixed = format!("{}{item}", digits(|place| matches!(place, Place::Prefix(_))));
        let mut codes = vec![self.with_nothing_weighed(code), prefixed];
        let bare = item.trim_start_matches('0').to_owned();
        if !bare.is_empty() && bare != item {
            codes.extend([item, bare]);
        } else {
            codes.push(item);
        }
        Some(ScaleLabel { codes, amount })
    }

    /// The code of the same product with zeros for what was weighed: as it is printed on a list of products.
    fn with_nothing_weighed(&self, code: &str) -> String {
        let is_known = |place: &Place| matches!(place, Place::Prefix(_) | Place::Item);
        let mut plain: String = self.0.iter().zip(code.chars()).map(|(place, digit)| if is_known(place) { digit } else { '0' }).collect();
        plain.pop();
        let check = check_digit(&plain);
        plain.push(check);
        plain
    }
}

/// The label that a code is, by the first pattern it fits. A scanner may put a zero before a code of 12 digits, or leave it away.
pub fn read_label(patterns: &[ScalePattern], code: &str) -> Option<ScaleLabel> {
    if !is_trade_number(code) {
        return None;
    }
    let shorter = code.strip_prefix('0').filter(|rest| rest.len() == 12);
    let longer = (code.len() == 12).then(|| format!("0{code}"));
    let forms = [Some(code), shorter, longer.as_deref()];
    forms.into_iter().flatten().find_map(|form| patterns.iter().find_map(|pattern| pattern.read(form)))
}

impl ScaleAmount {
    /// How much of the hit one label sells.
    pub const fn quantity(self) -> Quantity {
        match self {
            Self::Weight(weight) => weight,
            Self::Price(_) => Quantity::ONE,
        }
    }

    /// The hit as the label sells it. A weight is sold at the price of today. A price is a promise on the label: it is sold
    /// as a pack that costs just that, with as much in it as the price of today gives for it.
    pub fn sold(self, hit: ScanHit) -> Result<ScanHit, Reject> {
        let Self::Price(price) = self else { return Ok(hit) };
        let pack = quantity_for(price, hit.product.price).unwrap_or(hit.pack);
        let pack_unit: String = format!("{pack} {}", hit.product.unit).chars().take(CODE_LIMIT).collect();
        Ok(ScanHit { pack, pack_unit, pack_price: Some(UnitPrice::from_money(price)?), ..hit })
    }
}

/// How much a sum buys; `None` where the product has no price to tell by.
fn quantity_for(sum: Money, price: UnitPrice) -> Option<Quantity> {
    if price <= UnitPrice::ZERO {
        return None;
    }
    let thousandths = i128::from(sum.0) * i128::from(UnitPrice::PER_MINOR_UNIT) * i128::from(Quantity::ONE.0);
    divide_rounded(thousandths, i128::from(price.0)).map(|quantity| Quantity(quantity.max(1)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use proptest::prelude::*;

    use super::*;
    use crate::catalog::ProductHit;
    use crate::ids::{ProductId, TaxId};
    use crate::units::Rate;

    fn patterns(text: &str) -> Vec<ScalePattern> {
        ScalePattern::parse_all(text).unwrap()
    }

    fn with_check(front: &str) -> String {
        format!("{front}{}", check_digit(front))
    }

    #[test]
    fn a_weight_and_a_price_are_read_by_their_prefix() {
        let both = patterns("21IIIIIWWWWWC, 22iiiiipppppc");
        let weight = read_label(&both, &with_check("210012300413")).unwrap();
        assert_eq!(weight.amount, ScaleAmount::Weight(Quantity(413)));
        assert_eq!(weight.codes, [with_check("210012300000"), "2100123".to_owned(), "00123".to_owned(), "123".to_owned()]);
        let price = read_label(&both, &with_check("229876501295")).unwrap();
        assert_eq!(price.amount, ScaleAmount::Price(Money(1295)));
        assert_eq!(price.codes[1..], ["2298765", "98765"]);
    }

    #[test]
    fn a_north_american_label_is_read_with_and_without_its_zero() {
        let patterns = patterns("2IIIIIVPPPPC");
        let code = with_check("21234570599");
        let label = read_label(&patterns, &code).unwrap();
        assert_eq!(label.amount, ScaleAmount::Price(Money(599)));
        assert_eq!(read_label(&patterns, &format!("0{code}")), Some(label));
    }

    #[test]
    fn other_codes_are_no_labels() {
        let patterns = patterns("21IIIIIWWWWWC");
        let right = with_check("210012300413");
        let misread = right.replace("413", "414");
        for code in ["", "4006381333931", "210012300413", &with_check("230012300413"), &with_check("210012300000"), &misread, "２１００１"] {
            assert_eq!(read_label(&patterns, code), None, "{code}");
        }
        assert_eq!(read_label(&[], &right), None);
    }

    #[test]
    fn a_pattern_that_cannot_work_is_refused() {
        let long = "21IIIIIWWWWWC ".repeat(9);
        let wrong = [
            "IIIIIWWWWWC",
            "21IIIIIWWWWW",
            "21IIIIIC",
            "21IIIWWIIWWWC",
            "21IIIIIWWPPPC",
            "21IIIIIWWWWWCC",
            "21IIII1WWWWWC",
            "21ÜIIII",
            "21III",
            "x",
            &long,
        ];
        for text in wrong {
            let reject = ScalePattern::parse_all(text).unwrap_err();
            assert_eq!(reject.args.get("field").map(String::as_str), Some("scale_barcodes"), "{text}");
        }
        assert_eq!(ScalePattern::parse_all("  ").unwrap(), []);
    }

    fn kilogram(price: UnitPrice) -> ScanHit {
        let product = ProductHit {
            id: ProductId(uuid::Uuid::from_u128(1)),
            code: "123".into(),
            name: "Apples".into(),
            unit: "kg".into(),
            category_id: None,
            category_name: None,
            hue: 0,
            tax_id: TaxId(uuid::Uuid::from_u128(2)),
            tax_rate: Rate::ZERO,
            price,
            on_hand: Quantity::ZERO,
            low_threshold: Quantity::ZERO,
            active: true,
            thumbnail: None,
        };
        ScanHit { product, pack: Quantity::ONE, pack_unit: String::new(), pack_price: None, barcode: None }
    }

    #[test]
    fn a_weight_is_sold_at_the_price_of_today() {
        let hit = kilogram(UnitPrice(1_200_000));
        let weight = ScaleAmount::Weight(Quantity(413));
        assert_eq!((weight.sold(hit.clone()), weight.quantity()), (Ok(hit), Quantity(413)));
    }

    #[test]
    fn a_label_that_costs_more_than_is_counted_is_refused_and_one_without_a_price_of_today_sells_one() {
        let free = ScaleAmount::Price(Money(500)).sold(kilogram(UnitPrice::ZERO)).unwrap();
        assert_eq!((free.pack, free.pack_price), (Quantity::ONE, Some(UnitPrice(5_000_000))));
        assert!(ScaleAmount::Price(Money(i64::MAX)).sold(kilogram(UnitPrice(1))).is_err());
    }

    proptest! {
        #[test]
        fn what_is_on_the_label_is_what_is_paid(sum in 1_i64..9_999_999, price in 1_i64..100_000_000, times in 1_i64..50) {
            let price = UnitPrice(price * 100);
            let hit = ScaleAmount::Price(Money(sum)).sold(kilogram(price)).unwrap();
            prop_assert_eq!(hit.pack_price.unwrap().times(Quantity(times * 1000)).unwrap(), Money(sum * times));
            // As much leaves the shelf as the price gives for it, to half a thousandth of the unit.
            let error = (i128::from(hit.pack.0) * i128::from(price.0) - i128::from(sum) * 10_000_000).abs();
            prop_assert!(hit.pack == Quantity(1) || error * 2 <= i128::from(price.0));
        }

        #[test]
        fn any_code_and_any_pattern_end_well(code in "\\PC{0,16}", text in "[0-9IWPVCiwpvc ,]{0,40}") {
            if let Ok(patterns) = ScalePattern::parse_all(&text) {
                let _ = read_label(&patterns, &code);
            }
        }
    }
}
