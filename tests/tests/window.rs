//! The real window, worked by the keys of a keyboard on a screen nobody sees.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::ensure;
use kontor_domain::command::Command as ShopCommand;
use kontor_domain::counter::{self, GetSale, ListSales, MoveCash, SaleFilter};
use kontor_domain::ids::CashMovementId;
use kontor_domain::units::{Currency, Money};
use kontor_tests::dice::Dice;
use kontor_tests::server::Server;
use kontor_tests::shop::id;
use kontor_tests::window::bus::Bus;
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};
use kontor_translations::{Locale, key};

const ENGLISH: Look<'_> = Look::new("en", "light");

/// Waits until a file is there and does not grow any more.
async fn until_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let started = Instant::now();
    loop {
        if let Ok(bytes) = std::fs::read(path)
            && bytes.ends_with(b"%%EOF")
        {
            return Ok(bytes);
        }
        ensure!(started.elapsed() < Duration::from_secs(60), "no {}", path.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn words_of(pdf: &Path) -> anyhow::Result<String> {
    let output = Command::new("pdftotext").arg("-layout").arg(pdf).arg("-").output()?;
    ensure!(output.status.success(), "pdftotext");
    Ok(String::from_utf8(output.stdout)?)
}

/// Start, demo, five scans, exact cash, receipt: without a mouse.
async fn sells_five(locale: &str, receipt_word: &str) -> anyhow::Result<()> {
    let place = Place::new(Look::new(locale, "light"))?;
    let window = place.demo().await?;
    assert_eq!(window.value("document.documentElement.lang").await?, locale);
    let before = window.last_sale().await?;
    let barcodes = window.barcodes(5).await?;
    for barcode in &barcodes {
        window.scan(barcode)?;
    }
    // Not waiting for the lines: the key comes right behind the last scan.
    let shown = window.sell_for_exact_cash().await?;
    let row = window.last_sale().await?;
    assert_ne!(row.id, before.id);
    let sale = window.ask(GetSale { id: row.id }).await?.expect("the sale");
    let decimals = usize::from(Currency::of(&sale.company.currency).expect("a currency").decimals);
    let total = figure(sale.sale.total, decimals);
    assert!(shown.contains(&row.number) && shown.contains(&total), "{shown}");
    assert_eq!(sale.lines.iter().map(|line| line.barcode.clone()).collect::<Vec<_>>(), barcodes);
    assert_eq!(sale.sale.total.0, sale.lines.iter().map(|line| line.total.0).sum::<i64>());
    assert_eq!(window.value("document.querySelector('dialog[open]')").await?, serde_json::Value::Null);
    window.press("F12")?;
    let pdf = place.desk.folder().join("paper").join(format!("{}.pdf", row.number));
    until_file(&pdf).await?;
    let words = words_of(&pdf)?;
    assert!(words.contains(&row.number), "{words}");
    let is_total = |line: &str| line.contains(receipt_word) && line.ends_with(&total);
    assert!(words.lines().map(str::trim_end).any(is_total), "{receipt_word} {total} in {words}");
    for line in &sale.lines {
        // A long name goes on in the next line.
        let name: String = line.name.chars().take(8).collect();
        assert!(words.contains(name.trim()) && words.contains(&figure(line.total, decimals)), "{line:?} in {words}");
    }
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// A sum as people write it: 12,345 or 1,234.50.
fn figure(sum: Money, decimals: usize) -> String {
    let digits = format!("{:0>1$}", sum.0, decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let (head, tail) = whole.split_at(whole.len() % 3);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let groups = Some(head.to_owned()).filter(|head| !head.is_empty()).into_iter().chain(groups).collect::<Vec<_>>().join(",");
    if part.is_empty() { groups } else { format!("{groups}.{part}") }
}

#[tokio::test]
async fn five_scans_and_one_key_sell_five_things_in_english() -> anyhow::Result<()> {
    sells_five("en", "Total").await
}

#[tokio::test]
async fn five_scans_and_one_key_sell_five_things_in_traditional_chinese() -> anyhow::Result<()> {
    sells_five("zh-Hant", "合計").await
}

#[tokio::test]
async fn five_scans_and_one_key_sell_five_things_in_simplified_chinese() -> anyhow::Result<()> {
    sells_five("zh-Hans", "合计").await
}

#[tokio::test]
async fn a_shop_of_ones_own_is_open_after_its_name_and_enter() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.desk.open().await?;
    window.until_there(".first .way").await?;
    window.tab_to(".way.primary").await?;
    window.press("Enter")?;
    window.until("the name", "document.activeElement?.matches('form input')").await?;
    window.type_text("Corner Shop")?;
    window.press("Enter")?;
    window.until_counter().await?;
    let session = window.session().await?;
    assert_eq!(session.company.name, "Corner Shop");
    assert_eq!(session.shift.map(|shift| shift.float), Some(Money::ZERO));
    // The first scan of a shop without goods: the code is kept in sight, and the cursor stays.
    window.scan("4710018000129")?;
    window.until_text("4710018000129").await?;
    window.until_counter().await?;
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// What the cart holds by the names on the screen would be slow to read; it is read where it is kept.
async fn cart(window: &Window) -> anyhow::Result<BTreeMap<String, i64>> {
    const READ: &str = "const key = Object.keys(localStorage).find((key) => key.startsWith('kontor-basket-'));
        return key ? JSON.parse(localStorage.getItem(key)).lines.map(({ line }) => [line.barcode, Number(line.quantity)]) : [];";
    let lines: Vec<(String, i64)> = serde_json::from_value(window.eval(READ, Vec::new()).await?)?;
    Ok(lines.into_iter().collect())
}

/// Waits until the cart holds what was scanned: as long as it goes on filling, however slow the computer is.
async fn until_cart(window: &Window, expected: &BTreeMap<String, i64>) -> anyhow::Result<()> {
    let (mut seen, mut changed) = (cart(window).await?, Instant::now());
    while seen != *expected {
        ensure!(changed.elapsed() < Duration::from_secs(10), "scanned {expected:?}, in the cart {seen:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = cart(window).await?;
        if now != seen {
            (seen, changed) = (now, Instant::now());
        }
    }
    Ok(())
}

/// Scans sent a second: a little over thirty, so that a pause of the sender's own does not lower it below.
const SENT_A_SECOND: f64 = 31.0;
const SCANS: u32 = 1000;

#[tokio::test]
async fn a_thousand_scans_at_thirty_a_second_are_neither_lost_nor_split() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.demo().await?;
    let barcodes = window.barcodes(20).await?;
    let mut expected = BTreeMap::new();
    let mut dice = Dice::new(30);
    // What a person had typed before must be there afterwards.
    window.type_text("te")?;
    let started = Instant::now();
    for number in 0..SCANS {
        let barcode = &barcodes[dice.index(barcodes.len())];
        window.scan(barcode)?;
        *expected.entry(barcode.clone()).or_insert(0) += 1000;
        let next = started + Duration::from_secs_f64(f64::from(number + 1) / SENT_A_SECOND);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    // How fast they were sent, never how fast they were worked off: that may take as long as the computer needs.
    window.keyboard.until_taken()?;
    let rate = f64::from(SCANS) / started.elapsed().as_secs_f64();
    println!("{SCANS} scans at {rate:.1}/s");
    until_cart(&window, &expected).await?;
    assert!(rate >= 30.0, "only {rate:.1} scans a second could be sent here: this proves nothing of thirty");
    assert_eq!(window.value("document.getElementById('counter-search').value").await?, "te");
    assert_eq!(window.count(".news .strip").await?, 0);
    window.no_errors().await?;
    window.close().await
}

/// Scans a code and waits until the cart holds one more of it.
async fn scan_one(window: &Window, code: &str, expected: &mut BTreeMap<String, i64>) -> anyhow::Result<()> {
    window.scan(code)?;
    *expected.entry(code.to_owned()).or_insert(0) += 1000;
    until_cart(window, expected).await
}

#[tokio::test]
async fn a_scan_counts_whatever_has_the_focus_and_leaves_it_as_it_was() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.demo().await?;
    let barcodes = window.barcodes(3).await?;
    let mut expected = BTreeMap::new();
    let focused = "document.activeElement.value";
    scan_one(&window, &barcodes[0], &mut expected).await?;
    // A button: the scan's Enter does not press it.
    window.tab_until("document.activeElement?.matches('.cart button.pay, .cart .btn.primary')").await?;
    scan_one(&window, &barcodes[1], &mut expected).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(window.count(".sheet").await?, 0, "nothing was pressed");
    // The amount that is being paid.
    window.press("F9")?;
    window.until("the amount", "document.activeElement?.id === 'sheet-amount'").await?;
    window.type_text("5000")?;
    scan_one(&window, &barcodes[2], &mut expected).await?;
    assert_eq!(window.value(focused).await?, "5000");
    assert_eq!(window.count(".sheet.pay").await?, 1, "nothing was paid");
    window.press("Escape")?;
    // The buyer's tax number: digits as those of the scan.
    window.press("F8")?;
    window.until("the tax number", "document.activeElement?.matches('.sheet input')").await?;
    window.type_text("2453")?;
    scan_one(&window, &barcodes[0], &mut expected).await?;
    window.type_text("6806")?;
    assert_eq!(window.value(focused).await?, "24536806");
    window.press("Escape")?;
    window.until_gone(".sheet").await?;
    // Another screen, in its own search: the scan opens the product there, and the sale stays as it is.
    window.go_to("Products").await?;
    window.press("F4")?;
    window.type_text("te")?;
    window.scan(&barcodes[1])?;
    window.until_there(".page.product").await?;
    let product = format!("[...document.querySelectorAll('.page.product input')].some((it) => it.value === '{}')", barcodes[1]);
    window.until("the product", &product).await?;
    until_cart(&window, &expected).await?;
    window.go_to("Products").await?;
    window.until("the search", "document.querySelector('.page.products .filters input')?.value === 'te'").await?;
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// The toolkit's own input method composes after Ctrl+Shift+U and takes every digit for itself, as those for Chinese do.
#[tokio::test]
async fn a_scan_is_whole_while_an_input_method_composes() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.demo().await?;
    let barcodes = window.barcodes(10).await?;
    let mut expected = BTreeMap::new();
    const WATCH: &str = "window.composed = 0; addEventListener('compositionstart', () => window.composed++, true);";
    window.eval(WATCH, Vec::new()).await?;
    for (scanned, barcode) in barcodes.iter().cycle().take(30).enumerate() {
        window.press("Ctrl+Shift+u")?;
        // The input method has its own way through the system: a scan before it composes would prove nothing.
        window.until("it composes", &format!("window.composed > {scanned}")).await?;
        scan_one(&window, barcode, &mut expected).await?;
    }
    assert_eq!(window.value("document.getElementById('counter-search').value").await?, "");
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn the_next_sale_does_not_wait_for_the_paper_of_the_last() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.demo().await?;
    // A pipe that nobody reads is a printer that does not answer.
    let pipe = place.folder.path().join("printer");
    assert!(Command::new("mkfifo").arg(&pipe).status()?.success());
    window.print_into(&pipe, false).await?;
    let barcodes = window.barcodes(2).await?;
    let mut numbers = Vec::new();
    let started = Instant::now();
    for barcode in &barcodes {
        window.scan(barcode)?;
        window.until_lines(1).await?;
        window.sell_for_exact_cash().await?;
        numbers.push(window.last_sale().await?.number);
    }
    assert!(started.elapsed() < Duration::from_secs(4), "two sales took {:?}", started.elapsed());
    assert_ne!(numbers[0], numbers[1]);
    let paper = tokio::task::spawn_blocking(move || read_until(&pipe, &numbers));
    tokio::time::timeout(Duration::from_secs(60), paper).await???;
    window.verify().await?;
    window.close().await
}

/// Reads a printer's pipe until all these texts have come out.
fn read_until(pipe: &Path, texts: &[String]) -> anyhow::Result<()> {
    let mut paper = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(50) {
        std::fs::File::open(pipe)?.read_to_end(&mut paper)?;
        let words = String::from_utf8_lossy(&paper);
        if texts.iter().all(|text| words.contains(text.as_str())) {
            return Ok(());
        }
    }
    anyhow::bail!("not all of {texts:?} came out of the printer")
}

#[tokio::test]
async fn no_key_of_a_browser_leaves_the_counter_and_escape_never_voids() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.demo().await?;
    for barcode in window.barcodes(3).await? {
        window.scan(&barcode)?;
    }
    window.until_lines(3).await?;
    window.eval("window.stillHere = true", Vec::new()).await?;
    for key in ["F5", "Ctrl+F5", "Ctrl+R", "Ctrl+W", "Alt+ArrowLeft", "Ctrl+P", "Ctrl+S", "Ctrl+F"] {
        window.press(key)?;
    }
    for opener in ["F1", "F2", "F3", "F7", "F8", "F9", "Ctrl+K", "F4"] {
        window.press(opener)?;
        for _ in 0..3 {
            window.press("Escape")?;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(window.value("window.stillHere === true").await?, true);
    assert_eq!(window.cart_lines().await?, 3);
    window.until_counter().await?;
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

#[tokio::test]
async fn an_unfinished_sale_is_there_again_after_kill_9() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.demo().await?;
    let barcodes = window.barcodes(3).await?;
    for barcode in &barcodes {
        window.scan(barcode)?;
    }
    window.until_lines(3).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    window.kill().await?;
    let window = place.desk.open().await?;
    window.until_lines(3).await?;
    assert_eq!(window.count(".news .strip").await?, 0, "nothing was on its way");
    window.sell_for_exact_cash().await?;
    assert_eq!(window.last_sale().await?.lines, 3);
    window.verify().await?;
    window.close().await
}

async fn sales(window: &Window) -> anyhow::Result<i64> {
    Ok(window.ask(ListSales { filter: SaleFilter::default(), offset: 0, limit: 1 }).await?.total)
}

#[tokio::test]
async fn a_sale_in_flight_at_kill_9_is_shown_as_done_or_not_done_and_made_once() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let mut window = place.demo().await?;
    let barcode = window.barcodes(1).await?.remove(0);
    // How long after the key it is ended: a little longer where the sale was not made, shorter where it was, so that
    // most ends come about when it is written.
    let mut pause = Duration::from_millis(10);
    let (mut done, mut not_done) = (0, 0);
    while done + not_done < 10 || done == 0 || not_done == 0 {
        ensure!(done + not_done < 30, "{done} sales made and {not_done} not made: the end never came while one was written");
        let before = sales(&window).await?;
        window.scan(&barcode)?;
        window.until_lines(1).await?;
        // Long enough for the window to keep its cart, as between a scan and a payment.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let pid = window.pid()?;
        window.keyboard.tap("F10")?;
        tokio::time::sleep(pause).await;
        window.kill_at_once(pid).await?;
        window = place.desk.open().await?;
        window.until_counter().await?;
        let shown_done = window.count(".cart .done:not(.quiet)").await? == 1;
        let shown_open = window.cart_lines().await? == 1;
        let made = sales(&window).await? - before;
        println!("after {pause:?}: done {shown_done}, open {shown_open}, made {made}");
        assert!(shown_done != shown_open, "one of both");
        assert_eq!(made, i64::from(shown_done));
        if shown_open {
            not_done += 1;
            pause = pause.mul_f64(1.5);
            window.sell_for_exact_cash().await?;
        } else {
            done += 1;
            pause = pause.mul_f64(0.6);
        }
        assert_eq!(sales(&window).await? - before, 1);
    }
    window.verify().await?;
    window.close().await
}

#[tokio::test]
async fn a_file_that_is_no_shop_is_told_in_each_language_and_retried() -> anyhow::Result<()> {
    for locale in Locale::ALL {
        let place = Place::new(Look::new(locale.tag(), "light"))?;
        let file = place.desk.folder().join("shop.kontor");
        std::fs::write(&file, "this is no shop ".repeat(1000))?;
        let window = place.desk.open().await?;
        window.until_there(".problem h1").await?;
        let shown = window.text(".problem").await?;
        let expected = kontor_translations::text(*locale, key::PROBLEM_TITLE);
        assert!(shown.contains(&expected), "{shown}");
        assert!(shown.contains("shop.kontor"), "{shown}");
        // Mended meanwhile, and tried again by keyboard.
        std::fs::remove_file(&file)?;
        window.tab_to(".problem button").await?;
        window.press("Enter")?;
        window.until_there(".first").await?;
        window.no_errors().await?;
        window.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn nothing_comes_from_elsewhere() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let window = place.demo().await?;
    const LOADED: &str = "return [...document.querySelectorAll('script, link, img')].map((it) => it.src ?? it.href)
        .concat(performance.getEntriesByType('resource').map((it) => it.name), [location.href]).filter(Boolean)";
    let loaded: Vec<String> = serde_json::from_value(window.eval(LOADED, Vec::new()).await?)?;
    let is_ours = |address: &String| address.starts_with("tauri://localhost") || address.starts_with("ipc://localhost");
    assert!(loaded.len() > 1 && loaded.iter().all(is_ours), "{loaded:?}");
    window.no_errors().await?;
    let evaluated = window.eval("try { return eval('1 + 1') } catch (error) { return error.name }", Vec::new()).await?;
    assert_eq!(evaluated, "EvalError");
    window.eval("fetch('https://example.com/').catch(() => {}); new Image().src = 'https://example.com/a.png'", Vec::new()).await?;
    window.until("two refusals", "window.kontorErrors.filter((it) => it.includes('https://example.com')).length >= 2").await?;
    window.close().await
}

#[tokio::test]
async fn a_till_joins_by_hand_and_says_where_its_sales_are() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let mut server = Server::secure(&place.folder.path().join("server"))?;
    server.found().await?;
    server.start().await?;
    let window = place.desk.open().await?;
    let invitation = server.invite(Some(1)).await?;
    window.type_invitation(&invitation).await?;
    window.join_typed(&invitation).await?;
    window.until("it is told so", "document.querySelector('.chip.sync')?.innerText.startsWith('Synced')").await?;
    server.kill().await?;
    let shift_id = window.session().await?.shift.expect("the shift that founding opened").id;
    let put_in = MoveCash { movement_id: CashMovementId(id()), shift_id, amount: Money(500), reason: "change".into() };
    window.execute(ShopCommand::Counter(counter::Command::CashIn(put_in))).await?;
    window.until("it is told so", "document.querySelector('.chip.sync')?.innerText.startsWith('Offline')").await?;
    // What waits is named.
    window.click(".top .chip.sync").await?;
    window.until_text("Cash put in").await?;
    server.start().await?;
    window.click(".syncpage .btn.primary").await?;
    window.until_text("Nothing waits").await?;
    window.verify().await?;
    window.no_errors().await?;
    window.close().await
}

/// Waits for something that needs no page.
fn wait_until(what: &str, mut is_it: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let started = Instant::now();
    while !is_it()? {
        ensure!(started.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[test]
fn a_window_opens_as_large_as_it_was_when_it_was_closed() -> anyhow::Result<()> {
    const SIZE: (u16, u16) = (1180, 700);
    let place = Place::new(ENGLISH)?;
    let (bus, keyboard) = (Bus::start()?, place.desk.keyboard()?);
    let mut program = place.desk.start_plainly(&bus)?;
    wait_until("it is open", || Ok(keyboard.window_size()? == Some((1366, 768))))?;
    keyboard.resize_window(SIZE.0.into(), SIZE.1.into())?;
    wait_until("it is smaller", || Ok(keyboard.window_size()? == Some(SIZE)))?;
    keyboard.close_window()?;
    wait_until("it has ended", || Ok(program.try_wait()?.is_some()))?;
    let mut program = place.desk.start_plainly(&bus)?;
    wait_until("it is as large", || Ok(keyboard.window_size()? == Some(SIZE)))?;
    program.kill()?;
    program.wait()?;
    Ok(())
}

#[test]
fn a_second_start_hands_over_to_the_first_and_opens_no_second_window() -> anyhow::Result<()> {
    let place = Place::new(ENGLISH)?;
    let (bus, keyboard) = (Bus::start()?, place.desk.keyboard()?);
    let mut first = place.desk.start_plainly(&bus)?;
    wait_until("it is open", || Ok(keyboard.window_count()? == 1))?;
    let mut second = place.desk.start_plainly(&bus)?;
    wait_until("the second has ended", || Ok(second.try_wait()?.is_some()))?;
    assert!(second.wait()?.success());
    assert!(first.try_wait()?.is_none(), "the first goes on");
    assert_eq!(keyboard.window_count()?, 1);
    first.kill()?;
    first.wait()?;
    Ok(())
}
