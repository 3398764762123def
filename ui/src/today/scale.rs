//! Figures as lengths. Integers only: a bar is drawn on a grid of 1,000.

use kontor_domain::units::Money;

/// The hours that a chart shows even when nothing was sold in them.
const USUAL: std::ops::RangeInclusive<i64> = 8..=20;

/// `part` of `most`, as a length on `whole`; nothing below zero.
pub(super) fn part_of(part: i64, most: i64, whole: i64) -> i64 {
    if most <= 0 || part <= 0 {
        return 0;
    }
    let length = i128::from(part) * i128::from(whole) / i128::from(most);
    i64::try_from(length).unwrap_or(whole).clamp(0, whole)
}

/// A difference in percent of what it differs from.
pub(super) fn percent(difference: Money, from: Money) -> Option<i64> {
    let percent = difference.times_fraction(100, from.0).ok()?;
    (from > Money::ZERO).then_some(percent.0)
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) hour: i64,
    pub(super) amount: Money,
    pub(super) sales: i64,
}

/// A bar for each hour from the first to the last, at least the usual ones.
pub(super) fn bars(hours: &[(i64, Money, i64)]) -> Vec<Bar> {
    let first = hours.iter().map(|hour| hour.0).min().unwrap_or(*USUAL.start()).min(*USUAL.start());
    let last = hours.iter().map(|hour| hour.0).max().unwrap_or(*USUAL.end()).max(*USUAL.end());
    let of = |hour: i64| hours.iter().find(|known| known.0 == hour).map_or((Money::ZERO, 0), |known| (known.1, known.2));
    (first..=last)
        .map(|hour| {
            let (amount, sales) = of(hour);
            Bar { hour, amount, sales }
        })
        .collect()
}

/// The round figure that the highest bar stays below: 1, 2 or 5 with zeros.
pub(super) fn top_of(most: i64) -> i64 {
    let mut unit = 1_i64;
    loop {
        for step in [1, 2, 5] {
            match unit.checked_mul(step) {
                Some(top) if top >= most => return top,
                Some(_) => {}
                None => return most,
            }
        }
        match unit.checked_mul(10) {
            Some(next) => unit = next,
            None => return most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_stay_between_nothing_and_all() {
        assert_eq!(part_of(50, 100, 1000), 500);
        assert_eq!(part_of(-5, 100, 1000), 0);
        assert_eq!(part_of(500, 100, 1000), 1000);
        assert_eq!(part_of(1, 0, 1000), 0);
        assert_eq!(part_of(i64::MAX, i64::MAX, 1000), 1000);
    }

    #[test]
    fn a_change_is_told_in_percent_of_the_week_before() {
        assert_eq!(percent(Money(-250), Money(1000)), Some(-25));
        assert_eq!(percent(Money(250), Money(1000)), Some(25));
        assert_eq!(percent(Money(250), Money::ZERO), None);
        assert_eq!(percent(Money(250), Money(-10)), None);
    }

    #[test]
    fn hours_without_sales_have_a_bar_too() {
        let all = bars(&[(7, Money(10), 1), (22, Money(20), 2)]);
        assert_eq!(all.first().map(|bar| bar.hour), Some(7));
        assert_eq!(all.last().map(|bar| (bar.hour, bar.sales)), Some((22, 2)));
        assert_eq!(all.len(), 16);
        assert_eq!(bars(&[]).len(), 13);
    }

    #[test]
    fn the_axis_ends_at_a_round_figure() {
        for (most, top) in [(1, 1), (3, 5), (10, 10), (11, 20), (499, 500), (501, 1000)] {
            assert_eq!(top_of(most), top);
        }
        assert_eq!(top_of(i64::MAX), i64::MAX);
    }
}
