//! One product in a form.

use kontor_domain::catalog::{self, CreateProduct, GetProduct, ListTiles, NewBarcode, ProductChanges, ProductDetail, ProductDraft, THRESHOLD_OFF};
use kontor_domain::command::{Command, Edit, Event};
use kontor_domain::ids::{ProductId, TaxId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Quantity, UnitPrice};
use leptos::prelude::*;

use super::conflict::{Conflict, same};
use super::fields::Fields;
use super::images::Images;
use super::side::{ConflictDialog, Inputs, StockCard};
use crate::keys::{self, Taken};
use crate::live::live;
use crate::parts::{BackTo, Button, Confirm, Empty, Form, FormError, Kind, Skeleton, Tag};
use crate::place::{Place, ProductsPlace, go, guard};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
use crate::{backend, icon, scanner};

/// Fields that show their own error.
const FIELDS: &[&str] = &[
    "code",
    "name",
    "description",
    "unit",
    "category",
    "tax",
    "price",
    "low_threshold",
    "high_threshold",
    "favourite",
    "tags",
    "barcode",
    "barcodes",
    "pack",
    "pack_price",
];

fn to_list() {
    go(Place::Products(ProductsPlace::List));
}

/// The page of a product that is there.
#[component]
pub(super) fn ProductPage(id: ProductId) -> impl IntoView {
    let detail = live(&[Event::CatalogChanged, Event::StockChanged], move || Some(GetProduct { id }));
    let is_there = Memo::new(move |_| detail.answer.with(|answer| answer.as_ref().map(Option::is_some)));
    move || match (is_there.get(), detail.answer.get_untracked().flatten()) {
        (None, _) => view! {
            <div class="page"><div class="head"><Skeleton width="320px" height="36px"/></div><Skeleton height="420px"/></div>
        }
        .into_any(),
        (Some(true), Some(first)) => view! { <Loaded first=first detail=Signal::derive(move || detail.get().flatten())/> }.into_any(),
        (Some(_), _) => view! {
            <div class="page">
                <Empty icon=icon::BOX title=t(key::PRODUCTS_GONE) text=t(key::PRODUCTS_GONE_TEXT)>
                    <Button label=t(key::PRODUCTS_TITLE) press=to_list/>
                </Empty>
            </div>
        }
        .into_any(),
    }
}

/// What became of an edit.
enum Saved {
    Done,
    /// Somebody else changed the same fields: the product as it is now.
    Conflict(Box<ProductDraft>),
}

async fn save_edit(id: ProductId, from: ProductDraft, to: ProductDraft) -> Result<Saved, Reject> {
    let changes = ProductChanges::between(id, &from, &to);
    if changes.is_empty() {
        return Ok(Saved::Done);
    }
    match backend::execute(Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))).await {
        Ok(_) => Ok(Saved::Done),
        Err(reject) if reject.code == Code::ChangedMeanwhile => match backend::ask(GetProduct { id }).await? {
            Some(detail) => Ok(Saved::Conflict(Box::new(detail.draft))),
            None => Err(reject),
        },
        Err(reject) => Err(reject),
    }
}

#[component]
fn Loaded(first: ProductDetail, detail: Signal<Option<ProductDetail>>) -> impl IntoView {
    let id = first.id;
    let form = Form::new(FIELDS);
    let fields = Fields::new(&first.draft);
    let base = RwSignal::new(first.draft);
    let conflict = RwSignal::new(None::<Conflict>);
    let is_dirty = Memo::new(move |_| fields.draft().map_or(true, |draft| base.with(|base| !same(base, &draft))));
    // Changed elsewhere: shown at once where nothing was typed; else saving tells.
    Effect::new(move |_| {
        let Some(now) = detail.get().map(|detail| detail.draft) else { return };
        if !is_dirty.get_untracked() && base.with_untracked(|base| *base != now) {
            fields.fill(&now);
            base.set(now);
        }
    });
    let save = Callback::new(move |(from, to): (ProductDraft, ProductDraft)| {
        let mine = to.clone();
        form.send(save_edit(id, from.clone(), to), move |saved| match saved {
            Saved::Done => {
                base.set(mine);
                app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
            }
            Saved::Conflict(theirs) => conflict.set(Some(Conflict { before: from, mine, theirs: *theirs })),
        });
    });
    let press_save = move || match untrack(|| fields.draft()) {
        Ok(draft) => save.run((base.get_untracked(), draft)),
        Err(reject) => form.refuse(reject),
    };
    let settle = Callback::new(move |(theirs, settled): (ProductDraft, ProductDraft)| {
        fields.fill(&settled);
        base.set(theirs.clone());
        save.run((theirs, settled));
    });
    save_by_key(press_save);
    scan_into(fields);
    guard(is_dirty);
    view! {
        <div class="page scroll product">
            <div class="head">
                <BackTo label=t(key::PRODUCTS_TITLE) press=to_list/>
                <h1 class="clip">{move || base.with(|base| base.name.clone())}</h1>
                {move || (!base.with(|base| base.active)).then(|| view! { <Tag tone=Tone::Plain text=t(key::PRODUCTS_ARCHIVED_ONE)/> })}
                <div class="actions">
                    <Archive id=id base=base fields=fields form=form/>
                    <Button
                        label=t(key::COMMON_SAVE)
                        kind=Kind::Primary
                        keycap="Ctrl S"
                        disabled=Signal::derive(move || !is_dirty.get())
                        busy=form.busy
                        press=press_save
                    />
                </div>
            </div>
            <FormError form=form/>
            <div class="two flow">
                <Inputs fields=fields form=form/>
                <div class="col">
                    <StockCard detail=detail/>
                    <Images product_id=id name=Signal::derive(move || base.with(|base| base.name.clone()))/>
                </div>
            </div>
        </div>
        <ConflictDialog conflict=conflict settle=settle/>
    }
}

