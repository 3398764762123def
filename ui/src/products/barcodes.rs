//! The barcodes of a product: each with its pack and the pack's price.

use leptos::prelude::*;

use super::fields::{BarcodeFields, Fields};
use crate::icon::{self, Picture};
use crate::parts::{Button, Form, field_name};
use crate::state::app;
use crate::text::{key, t, unit};

/// The rows.
#[component]
pub(super) fn Barcodes(fields: Fields, form: Form) -> impl IntoView {
    let wrong = move || ["barcode", "barcodes", "pack", "pack_price"].into_iter().find_map(|name| form.error_of(name));
    let is_empty = move || fields.barcodes.with(Vec::is_empty);
    view! {
        <section class="card pad form barcodes">
            <div class="row between">
                <h2 class="minor">{field_name("barcodes")}</h2>
                <Button label=t(key::PRODUCTS_ADD_BARCODE) icon=icon::PLUS press=move || {
                    fields.add_barcode("");
                }/>
            </div>
            {move || is_empty().then(|| view! { <p class="muted small">{t(key::PRODUCTS_BARCODE_HINT)}</p> })}
            <Show when=move || !is_empty()>
                <div class="barcode small faint" aria-hidden="true">
                    <span>{field_name("barcode")}</span>
                    <span class="num">{t(key::PRODUCTS_PACK)}</span>
                    <span>{field_name("pack_unit")}</span>
                    <span class="num">{field_name("pack_price")}</span>
                    <span></span>
                </div>
            </Show>
            <For each=move || fields.barcodes.get() key=|row| row.number children=move |row| barcode_row(fields, row, form)/>
            {move || wrong().map(|text| view! { <p class="below" role="alert">{text}</p> })}
        </section>
    }
}

fn barcode_row(fields: Fields, row: BarcodeFields, form: Form) -> impl IntoView {
    let cell = move |value: RwSignal<String>, label: String, is_figure: bool, placeholder: Signal<String>| {
        let forget = move || ["barcode", "barcodes", "pack", "pack_price"].into_iter().for_each(|name| form.forget(name));
        view! {
            <input
                class="field"
                class:num=is_figure
                inputmode=is_figure.then_some("decimal")
                autocomplete="off"
                spellcheck="false"
                aria-label=label
                placeholder=move || placeholder.get()
                prop:value=move || value.get()
                on:input=move |event| {
                    value.set(event_target_value(&event));
                    forget();
                }
            />
        }
    };
    let none = Signal::derive(String::new);
    let own_unit = Signal::derive(move || unit(&fields.unit.get()));
    let by_pack = Signal::derive(|| t(key::PRODUCTS_BY_PACK));
    let price_label = format!("{} ({})", field_name("pack_price"), app().currency().code);
    view! {
        <div class="barcode">
            {cell(row.barcode, field_name("barcode"), false, none)}
            {cell(row.pack, t(key::PRODUCTS_PACK), true, none)}
            {cell(row.pack_unit, field_name("pack_unit"), false, own_unit)}
            {cell(row.pack_price, price_label, true, by_pack)}
            <button
                type="button"
                class="btn quiet square"
                aria-label=t(key::PRODUCTS_REMOVE_BARCODE)
                on:click=move |_| fields.remove_barcode(row.number)
            >
                <Picture icon=icon::BIN small=true/>
            </button>
        </div>
    }
}
