//! Stock: what is where, how it got there, and what was found or came in.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::extract::State;
use kontor_domain::command::{Command, Permission};
use kontor_domain::ids::{LocationId, ProductId, StockDocumentId};
use kontor_domain::place::Order;
use kontor_domain::stock::{
    self, Adjust, AdjustLine, BalanceView, BrowseBalances, BrowseMoves, ListBalances, ListMoves, MoveReason, MoveView, Receive, ReceiveLine,
};
use kontor_domain::units::{Quantity, UnitPrice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acting::{ask_text, fresh, today};
use super::input::Search;
use super::once::Post;
use super::output::{Listed, Reply};
use super::paging::{Paging, listing};
use super::spec::{change, question};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/api/v1/stock/balances", get_with(balances, question("Lists how much is where", &[Permission::StockRead])))
        .api_route("/api/v1/stock/moves", get_with(moves, question("Lists the lines of the stock ledger", &[Permission::StockRead])))
        .api_route("/api/v1/stock/receipts", post_with(receive, change("Receives goods", &[Permission::StockReceive])))
        .api_route("/api/v1/stock/adjustments", post_with(adjust, change("Adjusts stock by differences found", &[Permission::StockAdjust])))
}

listing! {
    /// Which balances.
    BalanceSearch {
        /// Part of a name or a code.
        q: Option<String>,
        /// Only at this location.
        location_id: Option<LocationId>,
        /// Only what is below its low threshold, or below zero.
        low: Option<bool>,
    }
}

listing! {
    /// Which moves.
    MoveSearch {
        /// Only of this product.
        product_id: Option<ProductId>,
        /// Only from or to this location.
        location_id: Option<LocationId>,
        /// Newest first (`-at`), if nothing is said, or oldest first (`at`).
        sort: Option<Order>,
    }
}

/// A difference found of one product.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Adjustment {
    /// Where.
    pub location_id: LocationId,
    /// The difference: below zero when something is missing. Not zero.
    pub difference: Quantity,
    /// Why.
    pub reason: MoveReason,
    /// Note, may be empty.
    #[serde(default)]
    pub note: String,
}

/// Differences found at one location.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdjustmentDraft {
    /// Where.
    pub location_id: LocationId,
    /// Note, may be empty.
    #[serde(default)]
    pub note: String,
    /// What differs; 1 to 500.
    pub lines: Vec<AdjustmentLine>,
}

/// One difference.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdjustmentLine {
    /// The product.
    pub product_id: ProductId,
    /// The difference: below zero when something is missing. Not zero.
    pub difference: Quantity,
    /// Why.
    pub reason: MoveReason,
}

/// Goods that came in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptDraft {
    /// Where to.
    pub location_id: LocationId,
    /// The supplier's note, may be empty.
    #[serde(default)]
    pub note: String,
    /// What came; 1 to 500.
    pub lines: Vec<ReceivedLine>,
}

/// One product that came in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReceivedLine {
    /// The product.
    pub product_id: ProductId,
    /// How much, above zero.
    pub quantity: Quantity,
    /// Cost of one unit without tax.
    pub unit_cost: UnitPrice,
}

/// A stock document that was made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Adjusted {
    /// The document.
    pub document_id: StockDocumentId,
    /// Its number.
    pub number: String,
}

async fn balances(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<BalanceSearch>,
) -> Result<Reply<200, Listed<BalanceView>>, Problem> {
    let paging = search.paging()?;
    let (text, location_id, only_low) = (search.q.unwrap_or_default(), search.location_id, search.low.unwrap_or(false));
    let answer = match paging {
        Paging::Page { offset, limit } => ask_text(&app, &actor, ListBalances { text, location_id, only_low, offset, limit }).await?,
        Paging::Stretch { after, limit } => ask_text(&app, &actor, BrowseBalances { text, location_id, only_low, after, limit }).await?,
    };
    Ok(Reply::text(answer))
}

async fn moves(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<MoveSearch>) -> Result<Reply<200, Listed<MoveView>>, Problem> {
    let MoveSearch { product_id, location_id, sort: order, .. } = search;
    let answer = match search.paging()? {
        Paging::Page { offset, limit } => ask_text(&app, &actor, ListMoves { product_id, location_id, order, offset, limit }).await?,
        Paging::Stretch { after, limit } => ask_text(&app, &actor, BrowseMoves { product_id, location_id, order, after, limit }).await?,
    };
    Ok(Reply::text(answer))
}

/// Executes a command that makes a stock document.
async fn make<const STATUS: u16, T>(
    app: &App,
    actor: &Actor,
    post: &Post<T>,
    document_id: StockDocumentId,
    command: stock::Command,
) -> Result<Reply<STATUS, Adjusted>, Problem> {
    let made = move |receipt: &kontor_domain::command::Receipt| Adjusted { document_id, number: receipt.number.clone().unwrap_or_default() };
    post.named.execute(app, actor, Command::Stock(command), made).await
}

async fn receive(State(app): State<Arc<App>>, actor: Actor, post: Post<ReceiptDraft>) -> Result<Reply<201, Adjusted>, Problem> {
    let ReceiptDraft { location_id, note, lines } = post.body.clone();
    let line = |line: ReceivedLine| ReceiveLine { product_id: line.product_id, quantity: line.quantity, unit_cost: line.unit_cost };
    let lines = lines.into_iter().map(line).collect();
    let document_id = fresh();
    let receive = Receive { document_id, location_id, note, business_date: today(&app, &actor).await?, lines };
    make(&app, &actor, &post, document_id, stock::Command::Receive(receive)).await
}

async fn adjust(State(app): State<Arc<App>>, actor: Actor, post: Post<AdjustmentDraft>) -> Result<Reply<201, Adjusted>, Problem> {
    let AdjustmentDraft { location_id, note, lines } = post.body.clone();
    let line = |line: AdjustmentLine| AdjustLine { product_id: line.product_id, difference: line.difference, reason: line.reason };
    let lines = lines.into_iter().map(line).collect();
    let document_id = fresh();
    let adjust = Adjust { document_id, location_id, note, business_date: today(&app, &actor).await?, lines };
    make(&app, &actor, &post, document_id, stock::Command::Adjust(adjust)).await
}

/// Adjusts one product. What is not there at all is found by the command.
pub(super) async fn adjust_product(app: &App, actor: &Actor, product_id: ProductId, post: Post<Adjustment>) -> Result<Reply<200, Adjusted>, Problem> {
    let Adjustment { location_id, difference, reason, note } = post.body.clone();
    let document_id = fresh();
    let lines = vec![AdjustLine { product_id, difference, reason }];
    let adjust = Adjust { document_id, location_id, note, business_date: today(app, actor).await?, lines };
    make(app, actor, &post, document_id, stock::Command::Adjust(adjust)).await
}
