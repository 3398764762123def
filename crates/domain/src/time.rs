//! Instants and business dates. Nothing here reads a clock: time comes in from outside.

use chrono::{DateTime, Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, CellError, CellKind, Value};
use crate::reject::{Code, Reject};

/// A moment: milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

crate::cell::cell_newtype!(Instant over i64);
crate::schema::described!(Instant, "integer", "int64", "A moment: milliseconds since 1970 in UTC.");

impl Instant {
    /// The moment as chrono has it; `None` for a figure no calendar has.
    pub fn utc(self) -> Option<DateTime<chrono::Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

/// The day a sale belongs to: set when the shift opens, in the shop's time zone, never before the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BusinessDate(pub NaiveDate);

crate::schema::described!(BusinessDate, "string", "date", "The day a sale belongs to, in the shop's time zone.");

impl BusinessDate {
    /// A day of this millennium: what is written in four digits, and no slip of a clock or a hand.
    pub fn check(self) -> Result<(), Reject> {
        if (2000..=9999).contains(&self.0.year()) { Ok(()) } else { Err(Reject::field(Code::OutOfRange, "business_date")) }
    }
}

impl Cell for BusinessDate {
    const KIND: CellKind = CellKind::Text;
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
    fn from_value(value: Value) -> Result<Self, CellError> {
        match &value {
            Value::Text(text) => text.parse().map_err(|_| CellError { wanted: "date", value: value.clone() }),
            _ => Err(CellError { wanted: "date", value }),
        }
    }
}

impl std::fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl std::str::FromStr for BusinessDate {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self)
    }
}
