//! What needs a person: what happened, where the data is, what can be done.

use kontor_domain::attention::{self, Attention, AttentionKind, ListAttention};
use kontor_domain::catalog::{GetProduct, ProductHit, ScanCode};
use kontor_domain::command::{Command, Event};
use kontor_domain::ids::ProductId;
use kontor_domain::reject::Reject;
use kontor_translations::attention_text;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::lines::{self, Kind as Entered};
use crate::icon::Picture;
use crate::live::live;
use crate::parts::{Button, Empty, Kind, Skeleton};
use crate::place::{Place, ProductsPlace, StockPlace, go};
use crate::state::app;
use crate::text::{key, locale, refusal, t, tx, word};
use crate::{backend, format, icon};

/// How many are shown at once; the rest come up as these are settled.
const SHOWN: u32 = 100;

/// The open items.
#[component]
pub(super) fn AttentionList(chosen: RwSignal<StockPlace>) -> impl IntoView {
    let items = live(&[Event::AttentionChanged], || Some(ListAttention { offset: 0, limit: SHOWN }));
    let body = move || match (items.get(), items.refusal.get()) {
        (None, None) => view! { <Skeleton height="120px"/> <Skeleton height="120px"/> }.into_any(),
        (None, Some(reject)) => view! { <Empty icon=icon::WARNING title="" text=refusal(&reject)/> }.into_any(),
        (Some(page), _) if page.rows.is_empty() => {
            view! { <Empty icon=icon::CHECK title=t(key::ATTENTION_EMPTY) text=t(key::ATTENTION_EMPTY_TEXT)/> }.into_any()
        }
        (Some(page), _) => {
            let more = page.total.saturating_sub(i64::try_from(page.rows.len()).unwrap_or(i64::MAX));
            view! {
                {page.rows.iter().map(|item| card(item, chosen)).collect_view()}
                {(more > 0).then(|| view! { <p class="muted">{tx(key::ATTENTION_MORE, &[("count", more.into())])}</p> })}
            }
            .into_any()
        }
    };
    view! { <div class="attention col">{body}</div> }
}

fn card(item: &Attention, chosen: RwSignal<StockPlace>) -> impl IntoView + use<> {
    let is_stock = item.kind == AttentionKind::StockBelowZero;
    let (id, product) = (item.id, ProductId(item.about_id));
    let class = if is_stock { "card item need" } else { "card item warn" };
    let resolve = move || {
        spawn_local(async move {
            if let Err(reject) = backend::execute(Command::Attention(attention::Command::Resolve { id })).await {
                app().toasts.refuse(&reject);
            }
        });
    };
    let acts = is_stock.then(|| {
        view! {
            <Button label=t(key::STOCK_RECEIVE) kind=Kind::Primary press=move || enter(Entered::Receipt, product, chosen)/>
            <Button label=t(key::STOCK_ADJUST) press=move || enter(Entered::Adjustment, product, chosen)/>
            <Button label=t(key::ATTENTION_OPEN_PRODUCT) press=move || go(Place::Products(ProductsPlace::One(product)))/>
        }
    });
    view! {
        <section class=class>
            <Picture icon=icon::WARNING/>
            <div class="col">
                <div class="row between">
                    <h3>{word("attention-kind", item.kind.word())}</h3>
                    <span class="small faint">{format::date_time(item.at)} " · " {t(key::SHELL_SAVED_HERE)}</span>
                </div>
                <p class="selectable">{attention_text(locale(), item)}</p>
                <div class="row wrap">
                    {acts}
                    <Button label=t(key::COMMON_DONE) icon=icon::CHECK press=resolve/>
                </div>
            </div>
        </section>
    }
}

/// Opens a receipt or adjustment with the product in it.
fn enter(kind: Entered, product: ProductId, chosen: RwSignal<StockPlace>) {
    spawn_local(async move {
        match find(product).await {
            Ok(Some(hit)) => lines::put(kind, hit),
            Ok(None) => {}
            Err(reject) => return app().toasts.refuse(&reject),
        }
        let _ = chosen.try_set(match kind {
            Entered::Receipt => StockPlace::Receive,
            Entered::Adjustment => StockPlace::Adjust,
        });
    });
}

/// The product as a list shows it, by its code.
async fn find(id: ProductId) -> Result<Option<ProductHit>, Reject> {
    let Some(detail) = backend::ask(GetProduct { id }).await? else { return Ok(None) };
    let hits = backend::ask(ScanCode { code: detail.draft.code }).await?;
    Ok(hits.into_iter().map(|hit| hit.product).find(|hit| hit.id == id))
}
