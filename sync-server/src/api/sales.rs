//! Sales and refunds.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::extract::State;
use kontor_domain::command::{Command, Permission};
use kontor_domain::counter::cart::{Cart, CartLine, Discount, cash_rounding, price};
use kontor_domain::counter::{
    self, BrowseSales, GetPrices, GetSale, GetSaleLedger, LINES_LIMIT, ListSales, Prices, Refund, RefundLine, SaleDetail, SaleFilter, SaleKind,
    SaleLedger, SaleRow, Sell, Tender, TenderKind, refund_figures, refund_tenders,
};
use kontor_domain::ids::{ProductId, SaleId, ShiftId};
use kontor_domain::place::Order;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::{Money, Quantity, UnitPrice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acting::{ask, ask_text, fresh};
use super::input::{Of, Search};
use super::once::Post;
use super::output::{Listed, Reply};
use super::paging::{Paging, listing};
use super::seen::{IfNoneMatch, Single};
use super::spec::{change, question};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let all = get_with(list, question("Lists sales and refunds, newest first", &[Permission::SalesRead]))
        .post_with(sell, change("Sells, in an open shift of the server's own till", &[Permission::CounterSell]));
    ApiRouter::new()
        .api_route("/api/v1/sales", all)
        .api_route("/api/v1/sales/{id}", get_with(find, question("A sale with everything on its paper", &[Permission::SalesRead])))
        .api_route("/api/v1/sales/{id}/ledger", get_with(ledger, question("The ledger lines of a sale", &[Permission::LedgerRead])))
        .api_route(
            "/api/v1/sales/{id}/refunds",
            post_with(refund, change("Takes goods back and gives money back", &[Permission::SalesRead, Permission::CounterRefund])),
        )
}

listing! {
    /// Which sales.
    SaleSearch {
        /// Part of a number, of a buyer's name or tax number.
        q: Option<String>,
        /// Only of this day.
        business_date: Option<BusinessDate>,
        /// Only sales, or only refunds.
        kind: Option<SaleKind>,
        /// Newest first (`-at`), if nothing is said, or oldest first (`at`).
        sort: Option<Order>,
    }
}

/// A sale to make.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SaleDraft {
    /// The open shift it is made in.
    pub shift_id: ShiftId,
    /// What is sold; 1 to 1000.
    pub lines: Vec<SaleDraftLine>,
    /// Discount on the whole.
    #[serde(default)]
    pub discount: Discount,
    /// How it is paid; nothing said is cash that fits exactly.
    #[serde(default)]
    pub tenders: Vec<Tender>,
    /// What the buyer was told it comes to: another total is refused.
    #[serde(default)]
    pub total: Option<Money>,
    /// Buyer's name, may be empty.
    #[serde(default)]
    pub customer_name: String,
    /// Buyer's tax number, may be empty.
    #[serde(default)]
    pub customer_tax_number: String,
    /// Note, may be empty.
    #[serde(default)]
    pub note: String,
}

/// A line to sell.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SaleDraftLine {
    /// The product.
    pub product_id: ProductId,
    /// How much, above zero.
    pub quantity: Quantity,
    /// Price of one unit if it is not the list's; it needs `counter.price`.
    #[serde(default)]
    pub unit_price: Option<UnitPrice>,
    /// Discount on this line.
    #[serde(default)]
    pub discount: Discount,
}

/// A sale or refund that was made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SaleMade {
    /// The sale.
    pub id: SaleId,
    /// Its number.
    pub number: String,
    /// Without tax.
    pub base: Money,
    /// Tax.
    pub tax: Money,
    /// What it comes to, with tax; below zero for a refund.
    pub total: Money,
    /// What cash rounding added.
    pub rounding: Money,
    /// Change that is given back.
    pub change: Money,
}

/// Goods to take back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RefundDraft {
    /// The open shift it is made in.
    pub shift_id: ShiftId,
    /// Which lines, how much of each.
    pub lines: Vec<RefundDraftLine>,
    /// Whether the goods go back on sale (else to the returns location).
    #[serde(default)]
    pub restock: bool,
    /// Why, may be empty.
    #[serde(default)]
    pub note: String,
}

/// A line to take back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RefundDraftLine {
    /// The sale's line, from 1.
    pub line: i64,
    /// How much of it, above zero.
    pub quantity: Quantity,
}

async fn list(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<SaleSearch>) -> Result<Reply<200, Listed<SaleRow>>, Problem> {
    let paging = search.paging()?;
    let SaleSearch { q, business_date, kind, sort: order, .. } = search;
    let filter = SaleFilter { text: q.unwrap_or_default(), business_date, kind, warehouse_id: None, order };
    let text = match paging {
        Paging::Page { offset, limit } => ask_text(&app, &actor, ListSales { filter, offset, limit }).await?,
        Paging::Stretch { after, limit } => ask_text(&app, &actor, BrowseSales { filter, after, limit }).await?,
    };
    Ok(Reply::text(text))
}

async fn find(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<SaleId>, known: IfNoneMatch) -> Result<Single<SaleDetail>, Problem> {
    Single::text(ask_text(&app, &actor, GetSale { id }).await?, &known)
}

async fn ledger(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<SaleId>) -> Result<Reply<200, SaleLedger>, Problem> {
    let text = ask_text(&app, &actor, GetSaleLedger { id }).await?;
    // A sale without postings is none.
    if text == r#"{"moves":[],"postings":[]}"# { Err(Problem::missing("sale")) } else { Ok(Reply::text(text)) }
}

