//! Finding by typing: the nearest products below the field, the first ready for Enter.

use std::time::Duration;

use kontor_domain::catalog::{ProductHit, SearchProducts};
use kontor_domain::command::Event;
use kontor_domain::units::Quantity;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use super::{add_hit, add_scan, basket, scans};
use crate::format;
use crate::icon::{self, Picture};
use crate::keys::{Action, shown};
use crate::live::{Live, live};
use crate::parts::{Button, Kind, Nearest, Swatch};
use crate::place::{Place, ProductsPlace, go};
use crate::scanner;
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, t, tx};

/// The id of the field, so that a key can put the cursor there.
const FIELD: &str = "counter-search";
/// Hits that are shown: twice what the list has room for. Who does not find it there types one letter more.
const HITS: u32 = 24;
/// How long typed text waits before it is looked for: the first keys of a scan are typed, too, and taken back sooner.
const SETTLE: Duration = Duration::from_millis(30);

fn field() -> Option<web_sys::HtmlInputElement> {
    web_sys::window()?.document()?.get_element_by_id(FIELD)?.dyn_into().ok()
}

/// Puts the cursor into the search.
pub(super) fn focus() {
    request_animation_frame(|| {
        if let Some(field) = field() {
            let _ = field.focus();
        }
    });
}

/// What Enter and the arrows work on; one search is on the screen at a time.
#[derive(Clone, Copy)]
struct Hits {
    hits: Live<Vec<ProductHit>>,
    chosen: RwSignal<usize>,
    /// Enter was pressed before the answer was there.
    wanted: RwSignal<bool>,
}

thread_local! {
    static HERE: std::cell::Cell<Option<Hits>> = const { std::cell::Cell::new(None) };
}

fn needle() -> String {
    app().counter.search.with(|text| basket::split_times(text).1.trim().to_owned())
}

#[component]
pub(super) fn SearchBox() -> impl IntoView {
    let counter = app().counter;
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if field.get().is_some() {
            focus();
        }
    });
    let times = move || {
        let times = counter.search.with(|text| basket::split_times(text).0);
        times.map(|quantity| view! { <span class="chip on">"× " {format::quantity(quantity)}</span> })
    };
    let waiting = move || {
        let count = i64::try_from(counter.waiting.get()).unwrap_or_default();
        (count > 1).then(|| view! { <span class="chip">{tx(key::COUNTER_SCANS_WAIT, &[("count", count.into())])}</span> })
    };
    view! {
        <label class="field large">
            <Picture icon=icon::SCAN/>
            {times}
            <input
                node_ref=field
                id=FIELD
                type="text"
                role="combobox"
                aria-expanded=move || (!needle().is_empty()).to_string()
                aria-controls="counter-found"
                autocomplete="off"
                spellcheck="false"
                placeholder=t(key::COUNTER_SEARCH)
                aria-label=t(key::COUNTER_SEARCH)
                prop:value=move || counter.search.get()
                on:input=move |_| set_timeout(take_typed, SETTLE)
                on:keydown=key_down
            />
            {waiting}
            <kbd>{shown(Action::Search)}</kbd>
        </label>
    }
}

/// What stands in the field is what is looked for.
fn take_typed() {
    let Some(field) = field() else { return };
    let (search, text) = (app().counter.search, field.value());
    if search.with_untracked(|known| *known != text) {
        search.set(text);
    }
}

