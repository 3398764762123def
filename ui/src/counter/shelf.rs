//! The left side: search, categories, tiles; and over them whatever asks something.

use std::time::Duration;

use kontor_domain::catalog::{Category, ListCategories, ListProducts, ListTiles, ProductFilter, ProductHit, ProductSort};
use kontor_domain::command::Event;
use kontor_domain::ids::CategoryId;
use kontor_domain::units::Quantity;
use leptos::prelude::*;

use super::search::{Found, SearchBox};
use super::sheet::SheetView;
use super::{Sheet, Unknown, add_hit, basket};
use crate::backend::has_files;
use crate::format;
use crate::icon;
use crate::live::live;
use crate::parts::{Button, Empty, Kind, Photo, Skeleton, Strip, Tabs, hue};
use crate::place::{Place, ProductsPlace, go};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;

/// More tiles than this nobody looks through: that is what the search is for.
const TILES: u32 = 60;
/// Text that stays this long in the search was typed by a person.
const TYPED: Duration = Duration::from_millis(60);

#[component]
pub(super) fn Shelf() -> impl IntoView {
    let counter = app().counter;
    let has_shift = Memo::new(move |_| app().session.with(|session| session.as_ref().is_some_and(|session| session.shift.is_some())));
    let has_sheet = Memo::new(move |_| counter.sheet.with(|sheet| *sheet != Sheet::None) || !has_shift.get());
    view! {
        <section class="shelf" aria-label=t(key::COUNTER_SHELF)>
            // Under a sheet the shelf stays as it is, but cannot be reached.
            <div class="goods" inert=move || has_sheet.get()>
                <SearchBox/>
                <News/>
                <Goods/>
            </div>
            <Show when=move || has_sheet.get()>
                <SheetView/>
            </Show>
        </section>
    }
}

/// Codes that nobody knows, and the sale that was not finished. They lie over the category tabs,
/// so that nothing below moves.
#[component]
fn News() -> impl IntoView {
    let counter = app().counter;
    let unknown = move || counter.unknown.with(|unknown| unknown.last().cloned().map(|last| (last, unknown.len())));
    view! {
        <div class="news">
            {move || match unknown() {
                Some((last, count)) => Some(view! { <UnknownStrip unknown=last count=count/> }.into_any()),
                None if counter.unfinished.get() => Some(view! { <UnfinishedStrip/> }.into_any()),
                None => None,
            }}
        </div>
    }
}

#[component]
fn UnknownStrip(unknown: Unknown, count: usize) -> impl IntoView {
    let counter = app().counter;
    let code = unknown.code;
    let mut words = tx(if unknown.misread { key::COUNTER_MISREAD } else { key::COUNTER_UNKNOWN }, &[("code", code.as_str().into())]);
    if count > 1 {
        words.push_str(&tx(key::COUNTER_AND_MORE, &[("count", i64::try_from(count - 1).unwrap_or_default().into())]));
    }
    let forget = {
        let code = code.clone();
        move || counter.unknown.update(|all| all.retain(|known| known.code != code))
    };
    let (search, create) = (forget.clone(), forget.clone());
    let (searched, created) = (code.clone(), code);
    view! {
        <Strip tone=Tone::Need text=words>
            <Button label=t(key::COMMON_SEARCH) kind=Kind::Quiet press=move || {
                search();
                counter.search.set(searched.clone());
                super::search::focus();
            }/>
            <Button label=t(key::COUNTER_CREATE) press=move || {
                create();
                go(Place::Products(ProductsPlace::New(created.clone())));
            }/>
            <Button label=t(key::COUNTER_IGNORE) kind=Kind::Quiet press=forget/>
        </Strip>
    }
}

/// The window ended while a sale was on its way, and it was not saved.
#[component]
fn UnfinishedStrip() -> impl IntoView {
    let counter = app().counter;
    view! {
        <Strip tone=Tone::Warn text=t(key::COUNTER_UNFINISHED)>
            <Button label=t(key::COMMON_OK) press=move || counter.unfinished.set(false)/>
        </Strip>
    }
}

#[component]
fn Goods() -> impl IntoView {
    let counter = app().counter;
    let is_searching = searching(Memo::new(move |_| counter.search.with(|text| !basket::split_times(text).1.trim().is_empty())));
    let category = RwSignal::new(None::<CategoryId>);
    let categories = live(&[Event::CatalogChanged], || Some(ListCategories {}));
    view! {
        <Categories chosen=category categories=Signal::derive(move || categories.get().unwrap_or_default())/>
        // Tiles are only covered while something is looked for: to build or place them again would cost a key press its frame.
        <Tiles category=category hidden=is_searching/>
        <Show when=move || is_searching.get()>
            <Found/>
        </Show>
    }
}

