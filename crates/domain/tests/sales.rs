//! Sales and refunds as they are kept: what the screen showed, what was posted, what came back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use std::collections::BTreeMap;

use common::{CartPlan, carts, tenders_for, tries};
use kontor_domain::catalog::{self, ProductChanges, Tax, TaxChanges, TaxKey};
use kontor_domain::command::{Command, Edit};
use kontor_domain::counter::cart::{Discount, price};
use kontor_domain::counter::{RefundLine, Sale, SaleKind, SaleLine, SaleTax, SaleTender, Sell, Tender, TenderKind, refund_tenders};
use kontor_domain::ids::ProductId;
use kontor_domain::money::{Account, Posting};
use kontor_domain::reject::Code;
use kontor_domain::stock::StockValue;
use kontor_domain::testing::{Failure, Shop, ShopKind};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use proptest::prelude::*;

/// A shop with four products, some received once or twice, some never.
fn stocked(kind: usize, receipts: &[(usize, i64, i64)]) -> (Shop, Vec<ProductId>) {
    let mut shop = Shop::found(ShopKind::ALL[kind]).unwrap();
    let products: Vec<_> = (0..4).map(|tax| shop.product(tax, UnitPrice(300_000)).unwrap()).collect();
    for (product, quantity, cost) in receipts {
        shop.receive(&[(products[*product % 4], Quantity(*quantity), UnitPrice(*cost))]).unwrap();
    }
    (shop, products)
}

fn receipts() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
    prop::collection::vec((0_usize..4, 1_i64..200_000, 0_i64..10_000_000), 0..5)
}

fn sell_of(shop: &mut Shop, products: &[ProductId], plan: &CartPlan, card: i64, transfer: i64) -> Sell {
    let cart = plan.cart(shop, products).unwrap();
    let (tenders, rounding) = tenders_for(price(&cart).unwrap().total, card, transfer, shop.cash_step).unwrap();
    shop.sell_with(cart, tenders, rounding).unwrap()
}

type Accounts = BTreeMap<(Account, String), i64>;

fn accounts(shop: &Shop) -> Accounts {
    let mut sums = Accounts::new();
    for posting in shop.store.rows::<Posting>().unwrap() {
        *sums.entry((posting.account, posting.detail)).or_default() += posting.amount.0;
    }
    sums.retain(|_, amount| *amount != 0);
    sums
}

fn worth(shop: &Shop) -> Vec<StockValue> {
    let mut rows = shop.store.rows::<StockValue>().unwrap();
    rows.retain(|row| !row.quantity.is_zero() || !row.value.is_zero());
    rows
}

