//! All products.

use std::cell::RefCell;

use kontor_domain::catalog::{Category, ListCategories, ListProducts, ProductFilter, ProductHit, ProductSort, THRESHOLD_OFF};
use kontor_domain::command::Event;
use kontor_domain::ids::CategoryId;
use kontor_domain::units::Quantity;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::categories::CategoriesDialog;
use super::export::export;
use crate::backend::has_files;
use crate::keys::{self, Action, Taken};
use crate::live::{Live, live};
use crate::parts::{Button, Column, Empty, Kind, Nearest, Progress, Rows, SearchField, Sorting, Swatch, Tag, VirtualTable};
use crate::place::{Place, ProductsPlace, go};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::stock::open_moves_of;
use crate::text::{self, key, t, tx, word};
use crate::toast::Tone;
use crate::{format, icon, scanner};

thread_local! {
    /// What was looked for last: coming back from a product shows the same list.
    static KEPT: RefCell<ProductFilter> = RefCell::new(ProductFilter::default());
}

/// What the list is narrowed to, each part by its own control.
#[derive(Clone, Copy)]
struct Filter {
    text: RwSignal<String>,
    category: RwSignal<Option<CategoryId>>,
    archived: RwSignal<bool>,
    low: RwSignal<bool>,
    sort: RwSignal<ProductSort>,
    all: Memo<ProductFilter>,
}

impl Filter {
    fn new(kept: ProductFilter) -> Self {
        let (text, category) = (RwSignal::new(kept.text), RwSignal::new(kept.category_id));
        let (archived, low, sort) = (RwSignal::new(kept.archived), RwSignal::new(kept.low), RwSignal::new(kept.sort));
        let all = Memo::new(move |_| ProductFilter {
            text: text.get().trim().to_owned(),
            category_id: category.get(),
            archived: archived.get(),
            low: low.get(),
            sort: sort.get(),
        });
        Self { text, category, archived, low, sort, all }
    }

    fn is_plain(self) -> bool {
        self.all.with(|filter| *filter == ProductFilter { sort: filter.sort, ..ProductFilter::default() })
    }

    fn clear(self) {
        self.text.set(String::new());
        self.category.set(None);
        self.archived.set(false);
        self.low.set(false);
    }
}

/// The list.
#[component]
pub(super) fn ProductList() -> impl IntoView {
    let filter = Filter::new(KEPT.with_borrow(Clone::clone));
    Effect::new(move |_| KEPT.set(filter.all.get()));
    let rows =
        Rows::new(&[Event::CatalogChanged, Event::StockChanged], move |offset, limit| ListProducts { filter: filter.all.get(), offset, limit });
    let low_count = live(&[Event::CatalogChanged, Event::StockChanged], || {
        Some(ListProducts { filter: ProductFilter { low: true, ..ProductFilter::default() }, offset: 0, limit: 1 })
    });
    let low = Signal::derive(move || low_count.get().map_or(0, |page| page.total));
    let categories = live(&[Event::CatalogChanged], || Some(ListCategories {}));
    let editing_categories = RwSignal::new(false);
    let new = || go(Place::Products(ProductsPlace::New(String::new())));
    keys::on_action(move |action| match action {
        Action::New => {
            new();
            Taken::Yes
        }
        _ => Taken::No,
    });
    scanner::on_scan(open_scanned);
    let sorting = Sorting { by: Signal::derive(move || filter.sort.get().word()), choose: Callback::new(move |word| filter.sort.set(sort_of(word))) };
    view! {
        <div class="page products">
            <div class="head">
                <h1>{t(key::PRODUCTS_TITLE)}</h1>
                <span class="muted">{move || rows.total().map(count)}</span>
                <div class="actions">
                    <Button label=t(key::PRODUCTS_CATEGORIES) press=move || editing_categories.set(true)/>
                    {has_files().then(|| view! {
                        <Button label=t(key::PRODUCTS_EXPORT) icon=icon::FILE_OUT press=export/>
                        <Button label=t(key::PRODUCTS_IMPORT) icon=icon::FILE_IN press=|| go(Place::Products(ProductsPlace::Import))/>
                    })}
                    <Button label=t(key::PRODUCTS_NEW) kind=Kind::Primary action=Action::New press=new/>
                </div>
            </div>
            <Progress name="export" label=t(key::PRODUCTS_EXPORTING)/>
            <div class="filters">
                <SearchField value=filter.text placeholder=t(key::PRODUCTS_SEARCH)/>
                <Chips filter=filter low=low/>
                <CategorySelect value=filter.category categories=categories/>
                <span class="push small faint">{t(key::PRODUCTS_FIGURES_HINT)}</span>
            </div>
            <VirtualTable
                label=t(key::PRODUCTS_TITLE)
                rows=rows
                columns=columns()
                open=Callback::new(|hit: ProductHit| go(Place::Products(ProductsPlace::One(hit.id))))
                sorting=sorting
                least_width=900
                empty=move || nothing(filter)
            />
        </div>
        <CategoriesDialog open=editing_categories/>
    }
}

