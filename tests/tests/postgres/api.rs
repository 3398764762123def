//! What only the API and managers ask, and what is rare, on both engines at once.

use std::collections::BTreeSet;

use kontor_domain::blob::{BlobHash, MediaType};
use kontor_domain::catalog::{
    self, BrowseProducts, ListCategories, ListImages, ListTaxes, ProductFilter, ProductImage, ProductSort, ReadCategory, ReadProduct, ReadTax,
};
use kontor_domain::command::{Ask, Command, Edit};
use kontor_domain::counter::{self, BrowseSales, GetPrices, ListSales, SaleFilter};
use kontor_domain::identity::{BrowsePersons, PersonFilter};
use kontor_domain::ids::{CategoryId, ProductId, TaxId};
use kontor_domain::place::{Order, Place, Stretch};
use kontor_domain::reports::{GetSales, Period};
use kontor_domain::settings::{self, GetCompany, ListDevices};
use kontor_domain::stock::{BrowseBalances, BrowseMoves, ListMoves, ListProductBalances, ListWarehouses};
use kontor_domain::time::Instant;
use kontor_tests::shop::{Founded, id};
use serde::Serialize;

use crate::script::Both;

/// Pictures come and go; how long the company works is said.
pub async fn furnish(both: &Both, founded: &Founded) {
    let product_id = founded.products[0];
    let image = |byte: u8, position| ProductImage {
        product_id,
        sha256: BlobHash([byte; 32]),
        position,
        media_type: MediaType::Png,
        size: 70_000,
        width: 300,
        height: 200,
        thumbnail: BlobHash([byte ^ 0xff; 32]),
    };
    for (byte, position) in [(1, 2), (2, 0), (3, 1)] {
        both.run(Command::Catalog(catalog::Command::AddImage(image(byte, position)))).await;
    }
    both.run(Command::Catalog(catalog::Command::RemoveImage { product_id, sha256: BlobHash([3; 32]) })).await;
    assert_eq!(both.ask(founded, ListImages { product_id }).await, [image(2, 0), image(1, 2)]);
    let expires_at = Edit { from: None, to: Some(Instant(4_000_000_000_000)) };
    both.run(Command::Settings(settings::Command::SetExpiry { expires_at })).await;
}

/// A list from place to place, to its end.
async fn walk<Q, T, P>(both: &Both, founded: &Founded, ask: impl Fn(Option<Place<P>>) -> Q) -> Vec<T>
where
    Q: Ask<Answer = Stretch<T, P>>,
    T: Serialize,
    P: Clone,
{
    let (mut all, mut seen, mut after) = (Vec::new(), BTreeSet::new(), None);
    loop {
        let stretch = both.ask(founded, ask(after.take())).await;
        for row in stretch.rows {
            assert!(seen.insert(serde_json::to_string(&row).unwrap()), "a row came twice");
            all.push(row);
        }
        match stretch.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

/// Every question of that kind, in several forms.
pub async fn ask_all(both: &Both, founded: &Founded) {
    for sort in [ProductSort::Name, ProductSort::Code, ProductSort::Price, ProductSort::OnHand, ProductSort::Newest] {
        for archived in [false, true] {
            let filter = ProductFilter { archived, sort, ..ProductFilter::default() };
            let all = walk(both, founded, |after| BrowseProducts { filter: filter.clone(), after, limit: 7 }).await;
            assert!(archived || all.len() > 20, "{}", all.len());
        }
    }
    for id in [founded.products[0], ProductId(id())] {
        both.ask(founded, ReadProduct { id }).await;
        both.ask(founded, ListImages { product_id: id }).await;
        both.ask(founded, ListProductBalances { product_id: id }).await;
    }
    let categories = both.ask(founded, ListCategories {}).await;
    for id in categories.iter().map(|category| category.id).chain([CategoryId(id())]) {
        assert_eq!(both.ask(founded, ReadCategory { id }).await.as_ref(), categories.iter().find(|category| category.id == id));
    }
    for id in both.ask(founded, ListTaxes {}).await.iter().map(|tax| tax.id).chain([TaxId(id())]) {
        both.ask(founded, ReadTax { id }).await;
    }
    for (text, location_id, only_low) in [("", None, false), ("", Some(founded.shelf), true), ("鳳", None, false)] {
        let ask = |after| BrowseBalances { text: text.into(), location_id, only_low, after, limit: 3 };
        walk(both, founded, ask).await;
    }
    for (product_id, location_id) in [(None, None), (Some(founded.products[0]), None), (None, Some(founded.shelf))] {
        let newest = walk(both, founded, |after| BrowseMoves { product_id, location_id, order: None, after, limit: 4 }).await;
        let order = Some(Order::OldestFirst);
        let oldest = walk(both, founded, |after| BrowseMoves { product_id, location_id, order, after, limit: 4 }).await;
        assert!(newest.len() > 2 && newest.is_sorted_by(|one, other| one.at >= other.at));
        assert!(oldest.len() == newest.len() && oldest.is_sorted_by(|one, other| one.at <= other.at));
        let offset = 1;
        let page = both.ask(founded, ListMoves { product_id, location_id, order, offset, limit: 500 }).await;
        assert_eq!(page.rows, oldest[1..]);
    }
    assert_eq!(both.ask(founded, ListWarehouses {}).await.len(), 2);
    for text in ["", "TS-1", "李"] {
        let filter = SaleFilter { text: text.into(), ..SaleFilter::default() };
        let newest = walk(both, founded, |after| BrowseSales { filter: filter.clone(), after, limit: 2 }).await;
        let filter = SaleFilter { order: Some(Order::OldestFirst), ..filter };
        let mut oldest = walk(both, founded, |after| BrowseSales { filter: filter.clone(), after, limit: 2 }).await;
        let page = both.ask(founded, ListSales { filter, offset: 0, limit: 500 }).await;
        assert!(page.rows.len() == oldest.len() && page.rows.is_sorted_by(|one, other| one.at <= other.at), "{text}");
        oldest.reverse();
        assert!(newest.len() > 1 && newest == oldest, "{text}");
    }
    let prices = both.ask(founded, GetPrices { product_ids: vec![founded.products[1], ProductId(id())] }).await.unwrap();
    assert_eq!(prices.products.len(), 1);
    assert_eq!(both.ask(founded, counter::ListTills {}).await, both.ask(founded, settings::ListTills {}).await);
    assert!(both.ask(founded, ListDevices {}).await.len() > 2);
    assert!(both.ask(founded, GetCompany {}).await.unwrap().expires_at.is_some());
    for period in [Period::Day, Period::Month, Period::Year] {
        let sales = both.ask(founded, GetSales { from: founded.date, to: founded.date, period }).await;
        assert_eq!(sales.len(), 1, "{sales:?}");
    }
    let filter = PersonFilter::default();
    assert_eq!(walk(both, founded, |after| BrowsePersons { filter: filter.clone(), after, limit: 2 }).await.len(), 4);
}
