//! Sales by hour: bars, and the same as a table for those who cannot see them.

use kontor_domain::units::Money;
use leptos::prelude::*;

use super::scale::{Bar, bars, part_of, top_of};
use crate::format;
use crate::text::{key, t, tx};

/// Height of the drawing's grid.
const HEIGHT: i64 = 200;
/// Width of an hour on it.
const STEP: i64 = 48;
/// Room for usual figures at the side.
const SIDE: i64 = 84;
/// Room for one character of a longer one.
const CHARACTER: i64 = 8;
/// Room above the highest bar.
const ABOVE: i64 = 14;
/// Room for the hours below.
const BELOW: i64 = 26;

/// The chart.
#[component]
pub(super) fn Hours(hours: Vec<(i64, Money, i64)>) -> impl IntoView {
    let bars = bars(&hours);
    let top = top_of(bars.iter().map(|bar| bar.amount.0).max().unwrap_or(1).max(1));
    let side = side(top);
    let width = side + STEP * i64::try_from(bars.len()).unwrap_or(24);
    let frame = format!("0 0 {width} {}", ABOVE + HEIGHT + BELOW);
    let lines = [top, top / 2, 0].into_iter().map(|amount| line(amount, top, side, width)).collect_view();
    let drawn = bars.iter().enumerate().map(|(place, bar)| drawn(place, bar, top, side)).collect_view();
    let rows = bars.iter().filter(|bar| bar.sales > 0).map(row).collect_view();
    view! {
        <svg class="chart" viewBox=frame role="img" aria-label=t(key::TODAY_BY_HOUR)>{lines} {drawn}</svg>
        <table class="hidden-label">
            <caption>{t(key::TODAY_BY_HOUR)}</caption>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Room for the figures at the side: the highest is the longest.
fn side(top: i64) -> i64 {
    let characters = i64::try_from(format::money(Money(top)).chars().count()).unwrap_or_default();
    SIDE.max(10 + CHARACTER * characters)
}

fn line(amount: i64, top: i64, side: i64, width: i64) -> impl IntoView {
    let y = ABOVE + HEIGHT - part_of(amount, top, HEIGHT);
    view! {
        <line class="grid" x1=side.to_string() x2=width.to_string() y1=y.to_string() y2=y.to_string()></line>
        <text class="figure" x=(side - 10).to_string() y=(y + 4).to_string() text-anchor="end">{format::money(Money(amount))}</text>
    }
}

fn words(bar: &Bar) -> String {
    let hour = format!("{:02}:00", bar.hour);
    tx(key::TODAY_HOUR, &[("hour", hour.into()), ("amount", format::money(bar.amount).into()), ("count", bar.sales.into())])
}

fn drawn(place: usize, bar: &Bar, top: i64, side: i64) -> impl IntoView + use<> {
    let left = side + STEP * i64::try_from(place).unwrap_or_default();
    let height = part_of(bar.amount.0, top, HEIGHT);
    let middle = (left + STEP / 2).to_string();
    let drawing = (height > 0).then(|| {
        view! {
            <rect
                class="hourbar"
                x=(left + 8).to_string()
                y=(ABOVE + HEIGHT - height).to_string()
                width=(STEP - 16).to_string()
                height=height.to_string()
                rx="4"
            ></rect>
        }
    });
    view! {
        <g class="hour">
            <title>{words(bar)}</title>
            <rect class="hit" x=left.to_string() y="0" width=STEP.to_string() height=(ABOVE + HEIGHT).to_string()></rect>
            {drawing}
            <text class="figure" x=middle y=(ABOVE + HEIGHT + 19).to_string() text-anchor="middle">{bar.hour.to_string()}</text>
        </g>
    }
}

fn row(bar: &Bar) -> impl IntoView + use<> {
    view! { <tr><td>{words(bar)}</td></tr> }
}