fn count(count: usize) -> String {
    tx(key::PRODUCTS_COUNT, &[("count", i64::try_from(count).unwrap_or(i64::MAX).into())])
}

fn sort_of(word: &str) -> ProductSort {
    ProductSort::ALL.iter().copied().find(|sort| sort.word() == word).unwrap_or_default()
}

#[component]
fn Chips(filter: Filter, low: Signal<i64>) -> impl IntoView {
    let chip = |label: Signal<String>, is_on: Signal<bool>, press: Callback<()>| {
        view! {
            <button type="button" class="chip" aria-pressed=move || is_on.get().to_string() on:click=move |_| press.run(())>
                {move || label.get()}
            </button>
        }
    };
    let low_label = Signal::derive(move || tx(key::PRODUCTS_LOW, &[("count", low.get().into())]));
    let plain = |key| Signal::derive(move || t(key));
    view! {
        <div class="row" role="group" aria-label=t(key::PRODUCTS_FILTERS)>
            {chip(plain(key::PRODUCTS_ACTIVE), Signal::derive(move || !filter.archived.get()), Callback::new(move |()| filter.archived.set(false)))}
            {chip(plain(key::PRODUCTS_ARCHIVED), Signal::derive(move || filter.archived.get()), Callback::new(move |()| filter.archived.set(true)))}
            {chip(low_label, Signal::derive(move || filter.low.get()), Callback::new(move |()| filter.low.update(|low| *low = !*low)))}
            {chip(
                Signal::derive(|| word("sort", ProductSort::Newest.word())),
                Signal::derive(move || filter.sort.get() == ProductSort::Newest),
                Callback::new(move |()| filter.sort.update(|sort| *sort = if *sort == ProductSort::Newest { ProductSort::Name } else { ProductSort::Newest })),
            )}
        </div>
    }
}

#[component]
fn CategorySelect(value: RwSignal<Option<CategoryId>>, categories: Live<Vec<Category>>) -> impl IntoView {
    let choose = move |event| {
        let text = event_target_value(&event);
        value.set(text.parse().ok().map(CategoryId));
    };
    let options = move || {
        let chosen = value.get();
        let option = move |category: Category| {
            view! { <option value=category.id.to_string() selected=chosen == Some(category.id)>{category.name}</option> }
        };
        categories.get().unwrap_or_default().into_iter().map(option).collect_view()
    };
    view! {
        <label class="chip select" class:on=move || value.get().is_some()>
            <select aria-label=t(key::PRODUCTS_CATEGORY) on:change=choose>
                <option value="" selected=move || value.get().is_none()>{t(key::PRODUCTS_EVERY_CATEGORY)}</option>
                {options}
            </select>
        </label>
    }
}

