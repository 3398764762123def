//! Who is at the till, in the real window: the lock, changing places, and what a manager allows; by keys alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use anyhow::{Context as _, ensure};
use kontor_domain::command::Command;
use kontor_domain::counter::GetSale;
use kontor_domain::host::{Asking, HostCall, KeepProof, Proof, ProofKind, Seat};
use kontor_domain::identity::{self, BuiltIn, CreatePerson};
use kontor_domain::ids::{PersonId, RoleId};
use kontor_domain::secret::Secret;
use kontor_tests::shop::id;
use kontor_tests::window::{Desk, Look, Window};
use serde_json::json;

const OWNERS_PIN: &str = "48151623";
const SELLERS_PIN: &str = "7302";

fn pin(text: &str) -> Proof {
    Proof { kind: ProofKind::Pin, secret: Secret(text.into()) }
}

/// The demo shop with a seller, and a till that asks who is there: its owner is.
async fn asking(window: &Window) -> anyhow::Result<(PersonId, PersonId)> {
    let owner = window.session().await?.person.id;
    let seller = PersonId(id());
    let new: CreatePerson = serde_json::from_value(json!({ "id": seller, "name": "Aaron", "role_id": RoleId::of(BuiltIn::Seller) }))?;
    window.execute(Command::Identity(identity::Command::CreatePerson(new))).await?;
    let keep = |person_id, current, new| HostCall::KeepProof(KeepProof { person_id, current, new: pin(new) });
    window.host::<Seat>(&keep(owner, None, OWNERS_PIN)).await?;
    window.host::<Seat>(&keep(seller, Some(pin(OWNERS_PIN)), SELLERS_PIN)).await?;
    window.host::<Seat>(&HostCall::SetAsking(Asking::Everybody)).await?;
    Ok((owner, seller))
}

/// Types a PIN where the cursor is, and goes on.
async fn type_pin(window: &Window, pin: &str) -> anyhow::Result<()> {
    window.until("a field for it", "document.activeElement?.type === 'password'").await?;
    window.type_text(pin)?;
    window.until("it is typed", &format!("document.activeElement?.value.length === {}", pin.len())).await?;
    window.press("Enter")
}

#[tokio::test]
async fn somebody_takes_over_by_keys_alone_the_open_sale_stays_and_a_manager_allows_what_a_seller_may_not() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let desk = Desk::new(&folder.path().join("data"))?;
    desk.prefer(Look::new("en", "light"))?;
    let window = desk.open().await?;
    window.try_demo().await?;
    let (owner, seller) = asking(&window).await?;
    window.close().await?;

    // The window opens locked, with nothing of the shop on it.
    let window = desk.open().await?;
    window.until_there("dialog.lock[open].sealed").await?;
    ensure!(window.count(".app").await? == 0, "nothing lies behind it");
    window.tab_to(".people button:last-child").await?;
    window.press("Enter")?;
    type_pin(&window, OWNERS_PIN).await?;
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
    type_pin(&window, SELLERS_PIN).await?;
    window.until_gone("dialog.lock").await?;
    window.until("their name stands on the bar", "document.querySelector('.top .who')?.innerText.includes('Aaron')").await?;
    window.until_lines(3).await?;

    // 20 % is more than a seller gives: the owner allows it.
    window.press("F3")?;
    window.until_there(".sheet").await?;
    window.type_text("20")?;
    window.press("Enter")?;
    window.until_gone(".sheet").await?;
    window.press("F10")?;
    window.until_text("Someone who may has to allow this").await?;
    type_pin(&window, OWNERS_PIN).await?;
    window.until_saved().await?;
    let last = window.last_sale().await?;
    let sale = window.ask(GetSale { id: last.id }).await?.context("the sale")?.sale;
    ensure!((sale.person_id, sale.approved_by) == (seller, Some(owner)), "{sale:?}");
    window.no_errors().await?;
    window.close().await
}
