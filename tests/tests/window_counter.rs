//! Each key of the counter, pressed in the real window; what it did is seen there and asked of the shop's own file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use kontor_domain::catalog::{self, CreateProduct, GetProduct, ProductChanges, ProductDraft};
use kontor_domain::command::{Command, Edit};
use kontor_domain::counter::{GetSale, GetShift, SaleDetail, TenderKind, TotalKind};
use kontor_domain::ids::ProductId;
use kontor_domain::units::{Money, UnitPrice};
use kontor_tests::shop::barcode;
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};

const ENGLISH: Look<'_> = Look::new("en", "light");
/// How ESC/POS opens the drawer at its first plug.
const KICK: &[u8] = &[0x1B, b'p', 0];

/// The cart's lines as `3 × 2`: three of the second product; the newest first.
async fn lines(window: &Window) -> anyhow::Result<Vec<String>> {
    let seen = window.lines().await?;
    Ok(seen.into_iter().map(|(quantity, name)| format!("{quantity} × {}", name.replace("鳳梨酥 Product ", ""))).collect())
}

async fn until_lines(window: &Window, expected: &[&str]) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let seen = lines(window).await?;
        if seen == expected {
            return Ok(());
        }
        ensure!(started.elapsed() < Duration::from_secs(20), "expected {expected:?}, in the cart {seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn last(window: &Window) -> anyhow::Result<SaleDetail> {
    let id = window.last_sale().await?.id;
    window.ask(GetSale { id }).await?.context("the sale")
}

