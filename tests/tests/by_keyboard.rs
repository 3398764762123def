//! Every screen worked by the keys of a keyboard in the real window; what it did is asked of the shop's own file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use kontor_domain::catalog::{ListProducts, ProductFilter};
use kontor_domain::counter::{CashDirection, GetSale, GetShift, ListSales, SaleDetail, SaleFilter, SaleKind, ShiftState, TenderKind, TotalKind};
use kontor_domain::ids::SaleId;
use kontor_domain::stock::{ListDocuments, ListMoves, ListProductBalances, MoveReason};
use kontor_domain::units::{Currency, Money, Quantity};
use kontor_tests::shop::{FLOAT, barcode};
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};

const ENGLISH: Look<'_> = Look::new("en", "light");

async fn sale(window: &Window, id: SaleId) -> anyhow::Result<SaleDetail> {
    window.ask(GetSale { id }).await?.context("the sale")
}

/// Scans one of each product, of which there are so many.
async fn scan_all(window: &Window, products: usize) -> anyhow::Result<()> {
    for index in 0..products {
        window.scan(&barcode(index))?;
    }
    window.until_lines(products).await
}

#[tokio::test]
async fn name_and_tax_number_of_f8_stand_on_this_sale_alone() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(2).await?;
    scan_all(&window, 2).await?;
    window.press("F8")?;
    window.until_focus(".sheet input").await?;
    window.type_text("24536806")?;
    window.press("Tab")?;
    window.type_text("Corner Cafe")?;
    window.press("Enter")?;
    window.until_gone(".sheet").await?;
    window.sell_for_exact_cash().await?;
    let named = sale(&window, window.last_sale().await?.id).await?.sale;
    assert_eq!((named.customer_name.as_str(), named.customer_tax_number.as_str()), ("Corner Cafe", "24536806"));
    scan_all(&window, 1).await?;
    window.sell_for_exact_cash().await?;
    let next = sale(&window, window.last_sale().await?.id).await?.sale;
    assert_eq!((next.customer_name.as_str(), next.customer_tax_number.as_str()), ("", ""));
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn a_card_pays_a_part_and_cash_the_rest_with_change() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(3).await?;
    scan_all(&window, 3).await?;
    window.take_part_by_card("25").await?;
    window.type_text("50")?;
    window.press("Enter")?;
    window.until_saved().await?;
    let paid = sale(&window, window.last_sale().await?.id).await?;
    let tenders: Vec<_> = paid.tenders.iter().map(|tender| (tender.kind, tender.amount.0, tender.given.0)).collect();
    assert_eq!(tenders, [(TenderKind::Card, 25, 25), (TenderKind::Cash, 35, 50)]);
    assert_eq!((paid.sale.total, paid.sale.change), (Money(60), Money(15)));
    assert!(window.text(".cart .done").await?.contains("15"), "the change is told");
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// Cash in or out, in the dialog of the shift.
async fn move_cash(window: &Window, button: &str, amount: &str, reason: &str) -> anyhow::Result<()> {
    window.press_button(button).await?;
    window.until_focus("dialog[open] input").await?;
    window.type_text(amount)?;
    window.press("Tab")?;
    window.type_text(reason)?;
    window.press("Enter")?;
    window.until_gone("dialog[open]").await
}

/// Counts a sum of money note by note, the largest first.
fn count_notes(window: &Window, sum: i64) -> anyhow::Result<()> {
    let mut rest = sum;
    for value in Currency::of("TWD").context("the currency")?.denominations {
        window.type_text(&(rest / value).to_string())?;
        window.press("Enter")?;
        rest %= value;
    }
    Ok(())
}

