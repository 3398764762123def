//! What is counted and in which unit. Everything is an integer; no float ever touches a figure.
//!
//! | type | counts |
//! |---|---|
//! | [`Money`] | minor units of the company's currency (TWD: whole dollars) |
//! | [`UnitPrice`] | 1/10,000 of a minor unit |
//! | [`Quantity`] | thousandths (1.250 kg = 1250, 3 pcs = 3000) |
//! | [`Rate`] | millionths (8.875 % = 88750) |
//!
//! Arithmetic is checked: what does not fit is [`Code::OutOfRange`](crate::reject::Code::OutOfRange), never a wrong figure.
//! Rounding is symmetric, half away from zero.

use serde::{Deserialize, Serialize};

use crate::reject::{Code, Reject};

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        crate::cell::cell_newtype!($name over i64);
        crate::schema::described!($name, "integer", "int64", concat!($($doc),*));

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0);

            /// The sum, or [`Code::OutOfRange`].
            pub fn plus(self, other: Self) -> Result<Self, Reject> {
                self.0.checked_add(other.0).map(Self).ok_or_else(out_of_range)
            }

            /// The difference, or [`Code::OutOfRange`].
            pub fn minus(self, other: Self) -> Result<Self, Reject> {
                self.0.checked_sub(other.0).map(Self).ok_or_else(out_of_range)
            }

            /// The same with the other sign, or [`Code::OutOfRange`].
            pub fn negated(self) -> Result<Self, Reject> {
                self.0.checked_neg().map(Self).ok_or_else(out_of_range)
            }

            /// The sum of many, or [`Code::OutOfRange`].
            pub fn sum(all: impl IntoIterator<Item = Self>) -> Result<Self, Reject> {
                all.into_iter().try_fold(Self::ZERO, Self::plus)
            }

            /// Whether there is none.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Whether it is below zero.
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }
        }
    )+ };
}

counts! {
    /// An amount in minor units of the company's currency.
    Money,
    /// A price of one unit, in 1/10,000 of a minor unit.
    UnitPrice,
    /// A quantity in thousandths of the product's unit.
    Quantity,
    /// A rate in millionths.
    Rate,
}

fn out_of_range() -> Reject {
    Reject::new(Code::OutOfRange)
}

/// `numerator / denominator`, half away from zero. `None` where it does not fit or the denominator is zero.
pub fn divide_rounded(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let negative = (numerator < 0) != (denominator < 0);
    let (numerator, denominator) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let rounded = numerator.checked_add(denominator / 2)? / denominator;
    let rounded = i128::try_from(rounded).ok()?;
    i64::try_from(if negative { -rounded } else { rounded }).ok()
}

impl Quantity {
    /// One whole unit.
    pub const ONE: Self = Self(1000);
    /// The largest quantity of one sold line: above it is a barcode typed as a quantity, which would leave a
    /// balance that no later sale fits into.
    pub const SOLD_LIMIT: Self = Self(100_000_000_000);

    /// `quantity × pack`, both in thousandths: how many base units so many packs hold.
    pub fn times_pack(self, pack: Self) -> Result<Self, Reject> {
        divide_rounded(i128::from(self.0) * i128::from(pack.0), 1000).map(Self).ok_or_else(out_of_range)
    }
}

impl UnitPrice {
    /// Counts in one minor unit.
    pub const PER_MINOR_UNIT: i64 = 10_000;
    /// The highest price of one unit.
    pub const LIMIT: Self = Self(1_000_000_000_000_000);
    /// The highest cost of one unit: times [`Quantity::SOLD_LIMIT`] it still fits an amount, so that goods sold
    /// below zero at the last cost never stop a sale.
    pub const COST_LIMIT: Self = Self(100_000_000_000_000);

    /// The price that a whole amount of money is.
    pub fn from_money(amount: Money) -> Result<Self, Reject> {
        amount.0.checked_mul(Self::PER_MINOR_UNIT).map(Self).ok_or_else(out_of_range)
    }

    /// What so much of it costs, rounded to a minor unit.
    pub fn times(self, quantity: Quantity) -> Result<Money, Reject> {
        let product = i128::from(self.0) * i128::from(quantity.0);
        divide_rounded(product, i128::from(Self::PER_MINOR_UNIT) * 1000).map(Money).ok_or_else(out_of_range)
    }
}

