//! Screens beside the counter, worked by keyboard in the real window: what was typed there is in the shop's file, and
//! what the file holds is shown.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use anyhow::Context as _;
use kontor_domain::catalog::{self, CreateProduct, GetProduct, ListProducts, ListTaxes, NewBarcode, ProductDetail, ProductDraft, ProductFilter};
use kontor_domain::command::Command;
use kontor_domain::counter::{self, GetSale, RefundLine};
use kontor_domain::host::Preferences;
use kontor_domain::ids::ProductId;
use kontor_domain::printing::{ListPrinters, PaperKind, PrinterKind};
use kontor_domain::reports::GetDay;
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_tests::shop::{barcode, cash_refund};
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};

const ENGLISH: Look<'_> = Look::new("en", "light");

/// Opens a part of the settings by its name.
async fn settings(window: &Window, part: &str) -> anyhow::Result<()> {
    window.go_to("Settings").await?;
    window
        .tab_until(&format!("document.activeElement?.matches('nav.options .option') && document.activeElement.innerText.trim() === '{part}'"))
        .await?;
    window.press("Enter")
}

/// Of several side by side the one that is on, in the group of this number; Right takes the next.
async fn take_next(window: &Window, group: u32) -> anyhow::Result<()> {
    let on = format!(
        "document.activeElement === document.querySelectorAll('.settingspart [role=radiogroup]')[{}].querySelector('[aria-checked=true]')",
        group - 1
    );
    window.tab_until(&on).await?;
    window.press("ArrowRight")
}

async fn product(window: &Window, id: ProductId) -> anyhow::Result<ProductDetail> {
    window.ask(GetProduct { id }).await?.context("the product")
}

async fn find_product(window: &Window, text: &str) -> anyhow::Result<Vec<ProductId>> {
    let filter = ProductFilter { text: text.to_owned(), ..ProductFilter::default() };
    Ok(window.ask(ListProducts { filter, offset: 0, limit: 9 }).await?.rows.into_iter().map(|row| row.id).collect())
}

