//! One thing that was done: what it said, and of an edit what stood before.

use std::collections::BTreeMap;

use kontor_domain::catalog::THRESHOLD_OFF;
use kontor_domain::identity::{AuditDetail, GetAudit};
use kontor_domain::time::Instant;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use leptos::prelude::*;
use serde_json::Value;

use super::audit::{kind_words, verdict};
use crate::format;
use crate::live::live;
use crate::parts::{Dialog, Skeleton, Strip, field_name};
use crate::text::{key, refusal, t, word};
use crate::toast::Tone;

/// Longest value that is shown whole.
const VALUE_LIMIT: usize = 400;

/// Open while one entry is looked at.
#[component]
pub(super) fn AuditDetailDialog(shown: RwSignal<Option<uuid::Uuid>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(shown.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && shown.with_untracked(Option::is_some) {
            shown.set(None);
        }
    });
    view! {
        <Dialog open=open title=t(key::ACCESS_AUDIT) wide=true>
            {move || shown.get_untracked().map(|id| view! { <Detail id=id/> })}
        </Dialog>
    }
}

#[component]
fn Detail(id: uuid::Uuid) -> impl IntoView {
    let detail = live(&[], move || Some(GetAudit { id }));
    move || match (detail.get(), detail.refusal.get()) {
        (_, Some(reject)) => view! { <Strip tone=Tone::Need text=refusal(&reject)/> }.into_any(),
        (None, None) => view! { <Skeleton height="240px"/> }.into_any(),
        (Some(None), None) => view! { <p class="muted">{t(key::ACCESS_NO_AUDIT)}</p> }.into_any(),
        (Some(Some(detail)), None) => shown_detail(&detail),
    }
}

fn shown_detail(detail: &AuditDetail) -> AnyView {
    let entry = &detail.entry;
    let facts = [
        (t(key::SYNC_WHEN), format::date_time(entry.at)),
        (t(key::ACCESS_PERSON), entry.person_name.clone()),
        (t(key::SALES_APPROVED_BY), detail.approved_by_name.clone().unwrap_or_default()),
        (t(key::ACCESS_DEVICE), entry.device_name.clone()),
        (t(key::ACCESS_FROM_ADDRESS), entry.address.clone()),
        (t(key::ACCESS_BY_KEY), named(detail.key_name.clone(), detail.key_id.map(|id| id.to_string()))),
        (t(key::ACCESS_BY_SESSION), detail.session_id.map(|id| id.to_string()).unwrap_or_default()),
        (t(key::SYNC_NUMBER), entry.number.clone().unwrap_or_default()),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let facts = facts.map(|(name, value)| view! { <dt>{name}</dt><dd class="selectable">{value}</dd> }).collect_view();
    view! {
        <div class="form" tabindex="0" role="group" aria-label=kind_words(&entry.kind)>
            <div class="row"><h3>{kind_words(&entry.kind)}</h3>{verdict(entry)}</div>
            <dl class="facts">{facts}</dl>
            {what_changed(&detail.args, &detail.names)}
        </div>
    }
    .into_any()
}

/// A name with the id behind it: two keys may have one name.
fn named(name: Option<String>, id: Option<String>) -> String {
    match (name, id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (_, id) => id.unwrap_or_default(),
    }
}

/// A line of what a command said.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// It was that.
    Plain(String, String),
    /// It was that before, and this after.
    Edit(String, String, String),
}

/// The arguments as lines: of the command's name only what stands in it is shown.
fn read(args: &str, say: &Say<'_>) -> Vec<Said> {
    let mut value: Value = serde_json::from_str(args).unwrap_or(Value::Null);
    // `{"catalog": {"edit_product": {…}}}`: two names that the heading says already.
    for _ in 0..2 {
        match value {
            Value::Object(ref mut map) if map.len() == 1 && map.values().all(Value::is_object) => {
                value = map.values_mut().next().map(Value::take).unwrap_or_default();
            }
            other => {
                value = other;
                break;
            }
        }
    }
    let mut lines = Vec::new();
    collect(&mut lines, "", &value, say);
    lines
}

