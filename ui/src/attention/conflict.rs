//! A field that was changed in two places: mine, theirs, before, and a person decides.

use std::collections::BTreeMap;

use kontor_domain::attention::Attention;
use kontor_domain::catalog::{Category, ListCategories};
use kontor_domain::host::Over;
use kontor_domain::ids::CommandId;
use kontor_domain::units::{Quantity, UnitPrice};
use leptos::prelude::*;
use serde_json::Value;

use super::{done, enter_again, framed};
use crate::format;
use crate::live::live;
use crate::parts::{Button, Kind, field_name};
use crate::state::app;
use crate::text::{key, t, tx};

/// The item with the three values.
pub(super) fn card(item: &Attention, args: &BTreeMap<String, String>) -> AnyView {
    let field = args.get("field").map_or("", String::as_str);
    let is_category = field == "category";
    let (id, command_id) = (item.id, CommandId(item.about_id));
    let categories = live(&[], move || is_category.then_some(ListCategories {}));
    let shown = |name: &str| {
        let (field, json) = (field.to_owned(), args.get(name).cloned().unwrap_or_default());
        move || value(&field, &json, &categories.get().unwrap_or_default())
    };
    let field_words = field_name(field);
    let title = match args.get("name") {
        Some(name) => tx(key::ATTENTION_CONFLICT_OF, &[("field", field_words.into()), ("name", name.into())]),
        None => tx(key::ATTENTION_CONFLICT, &[("field", field_words.into())]),
    };
    let body = view! {
        <p>{t(key::ATTENTION_CONFLICT_TEXT)}</p>
        <dl class="three">
            <div><dt>{t(key::ATTENTION_BEFORE)}</dt><dd class="selectable">{shown("before")}</dd></div>
            <div><dt>{t(key::ATTENTION_THEIRS)}</dt><dd class="selectable">{shown("theirs")}</dd></div>
            <div><dt>{t(key::ATTENTION_MINE)}</dt><dd class="selectable strong">{shown("mine")}</dd></div>
        </dl>
    };
    let acts = view! {
        <Button label=t(key::ATTENTION_TAKE_MINE) kind=Kind::Primary press=move || enter_again(id, command_id, Over::Theirs)/>
        {done(id, key::ATTENTION_KEEP_THEIRS)}
    };
    framed(item, "need", title, body.into_any(), acts.into_any())
}

/// A value as people read it; the refusal carries it as the field keeps it.
fn value(field: &str, json: &str, categories: &[Category]) -> String {
    let value: Value = serde_json::from_str(json).unwrap_or(Value::Null);
    match (field, &value) {
        ("price" | "unit_price" | "list_price", Value::Number(number)) => {
            number.as_i64().map(|price| format::price(UnitPrice(price))).unwrap_or_default()
        }
        ("low_threshold" | "high_threshold", Value::Number(number)) => {
            number.as_i64().map(|count| format::quantity(Quantity(count))).unwrap_or_default()
        }
        ("category", Value::String(id)) => {
            categories.iter().find(|category| category.id.to_string() == *id).map_or_else(|| id.clone(), |category| category.name.clone())
        }
        ("tax", Value::String(id)) => tax_name(id).unwrap_or_else(|| id.clone()),
        (_, Value::Null) => "–".to_owned(),
        (_, Value::Bool(true)) => t(key::COMMON_YES),
        (_, Value::Bool(false)) => t(key::COMMON_NO),
        (_, Value::String(text)) if text.is_empty() => "–".to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// A tax class in use, by its id.
fn tax_name(id: &str) -> Option<String> {
    app().session.with(|session| session.as_ref()?.taxes.iter().find(|tax| tax.id.to_string() == id).map(|tax| tax.name.clone()))
}
