//! Counting a drawer: how many of each note and coin.

use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Money;

/// How many a person can have counted: more is a slip of the hand.
const MOST: i64 = 1_000_000;

/// A count as typed: nothing is none.
pub(super) fn parse_count(text: &str) -> Result<i64, Reject> {
    let text: String = text.trim().chars().map(half_width).collect();
    if text.is_empty() {
        return Ok(0);
    }
    match text.parse::<i64>() {
        Ok(count) if (0..=MOST).contains(&count) => Ok(count),
        Ok(_) => Err(Reject::field(Code::OutOfRange, "denominations")),
        Err(_) => Err(Reject::field(Code::Format, "denominations")),
    }
}

/// Full-width digits are what a Chinese IME gives.
fn half_width(character: char) -> char {
    match character {
        '０'..='９' => char::from_u32(character as u32 - '０' as u32 + '0' as u32).unwrap_or(character),
        other => other,
    }
}

/// What so many of one note or coin are.
pub(super) fn worth(value: Money, count: i64) -> Result<Money, Reject> {
    value.times_fraction(count, 1)
}

/// What was counted, note by note, and its sum. Notes of which there are none are left out.
pub(super) fn counted(values: &[i64], texts: &[String]) -> Result<(Vec<(Money, i64)>, Money), Reject> {
    let mut found = Vec::new();
    let mut sum = Money::ZERO;
    for (value, text) in values.iter().zip(texts) {
        let count = parse_count(text)?;
        if count > 0 {
            found.push((Money(*value), count));
            sum = sum.plus(worth(Money(*value), count)?)?;
        }
    }
    Ok((found, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn notes_and_coins_add_up() {
        let found = counted(&[1000, 500, 100, 1], &texts(&["2", "", "３", "0"]));
        assert_eq!(found, Ok((vec![(Money(1000), 2), (Money(100), 3)], Money(2300))));
        assert_eq!(counted(&[1000], &texts(&[""])), Ok((Vec::new(), Money::ZERO)));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for (text, code) in [("x", Code::Format), ("1.5", Code::Format), ("-1", Code::OutOfRange), ("9999999", Code::OutOfRange)] {
            assert_eq!(parse_count(text).map_err(|reject| reject.code), Err(code), "{text}");
        }
    }
}
