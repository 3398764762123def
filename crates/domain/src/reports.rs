//! Figures for managers. Every figure is a sum of stored lines; nothing is changed here.

use serde::{Deserialize, Serialize};

use crate::cell::words;
use crate::command::queries;
use crate::counter::TenderKind;
use crate::ids::ProductId;
use crate::time::BusinessDate;
use crate::units::{Money, Quantity};

queries! { Reports {
    /// A day's sales.
    GetDay { business_date: BusinessDate } -> Day, permission: ReportsRead;
    /// Sales by day, month or year, both ends included.
    GetSales { from: BusinessDate, to: BusinessDate, period: Period } -> Vec<PeriodSales>, permission: ReportsRead;
} }

words! {
    /// What sales are added up by.
    Period {
        /// A day: `2026-11-21`.
        Day = "day",
        /// A month: `2026-11`.
        Month = "month",
        /// A year: `2026`.
        Year = "year",
    }
}

/// Sales of one period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PeriodSales {
    /// The period.
    pub period: String,
    /// How many sales.
    pub sales: i64,
    /// How many refunds.
    pub refunds: i64,
    /// Sales less refunds, with tax.
    pub total: Money,
    /// Tax in it.
    pub tax: Money,
    /// Discounts given.
    pub discount: Money,
}

/// A day's sales.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Day {
    /// The day.
    pub business_date: BusinessDate,
    /// Sales less refunds, with tax.
    pub total: Money,
    /// Tax in it.
    pub tax: Money,
    /// Discounts given.
    pub discount: Money,
    /// How many sales.
    pub sales: i64,
    /// How many refunds.
    pub refunds: i64,
    /// What refunds gave back (below zero).
    pub refunded: Money,
    /// Units sold less units returned.
    pub items: Quantity,
    /// What a sale came to on average, refunds not counted; zero without one.
    pub average: Money,
    /// By hour of the shop's day: (hour 0–23, total, sales); only hours with sales.
    pub hours: Vec<(i64, Money, i64)>,
    /// By tender.
    pub tenders: Vec<(TenderKind, Money)>,
    /// What sold most, by amount: at most ten.
    pub top: Vec<TopProduct>,
    /// The total of the same weekday a week before.
    pub week_before: Money,
}

/// A product among the best sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TopProduct {
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// How much.
    pub quantity: Quantity,
    /// For how much.
    pub total: Money,
}
