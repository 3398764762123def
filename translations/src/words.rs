//! What is named by data: enum words, fields, permissions, refusals, attention items.

use kontor_domain::attention::Attention;
use kontor_domain::counter::Z_NUMBER;
use kontor_domain::reject::Reject;
use kontor_domain::stock::LocationKind;

use crate::{Arg, Key, Locale, key, text, text_with};

/// The text of an enum's word: `word(locale, "tender", kind.word())`. A word that has none is shown as it is.
///
/// Families: `tender`, `sale-kind`, `shift-state`, `cash-direction`, `total`, `account`, `document-kind`,
/// `number-kind`, `location-kind`, `reason`, `stock-document`, `tax-mode`, `printer-kind`, `paper-kind`,
/// `paper-document`, `print-state`, `charset`, `sort`, `theme`, `density`, `permission`, `field`, `unit`, `verify-rule`.
pub fn word(locale: Locale, family: &str, word: &str) -> String {
    find_word(family, word).map_or_else(|| word.to_owned(), |key| text(locale, key))
}

fn find_word(family: &str, word: &str) -> Option<Key> {
    Key::find(&format!("{family}-{}", word.replace(['_', '.', ' '], "-").to_ascii_lowercase()))
}

/// A field's name. `field_text(locale, "tax_number")`.
pub fn field_text(locale: Locale, field: &str) -> String {
    word(locale, "field", field)
}

/// What a permission allows: `receive goods`.
pub fn permission_text(locale: Locale, permission: &str) -> String {
    word(locale, "permission", permission)
}

/// A product's unit; one that a shop made up is shown as it was written.
pub fn unit_text(locale: Locale, unit: &str) -> String {
    word(locale, "unit", unit)
}

/// A printer's character set.
pub fn charset_word(locale: Locale, charset: &str) -> String {
    word(locale, "charset", charset)
}

/// What a location is for.
pub fn location_kind(locale: Locale, kind: LocationKind) -> String {
    word(locale, "location-kind", kind.word())
}

/// The sentence of a refusal: what happened, what it means, what next.
pub fn reject_text(locale: Locale, reject: &Reject) -> String {
    let args: Vec<(&str, &str)> = reject.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    rule_text(locale, &reject.code.number().to_string(), &args)
}

/// The sentence of a refusal's number. A number that only a newer program knows gets a general sentence.
fn rule_text(locale: Locale, number: &str, args: &[(&str, &str)]) -> String {
    let Some(key) = Key::find(&format!("reject-{number}")) else {
        return text_with(locale, key::REJECT_0, &[("code", number.into())]);
    };
    let mut named: Vec<(&str, Arg<'_>)> = args.iter().map(|(name, value)| (*name, argument(locale, name, value))).collect();
    for name in ["field", "what"] {
        if !args.iter().any(|(known, _)| *known == name) {
            named.push((name, text(locale, key::FIELD_UNKNOWN).into()));
        }
    }
    text_with(locale, key, &named)
}

/// Arguments that are words of ours are said in the person's language; all others are data.
fn argument<'a>(locale: Locale, name: &str, value: &'a str) -> Arg<'a> {
    let family = match name {
        "field" | "what" | "column" => "field",
        "permission" => "permission",
        "action" => "action",
        "state" => "state",
        _ => return value.into(),
    };
    word(locale, family, value).into()
}

/// The sentence of an attention item.
pub fn attention_text(locale: Locale, item: &Attention) -> String {
    let args: std::collections::BTreeMap<String, String> = serde_json::from_str(&item.args).unwrap_or_default();
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let is_second_count = args.iter().any(|(name, _)| *name == Z_NUMBER);
    let Some(key) = (if is_second_count { Some(key::ATTENTION_COUNTED_AGAIN) } else { find_word("attention", item.kind.word()) }) else {
        return item.kind.word().to_owned();
    };
    let mut named: Vec<(&str, Arg<'_>)> = args.iter().map(|(name, value)| (*name, (*value).into())).collect();
    if let Some((_, code)) = args.iter().find(|(name, _)| *name == "code") {
        named.push(("text", rule_text(locale, code, &args).into()));
    }
    text_with(locale, key, &named)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field that a command has, as they are pinned.
    const SHAPES: &str = include_str!("../../crates/domain/tests/shapes-1.txt");

    #[test]
    fn every_field_of_a_command_has_a_name() {
        let paths = SHAPES.lines().filter_map(|line| line.split_once(' ')?.1.split_once(':').map(|(path, _)| path));
        let fields = paths.flat_map(|path| path.split('.')).filter(|field| !["*", "from", "to", "id"].contains(field));
        let is_nameless = |field: &&str| find_word("field", field.strip_suffix("_id").unwrap_or(field)).is_none();
        let nameless: Vec<&str> = fields.filter(is_nameless).collect();
        assert!(nameless.is_empty(), "{nameless:?}");
        assert!(SHAPES.contains("counter.sell"), "no shapes");
    }
}