/// What says something, by the name it has where it stands; what stands in something is shown like the rest.
fn collect(lines: &mut Vec<Said>, name: &str, value: &Value, say: &Say<'_>) {
    match (value, value.get("from"), value.get("to")) {
        (_, Some(from), Some(to)) => lines.push(Said::Edit(name.to_owned(), cut(say(name, from)), cut(say(name, to)))),
        (Value::Object(map), ..) => map.iter().for_each(|(name, value)| collect(lines, name, value, say)),
        _ if name.is_empty() || says_nothing(value) => {}
        _ => lines.push(Said::Plain(name.to_owned(), cut(say(name, value)))),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(map) => map.values().all(says_nothing),
        _ => false,
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(VALUE_LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// How the value of a field is said.
type Say<'a> = dyn Fn(&str, &Value) -> String + 'a;

/// A value as people write it: amounts in the shop's money, things by their names, each part of a list on its own line.
fn words(names: &BTreeMap<String, String>, name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(is_so) => t(if *is_so { key::COMMON_YES } else { key::COMMON_NO }),
        Value::Number(number) => number.as_i64().and_then(|number| figure(name, number)).unwrap_or_else(|| number.to_string()),
        // What the command is about is found again by its id.
        Value::String(text) if name == "id" => text.clone(),
        Value::String(text) => match (names.get(text), name) {
            (Some(name), _) => name.clone(),
            (None, "discount") if text == "none" => t(key::COMMON_NONE),
            (None, "tax_mode") => word("tax-mode", text),
            (None, "kind") => word("tender", text),
            (None, "reason") => word("reason", text),
            (None, _) => text.clone(),
        },
        Value::Array(all) => all.iter().map(|value| words(names, name, value)).collect::<Vec<_>>().join("\n"),
        Value::Object(map) => {
            let told = map.iter().filter(|(_, value)| !says_nothing(value));
            told.map(|(name, value)| format!("{} {}", field(name), words(names, name, value))).collect::<Vec<_>>().join(" · ")
        }
    }
}

/// What a field is called: by the thing, where it names one by its id.
fn field(name: &str) -> String {
    field_name(name.strip_suffix("_id").unwrap_or(name))
}

/// A number as what it counts, which the name of its field tells; `None`: it counts pieces of something.
fn figure(name: &str, number: i64) -> Option<String> {
    Some(match name {
        "price" | "list_price" | "unit_price" | "pack_price" | "unit_cost" => format::price(UnitPrice(number)),
        "amount" | "base" | "cart_discount" | "cash_step" | "counted" | "discount" | "float" | "given" | "gross" | "rounding" | "tax" | "total" => {
            format::money(Money(number))
        }
        "high_threshold" | "low_threshold" if Quantity(number) == THRESHOLD_OFF => t(key::COMMON_NONE),
        "quantity" | "difference" | "pack" | "high_threshold" | "low_threshold" => format::quantity(Quantity(number)),
        "rate" | "tax_rate" | "discount_limit" | "percent" => format!("{} %", Rate(number).percent_figure()),
        "expires_at" | "at" | "sold_at" => format::date_time(Instant(number)),
        _ => return None,
    })
}

fn what_changed(args: &str, names: &BTreeMap<String, String>) -> AnyView {
    let row = |said: Said| {
        let (name, from, to) = match said {
            Said::Plain(name, value) => (name, None, value),
            Said::Edit(name, from, to) => (name, Some(from), to),
        };
        view! {
            <tr>
                <td class="muted">{field(&name)}</td>
                <td class="selectable said">{from.map(|from| view! { <del>{from}</del> })}</td>
                <td class="selectable said">{to}</td>
            </tr>
        }
    };
    let lines = read(args, &|name, value| words(names, name, value));
    if lines.is_empty() {
        return ().into_any();
    }
    view! {
        <table class="plain">
            <thead>
                <tr>
                    <th>{t(key::ACCESS_FIELD)}</th>
                    <th>{t(key::ACCESS_BEFORE)}</th>
                    <th>{t(key::ACCESS_AFTER)}</th>
                </tr>
            </thead>
            <tbody>{lines.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_plain(args: &str) -> Vec<Said> {
        read(args, &|_, value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    #[test]
    fn an_edit_shows_what_stood_before_and_the_rest_what_it_is() {
        let args = r#"{"catalog":{"edit_product":{"id":"7","name":{"from":"Tea","to":"Green tea"},"price":null,"tags":[],"more":{"unit":"pcs"}}}}"#;
        let expected = [
            Said::Plain("id".into(), "7".into()),
            Said::Plain("unit".into(), "pcs".into()),
            Said::Edit("name".into(), "Tea".into(), "Green tea".into()),
        ];
        assert_eq!(read_plain(args), expected);
    }

    #[test]
    fn what_is_no_json_shows_nothing_and_what_is_long_is_cut() {
        assert_eq!(read_plain("not json"), []);
        assert_eq!(read_plain("[]"), []);
        let long = format!(r#"{{"note":"{}"}}"#, "é".repeat(VALUE_LIMIT + 1));
        let Some(Said::Plain(_, text)) = read_plain(&long).pop() else { return assert_eq!(read_plain(&long), []) };
        assert_eq!(text.chars().count(), VALUE_LIMIT + 1);
        assert!(text.ends_with('…'));
    }

    #[test]
    fn numbers_are_said_as_what_they_count() {
        let told = |name, number| figure(name, number);
        assert_eq!(told("quantity", 1_500), Some("1.5".into()));
        assert_eq!(told("low_threshold", 2_000), Some("2".into()));
        assert_eq!(told("rate", 50_000), Some("5 %".into()));
        assert_eq!(told("height", 3), None);
    }
}