/// Types a barcode into the last row, with its pack and the pack's price.
async fn type_barcode(window: &Window, barcode: &str, pack: &str, price: &str) -> anyhow::Result<()> {
    for (place, text) in [(1, barcode), (2, pack), (4, price)] {
        window.tab_to(&format!(".barcodes .barcode:last-of-type input:nth-of-type({place})")).await?;
        window.type_text(text)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_product_is_made_with_its_barcodes_changed_refused_and_sold_by_the_pack() -> anyhow::Result<()> {
    const UNIT: &str = "4710018000129";
    const PACK: &str = "14710018000123";
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(1).await?;
    settings(&window, "Taxes").await?;
    window.press_button("New tax class").await?;
    window.until_focus("dialog[open] input[name=name]").await?;
    window.type_text("Zero")?;
    window.type_into("rate", "0").await?;
    window.press("Enter")?;
    window.until_gone("dialog[open]").await?;
    let zero = window.ask(ListTaxes {}).await?.into_iter().find(|tax| tax.name == "Zero").context("the new tax")?;
    assert_eq!(zero.rate, Rate(0));

    window.go_to("Products").await?;
    window.press("Ctrl+N")?;
    window.until_focus("input[name=name]").await?;
    window.type_text("Oolong Tea")?;
    window.type_into("code", "OT-1").await?;
    window.type_into("price", "120").await?;
    window.scan(UNIT)?;
    window.until_there(".barcodes .barcode:last-of-type input").await?;
    window.press_button("Add a barcode").await?;
    type_barcode(&window, PACK, "6", "600").await?;
    window.type_into("tags", "tea, gift").await?;
    window.press("Ctrl+S")?;
    window.until_text("The product is created").await?;
    let [id] = find_product(&window, "oolong").await?[..] else { panic!("one product is found") };
    let made = product(&window, id).await?.draft;
    assert_eq!((made.name.as_str(), made.code.as_str(), made.price), ("Oolong Tea", "OT-1", UnitPrice(120 * UnitPrice::PER_MINOR_UNIT)));
    assert_eq!((made.tax_id, made.tags.as_slice()), (founded.tax, ["gift".to_owned(), "tea".to_owned()].as_slice()));
    let packs: Vec<_> = made.barcodes.iter().map(|it: &NewBarcode| (it.barcode.as_str(), it.pack, it.pack_price)).collect();
    assert_eq!(packs, [(PACK, Quantity(6_000), Some(UnitPrice(600 * UnitPrice::PER_MINOR_UNIT))), (UNIT, Quantity::ONE, None)]);

    // Price and tax are changed; then what cannot be is refused beside its field, and nothing of it is written.
    window.until_there(".page.product .figure").await?;
    window.type_into("price", "130").await?;
    window.tab_to("select[name=tax]").await?;
    window.type_text("Z")?;
    window.press("Ctrl+S")?;
    window.until_text("Saved").await?;
    let changed = product(&window, id).await?.draft;
    assert_eq!((changed.price, changed.tax_id), (UnitPrice(130 * UnitPrice::PER_MINOR_UNIT), zero.id));
    window.type_into("price", "12x").await?;
    window.press("Ctrl+S")?;
    window.until("a refusal at the price", "document.querySelector('input[name=price][aria-invalid=true]')").await?;
    window.type_into("price", "130").await?;
    window.press_button("Add a barcode").await?;
    type_barcode(&window, &barcode(0), "1", "").await?;
    window.press("Ctrl+S")?;
    window.until_there(".barcodes .below[role=alert]").await?;
    assert_eq!(product(&window, id).await?.draft, changed);
    window.tab_to(".barcodes .barcode:last-of-type button").await?;
    window.press("Enter")?;
    window.until("the row is gone", "document.querySelectorAll('.barcodes .barcode input').length === 8").await?;

    window.go_to("Counter").await?;
    window.scan(PACK)?;
    window.scan(UNIT)?;
    window.until_lines(2).await?;
    window.sell_for_exact_cash().await?;
    let sold = window.ask(GetSale { id: window.last_sale().await?.id }).await?.context("the sale")?;
    assert_eq!((sold.sale.total, sold.sale.tax), (Money(730), Money(0)));
    let left = product(&window, id).await?.on_hand;
    assert_eq!(left, Quantity(-7_000), "six and one");
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn the_shop_its_paper_and_its_looks_are_set_and_stay_after_a_restart() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, _) = place.shop(1).await?;
    settings(&window, "Shop").await?;
    window.type_into("name", "Corner Shop").await?;
    window.type_into("tax_number", "04595257").await?;
    window.type_into("receipt_footer", "Thank you").await?;
    take_next(&window, 1).await?;
    window.press_button("Save").await?;
    window.until_text("Saved").await?;
    let company = window.session().await?.company;
    assert_eq!((company.name.as_str(), company.tax_number.as_str(), company.receipt_footer.as_str()), ("Corner Shop", "04595257", "Thank you"));
    assert_eq!((company.tax_mode, company.currency.as_str()), (TaxMode::Exclusive, "TWD"));

    // A printer, by its form; its test page comes out, and what cannot be one is told.
    let paper = place.folder.path().join("paper");
    settings(&window, "Printers").await?;
    window.press_button("Add a printer").await?;
    window.until_focus("dialog[open] input[name=name]").await?;
    window.type_text("Counter")?;
    window.tab_until("document.activeElement === document.querySelector('dialog[open] select')").await?;
    window.type_text("D")?;
    window.press_button("Save").await?;
    window.until("a refusal at the address", "document.querySelector('dialog input[name=address][aria-invalid=true]')").await?;
    window.type_into("address", &paper.display().to_string()).await?;
    window.press_button("Save").await?;
    window.until_gone("dialog[open]").await?;
    let device_id = window.session().await?.device.id;
    let [printer] = &window.ask(ListPrinters { device_id }).await?[..] else { panic!("one printer") };
    assert_eq!((printer.kind, printer.paper, printer.is_default), (PrinterKind::EscposFile, PaperKind::Roll80, true));
    assert_eq!(printer.address, paper.display().to_string());
    window.press_button("Test page").await?;
    window.until_text("The test page was sent").await?;
    assert!(std::fs::metadata(&paper)?.len() > 0);

    // The books, from their menu.
    settings(&window, "Data").await?;
    window.press_button("Check now").await?;
    window.until_text("figures agree with their ledgers").await?;

    settings(&window, "This device").await?;
    take_next(&window, 2).await?;
    take_next(&window, 2).await?;
    let is_dark = "document.documentElement.getAttribute('data-theme') === 'dark'";
    window.until("dark", is_dark).await?;
    take_next(&window, 1).await?;
    window.until("Traditional Chinese", "document.documentElement.lang === 'zh-Hant' && document.querySelector('main[aria-label=\"設定\"]')").await?;
    window.close().await?;
    let kept: Preferences = serde_json::from_slice(&std::fs::read(place.desk.folder().join("preferences.json"))?)?;
    assert_eq!(kept.locale.as_deref(), Some("zh-Hant"));
    let window = place.desk.open().await?;
    window.until_counter().await?;
    window.until("dark and Chinese", &format!("{is_dark} && document.documentElement.lang === 'zh-Hant'")).await?;
    assert_eq!(window.session().await?.company, company);
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// The rows of a table as they are read: cells apart.
async fn rows(window: &Window, selector: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let expression =
        format!("[...document.querySelectorAll('{selector} tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))");
    Ok(serde_json::from_value(window.value(&expression).await?)?)
}

#[tokio::test]
async fn a_days_figures_are_its_sales_and_each_sale_shows_its_ledger_lines() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(3).await?;
    // Sixty and twenty, of which ten come back.
    for codes in [&[0, 1, 2][..], &[1][..]] {
        for code in codes {
            window.scan(&barcode(*code))?;
        }
        window.until_lines(codes.len()).await?;
        window.sell_for_exact_cash().await?;
        if codes.len() == 3 {
            let first = window.last_sale().await?;
            let line = RefundLine { line: 1, quantity: Quantity::ONE };
            let refund = cash_refund(founded.shift, first.id, vec![line], Money(10));
            window.execute(Command::Counter(counter::Command::Refund(Box::new(refund)))).await?;
        }
    }
    let last = window.last_sale().await?;
    let day = window.ask(GetDay { business_date: last.business_date }).await?;
    assert_eq!((day.total, day.sales, day.refunds, day.refunded), (Money(70), 2, 1, Money(-10)));
    assert_eq!((day.items, day.average), (Quantity(3_000), Money(40)));
    assert_eq!(day.hours.iter().map(|hour| (hour.1.0, hour.2)).fold((0, 0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1)), (70, 3));
    // The hour is that of Taipei, eight hours before Greenwich.
    let hour = (last.at.0 / 3_600_000 + 8) % 24;
    assert!(day.hours.iter().any(|known| known.0 == hour), "{hour} in {:?}", day.hours);
    window.go_to("Today").await?;
    window.until("the figures", "document.querySelectorAll('.today .figures .figure b').length === 4").await?;
    let shown: Vec<String> =
        serde_json::from_value(window.value("[...document.querySelectorAll('.today .figures .figure b')].map((it) => it.innerText)").await?)?;
    assert!(shown[0].ends_with("70") && shown[1].starts_with('2') && shown[2] == "3" && shown[3].ends_with("40"), "{shown:?}");
    let bars = window.count(".today .chart .hourbar").await?;
    assert_eq!(bars, u64::try_from(day.hours.iter().filter(|known| known.1 > Money::ZERO).count())?);

    // From the list to both ledgers of one sale.
    window.go_to("Sales").await?;
    window.until_there(".tablebox .tr .strong").await?;
    window.tab_to(".tablebox").await?;
    window.press("ArrowDown")?;
    window.press("Enter")?;
    window.tab_to("[role=tab][aria-selected=true]").await?;
    window.press("ArrowRight")?;
    window.until_there(".ledgers tfoot").await?;
    let moves = rows(&window, ".ledgers section:nth-of-type(1)").await?;
    assert!(moves.len() == 1 && moves[0][0] == "鳳梨酥 Product 2" && moves[0][2].starts_with('1'), "{moves:?}");
    let postings = rows(&window, ".ledgers section:nth-of-type(2)").await?;
    let amounts: Vec<&str> = postings.iter().map(|row| row[1].as_str()).collect();
    // Twenty in the drawer are nineteen of sales and one of tax.
    assert!(["20", "19", "1"].iter().all(|amount| amounts.iter().any(|it| it.ends_with(amount))) && postings.len() == 3, "{postings:?}");
    assert!(window.text(".ledgers tfoot").await?.contains("balanced"));
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn labels_of_a_scale_are_sold_by_their_weight_and_at_their_price() -> anyhow::Result<()> {
    // Item 00123 at 120 a kilogram: 1.250 kg of it, a label of 50, and one whose last digit was misread.
    const WEIGHED: &str = "2100123012503";
    const PRICED: &str = "2200123000507";
    const MISREAD: &str = "2200123000508";
    let place = Place::new(ENGLISH)?;
    let (window, founded) = place.shop(1).await?;
    let cheese = ProductId(uuid::Uuid::now_v7());
    let draft = ProductDraft {
        code: "123".into(),
        name: "Cheese".into(),
        unit: "kg".into(),
        price: UnitPrice(120 * UnitPrice::PER_MINOR_UNIT),
        barcodes: Vec::new(),
        ..product(&window, founded.products[0]).await?.draft
    };
    window.execute(Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: cheese, draft }))).await?;
    window.scan(WEIGHED)?;
    window.until_text(&format!("No product has the code {WEIGHED}")).await?;
    window.press("Escape")?;

    settings(&window, "Shop").await?;
    window.type_into("scale_barcodes", "21IIIIIWWWWW").await?;
    window.press_button("Save").await?;
    window.until("a refusal beside it", "document.querySelector('input[name=scale_barcodes][aria-invalid=true]')").await?;
    assert_eq!(window.session().await?.company.scale_barcodes, "");
    window.type_into("scale_barcodes", "21IIIIIWWWWWC 22IIIIIPPPPPC").await?;
    window.press_button("Save").await?;
    window.until_text("Saved").await?;

    window.go_to("Counter").await?;
    for code in [WEIGHED, WEIGHED, PRICED] {
        window.scan(code)?;
    }
    window.until_lines(2).await?;
    window.scan(MISREAD)?;
    window.until_text(&format!("{MISREAD} was misread")).await?;
    window.press("Escape")?;
    window.sell_for_exact_cash().await?;
    let sold = window.ask(GetSale { id: window.last_sale().await?.id }).await?.context("the sale")?;
    let lines: Vec<_> = sold.lines.iter().map(|line| (line.quantity, line.pack, line.unit.as_str(), line.total)).collect();
    assert_eq!(lines, [(Quantity(2_500), Quantity::ONE, "kg", Money(300)), (Quantity::ONE, Quantity(417), "0.417 kg", Money(50))]);
    assert_eq!(product(&window, cheese).await?.on_hand, Quantity(-2_917), "what was weighed and what the price was for");
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}
