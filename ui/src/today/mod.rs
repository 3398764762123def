//! The day in figures. Each figure opens what it sums.

mod chart;
mod scale;

use kontor_domain::command::Event;
use kontor_domain::counter::TenderKind;
use kontor_domain::reports::{Day, GetDay, TopProduct};
use kontor_domain::units::Money;
use leptos::prelude::*;

use crate::live::live;
use crate::parts::{Button, DayField, Empty, Kind, Skeleton, today};
use crate::place::{Place, ProductsPlace, go};
use crate::sales::show_day;
use crate::text::{key, refusal, t, tx, word};
use crate::{format, icon};

/// The screen.
#[component]
pub(crate) fn TodayScreen() -> impl IntoView {
    let chosen = RwSignal::new(untrack(today));
    let day = live(&[Event::SaleMade], move || chosen.get().or_else(today).map(|business_date| GetDay { business_date }));
    let is_today = move || chosen.get() == today();
    let body = move || match (day.get(), day.refusal.get()) {
        (Some(day), None) => shown(&day).into_any(),
        (_, Some(reject)) => view! { <Empty icon=icon::WARNING title="" text=refusal(&reject)/> }.into_any(),
        (None, None) => view! { <Skeleton height="104px"/> <Skeleton height="280px"/> }.into_any(),
    };
    view! {
        <div class="page scroll today">
            <div class="head">
                <h1>{move || if is_today() { t(key::TODAY_TITLE) } else { t(key::TODAY_OTHER) }}</h1>
                <span class="muted">{move || chosen.get().map(format::long_date)}</span>
                <div class="actions">
                    <Show when=move || !is_today()>
                        <Button label=t(key::COMMON_TODAY) press=move || chosen.set(untrack(today))/>
                    </Show>
                    <DayField value=chosen label=t(key::SALES_DAY)/>
                </div>
            </div>
            {body}
        </div>
    }
}

fn shown(day: &Day) -> impl IntoView + use<> {
    if day.sales == 0 && day.refunds == 0 {
        return view! {
            {figures(day)}
            <section class="card nosales">
                <Empty icon=icon::CHART title=t(key::TODAY_EMPTY) text=t(key::TODAY_EMPTY_TEXT)>
                    <Button label=t(key::SALES_GO_SELL) kind=Kind::Primary press=|| go(Place::Counter)/>
                </Empty>
            </section>
        }
        .into_any();
    }
    view! {
        {figures(day)}
        <div class="two flow">
            <div class="col">
                <section class="card pad col">
                    <h2 class="minor">{t(key::TODAY_BY_HOUR)}</h2>
                    <chart::Hours hours=day.hours.clone()/>
                </section>
                {top(day)}
            </div>
            <div class="col">{tenders(day)} {sums(day)}</div>
        </div>
    }
    .into_any()
}

fn figures(day: &Day) -> impl IntoView + use<> {
    let date = day.business_date;
    let open = move |_| show_day(date);
    let figure = move |label: String, value: String, below: Option<AnyView>| {
        view! {
            <button type="button" class="card pad figure" on:click=open>
                <span>{label}</span>
                <b>{value}</b>
                <small class="muted">{below}</small>
            </button>
        }
    };
    let refunds = (day.refunds > 0).then(|| tx(key::TODAY_REFUNDS, &[("count", day.refunds.into())]).into_any());
    view! {
        <div class="figures">
            {figure(t(key::TODAY_SALES), format::money(day.total), Some(week_before(day)))}
            {figure(t(key::TODAY_NUMBER), tx(key::PRODUCTS_COUNT, &[("count", day.sales.into())]), refunds)}
            {figure(t(key::TODAY_ITEMS), format::quantity(day.items), None)}
            {figure(t(key::TODAY_AVERAGE), format::money(day.average), None)}
        </div>
    }
}

/// How the day compares with the same weekday a week before.
fn week_before(day: &Day) -> AnyView {
    let difference = day.total.minus(day.week_before).ok();
    match difference.and_then(|difference| scale::percent(difference, day.week_before)) {
        Some(percent) => {
            let sign = if percent >= 0 { "+" } else { "−" };
            let change = format!("{sign}{} %", percent.unsigned_abs());
            tx(key::TODAY_WEEK_BEFORE, &[("change", change.into()), ("amount", format::money(day.week_before).into())]).into_any()
        }
        None => t(key::TODAY_NO_WEEK_BEFORE).into_any(),
    }
}

fn tenders(day: &Day) -> impl IntoView + use<> {
    let date = day.business_date;
    let row = |(tender, amount): &(TenderKind, Money)| {
        view! {
            <button type="button" class="option" on:click=move |_| show_day(date)>
                <span class="grow">{word("tender", tender.word())}</span>
                <b>{format::money(*amount)}</b>
            </button>
        }
    };
    let rows = day.tenders.iter().map(row).collect_view();
    view! {
        <section class="card pad">
            <h2 class="minor">{t(key::TODAY_TENDERS)}</h2>
            <div class="options flush">{rows}</div>
        </section>
    }
}

fn sums(day: &Day) -> impl IntoView + use<> {
    view! {
        <section class="card pad">
            <dl class="facts">
                <dt>{t(key::TODAY_TAX)}</dt>
                <dd>{format::money(day.tax)}</dd>
                <dt>{t(key::TODAY_DISCOUNT)}</dt>
                <dd>{format::money(day.discount)}</dd>
                <dt>{t(key::TODAY_REFUNDED)}</dt>
                <dd>{format::money(day.refunded)}</dd>
            </dl>
        </section>
    }
}

fn top(day: &Day) -> impl IntoView + use<> {
    let most = day.top.iter().map(|product| product.total.0).max().unwrap_or_default();
    let rows = day.top.iter().map(|product| top_row(product, most)).collect_view();
    view! {
        <section class="card tablecard">
            <h2 class="minor over">{t(key::TODAY_TOP)}</h2>
            <table class="plain">
                <thead>
                    <tr>
                        <th colspan="2">{t(key::STOCK_PRODUCT)}</th>
                        <th class="num">{t(key::SALES_QUANTITY)}</th>
                        <th class="num">{t(key::SALES_SUM)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

fn top_row(product: &TopProduct, most: i64) -> impl IntoView + use<> {
    let id = product.product_id;
    let width = scale::part_of(product.total.0, most, 100);
    view! {
        <tr>
            <td><button type="button" class="link strong" on:click=move |_| go(Place::Products(ProductsPlace::One(id)))>{product.name.clone()}</button></td>
            <td class="share"><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width=width.to_string() height="6" rx="1"></rect></svg></td>
            <td class="num">{format::quantity(product.quantity)}</td>
            <td class="num strong">{format::money(product.total)}</td>
        </tr>
    }
}