#[tokio::test]
async fn a_shift_takes_cash_in_and_out_is_counted_and_the_next_one_opens() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(3).await?;
    scan_all(&window, 3).await?;
    window.sell_for_exact_cash().await?;
    window.go_to("Shift").await?;
    window.until_there(".page.shift .actions .primary").await?;
    move_cash(&window, "Cash in", "500", "change").await?;
    move_cash(&window, "Cash out", "200", "to the safe").await?;
    let expected = FLOAT.0 + 60 + 500 - 200;
    window.press_button("Close the shift").await?;
    window.until_focus(".coin input").await?;
    // Ten dollars are missing.
    count_notes(&window, expected - 10)?;
    window.press_button("Close the shift").await?;
    window.until_there("dialog[open]").await?;
    window.press_button("Close the shift").await?;
    window.until_there(".page.shift .result").await?;
    let shown = window.text(".page.shift .result").await?;
    assert!(shown.contains("5,350") && shown.contains("5,360") && shown.contains("10 short"), "{shown}");
    let closed = window.ask(GetShift { id: founded.shift }).await?.context("the shift")?;
    assert_eq!((closed.shift.state, closed.shift.number), (ShiftState::Closed, Some(1)));
    assert_eq!((closed.shift.expected, closed.shift.counted), (Some(Money(expected)), Some(Money(expected - 10))));
    let total = |kind| closed.totals.iter().filter(|total| total.kind == kind).map(|total| total.amount.0).sum::<i64>();
    assert_eq!([TotalKind::Sales, TotalKind::CashIn, TotalKind::CashOut].map(total), [60, 500, 200]);
    let moved: Vec<_> = closed.movements.iter().map(|movement| (movement.direction, movement.amount.0, movement.reason.as_str())).collect();
    assert!(moved.contains(&(CashDirection::In, 500, "change")) && moved.contains(&(CashDirection::Out, 200, "to the safe")), "{moved:?}");
    window.go_to("Shift").await?;
    window.until_focus(".opencard input").await?;
    window.type_text("1000")?;
    window.press("Enter")?;
    window.until_counter().await?;
    let next = window.session().await?.shift.context("a shift is open")?;
    assert!(next.id != founded.shift && next.float == Money(1000), "{next:?}");
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn one_of_three_things_comes_back_for_its_money() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(3).await?;
    scan_all(&window, 3).await?;
    window.sell_for_exact_cash().await?;
    let sold = window.last_sale().await?;
    window.go_to("Sales").await?;
    window.until_there(".tablebox .tr .strong").await?;
    window.tab_to(".tablebox").await?;
    window.press("ArrowDown")?;
    window.press("Enter")?;
    window.until_there(".page.sale table").await?;
    window.press_button("Refund").await?;
    window.until_there(".stepper").await?;
    window.tab_to("tbody tr:nth-of-type(2) .stepper input").await?;
    window.type_text("1")?;
    window.press_button("Refund").await?;
    window.until_there(".donepanel").await?;
    let after = sale(&window, sold.id).await?;
    assert_eq!(after.refunded, [(after.lines[1].line, Quantity::ONE)]);
    let refunds = window.ask(ListSales { filter: SaleFilter { kind: Some(SaleKind::Refund), ..SaleFilter::default() }, offset: 0, limit: 9 }).await?;
    let [refund] = refunds.rows.as_slice() else { panic!("{refunds:?}") };
    assert!(window.text(".donepanel").await?.contains(&refund.number));
    let back = sale(&window, refund.id).await?;
    assert_eq!(back.sale.refund_of, Some(sold.id));
    let [tender] = back.tenders.as_slice() else { panic!("{back:?}") };
    assert_eq!((tender.kind, tender.amount), (TenderKind::Cash, Money(-20)));
    let balances = window.ask(ListProductBalances { product_id: founded.products[1] }).await?;
    assert_eq!(balances.iter().map(|balance| balance.quantity.0).sum::<i64>(), 0, "it is on the shelf again");
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn goods_are_received_at_a_cost_and_a_broken_one_is_written_off() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(2).await?;
    window.go_to("Stock").await?;
    window.until_there(".page.stock .head [role=tab]").await?;
    window.tab_to(".head [role=tab][aria-selected=true]").await?;
    for _ in 0..3 {
        window.press("ArrowRight")?;
    }
    window.until_there(".picker").await?;
    for code in [barcode(0), barcode(0), barcode(0), barcode(1)] {
        window.scan(&code)?;
    }
    window.until("two lines", "document.querySelectorAll('.entry:not(.heading)').length === 2").await?;
    // Newest on top: the second product, then three of the first.
    for (line, cost) in [(2, "7"), (3, "6")] {
        let input = format!(".entries > .entry:nth-of-type({line}) input:nth-of-type(2)");
        window.tab_to(&input).await?;
        window.type_text(cost)?;
    }
    window.press_button("Receive 2 lines").await?;
    window.until_there(".strip.ok").await?;
    let on_hand = async |index: usize| -> anyhow::Result<(i64, Option<i64>)> {
        let balances = window.ask(ListProductBalances { product_id: founded.products[index] }).await?;
        let [balance] = balances.as_slice() else { panic!("{balances:?}") };
        Ok((balance.quantity.0, balance.average_cost.map(|cost| cost.0)))
    };
    assert_eq!((on_hand(0).await?, on_hand(1).await?), ((3_000, Some(60_000)), (1_000, Some(70_000))));
    window.tab_to(".head [role=tab][aria-selected=true]").await?;
    window.press("ArrowRight")?;
    window.until_gone(".strip.ok").await?;
    window.scan(&barcode(0))?;
    window.until_there(".entry.adjust:not(.heading)").await?;
    window.tab_to(".entry.adjust input").await?;
    window.type_text("-1")?;
    window.tab_to(".entry.adjust select").await?;
    // The first letter chooses.
    window.type_text("D")?;
    window.press_button("Adjust one line").await?;
    window.until_there(".strip.ok").await?;
    assert_eq!(on_hand(0).await?, (2_000, Some(60_000)));
    let moves = window.ask(ListMoves { product_id: Some(founded.products[0]), location_id: None, order: None, offset: 0, limit: 9 }).await?;
    assert_eq!(moves.rows[0].reason, MoveReason::Damaged);
    assert_eq!(window.ask(ListDocuments { offset: 0, limit: 9 }).await?.total, 2);
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// The first receipt's number: in its head, in the barcode and below it.
const NUMBER: &str = "TS-1-1-000001";

