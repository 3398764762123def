//! Stock: what is where, how it came there, goods in, differences.

mod adjust;
mod balances;
mod documents;
mod lines;
mod moves;
mod picker;
mod receive;

use std::cell::RefCell;

use kontor_domain::catalog::{GetProduct, ProductHit, ScanCode};
use kontor_domain::ids::{LocationId, ProductId};
use kontor_domain::reject::Reject;
use kontor_domain::stock::LocationKind;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend;
use crate::parts::Tabs;
use crate::place::{Place, StockPlace, go};
use crate::state::app;
use crate::text::{key, t, word};

thread_local! {
    /// Whose moves were asked for from elsewhere.
    static WANTED: RefCell<Option<MovesOf>> = const { RefCell::new(None) };
}

/// Which moves are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MovesOf {
    /// Of this product only, with its name.
    product: Option<(ProductId, String)>,
    /// From or to this location only.
    location: Option<LocationId>,
}

/// Shows a product's ledger lines.
pub(crate) fn open_moves_of(product: ProductId, name: String) {
    WANTED.set(Some(MovesOf { product: Some((product, name)), location: None }));
    go(Place::Stock(StockPlace::Moves));
}

/// Opens a receipt or an adjustment with a product in it.
pub(crate) fn enter_product(place: StockPlace, product: ProductId) {
    let kind = if place == StockPlace::Receive { lines::Kind::Receipt } else { lines::Kind::Adjustment };
    spawn_local(async move {
        match find(product).await {
            Ok(Some(hit)) => lines::put(kind, hit),
            Ok(None) => {}
            Err(reject) => return app().toasts.refuse(&reject),
        }
        go(Place::Stock(place));
    });
}

/// The product as a list shows it, by its code.
async fn find(id: ProductId) -> Result<Option<ProductHit>, Reject> {
    let Some(detail) = backend::ask(GetProduct { id }).await? else { return Ok(None) };
    let hits = backend::ask(ScanCode { code: detail.draft.code }).await?;
    Ok(hits.into_iter().map(|hit| hit.product).find(|hit| hit.id == id))
}

/// A place as people call it: ours by its code, a virtual one by what it stands for.
pub(crate) fn location_name(code: &str, kind: LocationKind) -> String {
    if kind.is_real() { code.to_owned() } else { word("location-kind", kind.word()) }
}

/// The real locations of this till's warehouse: (id, words).
pub(crate) fn location_options() -> Vec<(String, String)> {
    app().session.with(|session| {
        let all = session.iter().flat_map(|session| session.locations.iter());
        let words = |location: &kontor_domain::stock::Location| match location.kind {
            LocationKind::Shelf => location.code.clone(),
            kind => format!("{} · {}", location.code, word("location-kind", kind.word())),
        };
        all.filter(|location| location.kind.is_real()).map(|location| (location.id.to_string(), words(location))).collect()
    })
}

/// Where this till sells from.
fn selling_location() -> Option<LocationId> {
    app().session.with_untracked(|session| session.as_ref().and_then(|session| session.till.as_ref().map(|till| till.location_id)))
}

/// The screen.
#[component]
pub(crate) fn StockScreen(place: StockPlace) -> impl IntoView {
    let chosen = RwSignal::new(place);
    let moves_of = RwSignal::new(WANTED.take().unwrap_or_default());
    let body = move || match chosen.get() {
        StockPlace::Balances => view! { <balances::Balances moves_of=moves_of chosen=chosen/> }.into_any(),
        StockPlace::Moves => view! { <moves::Moves of=moves_of chosen=chosen/> }.into_any(),
        StockPlace::Documents => view! { <documents::Documents chosen=chosen/> }.into_any(),
        StockPlace::Receive => view! { <receive::ReceivePage chosen=chosen/> }.into_any(),
        StockPlace::Adjust => view! { <adjust::AdjustPage chosen=chosen/> }.into_any(),
    };
    let tabs = vec![
        (StockPlace::Balances, t(key::STOCK_BALANCES)),
        (StockPlace::Moves, t(key::STOCK_MOVES)),
        (StockPlace::Documents, t(key::STOCK_DOCUMENTS)),
        (StockPlace::Receive, t(key::STOCK_RECEIVE)),
        (StockPlace::Adjust, t(key::STOCK_ADJUST)),
    ];
    view! {
        <div class="page stock">
            <div class="head">
                <h1>{t(key::STOCK_TITLE)}</h1>
                <div class="actions"><Tabs label=t(key::STOCK_TITLE) options=tabs chosen=chosen/></div>
            </div>
            {body}
        </div>
    }
}
