//! Earlier imports, each undone as one.

use kontor_domain::catalog::{ImportSummary, ListImports};
use kontor_domain::command::Event;
use kontor_domain::host::HostCall;
use kontor_domain::ids::BatchId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::live::live;
use crate::parts::{Button, Confirm, Progress, Tag};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
use crate::{backend, format};

/// How many are listed.
const SHOWN: u32 = 20;

/// Created products are archived, changed ones get back what they had.
pub(super) fn undo(batch_id: BatchId) {
    spawn_local(async move {
        let result = backend::host::<ImportSummary>(HostCall::RevertImport { batch_id }).await;
        app().task.set(None);
        match result {
            Ok(summary) => app().toasts.say(Tone::Ok, tx(key::PRODUCTS_UNDONE, &[("count", summary.reverted.into())])),
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

/// The list; nothing where there was none.
#[component]
pub(super) fn Imports() -> impl IntoView {
    let imports = live(&[Event::CatalogChanged], || Some(ListImports { limit: SHOWN }));
    let asking = RwSignal::new(false);
    let chosen = StoredValue::new(None::<BatchId>);
    let ask = Callback::new(move |batch_id| {
        chosen.set_value(Some(batch_id));
        asking.set(true);
    });
    let list = move || {
        let all = imports.get().unwrap_or_default();
        (!all.is_empty()).then(|| {
            let rows = all.iter().map(|summary| row(summary, ask)).collect_view();
            view! {
                <section class="card tablecard">
                    <h2 class="minor over">{t(key::PRODUCTS_EARLIER_IMPORTS)}</h2>
                    <table class="plain">
                        <thead>
                            <tr>
                                <th>{t(key::SALES_WHEN)}</th>
                                <th class="num">{t(key::PRODUCTS_TO_CREATE)}</th>
                                <th class="num">{t(key::PRODUCTS_TO_CHANGE)}</th>
                                <td></td>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                    <div class="under"><Progress name="revert" label=t(key::PRODUCTS_UNDOING)/></div>
                </section>
            }
        })
    };
    let undo_chosen = Callback::new(move |()| {
        if let Some(batch_id) = chosen.get_value() {
            undo(batch_id);
        }
    });
    view! {
        {list}
        <Confirm
            open=asking
            title=t(key::PRODUCTS_UNDO_ASK)
            text=t(key::PRODUCTS_UNDO_TEXT)
            yes=t(key::PRODUCTS_UNDO_IMPORT)
            danger=true
            confirm=undo_chosen
        />
    }
}

fn row(summary: &ImportSummary, ask: Callback<BatchId>) -> impl IntoView + use<> {
    let batch_id = summary.batch_id;
    let is_undone = summary.reverted > 0 && summary.reverted >= summary.created.saturating_add(summary.changed);
    let action = if is_undone {
        view! { <Tag tone=Tone::Plain text=t(key::PRODUCTS_IS_UNDONE)/> }.into_any()
    } else {
        view! { <Button label=t(key::COMMON_UNDO) press=move || ask.run(batch_id)/> }.into_any()
    };
    view! {
        <tr>
            <td>{format::date_time(summary.at)}</td>
            <td class="num">{tx(key::PRODUCTS_COUNT, &[("count", summary.created.into())])}</td>
            <td class="num">{tx(key::PRODUCTS_COUNT, &[("count", summary.changed.into())])}</td>
            <td class="num">{action}</td>
        </tr>
    }
}