fn key_down(event: leptos::ev::KeyboardEvent) {
    if event.is_composing() || event.key_code() == 229 {
        return;
    }
    if matches!(event.key().as_str(), "Enter" | "ArrowDown" | "ArrowUp") {
        take_typed();
    }
    if needle_now().is_empty() {
        return;
    }
    match event.key().as_str() {
        "Enter" => enter(),
        "ArrowDown" => walk(1),
        "ArrowUp" => walk(-1),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

fn needle_now() -> String {
    untrack(needle)
}

fn walk(step: isize) {
    let Some(here) = HERE.get() else { return };
    let last = here.hits.answer.with_untracked(|hits| hits.as_ref().map_or(0, Vec::len)).saturating_sub(1);
    here.chosen.update(|chosen| *chosen = chosen.saturating_add_signed(step).min(last));
}

/// Enter: a whole code or barcode as if it had been scanned, else the chosen hit.
fn enter() {
    let Some(here) = HERE.get() else { return };
    let text = needle_now();
    let may_be_code = here.chosen.get_untracked() == 0 && !text.contains(' ') && text.bytes().any(|byte| byte.is_ascii_digit());
    if !may_be_code {
        choose(here);
        return;
    }
    let times = app().counter.search.with_untracked(|text| basket::split_times(text).0).unwrap_or(Quantity::ONE);
    spawn_local(async move {
        let found = scanner::find(&text, times).await;
        // Typed on meanwhile: Enter meant what was there before, which is gone.
        if needle_now() != text {
            return;
        }
        match found.as_ref().map(|found| (found.hits.as_slice(), found.quantity)) {
            Ok(([hit], quantity)) => {
                app().counter.search.set(String::new());
                add_scan(hit, quantity);
            }
            Ok(([], _)) => choose(here),
            Ok(_) => scans::push(text),
            Err(reject) => app().toasts.refuse(reject),
        }
    });
}

fn choose(here: Hits) {
    if here.hits.waiting.get_untracked() {
        here.wanted.set(true);
        return;
    }
    here.wanted.set(false);
    let hit = here.hits.answer.with_untracked(|hits| hits.as_ref()?.get(here.chosen.get_untracked()).cloned());
    match hit {
        Some(hit) => take(&hit),
        None => sound::play(Sound::Unknown),
    }
}

fn take(hit: &ProductHit) {
    add_hit(hit);
    app().counter.search.set(String::new());
    focus();
}

/// What was found.
#[component]
pub(super) fn Found() -> impl IntoView {
    let hits = live(&[Event::CatalogChanged, Event::StockChanged], || {
        let text = needle();
        (!text.is_empty()).then_some(SearchProducts { text, limit: HITS })
    });
    let here = Hits { hits, chosen: RwSignal::new(0), wanted: RwSignal::new(false) };
    HERE.set(Some(here));
    on_cleanup(|| HERE.set(None));
    Effect::new(move |_| {
        needle();
        here.chosen.set(0);
        here.wanted.set(false);
    });
    Effect::new(move |_| {
        hits.answer.track();
        if !hits.waiting.get() && here.wanted.get_untracked() {
            choose(here);
        }
    });
    let list = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let chosen = u32::try_from(here.chosen.get()).unwrap_or_default();
        if let Some(row) = list.get().and_then(|list| list.children().item(chosen)) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
    let nothing = move || (!hits.waiting.get() && hits.answer.with(|hits| hits.as_ref().is_some_and(Vec::is_empty))).then(needle);
    view! {
        <div class="found">
            <div node_ref=list class="options" id="counter-found" role="listbox" aria-label=t(key::COUNTER_FOUND)>
                <ForEnumerate
                    each=move || hits.get().unwrap_or_default()
                    key=|hit| (hit.id, hit.price, hit.on_hand, hit.name.clone())
                    children=move |index, hit| option(index, hit, here)
                />
            </div>
            {move || nothing().map(|text| view! { <Nothing text=text/> })}
        </div>
    }
}

fn option(index: ReadSignal<usize>, hit: ProductHit, here: Hits) -> impl IntoView {
    let is_chosen = move || here.chosen.get() == index.get();
    let (name, code) = (hit.name.clone(), hit.code.clone());
    let (stock, price) = (format::quantity(hit.on_hand), format::price(hit.price));
    view! {
        <button
            type="button"
            class="option"
            role="option"
            tabindex="-1"
            aria-selected=move || is_chosen().to_string()
            on:click={
                let hit = hit.clone();
                move |_| take(&hit)
            }
        >
            <Swatch hue=hit.hue name=name.clone()/>
            <span class="grow"><span class="clip strong" style:display="block">{name}</span><span class="sub">{code}</span></span>
            <span class="faint small">{stock}</span>
            <b class="num" style:min-width="88px">{price}</b>
        </button>
    }
}

/// No match: how to make it, and what comes nearest.
#[component]
fn Nothing(text: String) -> impl IntoView {
    let made = text.clone();
    view! {
        <div class="col" style:padding="var(--s3)">
            <div class="row between wrap">
                <span class="strong">{tx(key::COMMON_NO_MATCH, &[("text", text.clone().into())])}</span>
                <Button label=t(key::COUNTER_CREATE) kind=Kind::Primary icon=icon::PLUS press=move || go(Place::Products(ProductsPlace::New(made.clone())))/>
            </div>
            <Nearest text=text take=Callback::new(|hit| take(&hit))/>
        </div>
    }
}
