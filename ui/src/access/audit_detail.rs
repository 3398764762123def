//! One thing that was done: what it said, and of an edit what stood before.

use kontor_domain::identity::{AuditDetail, GetAudit};
use leptos::prelude::*;
use serde_json::Value;

use super::audit::{kind_words, verdict};
use crate::format;
use crate::live::live;
use crate::parts::{Dialog, Skeleton, Strip, field_name};
use crate::text::{key, refusal, t};
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
        <div class="form">
            <div class="row"><h3>{kind_words(&entry.kind)}</h3>{verdict(entry)}</div>
            <dl class="facts">{facts}</dl>
            {what_changed(&detail.args)}
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
fn read(args: &str) -> Vec<Said> {
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
    collect(&mut lines, "", &value);
    lines
}

/// What says something, by the name it has where it stands; what stands in something is shown like the rest.
fn collect(lines: &mut Vec<Said>, name: &str, value: &Value) {
    match (value, value.get("from"), value.get("to")) {
        (_, Some(from), Some(to)) => lines.push(Said::Edit(name.to_owned(), words(from), words(to))),
        (Value::Object(map), ..) => map.iter().for_each(|(name, value)| collect(lines, name, value)),
        (Value::Null, ..) => {}
        (Value::String(text), ..) if text.is_empty() => {}
        (Value::Array(all), ..) if all.is_empty() => {}
        _ if name.is_empty() => {}
        _ => lines.push(Said::Plain(name.to_owned(), words(value))),
    }
}

fn words(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    match text.char_indices().nth(VALUE_LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn what_changed(args: &str) -> AnyView {
    let row = |said: Said| {
        let (name, from, to) = match said {
            Said::Plain(name, value) => (name, None, value),
            Said::Edit(name, from, to) => (name, Some(from), to),
        };
        view! {
            <tr>
                <td class="muted">{field_name(&name)}</td>
                <td class="selectable said">{from.map(|from| view! { <del>{from}</del> })}</td>
                <td class="selectable said">{to}</td>
            </tr>
        }
    };
    let lines = read(args);
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

    #[test]
    fn an_edit_shows_what_stood_before_and_the_rest_what_it_is() {
        let args = r#"{"catalog":{"edit_product":{"id":"7","name":{"from":"Tea","to":"Green tea"},"price":null,"tags":[],"more":{"unit":"pcs"}}}}"#;
        let expected = [
            Said::Plain("id".into(), "7".into()),
            Said::Plain("unit".into(), "pcs".into()),
            Said::Edit("name".into(), "Tea".into(), "Green tea".into()),
        ];
        assert_eq!(read(args), expected);
    }

    #[test]
    fn what_is_no_json_shows_nothing_and_what_is_long_is_cut() {
        assert_eq!(read("not json"), []);
        assert_eq!(read("[]"), []);
        let long = format!(r#"{{"note":"{}"}}"#, "é".repeat(VALUE_LIMIT + 1));
        let Some(Said::Plain(_, text)) = read(&long).pop() else { return assert_eq!(read(&long), []) };
        assert_eq!(text.chars().count(), VALUE_LIMIT + 1);
        assert!(text.ends_with('…'));
    }
}
