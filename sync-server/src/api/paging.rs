//! Lists: from place to place (`limit`, `after`), or by number of the page (`page`, `page_size`), which also counts.

use kontor_domain::place::Place;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Rows of a page if nothing is said.
const ROWS: u32 = 20;
/// Most rows of a page: more is not refused, but this is what comes.
const ROWS_LIMIT: u32 = 500;
/// Highest number of a page: what is behind is reached from place to place.
const PAGE_LIMIT: u32 = 10_000;

/// Which part of a list is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Paging<P> {
    /// What comes after a place; the beginning without one.
    Stretch {
        /// The place.
        after: Option<Place<P>>,
        /// Rows.
        limit: u32,
    },
    /// A page by its number.
    Page {
        /// Rows before it.
        offset: u32,
        /// Rows.
        limit: u32,
    },
}

/// The four parameters every list has, as they came.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    /// Rows of a stretch.
    pub limit: Option<u32>,
    /// Where it begins.
    pub after: Option<&'a str>,
    /// Number of the page, from 1.
    pub page: Option<u32>,
    /// Rows of a page.
    pub page_size: Option<u32>,
}

impl<P: DeserializeOwned> Paging<P> {
    /// What the four parameters ask for together.
    pub fn of(asked: &Asked<'_>) -> Result<Self, Problem> {
        let rows = |wanted: Option<u32>| wanted.unwrap_or(ROWS).clamp(1, ROWS_LIMIT);
        match (asked.after, asked.page.or(asked.page_size)) {
            (None, None) => Ok(Self::Stretch { after: None, limit: rows(asked.limit) }),
            (Some(text), None) => {
                let after =
                    Place::read(text).ok_or_else(|| Problem::malformed("after").about("no place of this list".into(), "query:after".into()))?;
                Ok(Self::Stretch { after: Some(after), limit: rows(asked.limit) })
            }
            (None, Some(_)) if asked.limit.is_none() => {
                let page = asked.page.unwrap_or(1);
                if !(1..=PAGE_LIMIT).contains(&page) {
                    return Err(Problem::malformed("page").about(format!("1 to {PAGE_LIMIT}"), "query:page".into()));
                }
                let limit = rows(asked.page_size);
                Ok(Self::Page { offset: (page - 1) * limit, limit })
            }
            _ => Err(Problem::malformed("page").about("either limit and after, or page and page_size".into(), "query:page".into())),
        }
    }
}

/// Declares the parameters of a list: its own filters, and the four that every list has.
macro_rules! listing {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* #[serde(default)] pub $field: $type,)*
            /// Rows, 1 to 500; 20 if nothing is said.
            #[serde(default)]
            pub limit: Option<u32>,
            /// Where to go on: `next` of the part before.
            #[serde(default)]
            pub after: Option<String>,
            /// Number of a page, from 1. With `page_size`, in place of `limit` and `after`; then `total` is counted.
            #[serde(default)]
            pub page: Option<u32>,
            /// Rows of a page, 1 to 500; 20 if nothing is said.
            #[serde(default)]
            pub page_size: Option<u32>,
        }

        impl $name {
            fn paging<P: serde::de::DeserializeOwned>(&self) -> Result<$crate::api::paging::Paging<P>, $crate::problem::Problem> {
                let Self { limit, after, page, page_size, .. } = self;
                $crate::api::paging::Paging::of(&$crate::api::paging::Asked {
                    limit: *limit,
                    after: after.as_deref(),
                    page: *page,
                    page_size: *page_size,
                })
            }
        }
    };
}
pub(crate) use listing;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn paging(limit: Option<u32>, after: Option<&str>, page: Option<u32>, page_size: Option<u32>) -> Option<Paging<i64>> {
        Paging::of(&Asked { limit, after, page, page_size }).ok()
    }

    #[test]
    fn rows_are_held_to_what_a_page_may_have() {
        assert_eq!(paging(None, None, None, None), Some(Paging::Stretch { after: None, limit: 20 }));
        assert_eq!(paging(Some(0), None, None, None), Some(Paging::Stretch { after: None, limit: 1 }));
        assert_eq!(paging(Some(u32::MAX), None, None, None), Some(Paging::Stretch { after: None, limit: 500 }));
        assert_eq!(paging(None, None, Some(3), Some(50)), Some(Paging::Page { offset: 100, limit: 50 }));
        assert_eq!(paging(None, None, Some(10_000), Some(9_999)), Some(Paging::Page { offset: 4_999_500, limit: 500 }));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert_eq!(paging(Some(1), None, Some(1), None), None);
        assert_eq!(paging(None, Some("x"), Some(1), None), None);
        assert_eq!(paging(None, None, Some(0), None), None);
        assert_eq!(paging(None, Some("no place"), None, None), None);
    }
}
