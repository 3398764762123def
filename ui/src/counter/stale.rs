//! Prices that changed while a sale lay open or parked: shown in amber beside the line, and taken over by a press. What was
//! agreed stays until somebody says otherwise.

use std::collections::HashMap;

use kontor_domain::counter::GetPrices;
use kontor_domain::counter::cart::CartLine;
use kontor_domain::ids::ProductId;
use kontor_domain::units::{Quantity, UnitPrice};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Counter;
use crate::backend;
use crate::sound::{self, Sound};

/// What products cost today, as far as it was asked.
pub(crate) type Today = HashMap<ProductId, UnitPrice>;

/// Packs have prices of their own.
fn is_by_the_unit(line: &CartLine) -> bool {
    line.pack == Quantity::ONE
}

/// What the line's product costs now, if that is another price than the line's.
pub(super) fn price_now(today: &Today, line: &CartLine) -> Option<UnitPrice> {
    today.get(&line.product_id).copied().filter(|price| is_by_the_unit(line) && *price != line.list_price)
}

impl Counter {
    /// Asks what the products of the open sale cost now.
    pub(crate) fn look_at_prices(self) {
        let mut product_ids: Vec<ProductId> = self
            .basket
            .with_untracked(|basket| basket.lines.iter().filter(|line| is_by_the_unit(&line.line)).map(|line| line.line.product_id).collect());
        product_ids.sort();
        product_ids.dedup();
        if product_ids.is_empty() {
            self.today.set(Today::new());
            return;
        }
        spawn_local(async move {
            // Without an answer nothing is known to be otherwise.
            let Ok(Some(prices)) = backend::ask(GetPrices { product_ids }).await else { return };
            let today: Today = prices.products.into_iter().map(|product| (product.id, product.price)).collect();
            let is_more = self.count_stale(&today) > self.today.with_untracked(|before| self.count_stale(before));
            self.today.set(today);
            if is_more {
                sound::play(Sound::Look);
            }
        });
    }

    fn count_stale(self, today: &Today) -> usize {
        self.basket.with_untracked(|basket| basket.lines.iter().filter(|line| price_now(today, &line.line).is_some()).count())
    }

    /// The line costs what its product costs now; a price that a person gave it stays.
    pub(super) fn take_price_now(self, key: u32, price: UnitPrice) {
        self.change(|basket| {
            basket.change(key, |line| {
                if line.unit_price == line.list_price {
                    line.unit_price = price;
                }
                line.list_price = price;
            });
        });
    }
}
