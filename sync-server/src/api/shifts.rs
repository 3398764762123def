//! Shifts of the server's own till.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::extract::State;
use kontor_domain::command::{Command, Permission};
use kontor_domain::counter::{self, CloseShift, GetShift, ListShifts, MoveCash, OpenShift, Shift, ShiftDetail};
use kontor_domain::ids::{CashMovementId, ShiftId, TillId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acting::{ask_text, fresh, server_till, today};
use super::input::{Of, Search};
use super::once::Post;
use super::output::{Listed, Reply};
use super::seen::{IfNoneMatch, Single};
use super::spec::{change, question};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let all = get_with(list, question("Lists a till's shifts, newest first", &[Permission::ShiftRead]))
        .post_with(open, change("Opens a shift on the server's own till", &[Permission::ShiftManage]));
    ApiRouter::new()
        .api_route("/api/v1/shifts", all)
        .api_route("/api/v1/shifts/{id}", get_with(find, question("A shift with its totals", &[Permission::ShiftRead])))
        .api_route("/api/v1/shifts/{id}/close", post_with(close, change("Closes a shift with what was counted", &[Permission::ShiftManage])))
        .api_route("/api/v1/shifts/{id}/cash", post_with(cash, change("Puts cash into the drawer, or takes it out", &[Permission::ShiftCash])))
}

/// Which shifts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftSearch {
    /// The till.
    till_id: TillId,
    /// Number of a page, from 1.
    #[serde(default)]
    page: Option<u32>,
    /// Rows of a page, 1 to 500; 20 if nothing is said.
    #[serde(default)]
    page_size: Option<u32>,
}

/// A shift to open.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShiftDraft {
    /// The till; the server's own if nothing is said. A till of its own opens its shifts itself.
    #[serde(default)]
    pub till_id: Option<TillId>,
    /// Cash in the drawer.
    #[serde(default)]
    pub float: Money,
    /// Its day; today if nothing is said.
    #[serde(default)]
    pub business_date: Option<BusinessDate>,
}

/// A shift that was opened.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShiftOpened {
    /// The shift.
    pub id: ShiftId,
    /// Its till.
    pub till_id: TillId,
    /// Its day.
    pub business_date: BusinessDate,
}

/// What was counted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShiftCount {
    /// Cash counted in the drawer.
    pub counted: Money,
    /// How many of each note and coin; may be empty.
    #[serde(default)]
    pub denominations: Vec<(Money, i64)>,
}

/// A shift that was closed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ShiftClosed {
    /// The shift.
    pub id: ShiftId,
    /// Its Z number.
    pub number: String,
}

/// Cash put in or taken out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CashDraft {
    /// How much: above zero is put in, below zero is taken out.
    pub amount: Money,
    /// Why; must say something.
    pub reason: String,
}

/// Cash that was put in or taken out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CashMoved {
    /// The movement.
    pub id: CashMovementId,
}

async fn list(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<ShiftSearch>) -> Result<Reply<200, Listed<Shift>>, Problem> {
    let asked = super::paging::Asked { page: Some(search.page.unwrap_or(1)), page_size: search.page_size, ..Default::default() };
    let (offset, limit) = match super::paging::Paging::<()>::of(&asked)? {
        super::paging::Paging::Page { offset, limit } => (offset, limit),
        super::paging::Paging::Stretch { limit, .. } => (0, limit),
    };
    Ok(Reply::text(ask_text(&app, &actor, ListShifts { till_id: search.till_id, offset, limit }).await?))
}

async fn find(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<ShiftId>, known: IfNoneMatch) -> Result<Single<ShiftDetail>, Problem> {
    Single::text(ask_text(&app, &actor, GetShift { id }).await?, &known)
}

async fn open(State(app): State<Arc<App>>, actor: Actor, post: Post<ShiftDraft>) -> Result<Reply<201, ShiftOpened>, Problem> {
    let ShiftDraft { till_id, float, business_date } = post.body;
    let till_id = till_id.unwrap_or_else(|| server_till(actor.company));
    let business_date = match business_date {
        Some(date) => date,
        None => today(&app, &actor).await?,
    };
    let shift_id: ShiftId = fresh();
    let command = Command::Counter(counter::Command::OpenShift(OpenShift { shift_id, till_id, business_date, float }));
    let opened = post.named.execute(&app, &actor, command, move |_| ShiftOpened { id: shift_id, till_id, business_date }).await;
    // A day before the till's last one is no clock's fault here: the caller named it.
    opened.map_err(|problem| problem.instead(Code::ClockSetBack, Reject::field(Code::OutOfRange, "business_date")))
}

async fn close(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(shift_id): Of<ShiftId>,
    post: Post<ShiftCount>,
) -> Result<Reply<200, ShiftClosed>, Problem> {
    let ShiftCount { counted, denominations } = post.body;
    let command = Command::Counter(counter::Command::CloseShift(CloseShift { shift_id, denominations, counted }));
    let closed = move |receipt: &kontor_domain::command::Receipt| ShiftClosed { id: shift_id, number: receipt.number.clone().unwrap_or_default() };
    post.named.execute(&app, &actor, command, closed).await
}

async fn cash(State(app): State<Arc<App>>, actor: Actor, Of(shift_id): Of<ShiftId>, post: Post<CashDraft>) -> Result<Reply<201, CashMoved>, Problem> {
    let CashDraft { amount, reason } = post.body;
    let movement_id: CashMovementId = fresh();
    let move_cash = |amount: Money| MoveCash { movement_id, shift_id, amount, reason };
    let command =
        if amount.is_negative() { counter::Command::CashOut(move_cash(amount.negated()?)) } else { counter::Command::CashIn(move_cash(amount)) };
    post.named.execute(&app, &actor, Command::Counter(command), move |_| CashMoved { id: movement_id }).await
}
