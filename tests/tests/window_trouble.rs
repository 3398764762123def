//! Trouble as the window tells it: each in its own words, in the person's language, and what helps is a key away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;

use kontor_desktop::platform;
use kontor_domain::host::{HostCall, Start};
use kontor_domain::ids::CommandId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_tests::program::Headless;
use kontor_tests::shop::{TestShop, barcode, id, sale_command};
use kontor_tests::small_disk::SmallDisk;
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};
use kontor_translations::{Locale, key, reject_text, text};

const DAY_MS: i64 = 86_400_000;

/// A shop with one sale, closed, in a folder; its last sale was made so much later than now.
async fn closed_shop(folder: &Path, ahead_ms: i64) -> anyhow::Result<()> {
    let test = TestShop::new(2).await?;
    let sale = sale_command(&test.founded, &[0])?;
    test.shop.submit(CommandId(id()), sale, Instant(platform::now().0 + ahead_ms)).await?;
    test.shop.close().await;
    std::fs::create_dir_all(folder)?;
    std::fs::copy(test.folder.path().join("shop.kontor"), folder.join("shop.kontor"))?;
    Ok(())
}

/// The window says, in these words, that the file cannot be opened, and why.
async fn told(window: &Window, locale: Locale, code: Code) -> anyhow::Result<Reject> {
    window.until_there(".problem h1").await?;
    let start: Start = window.host(&HostCall::GetStart).await?;
    let problem = start.problem.expect("a problem");
    assert_eq!(problem.code, code);
    let shown = window.text(".problem").await?;
    assert!(shown.contains(&text(locale, key::PROBLEM_TITLE)) && shown.contains(&reject_text(locale, &problem)), "{shown}");
    Ok(problem)
}

/// Tries again by keyboard: the shop opens, and sells.
async fn helped(window: &Window) -> anyhow::Result<()> {
    window.tab_to(".problem button").await?;
    window.press("Enter")?;
    window.until_counter().await?;
    sells(window).await
}

async fn sells(window: &Window) -> anyhow::Result<()> {
    window.scan(&barcode(1))?;
    window.until_lines(1).await?;
    let shown = window.sell_for_exact_cash().await?;
    assert!(shown.contains("TS-1-1-000002"), "{shown}");
    window.verify().await?;
    window.no_errors().await
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_told_in_each_language() -> anyhow::Result<()> {
    for locale in Locale::ALL {
        let place = Place::new(Look::new(locale.tag(), "light"))?;
        let file = place.desk.folder().join("shop.kontor");
        closed_shop(place.desk.folder(), 0).await?;
        let migrations = rusqlite::Connection::open(&file)?;
        let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (900, 'later', 1, x'00', 0)";
        migrations.execute(later, [])?;
        let window = place.desk.open().await?;
        let problem = told(&window, *locale, Code::DatabaseNewer).await?;
        assert_eq!(problem.args["found"], "900");
        // As if the newer program had not been there.
        migrations.execute("DELETE FROM _sqlx_migrations WHERE version = 900", [])?;
        drop(migrations);
        helped(&window).await?;
        window.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_shop_that_is_open_elsewhere_is_told_and_opens_when_it_is_free() -> anyhow::Result<()> {
    let place = Place::new(Look::new("en", "light"))?;
    closed_shop(place.desk.folder(), 0).await?;
    let mut other = Headless::start(place.desk.folder(), &[])?;
    let start: Start = other.host(&HostCall::GetStart).await?;
    assert_eq!(start.problem, None);
    let window = place.desk.open().await?;
    told(&window, Locale::En, Code::AlreadyOpen).await?;
    other.end().await?;
    helped(&window).await?;
    window.close().await
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_told_and_opens_when_it_can() -> anyhow::Result<()> {
    let Some(disk) = SmallDisk::new(40) else { return Ok(()) };
    let place = Place::at(&disk.folder, Look::new("en", "light"))?;
    closed_shop(&disk.folder, 0).await?;
    disk.remount("ro")?;
    let window = place.desk.open().await?;
    told(&window, Locale::En, Code::ReadOnly).await?;
    disk.remount("rw")?;
    helped(&window).await?;
    window.close().await
}

#[tokio::test]
async fn a_clock_set_back_is_told_and_the_counter_sells_on() -> anyhow::Result<()> {
    let place = Place::new(Look::new("zh-Hant", "light"))?;
    closed_shop(place.desk.folder(), DAY_MS).await?;
    let window = place.desk.open().await?;
    window.until_there(".toast.need").await?;
    let start: Start = window.host(&HostCall::GetStart).await?;
    let warning = start.warning.expect("a warning");
    assert_eq!(warning.code, Code::ClockSetBack);
    let shown = window.text(".toast.need").await?;
    // The times move on; the words around them do not.
    let words = reject_text(Locale::ZhHant, &warning);
    let last: String = words.chars().take_while(|character| *character != '，').collect();
    assert!(shown.contains(&last), "{shown}");
    window.until_counter().await?;
    sells(&window).await?;
    window.close().await
}

#[tokio::test]
async fn a_full_disk_is_told_at_the_counter_and_the_sale_is_made_when_there_is_room() -> anyhow::Result<()> {
    let Some(disk) = SmallDisk::new(60) else { return Ok(()) };
    let place = Place::at(&disk.folder, Look::new("zh-Hans", "light"))?;
    let (window, founded) = place.shop(2).await?;
    window.scan(&barcode(1))?;
    window.until_lines(1).await?;
    disk.fill()?;
    // There is still room in the file itself: until nothing more goes in.
    let mut sold = 0;
    while window.execute(sale_command(&founded, &[0])?).await.is_ok() {
        sold += 1;
        assert!(sold < 3_000, "the disk was never full");
    }
    window.press("F10")?;
    window.until_there(".toast.need").await?;
    let shown = window.text(".toasts").await?;
    assert!(shown.contains(&reject_text(Locale::ZhHans, &Reject::new(Code::DiskFull))), "{shown}");
    assert_eq!(window.cart_lines().await?, 1, "the sale stays open");
    disk.make_room()?;
    let shown = window.sell_for_exact_cash().await?;
    assert!(shown.contains(&format!("TS-1-1-{:06}", sold + 1)), "{shown} after {sold}");
    window.verify().await?;
    window.close().await
}
