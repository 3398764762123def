//! Words for people, in the language the screens speak now.
//!
//! The whole window is built anew when the language changes, so a text is a plain `String` and
//! need not be watched.

use kontor_domain::reject::Reject;
use kontor_translations::Arg;
pub(crate) use kontor_translations::{Key, Locale, key};
use leptos::prelude::*;

use crate::state::app;

/// The language of the screens.
pub(crate) fn locale() -> Locale {
    app().locale.get_untracked()
}

/// A text.
pub(crate) fn t(key: Key) -> String {
    kontor_translations::text(locale(), key)
}

/// A text with what it names: `tx(key::COMMON_NO_MATCH, &[("text", name.into())])`.
pub(crate) fn tx(key: Key, args: &[(&str, Arg<'_>)]) -> String {
    kontor_translations::text_with(locale(), key, args)
}

/// The word of an enum: `word("tender", kind.word())`.
pub(crate) fn word(family: &str, word: &str) -> String {
    kontor_translations::word(locale(), family, word)
}

/// A unit of goods.
pub(crate) fn unit(unit: &str) -> String {
    kontor_translations::unit_text(locale(), unit)
}

/// The sentence of a refusal.
pub(crate) fn refusal(reject: &Reject) -> String {
    kontor_translations::reject_text(locale(), reject)
}