impl Rate {
    /// 100 %.
    pub const WHOLE: Self = Self(1_000_000);
}

impl Money {
    /// The largest amount of one document or one count of cash: keeps the sums of many far from overflow.
    pub const LIMIT: Self = Self(1_000_000_000_000);

    /// The part of it that the rate says, rounded.
    pub fn share(self, rate: Rate) -> Result<Self, Reject> {
        self.times_fraction(rate.0, Rate::WHOLE.0)
    }

    /// `self × numerator / denominator`, rounded.
    pub fn times_fraction(self, numerator: i64, denominator: i64) -> Result<Self, Reject> {
        divide_rounded(i128::from(self.0) * i128::from(numerator), i128::from(denominator)).map(Self).ok_or_else(out_of_range)
    }

    /// The tax contained in a tax-inclusive amount.
    pub fn tax_within(self, rate: Rate) -> Result<Self, Reject> {
        self.times_fraction(rate.0, Rate::WHOLE.0.checked_add(rate.0).ok_or_else(out_of_range)?)
    }

    /// The nearest multiple of `step` (0 or 1: itself).
    pub fn to_step(self, step: Self) -> Result<Self, Reject> {
        if step.0 <= 1 {
            return Ok(self);
        }
        divide_rounded(i128::from(self.0), i128::from(step.0)).and_then(|steps| steps.checked_mul(step.0)).map(Self).ok_or_else(out_of_range)
    }

    /// Spreads the amount over weights so that the parts sum to it exactly (largest remainder; on equal
    /// remainders the earlier part). All weights zero: the first part takes all. Weights are not negative.
    pub fn spread(self, weights: &[i64]) -> Result<Vec<Self>, Reject> {
        let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if weights.is_empty() {
            return if self.is_zero() { Ok(Vec::new()) } else { Err(out_of_range()) };
        }
        if total == 0 {
            let mut parts = vec![Self::ZERO; weights.len()];
            parts[0] = self;
            return Ok(parts);
        }
        let negative = self.0 < 0;
        let amount = i128::from(self.0).abs();
        let mut parts: Vec<i128> = Vec::with_capacity(weights.len());
        let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
        for (index, weight) in weights.iter().enumerate() {
            let exact = amount.checked_mul(i128::from(*weight)).ok_or_else(out_of_range)?;
            parts.push(exact / total);
            remainders.push((exact % total, index));
        }
        let missing = amount - parts.iter().sum::<i128>();
        remainders.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
        for (_, index) in remainders.iter().cycle().take(usize::try_from(missing).unwrap_or(0)) {
            parts[*index] += 1;
        }
        parts.into_iter().map(|part| i64::try_from(if negative { -part } else { part }).map(Self).map_err(|_| out_of_range())).collect()
    }
}

/// A currency with the decimals tills use, which for TWD is not what ISO 4217 says (2): nobody has cents in Taiwan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217 code.
    pub code: &'static str,
    /// Digits behind the point in a minor unit.
    pub decimals: u8,
    /// What stands before the figure.
    pub symbol: &'static str,
    /// Smallest cash amount in minor units: a total paid in cash is rounded to it.
    pub cash_step: Money,
    /// Notes and coins, in minor units, largest first.
    pub denominations: &'static [i64],
}

const fn currency(code: &'static str, decimals: u8, symbol: &'static str, cash_step: i64, denominations: &'static [i64]) -> Currency {
    Currency { code, decimals, symbol, cash_step: Money(cash_step), denominations }
}

/// The currencies a company can be made in.
pub const CURRENCIES: &[Currency] = &[
    currency("TWD", 0, "$", 1, &[2000, 1000, 500, 200, 100, 50, 20, 10, 5, 1]),
    currency("CNY", 2, "¥", 10, &[10_000, 5000, 2000, 1000, 500, 100, 50, 10]),
    currency("HKD", 2, "$", 10, &[100_000, 50_000, 10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10]),
    currency("SGD", 2, "$", 5, &[100_000, 10_000, 5000, 1000, 500, 200, 100, 50, 20, 10, 5]),
    currency("MYR", 2, "RM", 5, &[10_000, 5000, 2000, 1000, 500, 100, 50, 20, 10, 5]),
    currency("JPY", 0, "¥", 1, &[10_000, 5000, 1000, 500, 100, 50, 10, 5, 1]),
    currency("USD", 2, "$", 1, &[10_000, 5000, 2000, 1000, 500, 100, 25, 10, 5, 1]),
    currency("EUR", 2, "€", 1, &[20_000, 10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1]),
    currency("GBP", 2, "£", 1, &[5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1]),
    currency("CHF", 2, "CHF ", 5, &[100_000, 20_000, 10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5]),
    currency("AUD", 2, "$", 5, &[10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5]),
    currency("CAD", 2, "$", 5, &[10_000, 5000, 2000, 1000, 500, 200, 100, 25, 10, 5]),
    currency("KWD", 3, "KD ", 5, &[20_000, 10_000, 5000, 1000, 500, 250, 100, 50, 20, 10, 5]),
];

