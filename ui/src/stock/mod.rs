//! Stock: what is where, how it came there, goods in, differences, and what needs a person.

mod adjust;
mod attention;
mod balances;
mod documents;
mod lines;
mod moves;
mod picker;
mod receive;

use std::cell::RefCell;

use kontor_domain::ids::{LocationId, ProductId};
use kontor_domain::stock::LocationKind;
use leptos::prelude::*;

use crate::parts::{Tabs, Tag};
use crate::place::{Place, StockPlace, go};
use crate::state::app;
use crate::text::{key, t, word};
use crate::toast::Tone;

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
        StockPlace::Attention => view! { <attention::AttentionList chosen=chosen/> }.into_any(),
    };
    let waiting = move || app().session.with(|session| session.as_ref().map_or(0, |session| session.attention_count));
    let tabs = vec![
        (StockPlace::Balances, t(key::STOCK_BALANCES)),
        (StockPlace::Moves, t(key::STOCK_MOVES)),
        (StockPlace::Documents, t(key::STOCK_DOCUMENTS)),
        (StockPlace::Receive, t(key::STOCK_RECEIVE)),
        (StockPlace::Adjust, t(key::STOCK_ADJUST)),
        (StockPlace::Attention, t(key::ATTENTION_TITLE)),
    ];
    view! {
        <div class="page stock">
            <div class="head">
                <h1>{t(key::STOCK_TITLE)}</h1>
                {move || Some(waiting()).filter(|count| *count > 0).map(|count| view! { <Tag tone=Tone::Need text=count.to_string()/> })}
                <div class="actions"><Tabs label=t(key::STOCK_TITLE) options=tabs chosen=chosen/></div>
            </div>
            {body}
        </div>
    }
}
