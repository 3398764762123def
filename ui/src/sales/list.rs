//! All sales and refunds, newest first.

use std::cell::RefCell;

use kontor_domain::command::Event;
use kontor_domain::counter::{FindSale, ListSales, SaleFilter, SaleKind, SaleRow};
use kontor_domain::time::BusinessDate;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::parts::tender_words;
use crate::keys::Taken;
use crate::parts::{Button, Column, DayField, Empty, Kind, Rows, SearchField, Tabs, Tag, VirtualTable, today};
use crate::place::{Place, go};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, t, tx, word};
use crate::toast::Tone;
use crate::{backend, format, icon, scanner};

thread_local! {
    /// What was looked for last: coming back from a sale shows the same list.
    static KEPT: RefCell<SaleFilter> = RefCell::new(SaleFilter::default());
}

/// Shows the sales of one day.
pub(crate) fn show_day(day: BusinessDate) {
    KEPT.set(SaleFilter { business_date: Some(day), ..SaleFilter::default() });
    go(Place::Sales(None));
}

/// The list.
#[component]
pub(super) fn SaleList() -> impl IntoView {
    let kept = KEPT.with_borrow(Clone::clone);
    let text = RwSignal::new(kept.text);
    let day = RwSignal::new(kept.business_date);
    let kind = RwSignal::new(kept.kind);
    let filter = Memo::new(move |_| SaleFilter {
        text: text.get().trim().to_owned(),
        business_date: day.get(),
        kind: kind.get(),
        warehouse_id: None,
        order: None,
    });
    Effect::new(move |_| KEPT.set(filter.get()));
    let rows = Rows::new(&[Event::SaleMade], move |offset, limit| ListSales { filter: filter.get(), offset, limit });
    scanner::on_scan(open_scanned);
    let clear = Callback::new(move |()| {
        text.set(String::new());
        day.set(None);
        kind.set(None);
    });
    let kinds =
        vec![(None, t(key::COMMON_ALL)), (Some(SaleKind::Sale), t(key::SALES_ONLY_SALES)), (Some(SaleKind::Refund), t(key::SALES_ONLY_REFUNDS))];
    view! {
        <div class="page sales">
            <div class="head">
                <h1>{t(key::SALES_TITLE)}</h1>
                <span class="muted">{move || rows.total().map(count)}</span>
            </div>
            <div class="filters">
                <SearchField value=text placeholder=t(key::SALES_SEARCH)/>
                <Tabs label=t(key::SALES_KIND) options=kinds chosen=kind/>
                <span class="push row">
                    <DayChips day=day/>
                    <DayField value=day label=t(key::SALES_DAY)/>
                </span>
            </div>
            <VirtualTable
                label=t(key::SALES_TITLE)
                rows=rows
                columns=columns()
                open=Callback::new(move |row: SaleRow| go(Place::Sales(Some(row.id))))
                least_width=900
                empty=move || nothing(filter, clear)
            />
        </div>
    }
}

/// A count as it stands beside a heading.
fn count(count: usize) -> String {
    tx(key::SALES_COUNT, &[("count", i64::try_from(count).unwrap_or(i64::MAX).into())])
}

/// Today and every day, one press away.
#[component]
fn DayChips(day: RwSignal<Option<BusinessDate>>) -> impl IntoView {
    let chip = move |label: String, value: Signal<Option<BusinessDate>>| {
        let is_on = move || (day.get() == value.get()).to_string();
        view! { <button type="button" class="chip" aria-pressed=is_on on:click=move |_| day.set(value.get_untracked())>{label}</button> }
    };
    view! {
        {chip(t(key::COMMON_TODAY), Signal::derive(today))}
        {chip(t(key::SALES_EVERY_DAY), Signal::derive(|| None))}
    }
}

fn columns() -> Vec<Column<SaleRow>> {
    vec![
        Column::new(t(key::SALES_WHEN), "176px", |row: &SaleRow| view! { <span class="muted">{format::date_time(row.at)}</span> }),
        Column::new(t(key::SALES_NUMBER), "minmax(210px, 1.4fr)", number),
        Column::new(t(key::SALES_CUSTOMER), "minmax(140px, 1fr)", |row: &SaleRow| row.customer_name.clone()),
        Column::new(t(key::SALES_PERSON), "minmax(102px, .7fr)", |row: &SaleRow| view! { <span class="muted">{row.person_name.clone()}</span> }),
        Column::new(t(key::SALES_PAID_BY), "minmax(102px, .7fr)", |row: &SaleRow| view! { <span class="muted">{tender_words(&row.tenders)}</span> }),
        Column::new(t(key::SALES_LINES), "80px", |row: &SaleRow| row.lines.to_string()).figures(),
        Column::new(t(key::SALES_TOTAL), "164px", |row: &SaleRow| view! { <b>{format::money(row.total)}</b> }).figures(),
    ]
}

fn number(row: &SaleRow) -> impl IntoView + use<> {
    let is_refund = row.kind == SaleKind::Refund;
    view! {
        <span class="row">
            <span class="strong">{row.number.clone()}</span>
            {is_refund.then(|| view! { <Tag tone=Tone::Plain text=word("sale-kind", SaleKind::Refund.word())/> })}
        </span>
    }
}

fn nothing(filter: Memo<SaleFilter>, clear: Callback<()>) -> AnyView {
    if filter.with(|filter| *filter == SaleFilter::default()) {
        return view! {
            <Empty icon=icon::PAPER title=t(key::SALES_EMPTY) text=t(key::SALES_EMPTY_TEXT)>
                <Button label=t(key::SALES_GO_SELL) kind=Kind::Primary press=|| go(Place::Counter)/>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Empty icon=icon::SEARCH title=t(key::SALES_NO_MATCH) text=t(key::SALES_NO_MATCH_TEXT)>
            <Button label=t(key::SALES_CLEAR_FILTERS) press=move || clear.run(())/>
        </Empty>
    }
    .into_any()
}

/// A receipt's barcode is its number.
fn open_scanned(code: String) -> Taken {
    spawn_local(async move {
        match backend::ask(FindSale { number: code.clone() }).await {
            Ok(Some(found)) => {
                sound::play(Sound::Ok);
                go(Place::Sales(Some(found.sale.id)));
            }
            Ok(None) => {
                sound::play(Sound::Unknown);
                app().toasts.say(Tone::Warn, tx(key::SALES_NUMBER_UNKNOWN, &[("number", code.into())]));
            }
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
    Taken::Yes
}
