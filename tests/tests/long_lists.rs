//! Lists of 100,000 in the real window: opened, scrolled to their end, sorted, by keyboard.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::time::Instant;

use kontor_tests::shop::TestShop;
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};
use rusqlite::Connection;

const ROWS: i64 = 100_000;

/// Copies of the only row of a table, one for each number from 2; some columns are what is said, the others as they are.
fn multiply(file: &Connection, table: &str, changed: &[(&str, &str)]) -> rusqlite::Result<()> {
    let mut columns = file.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns = columns.query_map([table], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let values: Vec<String> = columns
        .iter()
        .map(|column| match changed.iter().find(|(name, _)| name == column) {
            Some((_, value)) => (*value).to_owned(),
            None => format!("one.{column}"),
        })
        .collect();
    let sql = format!(
        "WITH RECURSIVE number(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS})
         INSERT INTO {table} SELECT {} FROM (SELECT * FROM {table} LIMIT 1) one, number",
        values.join(", ")
    );
    file.execute(&sql, []).map(|_| ())
}

/// The closed file of a shop with one product and one sale, in a folder: a hundred thousand commands would take longer
/// than what is looked at, so rows are made in it.
async fn small_shop(folder: &Path) -> anyhow::Result<Connection> {
    let test = TestShop::new(1).await?;
    test.sell(&[0]).await?;
    test.shop.close().await;
    std::fs::create_dir_all(folder)?;
    let path = folder.join("shop.kontor");
    std::fs::copy(test.folder.path().join("shop.kontor"), &path)?;
    Ok(Connection::open(&path)?)
}

/// A shop with so many products on its shelf.
async fn large_shop(folder: &Path) -> anyhow::Result<()> {
    let file = small_shop(folder).await?;
    file.execute_batch("BEGIN; DELETE FROM balance WHERE quantity < 0 OR location_id NOT IN (SELECT location_id FROM till);")?;
    // The same bytes of the number in each table: the balance of a product.
    let id = "CAST(printf('product%09d', n) AS BLOB)";
    multiply(
        &file,
        "product",
        &[
            ("id", id),
            ("code", "printf('P%06d', n)"),
            ("name", "printf('Product %06d', n)"),
            ("price", "(100001 - n) * 10000"),
            ("favourite", "NULL"),
        ],
    )?;
    multiply(&file, "balance", &[("product_id", id), ("quantity", "n * 1000")])?;
    file.execute_batch("UPDATE product SET name = 'Product 000001', code = 'P000001' WHERE code = 'P1'; COMMIT;")?;
    Ok(())
}

/// A shop with so many sales, stock moves, stock documents and closed shifts, each older than the one before.
async fn long_history(folder: &Path) -> anyhow::Result<()> {
    let file = small_shop(folder).await?;
    file.execute_batch("BEGIN;")?;
    let id = "CAST(printf('history%09d', n) AS BLOB)";
    multiply(&file, "sale", &[("id", id), ("number", "printf('OLD-%06d', n)"), ("at", "one.at - n")])?;
    multiply(&file, "stock_move", &[("command_id", id), ("quantity", "n * 1000"), ("at", "one.at - n")])?;
    multiply(&file, "stock_document", &[("id", id), ("number", "printf('OLD-%06d', n)"), ("at", "one.at - n")])?;
    let closed = [("state", "'closed'"), ("closed_by", "one.opened_by"), ("expected", "0"), ("counted", "0")];
    let when = [("id", id), ("number", "n"), ("opened_at", "one.opened_at - n * 2"), ("closed_at", "one.opened_at - n * 2 + 1")];
    multiply(&file, "shift", &[closed, when].concat())?;
    file.execute_batch("COMMIT;")?;
    Ok(())
}

/// The last row of the list as it is seen, when it is there.
async fn last_row(window: &Window, words: &str) -> anyhow::Result<()> {
    const LAST: &str = "(() => {
        const box = document.querySelector('.tablebox'), frame = box.getBoundingClientRect();
        const row = document.getElementById(`row-${box.getAttribute('aria-rowcount') - 2}`), at = row?.getBoundingClientRect();
        return at && at.top >= frame.top && at.bottom <= frame.bottom + 1 ? row.innerText : '';
    })()";
    window.until(words, &format!("{LAST}.includes('{words}')")).await
}

