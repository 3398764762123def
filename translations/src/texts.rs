//! A key and its arguments become a text.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::Locale;
use crate::generated::{CATALOGUES, KEYS};

/// A message of the catalogue. Constants are in [`key`](crate::key).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub(crate) &'static str);

impl Key {
    /// The key of a name made at run time (`reject-14010`), if there is such a message.
    pub fn find(name: &str) -> Option<Self> {
        let place = KEYS.binary_search_by(|(key, _)| (*key).cmp(name)).ok()?;
        KEYS.get(place).map(|(key, _)| Self(key))
    }

    /// Every key of the catalogue, sorted.
    pub fn all() -> impl Iterator<Item = Self> {
        KEYS.iter().map(|(key, _)| Self(key))
    }

    /// Its name in the files.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The variables that its text asks for.
    pub fn variables(self) -> &'static [&'static str] {
        let place = KEYS.binary_search_by(|(key, _)| (*key).cmp(self.0)).ok();
        place.and_then(|place| KEYS.get(place)).map_or(&[], |(_, variables)| variables)
    }
}

/// What stands in a text's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
    /// Text as it is. Amounts are text: the domain has written their figures.
    Text(std::borrow::Cow<'a, str>),
    /// A count: chooses the plural, and is written with thousands grouped.
    Count(i64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}
impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.as_str().into())
    }
}
impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}
impl From<i64> for Arg<'_> {
    fn from(count: i64) -> Self {
        Self::Count(count)
    }
}

impl<'a> From<&'a Arg<'a>> for FluentValue<'a> {
    fn from(arg: &'a Arg<'a>) -> Self {
        match arg {
            Arg::Text(text) => FluentValue::String(text.as_ref().into()),
            Arg::Count(count) => FluentValue::from(*count),
        }
    }
}

/// The text of a message without variables.
pub fn text(locale: Locale, key: Key) -> String {
    text_with(locale, key, &[])
}

/// The text of a message. A variable without an argument becomes a dash: a hole in a sentence is better than none.
pub fn text_with(locale: Locale, key: Key, args: &[(&str, Arg<'_>)]) -> String {
    let bundle = bundle(locale);
    let Some(pattern) = bundle.get_message(key.0).and_then(|message| message.value()) else {
        return key.0.to_owned();
    };
    let mut values = FluentArgs::new();
    for variable in key.variables() {
        let arg = args.iter().find(|(name, _)| name == variable);
        values.set(*variable, arg.map_or(FluentValue::from("–"), |(_, arg)| arg.into()));
    }
    bundle.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned()
}

type Bundle = FluentBundle<FluentResource>;

/// The bundle of a language, made at its first use.
fn bundle(locale: Locale) -> &'static Bundle {
    static BUNDLES: [OnceLock<Bundle>; 3] = [const { OnceLock::new() }; 3];
    BUNDLES[locale.index()].get_or_init(|| make_bundle(locale))
}

fn make_bundle(locale: Locale) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(locale.tag().parse().into_iter().collect());
    // Isolation marks are invisible characters: paper and barcodes would carry them.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(grouped(&number.as_string())),
        _ => None,
    }));
    for source in CATALOGUES.get(locale.index()).copied().unwrap_or_default() {
        // The build has parsed it already; what parses is kept in any case.
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// A whole number with its thousands grouped, as all our languages do.
fn grouped(figure: &str) -> String {
    let (sign, digits) = figure.strip_prefix('-').map_or(("", figure), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
