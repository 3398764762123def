//! A shop of one's own, from its first question to a sale whose price was touched in every way, by keyboard in the real
//! window: tax on top, cents, coins of five, discounts, another price.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use anyhow::Context as _;
use kontor_domain::catalog::{ListProducts, ListTaxes, ProductFilter};
use kontor_domain::counter::{GetSale, GetShift};
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};

const ENGLISH: Look<'_> = Look::new("en", "light");
const CHEESE: &str = "7610000000011";
const BREAD: &str = "7610000000028";

/// Answers the questions of the first window.
async fn open_own_shop(window: &Window) -> anyhow::Result<()> {
    window.until_there(".first .way").await?;
    window.tab_to(".way:nth-of-type(2)").await?;
    window.press("Enter")?;
    window.until_focus("input[name=name]").await?;
    // What is missing or cannot be is told beside its field, and nothing is made.
    window.press("Enter")?;
    window.until("a refusal at the name", "document.querySelector('input[name=name][aria-invalid=true]')").await?;
    window.until_text("Fill this in").await?;
    window.type_into("name", "Chesi Bern").await?;
    window.type_into("code", "be").await?;
    window.tab_to("select[name=currency]").await?;
    window.type_text("CHF")?;
    window.until("the currency", "document.querySelector('select[name=currency]').value === 'CHF'").await?;
    window.choose("Prices in your shop", "Tax is added").await?;
    window.type_into("rate", "x").await?;
    window.type_into("owner_name", "Anna").await?;
    window.type_into("float", "100.05").await?;
    window.press("Enter")?;
    window.until("a refusal at the rate", "document.querySelector('input[name=rate][aria-invalid=true]')").await?;
    window.type_into("rate", "8.1").await?;
    window.press("Enter")?;
    window.until_counter().await
}

/// From the red strip of an unknown code to a product that has it.
async fn create_scanned(window: &Window, code: &str, name: &str, price: &str) -> anyhow::Result<()> {
    window.scan(code)?;
    window.until_text(&format!("No product has the code {code}")).await?;
    window.press_button("New product").await?;
    window.until_focus("input[name=name]").await?;
    window.type_text(name)?;
    window.type_into("price", price).await?;
    window.press("Ctrl+S")?;
    window.until_text("The product is created").await?;
    window.go_to("Counter").await?;
    window.until_counter().await
}

/// Opens the discount, says what on and how, and gives it.
async fn give(window: &Window, on: Option<&str>, how: &str, amount: &str) -> anyhow::Result<()> {
    window.press("F3")?;
    window.until_there(".sheet").await?;
    if let Some(on) = on {
        window.choose("On", on).await?;
    }
    window.choose("As", how).await?;
    window.tab_to("#sheet-amount").await?;
    window.press("Ctrl+A")?;
    window.type_text(amount)?;
    window.press("Enter")
}

async fn total(window: &Window, expected: &str) -> anyhow::Result<()> {
    window.until(expected, &format!("document.querySelector('.cart .totals .total b').innerText.endsWith('{expected}')")).await
}