proptest! {
    #![proptest_config(tries(20_000))]

    #[test]
    fn the_stored_sale_is_what_the_screen_showed(plan in carts(5), kind in 0_usize..3, card in 0_i64..1_500_000, transfer in 0_i64..1_500_000, cold: bool) {
        let (mut shop, products) = stocked(kind, &[]);
        shop.store.cold = cold;
        let shown = sell_of(&mut shop, &products, &plan, card, transfer);
        let sale = shop.sell(shown.clone()).unwrap();
        prop_assert_eq!((sale.gross, sale.discount, sale.base), (shown.figures.gross, shown.figures.discount, shown.figures.base));
        prop_assert_eq!((sale.tax, sale.total, sale.rounding), (shown.figures.tax, shown.figures.total, shown.rounding));
        let kept: Discount = serde_json::from_str(&sale.cart_discount).unwrap();
        prop_assert_eq!(kept, shown.cart.discount);
        let lines = shop.lines(sale.id).unwrap();
        prop_assert_eq!(lines.len(), shown.cart.lines.len());
        for ((kept, line), figures) in lines.iter().zip(&shown.cart.lines).zip(&shown.figures.lines) {
            prop_assert_eq!((kept.product_id, kept.quantity, kept.pack, kept.unit_price), (line.product_id, line.quantity, line.pack, line.unit_price));
            prop_assert_eq!((&kept.name, &kept.code, &kept.unit, kept.tax_id, kept.tax_rate), (&line.name, &line.code, &line.unit, line.tax_id, line.tax_rate));
            prop_assert_eq!((kept.gross, kept.discount, kept.cart_discount), (figures.gross, figures.discount, figures.cart_discount));
            prop_assert_eq!((kept.base, kept.tax, kept.total), (figures.base, figures.tax, figures.total));
        }
        let mut taxes: Vec<_> = shown.figures.taxes.iter().map(|tax| (tax.tax_id, tax.name.clone(), tax.rate, tax.base, tax.tax)).collect();
        taxes.sort_by_key(|tax| tax.0);
        let kept: Vec<_> = shop.store.rows::<SaleTax>().unwrap().into_iter().map(|tax| (tax.tax_id, tax.name, tax.rate, tax.base, tax.tax)).collect();
        prop_assert_eq!(kept, taxes);
        let kept: Vec<_> = shop.tenders(sale.id).unwrap().into_iter().map(|row| (row.kind, row.amount, row.given)).collect();
        prop_assert_eq!(kept, shown.tenders.iter().map(|tender| (tender.kind, tender.amount, tender.given)).collect::<Vec<_>>());
        shop.store.check_ledgers().unwrap();
    }

    #[test]
    fn a_sale_and_its_full_refund_by_the_same_tenders_leave_nothing(plan in carts(4), kind in 0_usize..3, stock in receipts(), card in 0_i64..1_500_000, cold: bool) {
        let (mut shop, products) = stocked(kind, &stock);
        shop.store.cold = cold;
        let before = (accounts(&shop), worth(&shop));
        let shown = sell_of(&mut shop, &products, &plan, card, 0);
        let sale = shop.sell(shown).unwrap();
        let whole = shop.whole(&sale).unwrap();
        let back = shop.refund_of(&sale, whole).unwrap();
        let refund = shop.refund(back).unwrap();
        prop_assert_eq!(refund.total.0 + sale.total.0, 0);
        shop.store.check_ledgers().unwrap();
        prop_assert_eq!((accounts(&shop), worth(&shop)), before);
    }

    #[test]
    fn a_full_refund_by_another_tender_leaves_only_tenders_and_rounding(plan in carts(4), kind in 0_usize..3, card in 0_i64..1_500_000) {
        let (mut shop, products) = stocked(kind, &[]);
        let before = accounts(&shop);
        let shown = sell_of(&mut shop, &products, &plan, card, 0);
        let sale = shop.sell(shown).unwrap();
        let whole = shop.whole(&sale).unwrap();
        let mut back = shop.refund_of(&sale, whole).unwrap();
        back.rounding = Money::ZERO;
        back.tenders = vec![Tender { kind: TenderKind::Transfer, amount: back.total, given: back.total, reference: String::new() }];
        back.tenders.retain(|tender| !tender.amount.is_zero());
        shop.refund(back).unwrap();
        shop.store.check_ledgers().unwrap();
        let trade = |accounts: Accounts| -> Accounts { accounts.into_iter().filter(|((account, _), _)| matches!(account, Account::Sales | Account::Tax)).collect() };
        prop_assert_eq!(trade(accounts(&shop)), trade(before.clone()));
        let changed = accounts(&shop).into_iter().filter(|entry| before.get(&entry.0) != Some(&entry.1));
        for ((account, _), _) in changed {
            prop_assert!(matches!(account, Account::Drawer | Account::Card | Account::Transfer | Account::Rounding));
        }
    }

    #[test]
    fn refunds_of_any_sizes_in_any_order_sum_to_the_whole_and_never_exceed_it(
        plan in carts(3),
        kind in 0_usize..3,
        stock in receipts(),
        parts in prop::collection::vec((0_usize..3, 1_i64..=1_000_000, any::<bool>()), 0..6),
        card in 0_i64..1_500_000,
        transfer in 0_i64..1_500_000,
    ) {
        let (mut shop, products) = stocked(kind, &stock);
        let shown = sell_of(&mut shop, &products, &plan, card, transfer);
        let sale = shop.sell(shown).unwrap();
        let lines = shop.lines(sale.id).unwrap();
        let mut left: Vec<i64> = lines.iter().map(|line| line.quantity.0).collect();
        let mut wanted: Vec<(RefundLine, bool)> = Vec::new();
        for (line, part, restock) in parts {
            let line = line % lines.len();
            let quantity = i64::try_from((i128::from(left[line]) * i128::from(part) / 1_000_000).max(1)).unwrap();
            if left[line] >= quantity {
                left[line] -= quantity;
                wanted.push((RefundLine { line: lines[line].line, quantity: Quantity(quantity) }, restock));
            }
        }
        for (line, left) in lines.iter().zip(left) {
            if left > 0 {
                wanted.push((RefundLine { line: line.line, quantity: Quantity(left) }, true));
            }
        }
        for (want, restock) in wanted {
            let mut back = shop.refund_of(&sale, vec![want]).unwrap();
            back.restock = restock;
            shop.refund(back).unwrap();
        }
        shop.store.check_ledgers().unwrap();
        let refunds: Vec<Sale> = shop.store.rows::<Sale>().unwrap().into_iter().filter(|row| row.kind == SaleKind::Refund).collect();
        let sum = |pick: fn(&Sale) -> Money| refunds.iter().map(pick).map(|amount| amount.0).sum::<i64>();
        prop_assert_eq!([sum(|row| row.gross), sum(|row| row.discount), sum(|row| row.base), sum(|row| row.tax), sum(|row| row.total)].map(|amount| -amount),
            [sale.gross, sale.discount, sale.base, sale.tax, sale.total].map(|amount| amount.0));
        let trade: i64 = accounts(&shop).into_iter().filter(|((account, _), _)| matches!(account, Account::Sales | Account::Tax)).map(|(_, amount)| amount.abs()).sum();
        prop_assert_eq!(trade, 0);
        // No card or account got more than it paid; half a coin that no drawer has goes where the rest went.
        let paid = shop.tenders(sale.id).unwrap();
        for (kind, back) in shop.given_back(&sale).unwrap().into_iter().filter(|(kind, _)| *kind != TenderKind::Cash) {
            let most: i64 = paid.iter().filter(|row| row.kind == kind).map(|row| row.amount.0).sum();
            prop_assert!(back.0 <= most + shop.cash_step.0 / 2 * i64::try_from(refunds.len()).unwrap(), "{} of {}", back.0, most);
        }
        let more = shop.refund_of(&sale, vec![RefundLine { line: 1, quantity: Quantity(1) }]).unwrap_err();
        prop_assert_eq!(more.reject().map(|reject| reject.code), Some(Code::MoreThanRefundable));
    }

    #[test]
    fn replayed_under_another_price_list_and_tax_table_every_figure_stays(plan in carts(4), kind in 0_usize..3, card in 0_i64..1_500_000, new_price in 0_i64..10_000_000, new_rate in 0_i64..=1_000_000) {
        let figures = |changed: bool| {
            let (mut shop, products) = stocked(kind, &[]);
            for (product, (tax, rate)) in products.iter().zip(shop.taxes.clone().iter().cycle()) {
                let (new_price, new_rate) = if changed { (UnitPrice(new_price), Rate(new_rate)) } else { (UnitPrice(300_000), *rate) };
                let price = Some(Edit { from: UnitPrice(300_000), to: new_price });
                shop.run(Command::Catalog(catalog::Command::EditProduct(Box::new(ProductChanges { price, ..ProductChanges::of(*product) })))).unwrap();
                let rate = shop.store.row::<Tax>(&TaxKey { id: *tax }).unwrap().map(|tax| Edit { from: tax.rate, to: new_rate });
                shop.run(Command::Catalog(catalog::Command::EditTax(TaxChanges { id: *tax, name: None, rate, active: None }))).unwrap();
            }
            let shown = sell_of(&mut shop, &products, &plan, card, 0);
            let sale = shop.sell(shown).unwrap();
            let postings: Vec<Posting> = shop.store.rows::<Posting>().unwrap();
            (sale.clone(), shop.lines(sale.id).unwrap(), shop.tenders(sale.id).unwrap(), shop.store.rows::<SaleTax>().unwrap(), postings)
        };
        let (left, right): ((Sale, Vec<SaleLine>, Vec<SaleTender>, _, _), _) = (figures(false), figures(true));
        prop_assert_eq!(left, right);
    }
}

