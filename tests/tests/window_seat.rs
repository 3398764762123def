//! Who is at the till, in the real window: the lock, changing places, and what a manager allows; by keys alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use anyhow::{Context as _, ensure};
use kontor_domain::counter::GetSale;
use kontor_tests::window::{Desk, Look};

const OWNERS_PIN: &str = "48151623";
const SELLERS_PIN: &str = "7302";

#[tokio::test]
async fn somebody_takes_over_by_keys_alone_the_open_sale_stays_and_a_manager_allows_what_a_seller_may_not() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let desk = Desk::new(&folder.path().join("data"))?;
    desk.prefer(Look::new("en", "light"))?;
    let window = desk.open().await?;
    window.try_demo().await?;
    let (owner, seller) = window.ask_who_is_here(OWNERS_PIN, SELLERS_PIN).await?;
    window.close().await?;

    // The window opens locked, with nothing of the shop on it.
    let window = desk.open().await?;
    window.until_there("dialog.lock[open].sealed").await?;
    ensure!(window.count(".app").await? == 0, "nothing lies behind it");
    window.tab_to(".people button:last-child").await?;
    window.press("Enter")?;
    window.type_pin(OWNERS_PIN).await?;
    window.until_counter().await?;
    for barcode in window.barcodes(3).await? {
        window.scan(&barcode)?;
    }
    window.until_lines(3).await?;

    // The seller takes over; the sale is there still.
    window.press("Ctrl+L")?;
    window.until_there("dialog.lock[open]").await?;
    window.tab_to(".people button:first-child").await?;
    window.press("Enter")?;
    window.type_pin(SELLERS_PIN).await?;
    window.until_gone("dialog.lock").await?;
    window.until("their name stands on the bar", "document.querySelector('.top .who')?.innerText.includes('Aaron')").await?;
    window.until_lines(3).await?;

    // 20 % is more than a seller gives: the owner allows it.
    window.give_discount("20").await?;
    window.press("F10")?;
    window.until_text("Someone who may has to allow this").await?;
    window.type_pin(OWNERS_PIN).await?;
    window.until_saved().await?;
    let last = window.last_sale().await?;
    let sale = window.ask(GetSale { id: last.id }).await?.context("the sale")?.sale;
    ensure!((sale.person_id, sale.approved_by) == (seller, Some(owner)), "{sale:?}");
    window.no_errors().await?;
    window.close().await
}
