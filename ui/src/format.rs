//! Figures, dates and times as the shop writes them: its currency, its time zone.

use std::cell::RefCell;

use chrono::Datelike;
use js_sys::{Array, Function, Object, Reflect};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::{Money, Quantity, UnitPrice};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::state::app;
use crate::text::{key, locale, tx};

/// `$1,365`.
pub(crate) fn money(amount: Money) -> String {
    app().currency().with_symbol(amount)
}

/// The figure without its symbol, as it stands in an input: `1,365`.
pub(crate) fn money_figure(amount: Money) -> String {
    app().currency().figure(amount)
}

/// A unit price with its symbol: `$48.5`.
pub(crate) fn price(price: UnitPrice) -> String {
    let currency = app().currency();
    format!("{}{}", currency.symbol, currency.price_figure(price))
}

/// A unit price as it stands in an input.
pub(crate) fn price_figure(price: UnitPrice) -> String {
    app().currency().price_figure(price)
}

/// How much of a file is there: `1.2 of 3.4 MB`.
pub(crate) fn megabytes(done: i64, total: i64) -> String {
    tx(key::COMMON_MEGABYTES, &[("done", tenths_of_megabytes(done).into()), ("total", tenths_of_megabytes(total).into())])
}

fn tenths_of_megabytes(bytes: i64) -> String {
    let tenths = bytes.max(0) / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `1.24`.
pub(crate) fn quantity(quantity: Quantity) -> String {
    quantity.to_string()
}

/// A business date, short.
pub(crate) fn date(date: BusinessDate) -> String {
    kontor_translations::date(locale(), date.0.year(), date.0.month(), date.0.day())
}

/// A business date with its weekday.
pub(crate) fn long_date(date: BusinessDate) -> String {
    let weekday = date.0.weekday().number_from_monday();
    kontor_translations::long_date(locale(), date.0.year(), date.0.month(), date.0.day(), weekday)
}

/// The time of day at the shop: `10:44`.
pub(crate) fn time(at: Instant) -> String {
    let there = at_shop(at);
    kontor_translations::time(there.hour, there.minute)
}

/// Date and time at the shop.
pub(crate) fn date_time(at: Instant) -> String {
    let there = at_shop(at);
    kontor_translations::date_time(locale(), there.year, there.month, there.day, there.hour, there.minute)
}

/// A moment on the shop's calendar and clock.
#[derive(Clone, Copy, Debug, Default)]
struct Calendar {
    year: i32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
}

thread_local! {
    /// Making a formatter is dear, and a list formats hundreds: the last zone's is kept.
    static FORMATTER: RefCell<Option<(String, Function)>> = const { RefCell::new(None) };
}

/// The shop's time zone; before there is a shop, the computer's.
fn zone() -> String {
    let of_shop = app().session.with_untracked(|session| session.as_ref().map(|session| session.company.time_zone.clone()));
    of_shop.or_else(|| app().start.with_untracked(|start| start.as_ref().map(|start| start.time_zone.clone()))).unwrap_or_default()
}

fn new_formatter(zone: &str) -> Option<Function> {
    let options = Object::new();
    let set = |name: &str, value: &str| Reflect::set(&options, &name.into(), &value.into()).is_ok();
    for (name, style) in [("year", "numeric"), ("month", "2-digit"), ("day", "2-digit"), ("hour", "2-digit"), ("minute", "2-digit")] {
        set(name, style);
    }
    set("hourCycle", "h23");
    if !zone.is_empty() {
        set("timeZone", zone);
    }
    // A zone that this web view does not know throws: then the computer's own zone serves.
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let class: Function = Reflect::get(&intl, &"DateTimeFormat".into()).ok()?.dyn_into().ok()?;
    let arguments = Array::of2(&"en-CA".into(), &options);
    let formatter = Reflect::construct(&class, &arguments).or_else(|_| Reflect::construct(&class, &Array::of1(&"en-CA".into())));
    let formatter = formatter.ok()?;
    let to_parts: Function = Reflect::get(&formatter, &"formatToParts".into()).ok()?.dyn_into().ok()?;
    Some(to_parts.bind0(&formatter))
}

fn parts(at: Instant) -> Option<Array> {
    let zone = zone();
    let to_parts = FORMATTER.with_borrow_mut(|kept| {
        if let Some((known, to_parts)) = kept
            && *known == zone
        {
            return Some(to_parts.clone());
        }
        let to_parts = new_formatter(&zone)?;
        *kept = Some((zone, to_parts.clone()));
        Some(to_parts)
    })?;
    // Milliseconds of this century are far below 2^53.
    let moment = js_sys::Date::new(&JsValue::from_f64(at.0 as f64));
    to_parts.call1(&JsValue::NULL, &moment).ok()?.dyn_into().ok()
}

fn at_shop(at: Instant) -> Calendar {
    let mut there = Calendar::default();
    for part in parts(at).iter().flat_map(Array::iter) {
        let text = |name: &str| Reflect::get(&part, &name.into()).ok().and_then(|value| value.as_string()).unwrap_or_default();
        let value: u32 = text("value").parse().unwrap_or_default();
        match text("type").as_str() {
            "year" => there.year = i32::try_from(value).unwrap_or_default(),
            "month" => there.month = value,
            "day" => there.day = value,
            "hour" => there.hour = value % 24,
            "minute" => there.minute = value,
            _ => {}
        }
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_in_megabytes() {
        let told = [0, 99_999, 1_250_000, -1].map(tenths_of_megabytes);
        assert_eq!(told, ["0.0", "0.0", "1.2", "0.0"]);
    }
}
