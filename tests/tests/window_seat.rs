//! Who is at the till, in the real window: the lock, changing places, and what a manager allows; by keys alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use anyhow::{Context as _, ensure};
use kontor_domain::counter::GetSale;
use kontor_tests::server::Server;
use kontor_tests::window::{Desk, Look, Window};

const OWNERS_PIN: &str = "48151623";
const SELLERS_PIN: &str = "7302";
const PASSWORD: &str = "correct horse battery";

/// Somebody takes the place of who is there: their name, and their PIN.
async fn take_over(window: &Window, name: &str, pin: &str) -> anyhow::Result<()> {
    window.press("Ctrl+L")?;
    window.until_there("dialog.lock[open]").await?;
    window.tab_to(name).await?;
    window.press("Enter")?;
    window.type_pin(pin).await?;
    window.until_gone("dialog.lock").await
}

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
    take_over(&window, ".people button:first-child", SELLERS_PIN).await?;
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
    // The books are for who may read them.
    take_over(&window, ".people button:last-child", OWNERS_PIN).await?;
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn at_a_till_of_a_shop_server_the_owner_changes_what_the_server_keeps() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::plain(&folder.path().join("server"))?;
    server.found().await?;
    server.admit("mei", PASSWORD).await?;
    server.start().await?;
    let desk = Desk::new(&folder.path().join("data"))?;
    desk.prefer(Look::new("en", "light"))?;
    let window = desk.open().await?;
    let invitation = server.invite(Some(1)).await?;
    window.type_invitation(&invitation).await?;
    window.join_typed(&invitation).await?;

    // People are kept at the server: the till asks for the password, and says so when it is wrong.
    window.go_to("Access").await?;
    window.open_part(2).await?;
    window.until_text("What only the shop server keeps").await?;
    ensure!(window.count(".access [role=grid], .access [role=table]").await? == 0, "nothing is shown before");
    window.show_password("wrong horse").await?;
    window.until_text("do not go together").await?;
    window.show_password(PASSWORD).await?;
    window.until_text("Mei-Ling").await?;
    window.press_button("New person").await?;
    window.until("the cursor", "document.activeElement?.name === 'name'").await?;
    window.type_text("Aki")?;
    window.tab_to("input[name=username]").await?;
    window.type_text("aki")?;
    window.eval("const it = document.querySelector('dialog[open] select'); it.selectedIndex = 3; it.dispatchEvent(new Event('change', { bubbles: true }))", Vec::new()).await?;
    window.press_button("Save").await?;
    window.until_gone("dialog[open]").await?;
    window
        .until("the new person stands in the list", "document.querySelector('.access [role=grid], .access [role=table]')?.innerText.includes('Aki')")
        .await?;

    // The shop's own data, from its settings; the door stays open until the person leaves.
    window.go_to("Settings").await?;
    window.tab_to("input[name=phone]").await?;
    window.type_text("02 1234 5678")?;
    window.press_button("Save").await?;
    window.until_text("Saved").await?;
    let started = std::time::Instant::now();
    while window.session().await?.company.phone != "02 1234 5678" {
        ensure!(started.elapsed().as_secs() < 30, "it comes back to the till");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}
