//! Figures.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::extract::State;
use kontor_domain::command::Permission;
use kontor_domain::reports::{Day, GetDay, GetSales, Period, PeriodSales};
use kontor_domain::time::BusinessDate;
use schemars::JsonSchema;
use serde::Deserialize;

use super::acting::{ask_text, today};
use super::input::Search;
use super::output::{Listed, Reply, whole};
use super::spec::question;
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// Most days of one report.
const DAYS_LIMIT: i64 = 3_660;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/api/v1/admin/stats", get_with(stats, question("A day's figures", &[Permission::ReportsRead])))
        .api_route("/api/v1/reports/sales", get_with(sales, question("Sales by day, month or year", &[Permission::ReportsRead])))
}

/// Which day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaySearch {
    /// The day; today if nothing is said.
    #[serde(default)]
    business_date: Option<BusinessDate>,
}

/// Which sales.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodSearch {
    /// First day.
    from: BusinessDate,
    /// Last day; at most 3660 days.
    to: BusinessDate,
    /// Added up by; by day if nothing is said.
    #[serde(default)]
    period: Option<Period>,
}

async fn stats(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<DaySearch>) -> Result<Reply<200, Day>, Problem> {
    let business_date = match search.business_date {
        Some(date) => date,
        None => today(&app, &actor).await?,
    };
    business_date.check()?;
    Ok(Reply::text(ask_text(&app, &actor, GetDay { business_date }).await?))
}

async fn sales(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<PeriodSearch>) -> Result<Reply<200, Listed<PeriodSales>>, Problem> {
    let PeriodSearch { from, to, period } = search;
    from.check()?;
    to.check()?;
    let days = (to.0 - from.0).num_days();
    if !(0..DAYS_LIMIT).contains(&days) {
        return Err(Problem::malformed("to").about(format!("0 to {DAYS_LIMIT} days after `from`"), "query:to".into()));
    }
    let period = period.unwrap_or(Period::Day);
    Ok(whole(&ask_text(&app, &actor, GetSales { from, to, period }).await?))
}
