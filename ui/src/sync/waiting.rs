//! What this till has not had answered yet.

use kontor_domain::host::{HostCall, Waiting};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::parts::Empty;
use crate::state::app;
use crate::text::{key, t, tx, word};
use crate::{backend, format, icon};

/// How many are listed.
const SHOWN: u32 = 50;

/// The list, asked for again whenever their number changes.
#[component]
pub(super) fn WaitingList(waiting: Memo<i64>) -> impl IntoView {
    let rows = RwSignal::new(None::<Vec<Waiting>>);
    let newest = StoredValue::new(0_u32);
    Effect::new(move |_| {
        waiting.track();
        newest.update_value(|count| *count = count.wrapping_add(1));
        let number = newest.get_value();
        spawn_local(async move {
            let answer = backend::host::<Vec<Waiting>>(HostCall::ListWaiting { limit: SHOWN }).await;
            // Gone meanwhile, or asked again.
            if newest.try_get_value() != Some(number) {
                return;
            }
            match answer {
                Ok(found) => rows.set(Some(found)),
                Err(reject) => app().toasts.refuse(&reject),
            }
        });
    });
    move || {
        rows.get().map(|rows| {
            if rows.is_empty() {
                return view! { <Empty icon=icon::CHECK title=t(key::SYNC_NOTHING_WAITS) text=t(key::SYNC_NOTHING_WAITS_TEXT)/> }.into_any();
            }
            let more = waiting.get().saturating_sub(i64::try_from(rows.len()).unwrap_or(i64::MAX));
            table(&rows, more)
        })
    }
}

fn table(rows: &[Waiting], more: i64) -> AnyView {
    let row = |waiting: &Waiting| {
        view! {
            <tr>
                <td class="nowrap">{format::date_time(waiting.at)}</td>
                <td>{word("command", &waiting.name)}</td>
                <td class="selectable">{waiting.number.clone()}</td>
            </tr>
        }
    };
    view! {
        <section class="card tablecard">
            <h3 class="over">{t(key::SYNC_WAITS)}</h3>
            <table class="plain">
                <thead>
                    <tr>
                        <th>{t(key::SYNC_WHEN)}</th>
                        <th>{t(key::SYNC_WHAT)}</th>
                        <th>{t(key::SYNC_NUMBER)}</th>
                    </tr>
                </thead>
                <tbody>{rows.iter().map(row).collect_view()}</tbody>
            </table>
            {(more > 0).then(|| view! { <p class="under muted">{tx(key::SYNC_MORE, &[("count", more.into())])}</p> })}
        </section>
    }
    .into_any()
}
