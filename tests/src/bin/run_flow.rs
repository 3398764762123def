//! The main job, seen to work on a machine without a display: the demo shop, five items sold by keyboard in the real
//! window, a picture, a receipt and the shop's file left in `KONTOR_RUN_DIR`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use kontor_domain::host::HostCall;
use kontor_domain::printing::PaperDocument;
use kontor_tests::window::{Desk, Look, Window};

/// Items sold.
const ITEMS: u32 = 5;
/// How long a new line stays lit.
const LIT: Duration = Duration::from_millis(1200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let folder = std::env::var_os("KONTOR_RUN_DIR").map(PathBuf::from).context("KONTOR_RUN_DIR says where to")?;
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let locale = std::env::var("KONTOR_LANGUAGE").unwrap_or_else(|_| "en".to_owned());
    let data = folder.join("data");
    if data.exists() {
        std::fs::remove_dir_all(&data).context("the data of the last run")?;
    }
    let desk = Desk::new(&data)?;
    desk.prefer(Look::new(&locale, "light"))?;
    let window = desk.open().await?;
    let sold = sell(&window, &folder).await;
    if sold.is_err() {
        // What was on the screen tells more than the error; that it cannot be had changes nothing.
        let _ = window.picture(&folder.join("failure.png")).await;
    }
    sold?;
    window.close().await
}

async fn sell(window: &Window, folder: &std::path::Path) -> anyhow::Result<()> {
    println!("the window is open");
    window.try_demo().await?;
    println!("the demo shop is open");
    let barcodes = window.barcodes(ITEMS).await?;
    ensure!(barcodes.len() == 5, "five products with barcodes");
    for barcode in &barcodes {
        window.scan(barcode)?;
        println!("scanned {barcode}");
    }
    window.until_lines(barcodes.len()).await?;
    tokio::time::sleep(LIT).await;
    window.picture(&folder.join("counter.png")).await?;
    let shown = window.sell_for_exact_cash().await?;
    println!("F10: {shown}");
    window.picture(&folder.join("done.png")).await?;
    let sale = window.last_sale().await?;
    ensure!(shown.contains(&sale.number), "the window shows {shown}, the last sale is {}", sale.number);
    let path = folder.join("receipt.pdf").display().to_string();
    let call = HostCall::SavePdf { document: PaperDocument::Receipt, document_id: sale.id.0, path: Some(path) };
    println!("receipt: {}", window.host::<String>(&call).await?);
    let report = window.verify().await?;
    println!("verified: {} figures are what the ledgers say", report.compared);
    window.no_errors().await
}
