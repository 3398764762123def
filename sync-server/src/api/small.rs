//! Lists of which there is never much: told whole, unless a part or another order is asked for.

use std::cmp::Ordering;

use kontor_domain::place::Place;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::acting::read;
use super::output::{Listed, Reply};
use super::paging::{Asked, Paging};
use crate::problem::Problem;

/// Which part of it, and in which order.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmallSearch {
    /// Order: the name of a field, from the end with `-` before it. Without it, and without what follows, the list's own.
    sort: Option<String>,
    /// Rows, 1 to 500; all if nothing is said.
    limit: Option<u32>,
    /// Where to go on: `next` of the part before.
    after: Option<String>,
    /// Number of a page, from 1. With `page_size`, in place of `limit` and `after`; then `total` is counted.
    page: Option<u32>,
    /// Rows of a page, 1 to 500; 20 if nothing is said.
    page_size: Option<u32>,
}

/// By what the rows of a list are known and sorted: JSON pointers into a row.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its id.
    pub id: &'static str,
    /// What it may be sorted by, under the name of the last part; the first is the order of a part that names none.
    pub fields: &'static [&'static str],
}

impl Shape {
    /// The field of a name.
    fn field(&self, name: &str) -> Option<&'static str> {
        self.fields.iter().copied().find(|field| field.rsplit('/').next() == Some(name))
    }

    /// The field that is asked for, and whether from its end.
    fn order(&self, sort: Option<&str>) -> Result<(&'static str, bool), Problem> {
        let Some(sort) = sort else { return Ok((self.fields.first().copied().unwrap_or(self.id), false)) };
        let (name, is_falling) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
        let names = || self.fields.iter().filter_map(|field| field.rsplit('/').next()).collect::<Vec<_>>().join(", ");
        let wrong = || Problem::malformed("sort").about(format!("one of {}", names()), "query:sort".into());
        self.field(name).map(|field| (field, is_falling)).ok_or_else(wrong)
    }
}

/// Where a row stands: what it is sorted by, and its id.
type Standing = (Value, Value);

fn order(one: &Value, other: &Value) -> Ordering {
    let kind = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        _ => 3,
    };
    kind(one).cmp(&kind(other)).then_with(|| match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.as_i64().cmp(&other.as_i64()),
        (Value::String(one), Value::String(other)) => one.cmp(other),
        _ => Ordering::Equal,
    })
}

fn compare(one: &Standing, other: &Standing, is_falling: bool) -> Ordering {
    let ordering = order(&one.0, &other.0).then_with(|| order(&one.1, &other.1));
    if is_falling { ordering.reverse() } else { ordering }
}

/// The part that is asked for of a list, given whole as JSON.
pub fn part<T>(rows: &str, search: &SmallSearch, shape: Shape) -> Result<Reply<200, Listed<T>>, Problem> {
    let SmallSearch { sort, limit, after, page, page_size } = search;
    let is_whole = limit.is_none() && after.is_none() && page.is_none() && page_size.is_none();
    if is_whole && sort.is_none() {
        return Ok(super::output::whole(rows));
    }
    let (field, is_falling) = shape.order(sort.as_deref())?;
    let mut rows: Vec<Value> = read(rows)?;
    let at = |row: &Value, pointer: &str| row.pointer(pointer).cloned().unwrap_or_default();
    let standing = |row: &Value| (at(row, field), at(row, shape.id));
    rows.sort_by(|one, other| compare(&standing(one), &standing(other), is_falling));
    if is_whole {
        return Ok(Reply::text(json!({ "rows": rows }).to_string()));
    }
    let total = rows.len();
    let paging: Paging<(String, Standing)> = Paging::of(&Asked { limit: *limit, after: after.as_deref(), page: *page, page_size: *page_size })?;
    Ok(Reply::text(match paging {
        Paging::Page { offset, limit } => {
            let rows: Vec<Value> = rows.into_iter().skip(offset as usize).take(limit as usize).collect();
            json!({ "rows": rows, "next": null, "total": total }).to_string()
        }
        Paging::Stretch { after, limit } => {
            let name = format!("{}{field}", if is_falling { "-" } else { "" });
            if let Some(Place((of, after))) = after {
                if of != name {
                    return Err(Problem::malformed("after").about("a place of another order".into(), "query:after".into()));
                }
                rows.retain(|row| compare(&standing(row), &after, is_falling) == Ordering::Greater);
            }
            let goes_on = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let next = rows.last().filter(|_| goes_on).map(|row| Place((name, standing(row))));
            json!({ "rows": rows, "next": next, "total": null }).to_string()
        }
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    const SHAPE: Shape = Shape { id: "/of/id", fields: &["/of/name", "/count"] };

    fn rows() -> String {
        let row = |id: u8, name: &str, count: Value| json!({ "of": { "id": id.to_string(), "name": name }, "count": count });
        json!([row(3, "b", json!(7)), row(1, "b", Value::Null), row(2, "a", json!(10)), row(4, "c", json!(-1))]).to_string()
    }

    fn asked(query: &str) -> Result<Value, Problem> {
        let search: SmallSearch = crate::api::input::search(query)?;
        part::<Value>(&rows(), &search, SHAPE).map(|reply| serde_json::from_str(reply.body()).unwrap())
    }

    fn ids(part: &Value) -> String {
        part["rows"].as_array().unwrap().iter().map(|row| row["of"]["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_list_is_whole_in_its_own_order_until_something_else_is_asked_for() {
        for (query, expected) in [("", "3124"), ("sort=name", "2134"), ("sort=-name", "4312"), ("sort=count", "1432"), ("sort=-count", "2341")] {
            assert_eq!(ids(&asked(query).unwrap()), expected, "{query}");
        }
        assert_eq!(asked("sort=colour").unwrap_err().pointer(), "query:sort");
        assert_eq!(asked("sort=id").unwrap_err().pointer(), "query:sort");
    }

    #[test]
    fn parts_one_after_the_other_are_the_whole_and_pages_count_it() {
        for sort in ["name", "-name", "count", "-count"] {
            let whole = ids(&asked(&format!("sort={sort}")).unwrap());
            for limit in 1..=5 {
                let (mut read, mut after) = (String::new(), String::new());
                loop {
                    let part = asked(&format!("sort={sort}&limit={limit}{after}")).unwrap();
                    assert!(ids(&part).len() <= limit);
                    read += &ids(&part);
                    let Some(next) = part["next"].as_str() else { break };
                    after = format!("&after={next}");
                }
                assert_eq!(read, whole, "{sort} by {limit}");
            }
        }
        let page = asked("page=2&page_size=3").unwrap();
        assert_eq!((ids(&page).as_str(), &page["total"], &page["next"]), ("4", &json!(4), &Value::Null));
        let next = asked("limit=1").unwrap()["next"].as_str().unwrap().to_owned();
        for wrong in [format!("sort=count&limit=1&after={next}"), format!("page=1&after={next}"), "after=x".into()] {
            assert!(asked(&wrong).is_err(), "{wrong}");
        }
    }
}