impl Currency {
    /// The currency of a code, if we know it.
    pub fn of(code: &str) -> Option<&'static Self> {
        CURRENCIES.iter().find(|currency| currency.code == code)
    }

    /// Minor units in one major unit.
    pub const fn minor_per_major(&self) -> i64 {
        10_i64.pow(self.decimals as u32)
    }

    /// The figure with grouping and decimals, without the symbol: `1,365` or `-12.50`.
    pub fn figure(&self, amount: Money) -> String {
        grouped(amount.0, u32::from(self.decimals))
    }

    /// The figure with its symbol: `$1,365`, `−$30`.
    pub fn with_symbol(&self, amount: Money) -> String {
        let absolute = grouped_unsigned(amount.0.unsigned_abs(), u32::from(self.decimals));
        let sign = if amount.is_negative() { "−" } else { "" };
        format!("{sign}{}{absolute}", self.symbol)
    }

    /// A unit price as people write it: as few decimals as it has, but at least the currency's.
    pub fn price_figure(&self, price: UnitPrice) -> String {
        let all = u32::from(self.decimals) + 4;
        trim_decimals(grouped(price.0, all), all, u32::from(self.decimals))
    }

    /// Reads what a person typed (`1365`, `1,365.50`) as minor units; `None` if it is no amount of this currency.
    pub fn parse_money(&self, text: &str) -> Option<Money> {
        parse_decimal(text, u32::from(self.decimals)).map(Money)
    }

    /// Reads what a person typed as a unit price.
    pub fn parse_price(&self, text: &str) -> Option<UnitPrice> {
        parse_decimal(text, u32::from(self.decimals) + 4).map(UnitPrice)
    }
}

impl std::fmt::Display for Quantity {
    /// As few decimals as it has: `3`, `1.24`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&trim_decimals(grouped(self.0, 3), 3, 0))
    }
}

impl Quantity {
    /// Reads what a person typed (`3`, `1.240`).
    pub fn parse(text: &str) -> Option<Self> {
        parse_decimal(text, 3).map(Self)
    }
}

impl Rate {
    /// As a percentage without the sign: `5`, `8.875`.
    pub fn percent_figure(self) -> String {
        trim_decimals(grouped(self.0, 4), 4, 0)
    }

    /// Reads a percentage that a person typed.
    pub fn parse_percent(text: &str) -> Option<Self> {
        parse_decimal(text.trim_end_matches('%'), 4).map(Self)
    }
}

fn grouped(value: i64, decimals: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", grouped_unsigned(value.unsigned_abs(), decimals))
}

fn grouped_unsigned(value: u64, decimals: u32) -> String {
    let unit = 10_u64.pow(decimals);
    let whole = (value / unit).to_string();
    let mut text = String::with_capacity(whole.len() + whole.len() / 3 + 8);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 {
        text.push_str(&format!(".{:0width$}", value % unit, width = decimals as usize));
    }
    text
}

/// Drops trailing zeros behind the point down to `least` decimals.
fn trim_decimals(text: String, decimals: u32, least: u32) -> String {
    let mut text = text;
    for _ in least..decimals {
        if text.ends_with('0') {
            text.pop();
        } else {
            return text;
        }
    }
    if text.ends_with('.') {
        text.pop();
    }
    text
}

/// Full-width digits and separators are what a Chinese IME gives; they mean the same.
fn half_width(character: char) -> char {
    match character {
        '０'..='９' => char::from_u32(character as u32 - '０' as u32 + '0' as u32).unwrap_or(character),
        '．' => '.',
        '，' => ',',
        '－' | '−' => '-',
        other => other,
    }
}