/// Goes to the end of the list by keyboard.
async fn to_the_end(window: &Window, words: &str) -> anyhow::Result<()> {
    window.tab_to(".tablebox").await?;
    let started = Instant::now();
    window.press("End")?;
    last_row(window, words).await?;
    println!("{words}: {} ms", started.elapsed().as_millis());
    Ok(())
}

async fn sort_by(window: &Window, heading: &str) -> anyhow::Result<()> {
    window.press_button(heading).await?;
    window.until(heading, "document.querySelector('.tablebox').scrollTop === 0 && document.querySelector('.tablebox[aria-busy=false]')").await
}

#[tokio::test]
async fn a_hundred_thousand_products_are_scrolled_to_the_last_and_sorted() -> anyhow::Result<()> {
    let place = Place::new(Look::new("en", "light"))?;
    large_shop(place.desk.folder()).await?;
    let window = place.desk.open().await?;
    window.until_counter().await?;
    window.go_to("Products").await?;
    window.until("all of them", "document.querySelector('.tablebox')?.getAttribute('aria-rowcount') === '100001'").await?;
    window.until_text("Product 000001").await?;
    to_the_end(&window, "Product 100000").await?;
    // The dearest is the second: the first has a price of its own.
    sort_by(&window, "Price").await?;
    to_the_end(&window, "Product 000002").await?;
    sort_by(&window, "On hand").await?;
    to_the_end(&window, "Product 100000").await?;
    // Enter opens what was reached.
    window.press("Enter")?;
    window.until_there(".page.product").await?;
    assert_eq!(window.value("document.querySelector('input[name=name]')?.value").await?, "Product 100000");
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn a_hundred_thousand_balances_are_scrolled_to_the_last() -> anyhow::Result<()> {
    let place = Place::new(Look::new("en", "light"))?;
    large_shop(place.desk.folder()).await?;
    let window = place.desk.open().await?;
    window.until_counter().await?;
    window.go_to("Stock").await?;
    window.until("all of them", "document.querySelector('.tablebox')?.getAttribute('aria-rowcount') === '100001'").await?;
    to_the_end(&window, "Product 100000").await?;
    window.no_errors().await?;
    window.close().await
}

/// Waits until the list says it has at least so many rows, its heading counted.
async fn until_long(window: &Window) -> anyhow::Result<()> {
    window.until("all of them", &format!("document.querySelector('.tablebox')?.getAttribute('aria-rowcount') > {ROWS}")).await
}

#[tokio::test]
async fn a_hundred_thousand_sales_moves_documents_and_shifts_are_scrolled_to_the_last() -> anyhow::Result<()> {
    let place = Place::new(Look::new("en", "light"))?;
    long_history(place.desk.folder()).await?;
    let window = place.desk.open().await?;
    window.until_counter().await?;
    window.go_to("Sales").await?;
    until_long(&window).await?;
    to_the_end(&window, "OLD-100000").await?;
    window.go_to("Stock").await?;
    for (heading, words) in [("Moves", "100,000 pcs"), ("Documents", "OLD-100000")] {
        window.tab_to(".head [role=tab][aria-selected=true]").await?;
        window.press("ArrowRight")?;
        window.until(heading, &format!("document.querySelector('.head [role=tab][aria-selected=true]').innerText.trim() === '{heading}'")).await?;
        until_long(&window).await?;
        to_the_end(&window, words).await?;
    }
    window.go_to("Shift").await?;
    window.press_button("Earlier shifts").await?;
    until_long(&window).await?;
    to_the_end(&window, "Z 100000").await?;
    window.no_errors().await?;
    window.close().await
}