fn cart_of(shop: &Shop, products: &[ProductId], lines: usize, price: i64) -> kontor_domain::counter::cart::Cart {
    shop.cart((0..lines).map(|line| shop.line(products[line % products.len()], line, Quantity(1000), UnitPrice(price))).collect())
}

#[test]
fn a_sale_after_a_start_of_the_program_needs_few_load_rounds() {
    let (mut shop, products) = stocked(2, &[]);
    shop.store.cold = true;
    let mut cart = cart_of(&shop, &products, 12, 1_003_000);
    cart.discount = Discount::Percent(Rate(50_000));
    let total = price(&cart).unwrap().total;
    let (tenders, rounding) = tenders_for(total, 300_000, 300_000, shop.cash_step).unwrap();
    let sell = shop.sell_with(cart, tenders, rounding).unwrap();
    shop.sell(sell).unwrap();
    assert!(shop.store.rounds_last <= 3, "{} rounds", shop.store.rounds_last);
    // The next sale of the same goods finds all it needs in memory, but the sale's own new keys.
    shop.store.cold = false;
    for _ in 0..2 {
        let cart = cart_of(&shop, &products, 12, 1_003_000);
        let sell = shop.sell_for_cash(cart).unwrap();
        shop.sell(sell).unwrap();
    }
    assert!(shop.store.rounds_last <= 1, "{} rounds", shop.store.rounds_last);
}

