//! The inputs of a product, its stock beside them, and the question when two changed the same.

use kontor_domain::catalog::{ListCategories, ListTaxes, ProductDetail, ProductDraft};
use kontor_domain::command::Event;
use kontor_domain::settings::TaxMode;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::barcodes::Barcodes;
use super::categories::CategoryForm;
use super::conflict::{Conflict, Part};
use super::fields::{Fields, threshold_text};
use super::form::next_favourite;
use crate::live::live;
use crate::parts::{Button, CheckField, Dialog, Form, Kind, SelectField, TextField, field_name};
use crate::state::app;
use crate::stock::open_moves_of;
use crate::text::{self, key, t};
use crate::{format, icon};

/// Units that have a word in every language.
const UNITS: &[&str] = &["pcs", "kg", "g", "l", "ml", "m", "cm", "box", "case", "pack", "bag", "bottle", "can", "pair", "set", "dozen", "hour"];

/// All inputs.
#[component]
pub(super) fn Inputs(fields: Fields, form: Form, #[prop(optional)] autofocus: bool) -> impl IntoView {
    view! {
        <div class="col">
            <section class="card pad form">
                <TextField label=field_name("name") value=fields.name name="name" form=form autofocus=autofocus max_length=200/>
                <div class="cols">
                    <TextField label=field_name("code") value=fields.code name="code" form=form max_length=64/>
                    <UnitField fields=fields form=form/>
                    <CategoryField fields=fields form=form/>
                </div>
                <PriceFields fields=fields form=form/>
            </section>
            <Barcodes fields=fields form=form/>
            <section class="card pad form">
                <h2 class="minor">{t(key::PRODUCTS_STOCK_AND_COUNTER)}</h2>
                <div class="cols">
                    <TextField label=field_name("low_threshold") value=fields.low name="low_threshold" form=form mode="decimal" hint=t(key::PRODUCTS_LOW_HINT)/>
                    <TextField label=field_name("high_threshold") value=fields.high name="high_threshold" form=form mode="decimal" hint=t(key::PRODUCTS_HIGH_HINT)/>
                </div>
                <FavouriteField fields=fields form=form/>
            </section>
            <section class="card pad form">
                <TextField label=field_name("tags") value=fields.tags name="tags" form=form hint=t(key::PRODUCTS_TAGS_HINT)/>
                <TextField label=field_name("description") value=fields.description name="description" form=form lines=true max_length=4000/>
            </section>
        </div>
    }
}

#[component]
fn UnitField(fields: Fields, form: Form) -> impl IntoView {
    // A unit of the shop's own is typed.
    let own = RwSignal::new(fields.unit.with_untracked(|unit| !UNITS.contains(&unit.as_str())));
    let options = Signal::derive(move || {
        let mut options: Vec<(String, String)> = UNITS.iter().map(|unit| ((*unit).to_owned(), text::unit(unit))).collect();
        options.push((String::new(), t(key::PRODUCTS_OTHER_UNIT)));
        options
    });
    Effect::new(move |_| {
        if fields.unit.with(String::is_empty) {
            own.set(true);
        }
    });
    move || {
        if own.get() {
            view! { <TextField label=field_name("unit") value=fields.unit name="unit" form=form max_length=64/> }.into_any()
        } else {
            view! { <SelectField label=field_name("unit") value=fields.unit options=options name="unit" form=form/> }.into_any()
        }
    }
}

#[component]
fn CategoryField(fields: Fields, form: Form) -> impl IntoView {
    let categories = live(&[Event::CatalogChanged], || Some(ListCategories {}));
    let making = RwSignal::new(false);
    let options = Signal::derive(move || {
        let none = (String::new(), t(key::COMMON_NONE));
        let all = categories.get().unwrap_or_default().into_iter().map(|category| (category.id.to_string(), category.name));
        std::iter::once(none).chain(all).collect::<Vec<_>>()
    });
    let done = Callback::new(move |id: kontor_domain::ids::CategoryId| {
        making.set(false);
        fields.category.set(id.to_string());
    });
    view! {
        <div class="withbutton">
            <SelectField label=field_name("category") value=fields.category options=options name="category" form=form/>
            <button
                type="button"
                class="btn square"
                aria-label=t(key::PRODUCTS_NEW_CATEGORY)
                title=t(key::PRODUCTS_NEW_CATEGORY)
                on:click=move |_| making.set(true)
            >
                <crate::icon::Picture icon=icon::PLUS small=true/>
            </button>
        </div>
        <Dialog open=making title=t(key::PRODUCTS_NEW_CATEGORY)>
            <CategoryForm category=None done=done cancel=Callback::new(move |()| making.set(false))/>
        </Dialog>
    }
}