/// Waits until a text has come out of the printer so often.
async fn until_printed(paper: &Path, text: &str, times: usize) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let printed = String::from_utf8_lossy(&std::fs::read(paper).unwrap_or_default()).into_owned();
        let seen = printed.matches(text).count();
        if seen == times {
            return Ok(());
        }
        ensure!(seen < times && started.elapsed() < Duration::from_secs(60), "{text} {seen} times in {printed}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_receipt_printed_again_says_which_copy_it_is() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(1).await?;
    let paper = place.folder.path().join("paper");
    window.print_into(&paper, false).await?;
    scan_all(&window, 1).await?;
    window.sell_for_exact_cash().await?;
    until_printed(&paper, NUMBER, 3).await?;
    until_printed(&paper, "COPY", 0).await?;
    window.press("F12")?;
    until_printed(&paper, "COPY 1", 1).await?;
    window.press("F12")?;
    until_printed(&paper, "COPY 2", 1).await?;
    window.go_to("Sales").await?;
    window.until_there(".tablebox .tr .strong").await?;
    window.tab_to(".tablebox").await?;
    window.press("ArrowDown")?;
    window.press("Enter")?;
    window.press_button("Print copy 3").await?;
    until_printed(&paper, "COPY 3", 1).await?;
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn a_printer_that_is_away_is_told_in_words_and_the_receipt_comes_out_later() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(1).await?;
    let folder = place.folder.path().join("printer");
    let paper = folder.join("paper");
    window.print_into(&paper, false).await?;
    scan_all(&window, 1).await?;
    window.sell_for_exact_cash().await?;
    window.until_there(".toast.need").await?;
    let told = window.text(".toast.need").await?;
    let sentence = format!("The paper cannot be written to {}", paper.display());
    assert!(told.contains(&sentence) && told.contains("The sale is saved. F12 prints it again."), "{told}");
    std::fs::create_dir(&folder)?;
    window.press_button("Print again").await?;
    until_printed(&paper, NUMBER, 3).await?;
    until_printed(&paper, "COPY", 0).await?;
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// Chooses a file in the system's own dialog, by keyboard.
async fn choose_file(window: &Window, path: &Path) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(90);
    let started = Instant::now();
    while !window.keyboard.focus_dialog()? {
        ensure!(started.elapsed() < PATIENCE, "the system's dialog does not open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It reads its folder first; nothing tells when it takes keys.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // The first character of a path opens a field for it.
    window.type_text(&path.display().to_string())?;
    let typed = Instant::now();
    while window.keyboard.focus_dialog()? {
        ensure!(typed.elapsed() < PATIENCE, "the system's dialog does not close");
        window.press("Enter")?;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    window.keyboard.focus_window()?;
    Ok(())
}

async fn products(window: &Window, archived: bool) -> anyhow::Result<i64> {
    Ok(window.ask(ListProducts { filter: ProductFilter { archived, ..ProductFilter::default() }, offset: 0, limit: 1 }).await?.total)
}

#[tokio::test]
async fn a_file_of_products_is_checked_by_row_imported_and_undone() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(1).await?;
    let wrong = place.folder.path().join("wrong.csv");
    let right = place.folder.path().join("right.csv");
    std::fs::write(&wrong, "code,name,price,unit\nA1,Tea,30,pcs\nA2,,20,pcs\nA3,Cup,dear,pcs\n")?;
    std::fs::write(&right, "code,name,price,unit\nA1,Tea,30,pcs\nA2,Pot,200,pcs\n")?;
    window.go_to("Products").await?;
    window.press_button("Import CSV").await?;
    window.press_button("Choose a file").await?;
    choose_file(&window, &wrong).await?;
    window.until_there(".import tbody tr").await?;
    let rows: Vec<String> =
        serde_json::from_value(window.value("[...document.querySelectorAll('.import tbody tr')].map((it) => it.innerText)").await?)?;
    assert!(rows.len() == 2 && rows[0].starts_with('3') && rows[1].starts_with('4'), "{rows:?}");
    assert_eq!(products(&window, false).await?, 1, "nothing of a wrong file is written");
    window.press_button("Another file").await?;
    choose_file(&window, &right).await?;
    window.press_button("Import 2 products").await?;
    window.until_there(".donepanel").await?;
    assert_eq!(products(&window, false).await?, 3);
    window.press_button("Undo this import").await?;
    window.until_text("2 products are as before").await?;
    assert_eq!((products(&window, false).await?, products(&window, true).await?), (1, 2));
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}