/// The digits of `1,250`. Any other comma may be meant as a decimal point, which would be a hundred times the price.
fn without_grouping(whole: &str) -> Option<String> {
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_grouped = whole.contains(',');
    let is_right = !is_grouped || (1..=3).contains(&first.len());
    (is_right && groups.all(|group| group.len() == 3)).then(|| whole.replace(',', ""))
}

fn parse_decimal(text: &str, decimals: u32) -> Option<i64> {
    let text: String = text.trim().chars().map(half_width).collect();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = without_grouping(whole)?;
    if (whole.is_empty() && fraction.is_empty()) || !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals as usize || whole.len() > 18 {
        return None;
    }
    let padded = format!("{fraction:0<width$}", width = decimals as usize);
    let joined = format!("{whole}{padded}");
    let value: i64 = joined.parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rounding_is_symmetric_half_away_from_zero() {
        assert_eq!(divide_rounded(5, 10), Some(1));
        assert_eq!(divide_rounded(-5, 10), Some(-1));
        assert_eq!(divide_rounded(4, 10), Some(0));
        assert_eq!(divide_rounded(-15, 10), Some(-2));
        assert_eq!(divide_rounded(1, 0), None);
        assert_eq!(divide_rounded(i128::from(i64::MAX) * 2, 1), None);
    }

    #[test]
    fn figures_read_as_people_write_them() -> Result<(), String> {
        let twd = Currency::of("TWD").ok_or("TWD")?;
        let usd = Currency::of("USD").ok_or("USD")?;
        assert_eq!(twd.with_symbol(Money(1365)), "$1,365");
        assert_eq!(usd.with_symbol(Money(-123_456)), "−$1,234.56");
        assert_eq!(usd.figure(Money(5)), "0.05");
        assert_eq!(usd.price_figure(UnitPrice(83_333)), "0.083333");
        assert_eq!(usd.price_figure(UnitPrice(1_000_000)), "1.00");
        assert_eq!(twd.price_figure(UnitPrice(485_000)), "48.5");
        assert_eq!(Quantity(1240).to_string(), "1.24");
        assert_eq!(Quantity(-3000).to_string(), "-3");
        assert_eq!(Rate(88_750).percent_figure(), "8.875");
        assert_eq!(usd.parse_money("1,234.5"), Some(Money(123_450)));
        assert_eq!(usd.parse_money("１２．５"), Some(Money(1250)));
        assert_eq!(usd.parse_money("1,234,567"), Some(Money(123_456_700)));
        for wrong in ["12,5", "1,23", ",123", "1234,567", "1,,234", "1,234,"] {
            assert_eq!(usd.parse_money(wrong), None, "{wrong}");
        }
        assert_eq!(twd.parse_money("12.5"), None);
        assert_eq!(twd.parse_money(""), None);
        assert_eq!(twd.parse_money("12x"), None);
        assert_eq!(twd.parse_money("99999999999999999999"), None);
        assert_eq!(Quantity::parse("0.0005"), None);
        Ok(())
    }

    proptest! {
        #[test]
        fn spread_parts_sum_to_the_whole(amount in -1_000_000_000_i64..1_000_000_000, weights in prop::collection::vec(0_i64..1_000_000, 1..40)) {
            let parts = Money(amount).spread(&weights).map_err(|reject| TestCaseError::fail(format!("{reject:?}")))?;
            prop_assert_eq!(parts.iter().map(|part| part.0).sum::<i64>(), amount);
            prop_assert_eq!(parts.len(), weights.len());
            if weights.iter().any(|weight| *weight > 0) {
                for (part, weight) in parts.iter().zip(&weights) {
                    prop_assert!(part.0.signum() * amount.signum() >= 0);
                    prop_assert!(*weight > 0 || part.0 == 0);
                }
            }
        }

        #[test]
        fn a_price_that_is_written_is_read_back(value in -9_000_000_000_000_i64..9_000_000_000_000) {
            for currency in CURRENCIES {
                prop_assert_eq!(currency.parse_price(&currency.price_figure(UnitPrice(value))), Some(UnitPrice(value)));
                prop_assert_eq!(currency.parse_money(&currency.figure(Money(value))), Some(Money(value)));
            }
        }
    }
}