#[component]
fn PriceFields(fields: Fields, form: Form) -> impl IntoView {
    let taxes = live(&[Event::CatalogChanged], || Some(ListTaxes {}));
    let options = Signal::derive(move || {
        let chosen = fields.tax.get();
        let all = taxes.get().unwrap_or_default().into_iter();
        all.filter(|tax| tax.active || tax.id.to_string() == chosen).map(|tax| (tax.id.to_string(), tax.name)).collect::<Vec<_>>()
    });
    let mode = app().session.with_untracked(|session| session.as_ref().map(|session| session.company.tax_mode));
    let hint = match mode {
        Some(TaxMode::Exclusive) => t(key::PRODUCTS_PRICE_EXCLUSIVE),
        _ => t(key::PRODUCTS_PRICE_INCLUSIVE),
    };
    view! {
        <div class="cols">
            <TextField label=field_name("price") value=fields.price name="price" form=form mode="decimal" unit=app().currency().code.to_owned() hint=hint/>
            <SelectField label=field_name("tax") value=fields.tax options=options name="tax" form=form/>
        </div>
    }
}

#[component]
fn FavouriteField(fields: Fields, form: Form) -> impl IntoView {
    Effect::new(move |_| {
        if fields.is_favourite.get() && fields.favourite.with_untracked(String::is_empty) {
            spawn_local(async move {
                let next = next_favourite().await;
                let _ = fields.favourite.try_set(next.to_string());
            });
        }
    });
    view! {
        <div class="row wrap">
            <CheckField label=t(key::PRODUCTS_FAVOURITE) value=fields.is_favourite/>
            <Show when=move || fields.is_favourite.get()>
                <TextField label=t(key::PRODUCTS_FAVOURITE_PLACE) value=fields.favourite name="favourite" form=form mode="numeric"/>
            </Show>
        </div>
    }
}

/// What there is of it; each figure opens its ledger lines.
#[component]
pub(super) fn StockCard(detail: Signal<Option<ProductDetail>>) -> impl IntoView {
    let shown = |detail: ProductDetail| {
        let (id, name) = (detail.id, detail.draft.name.clone());
        let low = detail.draft.low_threshold;
        let is_low = low != kontor_domain::catalog::THRESHOLD_OFF && detail.on_hand < low;
        let cost = detail.last_cost.map_or_else(|| t(key::COMMON_NONE), format::price);
        view! {
            <section class="card pad col">
                <div class="figure">
                    <span>{t(key::PRODUCTS_ON_HAND)}</span>
                    <b class:below=is_low>{format::quantity(detail.on_hand)} " " <span class="small muted">{text::unit(&detail.draft.unit)}</span></b>
                </div>
                <dl class="facts">
                    <dt>{t(key::STOCK_VALUE)}</dt>
                    <dd>{format::money(detail.stock_value)}</dd>
                    <dt>{t(key::PRODUCTS_LAST_COST)}</dt>
                    <dd>{cost}</dd>
                </dl>
                <Button label=t(key::PRODUCTS_MOVES) icon=icon::WAREHOUSE press=move || open_moves_of(id, name.clone())/>
            </section>
        }
    };
    move || detail.get().map(shown)
}

