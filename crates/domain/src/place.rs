//! Long lists, read from place to place: what is written meanwhile neither repeats a row nor hides one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cell::words;

/// Longest text of a place: a name of the longest kind, packed.
const TEXT_LIMIT: usize = 4_096;

words! {
    /// In which direction a list of what happened is read.
    Order {
        /// The newest first.
        NewestFirst = "-at",
        /// The oldest first.
        OldestFirst = "at",
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize, P: Serialize", deserialize = "T: Deserialize<'de>, P: DeserializeOwned"))]
pub struct Stretch<T, P> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next part begins; `None`: this is the end.
    pub next: Option<Place<P>>,
}

impl<T, P> Stretch<T, P> {
    /// Of one row more than asked for: that there is one tells that the list goes on.
    pub fn of(mut rows: Vec<T>, limit: usize, place: impl Fn(&T) -> P) -> Self {
        let goes_on = rows.len() > limit;
        rows.truncate(limit);
        let next = if goes_on { rows.last().map(|row| Place(place(row))) } else { None };
        Self { rows, next }
    }
}

/// A place in a list: what its row is sorted by. Others see a text that means nothing to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<P>(pub P);

impl<P: DeserializeOwned> Place<P> {
    /// The place that a text means.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = if text.len() <= TEXT_LIMIT { URL_SAFE_NO_PAD.decode(text).ok()? } else { return None };
        serde_json::from_slice(&bytes).ok().map(Self)
    }
}

impl<P: Serialize> Serialize for Place<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = serde_json::to_vec(&self.0).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl<'de, P: DeserializeOwned> Deserialize<'de> for Place<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("no place of this list"))
    }
}

#[cfg(feature = "schema")]
impl<P> schemars::JsonSchema for Place<P> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Place".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "A place in a list, as `next` of the part before said it." })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_read_back(name in ".{0,200}", number in any::<i64>()) {
            let place = Place((name, number));
            let text: String = serde_json::from_str(&serde_json::to_string(&place).unwrap()).unwrap();
            prop_assert!(text.len() <= TEXT_LIMIT && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(Place::read(&text), Some(place));
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,300}") {
            // What it means does not matter: it is read or it is not.
            let _ = Place::<(String, i64)>::read(&text);
        }
    }

    #[test]
    fn a_list_goes_on_while_there_is_one_row_more() {
        let part = Stretch::of(vec![1, 2, 3], 2, |row| *row);
        assert_eq!(part, Stretch { rows: vec![1, 2], next: Some(Place(2)) });
        assert_eq!(Stretch::of(vec![1, 2], 2, |row| *row).next, None);
    }
}