#[tokio::test]
async fn a_shop_with_tax_on_top_and_coins_of_five_sells_at_every_kind_of_price() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.desk.open().await?;
    open_own_shop(&window).await?;
    let session = window.session().await?;
    let company = &session.company;
    assert_eq!((company.name.as_str(), company.code.as_str(), company.currency.as_str()), ("Chesi Bern", "BE", "CHF"));
    assert_eq!((company.tax_mode, company.cash_step, session.person.name.as_str()), (TaxMode::Exclusive, Money(5), "Anna"));
    let rates: Vec<_> = window.ask(ListTaxes {}).await?.into_iter().map(|tax| tax.rate).collect();
    assert!(rates.contains(&Rate(81_000)) && rates.contains(&Rate(26_000)), "{rates:?}");
    let shift = window.ask(GetShift { id: session.shift.as_ref().context("a shift is open")?.id }).await?.context("the shift")?;
    assert_eq!(shift.shift.float, Money(10_005));

    create_scanned(&window, CHEESE, "Gruyere", "10.03").await?;
    create_scanned(&window, BREAD, "Bread", "4").await?;
    let products = window.ask(ListProducts { filter: ProductFilter::default(), offset: 0, limit: 9 }).await?.rows;
    assert_eq!(products.len(), 2);
    window.type_text("3*")?;
    window.scan(CHEESE)?;
    total(&window, "32.53").await?;
    // Three times 10.03 less 1; what is more than the line, or no number, is refused in the sheet and changes nothing.
    give(&window, None, "Amount", "30.10").await?;
    window.until_there(".sheet [aria-invalid=true]").await?;
    window.press("Escape")?;
    total(&window, "32.53").await?;
    give(&window, None, "Amount", "1").await?;
    window.until_gone(".sheet").await?;
    total(&window, "31.45").await?;
    window.scan(BREAD)?;
    window.until_lines(2).await?;
    give(&window, None, "New price", "3.50").await?;
    window.until_gone(".sheet").await?;
    total(&window, "35.23").await?;
    // A tenth off all: 32.59 without tax become 29.33, with 2.38 tax.
    give(&window, Some("Whole sale"), "Percent", "10").await?;
    window.until_gone(".sheet").await?;
    total(&window, "31.71").await?;
    let shown = window.text(".cart .totals").await?;
    assert!(["4.26", "2.38"].iter().all(|figure| shown.contains(figure)), "{shown}");

    // There is no coin for a centime.
    window.sell_for_exact_cash().await?;
    let sold = window.ask(GetSale { id: window.last_sale().await?.id }).await?.context("the sale")?;
    let sale = &sold.sale;
    assert_eq!(
        (sale.gross, sale.discount, sale.base, sale.tax, sale.total, sale.rounding),
        (Money(3_359), Money(426), Money(2_933), Money(238), Money(3_171), Money(-1))
    );
    assert_eq!(sold.tenders.iter().map(|tender| tender.amount).collect::<Vec<_>>(), [Money(3_170)]);
    let minor = UnitPrice::PER_MINOR_UNIT;
    let lines: Vec<_> = sold.lines.iter().map(|line| (line.quantity, line.list_price.0 / minor, line.unit_price.0 / minor)).collect();
    assert_eq!(lines, [(Quantity(3_000), 1_003, 1_003), (Quantity(1_000), 400, 350)]);
    assert_eq!(sale.number, "BE-1-1-000001");
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn an_unknown_code_is_looked_for_or_ignored_and_each_scan_has_its_tone() -> anyhow::Result<()> {
    // What is handed to the sound card, if there is one or not.
    const LISTEN: &str = "window.tones = [];
        Object.defineProperty(BaseAudioContext.prototype, 'state', { get: () => 'running' });
        const start = AudioScheduledSourceNode.prototype.start;
        OscillatorNode.prototype.start = function (when) { window.tones.push(this.frequency.value); return start.call(this, when); };";
    let place = Place::new(ENGLISH)?;
    let heard = serde_json::json!({ "locale": "en", "theme": "light", "density": "comfortable", "sound": true });
    std::fs::write(place.desk.folder().join("preferences.json"), heard.to_string())?;
    let (window, _) = place.shop(1).await?;
    window.eval(LISTEN, Vec::new()).await?;
    let known = kontor_tests::shop::barcode(0);
    // The card is looked for when nobody has touched anything for a while.
    let mut scans = 0;
    while window.value("window.tones.length").await? == 0 {
        anyhow::ensure!(scans < 20, "nothing is heard");
        window.scan(&known)?;
        scans += 1;
        window.until("it counts", &format!("document.querySelector('.cart .lines .q')?.innerText.trim() === '{scans}'")).await?;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    window.eval("window.tones = []", Vec::new()).await?;
    let heard = async |tones: &str| {
        window.until(tones, &format!("window.tones.join() === '{tones}'")).await?;
        window.eval("window.tones = []", Vec::new()).await
    };
    window.scan(&known)?;
    heard("880,1320").await?;
    for code in [CHEESE, BREAD] {
        window.scan(code)?;
        window.until_text(&format!("No product has the code {code}")).await?;
        heard("330,220").await?;
    }
    window.until_text("(and 1 more)").await?;
    window.press_button("Ignore").await?;
    window.until_text(&format!("No product has the code {CHEESE}")).await?;
    window.press_button("Search").await?;
    window
        .until("the code is searched for", &format!("document.activeElement?.id === 'counter-search' && document.activeElement.value === '{CHEESE}'"))
        .await?;
    window.until_gone(".news .strip").await?;
    assert_eq!(window.cart_lines().await?, 1, "an unknown code changes no sale");
    window.no_errors().await?;
    window.close().await
}