/// Whether the search is meant: a scan types its first characters too, and for those the shelf is not torn down.
fn searching(has_text: Memo<bool>) -> RwSignal<bool> {
    let is_searching = RwSignal::new(has_text.get_untracked());
    let change = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let has_text = has_text.get();
        change.update_value(|count| *count = count.wrapping_add(1));
        if !has_text {
            is_searching.set(false);
            return;
        }
        let before = change.get_value();
        let begin = move || {
            if change.try_get_value() == Some(before) {
                is_searching.set(true);
            }
        };
        set_timeout(begin, TYPED);
    });
    is_searching
}

#[component]
fn Categories(chosen: RwSignal<Option<CategoryId>>, categories: Signal<Vec<Category>>) -> impl IntoView {
    let options = Signal::derive(move || {
        let top = categories.get().into_iter().filter(|category| category.active && category.parent_id.is_none());
        let mut options = vec![(None, t(key::COUNTER_FAVOURITES))];
        options.extend(top.map(|category| (Some(category.id), category.name)));
        options
    });
    view! { <Tabs label=t(key::COUNTER_CATEGORIES) options=options chosen=chosen/> }
}

#[component]
fn Tiles(category: RwSignal<Option<CategoryId>>, hidden: RwSignal<bool>) -> impl IntoView {
    const EVENTS: &[Event] = &[Event::CatalogChanged, Event::StockChanged];
    let chosen = live(EVENTS, move || Some(ListTiles { category_id: category.get(), limit: TILES }));
    let has_none = move || chosen.answer.with(|tiles| tiles.as_ref().is_some_and(Vec::is_empty));
    // A shop that has no favourites yet sees what it has.
    let newest = live(EVENTS, move || {
        let filter = ProductFilter { sort: ProductSort::Newest, ..ProductFilter::default() };
        (category.get().is_none() && has_none()).then_some(ListProducts { filter, offset: 0, limit: TILES })
    });
    let tiles = Memo::new(move |_| {
        let page = || newest.get().map(|page| page.rows);
        if category.get().is_none() && has_none() { page() } else { chosen.get() }
    });
    let is_empty = move || tiles.with(|tiles| tiles.as_ref().is_some_and(Vec::is_empty));
    let is_waiting = move || tiles.with(Option::is_none);
    view! {
        <div class="tiles" class:covered=move || hidden.get()>
            {move || is_waiting().then(|| (0..16).map(|_| view! { <Skeleton height="100%"/> }).collect_view())}
            <For
                each=move || tiles.get().unwrap_or_default()
                key=|hit| (hit.id, hit.price, hit.on_hand, hit.name.clone(), hit.thumbnail)
                children=|hit| view! { <Tile hit=hit/> }
            />
        </div>
        {move || (is_empty() && !hidden.get()).then(|| nothing(category.get()))}
    }
}

#[component]
fn Tile(hit: ProductHit) -> impl IntoView {
    let style = hue(hit.hue);
    let stock = format::quantity(hit.on_hand);
    let is_out = hit.on_hand <= Quantity::ZERO;
    let words = tx(key::COUNTER_IN_STOCK, &[("quantity", stock.as_str().into())]);
    let (name, price) = (hit.name.clone(), format::price(hit.price));
    // The name stands beside it.
    let is_pictured = hit.thumbnail.is_some();
    let photo = hit.thumbnail.map(|sha256| view! { <Photo sha256=sha256 alt=""/> });
    view! {
        <button type="button" class="tile" class:pictured=is_pictured style=style on:click=move |_| add_hit(&hit)>
            {photo}
            <b>{name}</b>
            <span class="foot">
                <span class="price">{price}</span>
                <span class="faint small" class:below=is_out aria-label=words>{stock}</span>
            </span>
        </button>
    }
}

fn nothing(category: Option<CategoryId>) -> impl IntoView {
    let (title, text) = match category {
        None => (key::COUNTER_NO_FAVOURITES, key::COUNTER_NO_FAVOURITES_HOW),
        Some(_) => (key::COUNTER_NO_GOODS, key::COUNTER_NO_GOODS_HOW),
    };
    view! {
        <div class="nogoods">
            <Empty icon=icon::BOX title=t(title) text=t(text)>
                <Button label=t(key::COUNTER_CREATE) kind=Kind::Primary icon=icon::PLUS press=|| go(Place::Products(ProductsPlace::New(String::new())))/>
                {has_files().then(|| view! {
                    <Button label=t(key::COUNTER_IMPORT) icon=icon::FILE_IN press=|| go(Place::Products(ProductsPlace::Import))/>
                })}
            </Empty>
        </div>
    }
}