#[tokio::test]
async fn quantity_by_f2_and_by_star_search_with_enter_removing_and_putting_back() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(3).await?;
    window.scan(&barcode(0))?;
    until_lines(&window, &["1 × 1"]).await?;
    window.press("F2")?;
    window.until("the quantity", "document.activeElement?.matches('.sheet input')").await?;
    window.type_text("4")?;
    window.press("Enter")?;
    until_lines(&window, &["4 × 1"]).await?;
    // `3*` counts for the scan that follows, and for that one alone.
    window.type_text("3*")?;
    window.scan(&barcode(1))?;
    until_lines(&window, &["3 × 2", "4 × 1"]).await?;
    window.scan(&barcode(1))?;
    until_lines(&window, &["4 × 2", "4 × 1"]).await?;
    // What is typed finds the same as what is scanned: by name, with the arrows, and by a whole barcode.
    window.type_text("product 3")?;
    window.until("one hit", "document.querySelectorAll('.found .option').length === 1").await?;
    window.press("Enter")?;
    until_lines(&window, &["1 × 3", "4 × 2", "4 × 1"]).await?;
    window.type_text("2*product")?;
    window.until("three hits", "document.querySelectorAll('.found .option').length === 3").await?;
    window.press("ArrowDown")?;
    window.press("ArrowDown")?;
    let third = window.text(".found .option[aria-selected=true] .strong").await?;
    window.press("Enter")?;
    let number = third.replace("鳳梨酥 Product ", "");
    let expected = ["1", "2", "3"].map(|product| {
        let before = if product == "3" { 1 } else { 4 };
        if product == number { before + 2 } else { before }
    });
    let as_lines = |of: [i64; 3]| [format!("{} × 3", of[2]), format!("{} × 2", of[1]), format!("{} × 1", of[0])];
    let wanted = as_lines(expected);
    until_lines(&window, &wanted.each_ref().map(String::as_str)).await?;
    window.type_text(&barcode(2))?;
    window.until("it is typed", &format!("document.activeElement?.value === '{}'", barcode(2))).await?;
    window.press("Enter")?;
    let wanted = as_lines([expected[0], expected[1], expected[2] + 1]);
    let wanted = wanted.each_ref().map(String::as_str);
    until_lines(&window, &wanted).await?;
    // The line in the middle is chosen, removed, and put back where it was.
    window.press("ArrowDown")?;
    window.press("ArrowDown")?;
    window.until("the second line", "document.querySelector('.cart .lines li:nth-child(2)[aria-current=true]')").await?;
    window.press("Delete")?;
    until_lines(&window, &[wanted[0], wanted[2]]).await?;
    window.press("Ctrl+Z")?;
    until_lines(&window, &wanted).await?;
    // While something is typed both keys are the field's own.
    window.type_text("te")?;
    window.press("Delete")?;
    window.press("Ctrl+Z")?;
    until_lines(&window, &wanted).await?;
    window.press("Escape")?;
    window.press("Delete")?;
    until_lines(&window, &wanted[1..]).await?;
    window.sell_for_exact_cash().await?;
    let sold = last(&window).await?;
    let quantities: Vec<i64> = sold.lines.iter().map(|line| line.quantity.0).collect();
    assert_eq!(quantities, [expected[0] * 1000, expected[1] * 1000]);
    assert_eq!(sold.sale.total, Money(expected[0] * 10 + expected[1] * 20));
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn a_sale_is_put_aside_another_made_and_the_first_taken_up_again() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(3).await?;
    for code in [barcode(0), barcode(0), barcode(1)] {
        window.scan(&code)?;
    }
    until_lines(&window, &["1 × 2", "2 × 1"]).await?;
    window.press("F8")?;
    window.until_focus(".sheet input").await?;
    window.type_text("12345675")?;
    window.press("Enter")?;
    window.until_gone(".sheet").await?;
    window.press("F6")?;
    until_lines(&window, &[]).await?;
    assert_eq!(window.session().await?.parked_count, 1);
    window.scan(&barcode(2))?;
    until_lines(&window, &["1 × 3"]).await?;
    window.sell_for_exact_cash().await?;
    assert_eq!(last(&window).await?.sale.total, Money(30));
    window.press("F7")?;
    window.until_there(".sheet .option").await?;
    window.press("Enter")?;
    until_lines(&window, &["1 × 2", "2 × 1"]).await?;
    // Put aside once more it lies there once.
    window.press("F6")?;
    until_lines(&window, &[]).await?;
    assert_eq!(window.session().await?.parked_count, 1);
    window.press("F7")?;
    window.until_there(".sheet .option").await?;
    window.press("Enter")?;
    until_lines(&window, &["1 × 2", "2 × 1"]).await?;
    // It lies there until it is sold, and is offered to nobody else.
    window.press("F7")?;
    window.until_there(".sheet").await?;
    assert_eq!(window.count(".sheet .options .option").await?, 0);
    window.press("Escape")?;
    window.until_gone(".sheet").await?;
    window.sell_for_exact_cash().await?;
    let sold = last(&window).await?.sale;
    assert_eq!((sold.total, sold.customer_tax_number.as_str()), (Money(40), "12345675"), "whom it is for was put aside, too");
    assert_eq!(window.session().await?.parked_count, 0);
    // With nothing to put aside F6 says so and does nothing.
    window.press("F6")?;
    window.until_there(".toast").await?;
    assert_eq!(window.session().await?.parked_count, 0);
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn while_a_code_means_two_products_nothing_is_sold_without_it() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(2).await?;
    let known = window.ask(GetProduct { id: founded.products[1] }).await?.context("a product")?;
    let draft = ProductDraft { code: barcode(0), name: "鳳梨酥 Product twin".into(), barcodes: Vec::new(), ..known.draft };
    let twin = CreateProduct { id: ProductId(uuid::Uuid::now_v7()), draft };
    window.execute(Command::Catalog(catalog::Command::CreateProduct(twin))).await?;
    window.scan(&barcode(1))?;
    until_lines(&window, &["1 × 2"]).await?;
    window.scan(&barcode(0))?;
    window.until_there(".sheet .option").await?;
    for key in ["F10", "F9", "F2", "F3", "F6", "F7", "F8", "F4"] {
        window.press(key)?;
    }
    // What is scanned behind it waits for the answer.
    window.scan(&barcode(1))?;
    window.until_text("Several products have this code").await?;
    assert_eq!((window.count(".sheet .option").await?, lines(&window).await?), (2, vec!["1 × 2".to_owned()]));
    assert_eq!((window.session().await?.parked_count, window.count(".cart .done").await?), (0, 0));
    window.press("ArrowDown")?;
    window.press("Enter")?;
    window.until_gone(".sheet").await?;
    until_pieces(&window, 3).await?;
    window.sell_for_exact_cash().await?;
    assert_eq!(last(&window).await?.lines.iter().map(|line| line.quantity.0).sum::<i64>(), 3_000);
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// Waits until so many pieces are in the cart.
async fn until_pieces(window: &Window, pieces: usize) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let seen: usize = window.lines().await?.iter().map(|(quantity, _)| quantity.parse().unwrap_or(0)).sum();
        if seen == pieces {
            return Ok(());
        }
        ensure!(started.elapsed() < Duration::from_secs(20), "{seen} pieces, not {pieces}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_price_that_changed_while_a_sale_lay_is_shown_and_taken_only_by_who_says_so() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(2).await?;
    for code in [barcode(0), barcode(1)] {
        window.scan(&code)?;
    }
    until_lines(&window, &["1 × 2", "1 × 1"]).await?;
    window.press("F6")?;
    until_lines(&window, &[]).await?;
    let dearer = async |product: usize, from: i64, to: i64| {
        let price = Some(Edit { from: UnitPrice(from * UnitPrice::PER_MINOR_UNIT), to: UnitPrice(to * UnitPrice::PER_MINOR_UNIT) });
        let changes = ProductChanges { price, ..ProductChanges::of(founded.products[product]) };
        window.execute(Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))).await
    };
    dearer(0, 10, 12).await?;
    window.press("F7")?;
    window.until_there(".sheet .option").await?;
    window.press("Enter")?;
    until_lines(&window, &["1 × 2", "1 × 1"]).await?;
    window.until_text("Costs $12 now").await?;
    // And while it lies open.
    dearer(1, 20, 25).await?;
    window.until_text("Costs $25 now").await?;
    assert_eq!(window.count(".lines .now").await?, 2);
    window.click(".lines li:last-child .now").await?;
    window.until("one is taken", "document.querySelectorAll('.lines .now').length === 1").await?;
    window.sell_for_exact_cash().await?;
    let prices: Vec<_> = last(&window).await?.lines.iter().map(|line| line.unit_price.0 / UnitPrice::PER_MINOR_UNIT).collect();
    assert_eq!(prices, [12, 20]);
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn a_part_that_a_card_paid_stays_with_the_sale_whatever_is_done_before_the_rest() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(3).await?;
    for code in [barcode(0), barcode(1)] {
        window.scan(&code)?;
    }
    until_lines(&window, &["1 × 2", "1 × 1"]).await?;
    window.take_part_by_card("25").await?;
    // Back to the goods: one more, and whom it is for.
    window.press("Escape")?;
    window.until_gone(".sheet.pay").await?;
    window.scan(&barcode(2))?;
    until_lines(&window, &["1 × 3", "1 × 2", "1 × 1"]).await?;
    window.press("F8")?;
    window.until_focus(".sheet input").await?;
    window.press("Escape")?;
    window.until_gone(".sheet").await?;
    // Neither put aside nor sold for cash without it: it is shown instead.
    window.press("F6")?;
    window.until_there(".sheet.pay .taken .chip").await?;
    window.press("Escape")?;
    window.until_gone(".sheet.pay").await?;
    window.press("F10")?;
    window.until_there(".sheet.pay .taken .chip").await?;
    window.press("F10")?;
    window.until_saved().await?;
    let tenders: Vec<_> = last(&window).await?.tenders.iter().map(|tender| (tender.kind, tender.amount)).collect();
    assert_eq!(tenders, [(TenderKind::Card, Money(25)), (TenderKind::Cash, Money(35))]);
    assert_eq!(window.session().await?.parked_count, 0);
    // The next sale begins with nothing taken.
    window.scan(&barcode(0))?;
    until_lines(&window, &["1 × 1"]).await?;
    window.sell_for_exact_cash().await?;
    assert_eq!(last(&window).await?.tenders.len(), 1);
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// Waits until the drawer was opened so often at the printer.
async fn until_kicked(paper: &Path, times: usize) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let bytes = std::fs::read(paper).unwrap_or_default();
        let seen = bytes.windows(KICK.len()).filter(|window| *window == KICK).count();
        if seen == times {
            return Ok(());
        }
        ensure!(seen < times && started.elapsed() < Duration::from_secs(60), "the drawer was opened {seen} times, not {times}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_transfer_pays_all_and_the_drawer_opens_by_f11_and_is_counted() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(2).await?;
    // Without a printer that opens it the press is written down all the same, and says so.
    window.press("F11")?;
    window.until_text("No printer here opens the drawer").await?;
    let paper = place.folder.path().join("paper");
    window.print_into(&paper, true).await?;
    window.press("F11")?;
    window.until_text("Drawer opened, and written down").await?;
    until_kicked(&paper, 1).await?;
    window.scan(&barcode(1))?;
    window.until_lines(1).await?;
    window.press("F9")?;
    window.until("the amount", "document.activeElement?.id === 'sheet-amount'").await?;
    window.press("Alt+3")?;
    window.until("the transfer", "document.querySelector('.sheet.pay [role=radio][aria-checked=true]')?.innerText.includes('Alt 3')").await?;
    window.press("Enter")?;
    window.until_saved().await?;
    let sold = last(&window).await?;
    let tenders: Vec<_> = sold.tenders.iter().map(|tender| (tender.kind, tender.amount.0)).collect();
    assert_eq!(tenders, [(TenderKind::Transfer, 20)]);
    let shift = window.ask(GetShift { id: founded.shift }).await?.context("the shift")?;
    let total = |kind| shift.totals.iter().filter(|total| total.kind == kind).map(|total| total.count).sum::<i64>();
    assert_eq!(total(TotalKind::DrawerOpened), 2);
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn a_key_is_given_another_action_by_keyboard_and_keeps_it_after_a_restart() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(1).await?;
    window.go_to("Settings").await?;
    window.press_button("Keys").await?;
    window.until_there(".keyspage").await?;
    window.press_button("Exact cash, done").await?;
    let refused = async |chord: &str, words: &str| -> anyhow::Result<()> {
        window.press(chord)?;
        window.until(words, &format!("document.querySelector('.keyspage .strip')?.innerText.includes('{words}')")).await
    };
    refused("p", "This key writes text").await?;
    refused("F9", "F9 is for").await?;
    window.press("Ctrl+B")?;
    window.until("the new key", "[...document.querySelectorAll('.keyspage .option')].some((it) => it.innerText.includes('Ctrl B'))").await?;
    window.go_to("Counter").await?;
    window.scan(&barcode(0))?;
    window.until_lines(1).await?;
    window.press("F10")?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(window.cart_lines().await?, 1, "the usual key does nothing any more");
    window.press("Ctrl+B")?;
    window.until_saved().await?;
    window.close().await?;
    let window = place.desk.open().await?;
    window.until_counter().await?;
    window.scan(&barcode(0))?;
    window.until_lines(1).await?;
    window.press("Ctrl+B")?;
    window.until_saved().await?;
    assert_eq!(last(&window).await?.sale.total, Money(10));
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}