/// Mine, theirs, before: a person decides each part that both changed.
#[component]
pub(super) fn ConflictDialog(
    conflict: RwSignal<Option<Conflict>>,
    /// Gets their state and the settled one.
    settle: Callback<(ProductDraft, ProductDraft)>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let mine = RwSignal::new(Vec::<Part>::new());
    Effect::new(move |_| {
        if conflict.with(Option::is_some) {
            mine.set(Vec::new());
            open.set(true);
        }
    });
    let save = move || {
        open.set(false);
        if let Some(conflict) = conflict.get_untracked() {
            let settled = conflict.settle(&mine.get_untracked());
            settle.run((conflict.theirs, settled));
        }
    };
    view! {
        <Dialog open=open title=t(key::PRODUCTS_CONFLICT) wide=true>
            <p class="muted">{t(key::PRODUCTS_CONFLICT_TEXT)}</p>
            {move || conflict.get().map(|conflict| view! { <Parts conflict=conflict mine=mine/> })}
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=t(key::PRODUCTS_CONFLICT_SAVE) kind=Kind::Primary press=save/>
            </div>
        </Dialog>
    }
}

#[component]
fn Parts(conflict: Conflict, mine: RwSignal<Vec<Part>>) -> impl IntoView {
    let categories = live(&[], || Some(ListCategories {}));
    let taxes = live(&[], || Some(ListTaxes {}));
    let names = move |id: String| {
        let category = categories.get().unwrap_or_default().into_iter().find(|category| category.id.to_string() == id).map(|category| category.name);
        let tax = || taxes.get().unwrap_or_default().into_iter().find(|tax| tax.id.to_string() == id).map(|tax| tax.name);
        category.or_else(tax).unwrap_or_default()
    };
    let parts = conflict.parts();
    let row = move |part: Part| {
        let value = |draft: &ProductDraft| part_text(part, draft, names);
        let (before, my_text, their_text) = (value(&conflict.before), value(&conflict.mine), value(&conflict.theirs));
        let is_mine = move || mine.with(|mine| mine.contains(&part));
        let choose = move |keep: bool| {
            mine.update(|mine| {
                mine.retain(|known| *known != part);
                if keep {
                    mine.push(part);
                }
            });
        };
        view! {
            <tr>
                <td class="strong">{field_name(part.field())}</td>
                <td class="muted">{before}</td>
                <td>
                    <button type="button" class="option" class:on=is_mine aria-pressed=move || is_mine().to_string() on:click=move |_| choose(true)>{my_text}</button>
                </td>
                <td>
                    <button type="button" class="option" class:on=move || !is_mine() aria-pressed=move || (!is_mine()).to_string() on:click=move |_| choose(false)>
                        {their_text}
                    </button>
                </td>
            </tr>
        }
    };
    let rows = move || parts.iter().map(|part| row(*part)).collect_view();
    view! {
        <table class="plain">
            <thead>
                <tr>
                    <td></td>
                    <th>{t(key::PRODUCTS_BEFORE)}</th>
                    <th>{t(key::PRODUCTS_MINE)}</th>
                    <th>{t(key::PRODUCTS_THEIRS)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// A part as people read it; `names` knows categories and taxes by id.
fn part_text(part: Part, draft: &ProductDraft, names: impl Fn(String) -> String) -> String {
    let text = match part {
        Part::Code => draft.code.clone(),
        Part::Name => draft.name.clone(),
        Part::Description => draft.description.clone(),
        Part::Unit => text::unit(&draft.unit),
        Part::Category => draft.category_id.map(|id| names(id.to_string())).unwrap_or_default(),
        Part::Tax => names(draft.tax_id.to_string()),
        Part::Price => format::price(draft.price),
        Part::Low => threshold_text(draft.low_threshold),
        Part::High => threshold_text(draft.high_threshold),
        Part::Favourite => draft.favourite.map(|place| place.to_string()).unwrap_or_default(),
        Part::Active => t(if draft.active { key::COMMON_YES } else { key::COMMON_NO }),
        Part::Barcodes => draft.barcodes.iter().map(|barcode| barcode.barcode.clone()).collect::<Vec<_>>().join(", "),
        Part::Tags => draft.tags.join(", "),
    };
    if text.is_empty() { t(key::COMMON_NONE) } else { text }
}
