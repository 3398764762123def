//! Dates and times as screens and paper write them. Calendar figures come in; nothing here reads a clock or a zone.

use crate::{Key, Locale, text};

/// A date, short: `21 Nov 2026`, `2026-11-21`.
pub fn date(locale: Locale, year: i32, month_number: u32, day: u32) -> String {
    match locale {
        Locale::En => format!("{day} {} {year}", month(locale, month_number)),
        Locale::ZhHant | Locale::ZhHans => format!("{year}-{month_number:02}-{day:02}"),
    }
}

/// A date in full with its weekday (1 Monday to 7 Sunday): `Sat, 21 Nov 2026`, `2026年11月21日 週六`.
pub fn long_date(locale: Locale, year: i32, month_number: u32, day: u32, weekday: u32) -> String {
    let weekday = named(locale, "weekday", weekday);
    match locale {
        Locale::En => format!("{weekday}, {}", date(locale, year, month_number, day)),
        Locale::ZhHant | Locale::ZhHans => format!("{year}年{month_number}月{day}日 {weekday}"),
    }
}

/// A time of day: `09:05`.
pub fn time(hour: u32, minute: u32) -> String {
    format!("{hour:02}:{minute:02}")
}

/// Date and time: `21 Nov 2026 10:44`.
pub fn date_time(locale: Locale, year: i32, month_number: u32, day: u32, hour: u32, minute: u32) -> String {
    format!("{} {}", date(locale, year, month_number, day), time(hour, minute))
}

/// A month's short name, 1 to 12.
pub fn month(locale: Locale, month_number: u32) -> String {
    named(locale, "month", month_number)
}

fn named(locale: Locale, family: &str, number: u32) -> String {
    Key::find(&format!("{family}-{number}")).map_or_else(|| number.to_string(), |key| text(locale, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_each_language_does() {
        assert_eq!(date(Locale::En, 2026, 11, 21), "21 Nov 2026");
        assert_eq!(date(Locale::ZhHant, 2026, 3, 1), "2026-03-01");
        assert_eq!(long_date(Locale::En, 2026, 11, 21, 6), "Sat, 21 Nov 2026");
        assert_eq!(long_date(Locale::ZhHant, 2026, 11, 21, 6), "2026年11月21日 週六");
        assert_eq!(long_date(Locale::ZhHans, 2026, 11, 21, 6), "2026年11月21日 周六");
        assert_eq!(date_time(Locale::ZhHans, 2026, 11, 21, 9, 5), "2026-11-21 09:05");
        assert_eq!(month(Locale::En, 13), "13");
    }
}
