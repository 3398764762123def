//! What the tests of the domain share: how often a property is tried, and carts of every kind.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod samples;

use kontor_domain::counter::cart::{Cart, Discount, price};
use kontor_domain::counter::{Tender, TenderKind};
use kontor_domain::ids::ProductId;
use kontor_domain::reject::Reject;
use kontor_domain::testing::Shop;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use proptest::prelude::*;

/// How often a property is tried: fifty times as often when `KONTOR_LONG` is set.
pub fn tries(usual: u32) -> ProptestConfig {
    let cases = if std::env::var_os("KONTOR_LONG").is_some_and(|value| value == "1") { usual * 50 } else { usual };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 4096, ..ProptestConfig::default() }
}

/// A discount before it is known off what.
#[derive(Clone, Copy, Debug)]
pub enum DiscountPlan {
    None,
    Percent(i64),
    /// An amount: this many millionths of what there is.
    Amount(i64),
}

impl DiscountPlan {
    fn of(self, whole: Money) -> Discount {
        match self {
            Self::None => Discount::None,
            Self::Percent(rate) => Discount::Percent(Rate(rate)),
            Self::Amount(part) => Discount::Amount(whole.share(Rate(part)).unwrap_or_default()),
        }
    }
}

#[derive(Clone, Debug)]
pub struct LinePlan {
    pub product: usize,
    pub tax: usize,
    pub quantity: i64,
    pub pack: i64,
    pub price: i64,
    pub discount: DiscountPlan,
}

/// A cart before it is known in which shop.
#[derive(Clone, Debug)]
pub struct CartPlan {
    pub lines: Vec<LinePlan>,
    pub discount: DiscountPlan,
}

impl CartPlan {
    pub fn cart(&self, shop: &Shop, products: &[ProductId]) -> Result<Cart, Reject> {
        let mut lines = Vec::new();
        for plan in &self.lines {
            let mut line = shop.line(products[plan.product % products.len()], plan.tax, Quantity(plan.quantity), UnitPrice(plan.price));
            line.pack = Quantity(plan.pack);
            line.discount = plan.discount.of(line.unit_price.times(line.quantity)?);
            lines.push(line);
        }
        let mut cart = shop.cart(lines);
        let figures = price(&cart)?;
        cart.discount = self.discount.of(figures.gross.minus(figures.discount)?);
        Ok(cart)
    }
}

pub fn discounts() -> impl Strategy<Value = DiscountPlan> {
    prop_oneof![
        4 => Just(DiscountPlan::None),
        2 => (0_i64..=1_000_000).prop_map(DiscountPlan::Percent),
        1 => (1_i64..=20).prop_map(|five| DiscountPlan::Percent(five * 50_000)),
        2 => (0_i64..=1_000_000).prop_map(DiscountPlan::Amount),
    ]
}

/// From a gram to a truck load.
pub fn quantities() -> impl Strategy<Value = i64> {
    prop_oneof![4 => (1_i64..20).prop_map(|pieces| pieces * 1000), 2 => 1_i64..5000, 1 => Just(1_i64), 1 => 1_i64..100_000_000]
}

/// From a gift to a house, in ten-thousandths of a minor unit.
pub fn prices() -> impl Strategy<Value = i64> {
    prop_oneof![4 => (0_i64..5000).prop_map(|whole| whole * 10_000), 2 => 0_i64..100_000_000, 1 => Just(0_i64), 1 => 0_i64..5_000_000_000_i64]
}

pub fn lines() -> impl Strategy<Value = LinePlan> {
    let packs = prop_oneof![4 => Just(1000_i64), 1 => Just(12_000_i64), 1 => Just(500_i64)];
    (0_usize..8, 0_usize..3, quantities(), packs, prices(), discounts()).prop_map(|(product, tax, quantity, pack, price, discount)| {
        // Half a pack of half a unit still is something to move.
        let quantity = if pack < 1000 { quantity.max(2) } else { quantity };
        LinePlan { product, tax, quantity, pack, price, discount }
    })
}

pub fn carts(most: usize) -> impl Strategy<Value = CartPlan> {
    (prop::collection::vec(lines(), 1..=most), discounts()).prop_map(|(lines, discount)| CartPlan { lines, discount })
}

/// Tenders that pay a total: a part by card, a part by transfer, the rest in cash with rounding.
pub fn tenders_for(total: Money, card: i64, transfer: i64, cash_step: Money) -> Result<(Vec<Tender>, Money), Reject> {
    let card = total.share(Rate(card.min(1_000_000)))?;
    let transfer = total.minus(card)?.share(Rate(transfer.min(1_000_000)))?;
    let left = total.minus(card)?.minus(transfer)?;
    let cash = left.to_step(cash_step)?;
    let mut tenders = Vec::new();
    for (kind, amount, given) in
        [(TenderKind::Card, card, card), (TenderKind::Transfer, transfer, transfer), (TenderKind::Cash, cash, cash.plus(Money(7))?)]
    {
        if !amount.is_zero() {
            tenders.push(Tender { kind, amount, given, reference: String::new() });
        }
    }
    // What is too small for a coin is given away, which only a sale without other tenders may do.
    if cash.is_zero() && !left.is_zero() && !tenders.is_empty() {
        tenders[0].amount = tenders[0].amount.plus(left)?;
        tenders[0].given = tenders[0].amount;
        return Ok((tenders, Money::ZERO));
    }
    Ok((tenders, cash.minus(left)?))
}