fn columns() -> Vec<Column<ProductHit>> {
    vec![
        Column::new(word("field", "hue"), "60px", |hit: &ProductHit| view! { <Swatch hue=hit.hue name=hit.name.clone()/> }).unseen(),
        Column::new(word("sort", "name"), "minmax(220px, 1fr)", |hit: &ProductHit| view! { <span class="strong">{hit.name.clone()}</span> })
            .sorted_by("name"),
        Column::new(word("sort", "code"), "minmax(96px, 120px)", |hit: &ProductHit| view! { <span class="muted">{hit.code.clone()}</span> })
            .sorted_by("code"),
        Column::new(
            t(key::PRODUCTS_CATEGORY),
            "minmax(96px, .3fr)",
            |hit: &ProductHit| view! { <span class="muted">{hit.category_name.clone()}</span> },
        ),
        Column::new(word("sort", "price"), "148px", |hit: &ProductHit| format::price(hit.price)).figures().sorted_by("price"),
        Column::new(t(key::PRODUCTS_ON_HAND), "124px", on_hand).figures().sorted_by("on_hand"),
        Column::new(t(key::ACCESS_STATE), "minmax(120px, 184px)", state).unseen(),
    ]
}

/// Whether there is less than the shop wants.
pub(super) fn is_low(hit: &ProductHit) -> bool {
    hit.low_threshold != THRESHOLD_OFF && hit.on_hand < hit.low_threshold
}

/// The figure opens its moves.
fn on_hand(hit: &ProductHit) -> impl IntoView + use<> {
    let (id, name) = (hit.id, hit.name.clone());
    let open = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        open_moves_of(id, name.clone());
    };
    let label = tx(key::PRODUCTS_MOVES_OF, &[("name", (&hit.name).into())]);
    view! {
        <button type="button" class="link figure-link" class:below=is_low(hit) tabindex="-1" title=label on:click=open>
            {format::quantity(hit.on_hand)} <span class="small muted">" " {text::unit(&hit.unit)}</span>
        </button>
    }
}

fn state(hit: &ProductHit) -> Option<AnyView> {
    if !hit.active {
        return Some(view! { <Tag tone=Tone::Plain text=t(key::PRODUCTS_ARCHIVED_ONE)/> }.into_any());
    }
    let threshold = format::quantity(hit.low_threshold);
    is_low(hit).then(|| view! { <Tag tone=Tone::Need text=tx(key::PRODUCTS_BELOW, &[("threshold", threshold.into())])/> }.into_any())
}

fn nothing(filter: Filter) -> AnyView {
    let new = || go(Place::Products(ProductsPlace::New(String::new())));
    if filter.is_plain() {
        return view! {
            <Empty icon=icon::BOX title=t(key::PRODUCTS_EMPTY) text=t(key::PRODUCTS_EMPTY_TEXT)>
                {has_files().then(|| view! {
                    <Button label=t(key::PRODUCTS_IMPORT) icon=icon::FILE_IN press=|| go(Place::Products(ProductsPlace::Import))/>
                })}
                <Button label=t(key::PRODUCTS_NEW) kind=Kind::Primary action=Action::New press=new/>
            </Empty>
        }
        .into_any();
    }
    let text = filter.all.with(|filter| filter.text.clone());
    let title = if text.is_empty() { t(key::PRODUCTS_NO_MATCH) } else { tx(key::COMMON_NO_MATCH, &[("text", text.clone().into())]) };
    let open = Callback::new(|hit: ProductHit| go(Place::Products(ProductsPlace::One(hit.id))));
    let nearest = (!text.is_empty()).then(|| view! { <div class="nearest"><Nearest text=text take=open/></div> });
    view! {
        <Empty icon=icon::SEARCH title=title text=t(key::PRODUCTS_NO_MATCH_TEXT)>
            <Button label=t(key::PRODUCTS_SHOW_ALL) press=move || filter.clear()/>
            <Button label=t(key::PRODUCTS_NEW) kind=Kind::Primary action=Action::New press=new/>
            {nearest}
        </Empty>
    }
    .into_any()
}

/// A scan opens its product, or a form for it.
fn open_scanned(code: String) -> Taken {
    spawn_local(async move {
        match scanner::find(&code, Quantity::ONE).await.map(|found| found.hits.into_iter().next()) {
            Ok(Some(hit)) => {
                sound::play(Sound::Ok);
                go(Place::Products(ProductsPlace::One(hit.product.id)));
            }
            Ok(None) => {
                sound::play(Sound::Unknown);
                go(Place::Products(ProductsPlace::New(code)));
            }
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
    Taken::Yes
}