/// Off sale, or on sale again. Not part of the form: it is done at once.
#[component]
fn Archive(id: ProductId, base: RwSignal<ProductDraft>, fields: Fields, form: Form) -> impl IntoView {
    let asking = RwSignal::new(false);
    let set = move |active: bool| {
        let edit = Edit { from: !active, to: active };
        let changes = ProductChanges { active: Some(edit), ..ProductChanges::of(id) };
        form.send(backend::execute(Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))), move |_| {
            base.update(|base| base.active = active);
            fields.active.set(active);
        });
    };
    move || {
        let is_active = base.with(|base| base.active);
        let name = base.with(|base| base.name.clone());
        view! {
            <Button
                label=if is_active { t(key::COMMON_ARCHIVE) } else { t(key::COMMON_RESTORE) }
                busy=form.busy
                press=move || if is_active { asking.set(true) } else { set(true) }
            />
            <Confirm
                open=asking
                title=tx(key::PRODUCTS_ARCHIVE_ASK, &[("name", name.into())])
                text=t(key::PRODUCTS_ARCHIVE_TEXT)
                yes=t(key::COMMON_ARCHIVE)
                confirm=Callback::new(move |()| set(false))
            />
        }
    }
}

/// Ctrl+S saves, from any field.
fn save_by_key(save: impl Fn() + 'static) {
    keys::on_press(move |press| {
        if !press.in_dialog && press.chord.to_string() == "Ctrl+S" {
            save();
            return Taken::Yes;
        }
        Taken::No
    });
}

/// A scan is another barcode of this product.
fn scan_into(fields: Fields) {
    scanner::on_scan(move |code| {
        if fields.add_barcode(&code) {
            sound::play(Sound::Ok);
        } else {
            sound::play(Sound::Look);
            app().toasts.say(Tone::Warn, tx(key::PRODUCTS_BARCODE_THERE, &[("barcode", code.into())]));
        }
        Taken::Yes
    });
}

fn blank(tax_id: TaxId, barcode: &str) -> ProductDraft {
    let barcodes = match barcode {
        "" => Vec::new(),
        code => vec![NewBarcode { barcode: code.to_owned(), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None }],
    };
    ProductDraft {
        code: barcode.to_owned(),
        name: String::new(),
        description: String::new(),
        unit: "pcs".into(),
        category_id: None,
        tax_id,
        price: UnitPrice::ZERO,
        low_threshold: THRESHOLD_OFF,
        high_threshold: THRESHOLD_OFF,
        favourite: None,
        active: true,
        barcodes,
        tags: Vec::new(),
    }
}

/// The page of a product that is made.
#[component]
pub(super) fn NewProduct(id: ProductId, barcode: String) -> impl IntoView {
    let form = Form::new(FIELDS);
    let tax_id = app().session.with_untracked(|session| session.as_ref().and_then(|session| session.taxes.first().map(|tax| tax.id)));
    let draft = blank(tax_id.unwrap_or(TaxId(uuid::Uuid::nil())), &barcode);
    let fields = Fields::new(&draft);
    // Zero is a price, but nobody's first wish.
    fields.price.set(String::new());
    let created = RwSignal::new(false);
    let typed = [fields.name, fields.description, fields.price, fields.tags];
    guard(Memo::new(move |_| !created.get() && typed.iter().any(|field| field.with(|text| !text.trim().is_empty()))));
    let save = move || match untrack(|| fields.draft()) {
        Ok(draft) => {
            let create = CreateProduct { id, draft };
            form.send(backend::execute(Command::Catalog(catalog::Command::CreateProduct(create))), move |_| {
                created.set(true);
                app().toasts.say(Tone::Ok, t(key::PRODUCTS_CREATED));
                go(Place::Products(ProductsPlace::One(id)));
            });
        }
        Err(reject) => form.refuse(reject),
    };
    save_by_key(save);
    scan_into(fields);
    view! {
        <div class="page scroll product">
            <div class="head">
                <BackTo label=t(key::PRODUCTS_TITLE) press=to_list/>
                <h1>{t(key::PRODUCTS_NEW)}</h1>
                <div class="actions">
                    <Button label=t(key::COMMON_CANCEL) press=to_list/>
                    <Button label=t(key::PRODUCTS_CREATE) kind=Kind::Primary keycap="Ctrl S" busy=form.busy press=save/>
                </div>
            </div>
            <FormError form=form/>
            <div class="two flow">
                <Inputs fields=fields form=form autofocus=true/>
                <section class="card pad"><p class="muted">{t(key::PRODUCTS_NEW_TEXT)}</p></section>
            </div>
        </div>
    }
}

/// The place behind the last favourite.
pub(super) async fn next_favourite() -> i64 {
    let tiles = backend::ask(ListTiles { category_id: None, limit: 500 }).await.unwrap_or_default();
    i64::try_from(tiles.len()).unwrap_or_default().saturating_add(1)
}
