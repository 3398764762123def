//! Receipts and adjustments, newest first.

use kontor_domain::command::Event;
use kontor_domain::stock::{ListDocuments, StockDocumentKind, StockDocumentLine, StockDocumentView};
use leptos::prelude::*;

use super::open_moves_of;
use crate::parts::{Button, Column, Dialog, Empty, Kind, Rows, Tag, VirtualTable};
use crate::place::StockPlace;
use crate::text::{self, key, t, word};
use crate::toast::Tone;
use crate::{format, icon};

/// The list.
#[component]
pub(super) fn Documents(chosen: RwSignal<StockPlace>) -> impl IntoView {
    let rows = Rows::new(&[Event::StockChanged], |offset, limit| ListDocuments { offset, limit });
    let shown = RwSignal::new(None::<StockDocumentView>);
    let is_open = RwSignal::new(false);
    let open = Callback::new(move |row: StockDocumentView| {
        shown.set(Some(row));
        is_open.set(true);
    });
    let title = Signal::derive(move || shown.with(|shown| shown.as_ref().map(|shown| shown.document.number.clone())).unwrap_or_default());
    let empty = move || {
        view! {
            <Empty icon=icon::PAPER title=t(key::STOCK_NO_DOCUMENTS) text=t(key::STOCK_NO_DOCUMENTS_TEXT)>
                <Button label=t(key::STOCK_RECEIVE) kind=Kind::Primary press=move || chosen.set(StockPlace::Receive)/>
            </Empty>
        }
    };
    view! {
        <VirtualTable label=t(key::STOCK_DOCUMENTS) rows=rows columns=columns() open=open least_width=860 empty=empty/>
        <Dialog open=is_open title=title wide=true>{move || shown.get().map(|shown| document(&shown))}</Dialog>
    }
}

fn columns() -> Vec<Column<StockDocumentView>> {
    type Row = StockDocumentView;
    vec![
        Column::new(t(key::SALES_WHEN), "184px", |row: &Row| view! { <span class="muted">{format::date_time(row.document.at)}</span> }),
        Column::new(t(key::SALES_NUMBER), "190px", |row: &Row| view! { <span class="strong">{row.document.number.clone()}</span> }),
        Column::new(t(key::STOCK_KIND), "150px", |row: &Row| kind_tag(row.document.kind)),
        Column::new(t(key::STOCK_LOCATION), "130px", |row: &Row| row.location_code.clone()),
        Column::new(t(key::SALES_NOTE), "minmax(140px, 1fr)", |row: &Row| view! { <span class="muted">{row.document.note.clone()}</span> }),
        Column::new(t(key::SALES_LINES), "80px", |row: &Row| row.lines.len().to_string()).figures(),
        Column::new(t(key::STOCK_PERSON), "130px", |row: &Row| view! { <span class="muted">{row.person_name.clone()}</span> }),
    ]
}

fn kind_tag(kind: StockDocumentKind) -> impl IntoView {
    let tone = match kind {
        StockDocumentKind::Receipt => Tone::Ok,
        StockDocumentKind::Adjustment => Tone::Warn,
    };
    view! { <Tag tone=tone text=word("stock-document", kind.word())/> }
}

fn document(shown: &StockDocumentView) -> impl IntoView + use<> {
    let document = &shown.document;
    let rows = shown.lines.iter().map(line).collect_view();
    view! {
        <div class="row wrap muted">
            {kind_tag(document.kind)}
            <span>{format::date_time(document.at)}</span>
            <span>{shown.location_code.clone()}</span>
            <span>{shown.person_name.clone()}</span>
        </div>
        {(!document.note.is_empty()).then(|| view! { <p class="selectable notetext">{document.note.clone()}</p> })}
        <table class="plain">
            <thead>
                <tr>
                    <th>{t(key::STOCK_PRODUCT)}</th>
                    <th>{t(key::STOCK_REASON)}</th>
                    <th class="num">{t(key::SALES_QUANTITY)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn line(line: &StockDocumentLine) -> impl IntoView + use<> {
    let (product, name) = (line.product_id, line.name.clone());
    view! {
        <tr>
            <td>
                <button type="button" class="link strong" on:click=move |_| open_moves_of(product, name.clone())>{line.name.clone()}</button>
                <div class="small muted">{line.code.clone()}</div>
            </td>
            <td>{word("reason", line.reason.word())}</td>
            <td class="num nowrap">{format::quantity(line.quantity)} " " <span class="small muted">{text::unit(&line.unit)}</span></td>
        </tr>
    }
}