/// The cart as the price list has it now.
fn cart(draft: &SaleDraft, prices: &Prices) -> Result<Cart, Reject> {
    let line = |line: &SaleDraftLine| {
        let product = prices.products.iter().find(|product| product.id == line.product_id);
        let product = product.ok_or_else(|| Reject::new(Code::ProductNotFound).with("id", line.product_id))?;
        let tax = prices.taxes.iter().find(|tax| tax.id == product.tax_id).ok_or_else(|| Reject::new(Code::NotFound).with("what", "tax"))?;
        Ok(CartLine {
            product_id: product.id,
            code: product.code.clone(),
            name: product.name.clone(),
            unit: product.unit.clone(),
            barcode: String::new(),
            pack: Quantity::ONE,
            quantity: line.quantity,
            list_price: product.price,
            unit_price: line.unit_price.unwrap_or(product.price),
            discount: line.discount,
            tax_id: tax.id,
            tax_name: tax.name.clone(),
            tax_rate: tax.rate,
        })
    };
    let lines = draft.lines.iter().map(line).collect::<Result<_, Reject>>()?;
    Ok(Cart { tax_mode: prices.tax_mode, lines, discount: draft.discount })
}

/// What cash rounding adds where part of the total is paid in cash.
fn rounding(total: Money, tenders: &[Tender], cash_step: Money) -> Result<Money, Reject> {
    if !tenders.iter().any(|tender| tender.kind == TenderKind::Cash) {
        return Ok(Money::ZERO);
    }
    let other = Money::sum(tenders.iter().filter(|tender| tender.kind != TenderKind::Cash).map(|tender| tender.amount))?;
    cash_rounding(total.minus(other)?, cash_step)
}

/// The command of a sale, at the prices of the list.
fn sale(id: SaleId, draft: &SaleDraft, prices: &Prices) -> Result<Sell, Reject> {
    let cart = cart(draft, prices)?;
    let mut sell = if draft.tenders.is_empty() {
        Sell::for_exact_cash(id, draft.shift_id, cart, prices.cash_step)?
    } else {
        let rounding = rounding(price(&cart)?.total, &draft.tenders, prices.cash_step)?;
        Sell::plain(id, draft.shift_id, cart, draft.tenders.clone(), rounding)?
    };
    if let Some(total) = draft.total.filter(|total| *total != sell.figures.total) {
        let meanwhile = Reject::field(Code::ChangedMeanwhile, "total");
        return Err(meanwhile.with("before", total.0).with("theirs", sell.figures.total.0));
    }
    sell.customer_name.clone_from(&draft.customer_name);
    sell.customer_tax_number.clone_from(&draft.customer_tax_number);
    sell.note.clone_from(&draft.note);
    Ok(sell)
}

async fn sell(State(app): State<Arc<App>>, actor: Actor, post: Post<SaleDraft>) -> Result<Reply<201, SaleMade>, Problem> {
    if post.body.lines.len() > LINES_LIMIT {
        return Err(Reject::field(Code::TooLong, "lines").with("limit", LINES_LIMIT).into());
    }
    let mut product_ids: Vec<ProductId> = post.body.lines.iter().map(|line| line.product_id).collect();
    product_ids.sort();
    product_ids.dedup();
    let prices = ask(&app, &actor, GetPrices { product_ids }).await?.ok_or_else(|| Problem::missing("product"))?;
    let id: SaleId = fresh();
    let sell = sale(id, &post.body, &prices)?;
    let given = Money::sum(sell.tenders.iter().map(|tender| tender.given))?;
    let paid = Money::sum(sell.tenders.iter().map(|tender| tender.amount))?;
    let (base, tax, total) = (sell.figures.base, sell.figures.tax, sell.figures.total);
    let made = SaleMade { id, number: String::new(), base, tax, total, rounding: sell.rounding, change: given.minus(paid)? };
    let command = Command::Counter(counter::Command::Sell(Box::new(sell)));
    let numbered = move |receipt: &kontor_domain::command::Receipt| SaleMade { number: receipt.number.clone().unwrap_or_default(), ..made.clone() };
    post.named.execute(&app, &actor, command, numbered).await
}

async fn refund(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(sale_id): Of<SaleId>,
    post: Post<RefundDraft>,
) -> Result<Reply<201, SaleMade>, Problem> {
    let detail = ask(&app, &actor, GetSale { id: sale_id }).await?.ok_or_else(|| Problem::missing("sale"))?;
    let RefundDraft { shift_id, lines, restock, note } = post.body.clone();
    let lines: Vec<RefundLine> = lines.iter().map(|line| RefundLine { line: line.line, quantity: line.quantity }).collect();
    let (total, parts) = refund_figures(&detail.sale, &detail.lines, &detail.refunded, &lines)?;
    let (tenders, rounding) = refund_tenders(&detail.sale, &detail.tenders, &detail.given_back, total, detail.company.cash_step)?;
    let id: SaleId = fresh();
    let tax = Money::sum(parts.iter().map(|part| part.tax))?.negated()?;
    let base = Money::sum(parts.iter().map(|part| part.base))?.negated()?;
    let made = SaleMade { id, number: String::new(), base, tax, total: total.negated()?, rounding: rounding.negated()?, change: Money::ZERO };
    let refund = Refund { refund_id: id, shift_id, sale_id, lines, total, tenders, rounding, note, restock, print: None, sold: None, approval: None };
    let command = Command::Counter(counter::Command::Refund(Box::new(refund)));
    let numbered = move |receipt: &kontor_domain::command::Receipt| SaleMade { number: receipt.number.clone().unwrap_or_default(), ..made.clone() };
    post.named.execute(&app, &actor, command, numbered).await
}
