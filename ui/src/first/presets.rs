//! What a new shop most likely wants, from where its computer stands. Pure.

use kontor_domain::settings::TaxMode;
use kontor_translations::Locale;

/// The likeliest currency.
pub(super) fn currency(time_zone: &str, locale: Locale) -> &'static str {
    match time_zone {
        "Asia/Taipei" => "TWD",
        "Asia/Shanghai" | "Asia/Urumqi" | "Asia/Chongqing" | "PRC" => "CNY",
        "Asia/Hong_Kong" => "HKD",
        "Asia/Singapore" => "SGD",
        "Asia/Kuala_Lumpur" | "Asia/Kuching" => "MYR",
        "Asia/Tokyo" => "JPY",
        "Asia/Kuwait" => "KWD",
        "Europe/London" | "Europe/Belfast" | "GB" => "GBP",
        "Europe/Zurich" | "Europe/Vaduz" => "CHF",
        "America/Toronto" | "America/Vancouver" | "America/Montreal" | "America/Edmonton" | "America/Winnipeg" | "America/Halifax" => "CAD",
        zone if zone.starts_with("Europe/") => "EUR",
        zone if zone.starts_with("Australia/") => "AUD",
        zone if zone.starts_with("America/") => "USD",
        _ => match locale {
            Locale::En => "USD",
            Locale::ZhHant => "TWD",
            Locale::ZhHans => "CNY",
        },
    }
}

/// The usual rates in percent, the first for most products. A rate that nobody needs can be
/// switched off in the settings; one that is missing can be added there.
pub(super) fn rates(currency: &str) -> &'static [&'static str] {
    match currency {
        "TWD" => &["5", "0"],
        "CNY" => &["13", "9", "6", "0"],
        "SGD" => &["9", "0"],
        "MYR" => &["10", "5", "0"],
        "JPY" => &["10", "8", "0"],
        "EUR" => &["19", "7", "0"],
        "GBP" => &["20", "5", "0"],
        "CHF" => &["8.1", "3.8", "2.6", "0"],
        "AUD" => &["10", "0"],
        "CAD" => &["5", "0"],
        // Hong Kong and Kuwait have none; in the United States every town has its own.
        _ => &["0"],
    }
}

/// Whether shelf labels there show the price with its tax.
pub(super) fn tax_mode(currency: &str) -> TaxMode {
    match currency {
        "USD" | "CAD" => TaxMode::Exclusive,
        _ => TaxMode::Inclusive,
    }
}

#[cfg(test)]
mod tests {
    use kontor_domain::units::{CURRENCIES, Rate};

    use super::*;

    #[test]
    fn a_computer_in_taipei_gets_dollars_without_cents_whatever_it_speaks() {
        assert_eq!(currency("Asia/Taipei", Locale::En), "TWD");
        assert_eq!(currency("Etc/UTC", Locale::ZhHans), "CNY");
        assert_eq!(currency("Europe/Paris", Locale::En), "EUR");
    }

    #[test]
    fn every_currency_has_rates_that_can_be_read() {
        for currency in CURRENCIES {
            let rates = rates(currency.code);
            assert!(!rates.is_empty());
            assert!(rates.iter().all(|rate| Rate::parse_percent(rate).is_some()), "{}", currency.code);
        }
    }
}
