//! How one company's paper says things: its language, money, time zone.

use chrono::{Datelike, Timelike};
use kontor_domain::settings::Company;
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::{Currency, Money, Quantity, Rate, UnitPrice};
use kontor_translations::{Arg, Key, Locale, date, date_time, text, text_with, time, unit_text, word};

use crate::DocumentError;

/// Units that only count: `3 × $35` says it.
const PIECES: &[&str] = &["", "pcs", "pc", "ea", "個", "个", "件"];

/// What writes a company's paper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) locale: Locale,
    currency: &'static Currency,
    /// `None` where the company's zone is unknown to us: times are then UTC and say so.
    zone: Option<chrono_tz::Tz>,
}

impl Words {
    pub(crate) fn of(company: &Company) -> Result<Self, DocumentError> {
        let currency = Currency::of(&company.currency).ok_or_else(|| DocumentError::UnknownCurrency(company.currency.clone()))?;
        let locale = Locale::from_tag(&company.locale).unwrap_or_else(|| Locale::best_match(&company.locale));
        Ok(Self { locale, currency, zone: company.time_zone.parse().ok() })
    }

    pub(crate) fn say(&self, key: Key) -> String {
        text(self.locale, key)
    }

    pub(crate) fn say_with(&self, key: Key, name: &str, value: &str) -> String {
        text_with(self.locale, key, &[(name, value.into())])
    }

    pub(crate) fn say_all(&self, key: Key, args: &[(&str, Arg<'_>)]) -> String {
        text_with(self.locale, key, args)
    }

    pub(crate) fn word(&self, family: &str, value: &str) -> String {
        word(self.locale, family, value)
    }

    /// `$1,365`, `−$30`.
    pub(crate) fn money(&self, amount: Money) -> String {
        self.currency.with_symbol(amount)
    }

    /// `$48.5`.
    pub(crate) fn price(&self, price: UnitPrice) -> String {
        let figure = self.currency.price_figure(price);
        match figure.strip_prefix('-') {
            Some(figure) => format!("−{}{figure}", self.currency.symbol),
            None => format!("{}{figure}", self.currency.symbol),
        }
    }

    /// `3`, `1.24 kg`, `−2`.
    pub(crate) fn quantity(&self, quantity: Quantity, unit: &str) -> String {
        let figure = quantity.to_string().replace('-', "−");
        if PIECES.contains(&unit.to_lowercase().as_str()) { figure } else { format!("{figure} {}", unit_text(self.locale, unit)) }
    }

    /// `5`, `8.875`: without the percent sign.
    pub(crate) fn percent(&self, rate: Rate) -> String {
        rate.percent_figure()
    }

    pub(crate) fn date(&self, date_of_business: BusinessDate) -> String {
        let day = date_of_business.0;
        date(self.locale, day.year(), day.month(), day.day())
    }

    /// Date and time on the shop's clock.
    pub(crate) fn moment(&self, at: Instant) -> String {
        let Some(utc) = at.utc() else { return "–".to_owned() };
        match self.zone {
            Some(zone) => self.local(&utc.with_timezone(&zone)),
            None => format!("{} UTC", self.local(&utc)),
        }
    }

    fn local(&self, at: &(impl Datelike + Timelike)) -> String {
        date_time(self.locale, at.year(), at.month(), at.day(), at.hour(), at.minute())
    }

    /// Time of day on the shop's clock.
    pub(crate) fn clock(&self, at: Instant) -> String {
        let Some(utc) = at.utc() else { return "–".to_owned() };
        let (hour, minute) = match self.zone {
            Some(zone) => {
                let local = utc.with_timezone(&zone);
                (local.hour(), local.minute())
            }
            None => (utc.hour(), utc.minute()),
        };
        time(hour, minute)
    }
}