#[test]
fn a_refund_of_many_lines_needs_few_load_rounds() {
    let (mut shop, products) = stocked(2, &[]);
    let cart = cart_of(&shop, &products, 60, 1_003_000);
    let sell = shop.sell_for_cash(cart).unwrap();
    let sale = shop.sell(sell).unwrap();
    shop.store.cold = true;
    let whole = shop.whole(&sale).unwrap();
    let mut back = shop.refund_of(&sale, whole).unwrap();
    back.restock = false;
    shop.refund(back).unwrap();
    assert!(shop.store.rounds_last <= 4, "{} rounds", shop.store.rounds_last);
    shop.store.check_ledgers().unwrap();
}

#[test]
fn a_refund_is_proposed_to_no_tender_beyond_what_it_paid() {
    let (mut shop, products) = stocked(0, &[]);
    let cart = cart_of(&shop, &products, 10, 1_000_000);
    let tender = |kind, amount| Tender { kind, amount: Money(amount), given: Money(amount), reference: String::new() };
    let sell = shop.sell_with(cart, vec![tender(TenderKind::Card, 600), tender(TenderKind::Cash, 400)], Money::ZERO).unwrap();
    let sale = shop.sell(sell).unwrap();
    let paid = shop.tenders(sale.id).unwrap();
    let (back, _) = refund_tenders(&sale, &paid, &[], Money(900), shop.cash_step).unwrap();
    for tender in &back {
        let most: i64 = paid.iter().filter(|row| row.kind == tender.kind).map(|row| row.amount.0).sum();
        assert!(tender.amount.0 <= most, "{tender:?} of {most}");
    }
    assert_eq!(back.iter().map(|tender| tender.amount.0).sum::<i64>(), 900);
    // What it got back already counts: the card of 600 that had 500 takes 100 more, the drawer the rest.
    let (back, _) = refund_tenders(&sale, &paid, &[(TenderKind::Card, Money(500))], Money(300), shop.cash_step).unwrap();
    assert_eq!(back.iter().map(|tender| (tender.kind, tender.amount.0)).collect::<Vec<_>>(), [(TenderKind::Card, 100), (TenderKind::Cash, 200)]);
}

#[test]
fn what_is_handed_back_is_what_the_refund_pays() {
    let (mut shop, products) = stocked(0, &[]);
    let cart = cart_of(&shop, &products, 2, 1_000_000);
    let sell = shop.sell_for_cash(cart).unwrap();
    let sale = shop.sell(sell).unwrap();
    let mut back = shop.refund_of(&sale, vec![RefundLine { line: 1, quantity: Quantity(1000) }]).unwrap();
    back.tenders[0].given = Money(back.tenders[0].amount.0 + 50);
    let refused = shop.refund(back).unwrap_err();
    assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::OutOfRange), "{refused}");
}

#[test]
fn a_refund_of_a_refund_is_refused() -> Result<(), Failure> {
    let (mut shop, products) = stocked(0, &[]);
    let cart = cart_of(&shop, &products, 2, 1_000_000);
    let sell = shop.sell_for_cash(cart)?;
    let sale = shop.sell(sell)?;
    let back = shop.refund_of(&sale, vec![RefundLine { line: 1, quantity: Quantity(1000) }])?;
    let refund = shop.refund(back.clone())?;
    let again = kontor_domain::counter::Refund { refund_id: kontor_domain::ids::SaleId(shop.id()), sale_id: refund.id, ..back };
    let refused = shop.refund(again).unwrap_err();
    assert_eq!(refused.reject().map(|reject| reject.code), Some(Code::NotAllowedInState));
    Ok(())
}

#[test]
fn receipt_numbers_have_no_gap_and_a_refusal_gives_its_number_back() -> Result<(), Failure> {
    let (mut shop, products) = stocked(0, &[]);
    let mut numbers = Vec::new();
    for turn in 0..6 {
        let cart = cart_of(&shop, &products, 2, 1_000_000);
        let mut sell = shop.sell_for_cash(cart)?;
        if turn % 2 == 1 {
            sell.figures.total = Money(1);
            assert!(shop.sell(sell).is_err());
        } else {
            numbers.push(shop.sell(sell)?.number);
        }
    }
    assert_eq!(numbers, ["HS-1-1-000001", "HS-1-1-000002", "HS-1-1-000003"]);
    Ok(())
}
