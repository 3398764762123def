//! Pictures of every screen in three languages, light and dark, for people to look at: `target/screenshots`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use kontor_domain::catalog::{self, CreateProduct, ProductDraft, THRESHOLD_OFF};
use kontor_domain::command::Command as ShopCommand;
use kontor_domain::host::HostCall;
use kontor_domain::ids::ProductId;
use kontor_domain::printing::PaperDocument;
use kontor_domain::units::UnitPrice;
use kontor_tests::server::Server;
use kontor_tests::shop::id;
use kontor_tests::window::{Desk, Look, Window};

const LOCALES: &[&str] = &["en", "zh-Hant", "zh-Hans"];
const THEMES: &[&str] = &["light", "dark"];
/// How long news and lights stay on a screen.
const SETTLE: Duration = Duration::from_millis(1300);
/// What the front page shows: picture, and its name there.
const README: &[(&str, &str)] = &[
    ("en-light/counter", "counter"),
    ("zh-Hant-dark/counter", "counter-zh-hant-dark"),
    ("zh-Hant-light/pay", "pay-zh-hant"),
    ("zh-Hans-light/stock", "stock-zh-hans"),
    ("en-light/products", "products"),
    ("en-light/today", "today"),
    ("en-light/approval", "approval"),
];
/// A picture on the front page is no larger.
const README_BYTES: u64 = 150_000;
const OWNERS_PIN: &str = "48151623";
const SELLERS_PIN: &str = "7302";
const PASSWORD: &str = "correct horse battery";
/// Places of the rail.
const SHIFT: usize = 2;
const SALES: usize = 3;
const PRODUCTS: usize = 4;
const STOCK: usize = 5;
const TODAY: usize = 6;
const ATTENTION: usize = 7;
const ACCESS: usize = 8;
const SETTINGS: usize = 9;
/// Place of people in what is kept about who may do what.
const USERS: u64 = 2;

/// Takes pictures of every screen.
#[derive(Debug, Parser)]
struct Arguments {
    /// Puts the best into docs/screenshots as well, small.
    #[arg(long)]
    readme: bool,
    /// Only this language.
    #[arg(long)]
    locale: Option<String>,
    /// Only light or dark.
    #[arg(long)]
    theme: Option<String>,
    /// With more rows on a screen.
    #[arg(long)]
    compact: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let root = std::env::current_dir()?;
    let folder = root.join("target/screenshots");
    let suffix = if arguments.compact { "-compact" } else { "" };
    for locale in LOCALES.iter().filter(|locale| arguments.locale.as_ref().is_none_or(|wanted| wanted == *locale)) {
        let data = tempfile::tempdir()?;
        let desk = Desk::new(data.path())?;
        for theme in THEMES.iter().filter(|theme| arguments.theme.as_ref().is_none_or(|wanted| wanted == *theme)) {
            desk.prefer(Look { is_compact: arguments.compact, ..Look::new(locale, theme) })?;
            let window = desk.open().await?;
            let album = Album { window, folder: folder.join(format!("{locale}-{theme}{suffix}")) };
            album.fill().await.with_context(|| format!("{locale} {theme}"))?;
            let album = album.seat(&desk).await.with_context(|| format!("who is here, {locale} {theme}"))?;
            println!("{}", album.folder.display());
            album.close().await?;
            let own = tempfile::tempdir()?;
            let own_desk = Desk::new(own.path())?;
            own_desk.prefer(Look { is_compact: arguments.compact, ..Look::new(locale, theme) })?;
            let album = Album { window: own_desk.open().await?, folder: folder.join(format!("{locale}-{theme}{suffix}")) };
            album.own_shop().await.with_context(|| format!("an own shop, {locale} {theme}"))?;
            album.close().await?;
            let joined = tempfile::tempdir()?;
            let joined_desk = Desk::new(&joined.path().join("till"))?;
            joined_desk.prefer(Look { is_compact: arguments.compact, ..Look::new(locale, theme) })?;
            let album = Album { window: joined_desk.open().await?, folder: folder.join(format!("{locale}-{theme}{suffix}")) };
            album.joined(&joined.path().join("server")).await.with_context(|| format!("a till of a shop server, {locale} {theme}"))?;
            album.close().await?;
        }
    }
    if arguments.readme { publish(&folder, &root.join("docs/screenshots")) } else { Ok(()) }
}

/// Pictures of one language and look.
struct Album {
    window: Window,
    folder: PathBuf,
}

impl Album {
    async fn take(&self, name: &str) -> anyhow::Result<()> {
        self.window.picture(&self.folder.join(format!("{name}.png"))).await
    }

    /// Takes the picture when nothing on the screen is still coming.
    async fn take_settled(&self, name: &str) -> anyhow::Result<()> {
        self.window.until("the last skeleton to go", "!document.querySelector('.main .skeleton')").await?;
        tokio::time::sleep(Duration::from_millis(250)).await;
        self.take(name).await
    }

    async fn go(&self, stop: usize) -> anyhow::Result<()> {
        self.window.click(&format!(".rail button:nth-of-type({stop})")).await?;
        self.window.until_there(&format!(".rail button:nth-of-type({stop})[aria-current]")).await
    }

    async fn fill(&self) -> anyhow::Result<()> {
        self.first().await?;
        self.counter().await?;
        self.flow().await?;
        self.sales().await?;
        self.goods().await?;
        self.figures().await
    }

    async fn first(&self) -> anyhow::Result<()> {
        self.window.until_there(".first .way").await?;
        self.take("first").await?;
        self.window.tab_to(".way.primary").await?;
        self.window.press("Enter")?;
        self.window.until_there(".first form").await?;
        self.take("own-shop").await?;
        self.window.tab_to(".first form .foot button").await?;
        self.window.press("Enter")?;
        self.window.try_demo().await
    }

    /// The main job by keyboard: five scans, exact cash, the receipt.
    async fn flow(&self) -> anyhow::Result<()> {
        let window = &self.window;
        let barcodes = window.barcodes(5).await?;
        for barcode in &barcodes {
            window.scan(barcode)?;
        }
        window.until_lines(barcodes.len()).await?;
        tokio::time::sleep(SETTLE).await;
        self.take("flow-1-scanned").await?;
        window.sell_for_exact_cash().await?;
        self.take_settled("flow-2-sold").await?;
        let document_id = window.last_sale().await?.id.0;
        let path = self.folder.join("flow-3-receipt.pdf").display().to_string();
        let call = HostCall::SavePdf { document: PaperDocument::Receipt, document_id, path: Some(path.clone()) };
        window.host::<String>(&call).await?;
        let status = Command::new("pdftoppm").args(["-png", "-r", "120", "-singlefile", &path]).arg(self.folder.join("flow-3-receipt")).status()?;
        ensure!(status.success(), "pdftoppm (poppler-utils)");
        Ok(())
    }

    async fn counter(&self) -> anyhow::Result<()> {
        let window = &self.window;
        self.take_settled("counter-empty").await?;
        let barcodes = window.barcodes(9).await?;
        for place in [8, 3, 5, 5, 5, 1, 7, 0] {
            window.scan(&barcodes[place])?;
        }
        window.until_lines(6).await?;
        window.press("F3")?;
        window.until_there("#sheet-amount").await?;
        self.take_settled("discount").await?;
        window.type_text("10")?;
        window.press("Enter")?;
        window.until_gone(".sheet").await?;
        tokio::time::sleep(SETTLE).await;
        self.take("counter").await?;
        window.resize(1024, 768).await?;
        self.take("counter-1024").await?;
        window.press("F9")?;
        window.until_there(".sheet.pay").await?;
        self.take_settled("pay-1024").await?;
        window.resize(1366, 768).await?;
        window.type_text("5000")?;
        self.take_settled("pay").await?;
        window.press("Escape")?;
        self.strips(&barcodes[2]).await?;
        self.sheets().await?;
        window.sell_for_exact_cash().await?;
        self.take_settled("done").await
    }

    async fn strips(&self, barcode: &str) -> anyhow::Result<()> {
        let window = &self.window;
        window.scan("4719999999991")?;
        window.until_there(".news .strip").await?;
        self.take_settled("unknown").await?;
        window.scan(barcode)?;
        window.until_lines(7).await?;
        window.press("Escape")?;
        window.until_gone(".news .strip").await?;
        window.press("Delete")?;
        window.until_there(".undo").await?;
        self.take_settled("removed").await
    }

    async fn sheets(&self) -> anyhow::Result<()> {
        let window = &self.window;
        window.press("F8")?;
        window.until_there(".sheet").await?;
        self.take_settled("customer").await?;
        window.press("Escape")?;
        window.press("F2")?;
        window.until_there(".sheet").await?;
        self.take_settled("quantity").await?;
        window.press("Escape")?;
        window.press("F1")?;
        window.until_there("dialog[open]").await?;
        self.take_settled("keys").await?;
        window.press("Escape")?;
        window.press("Ctrl+K")?;
        window.until_there("dialog[open]").await?;
        window.type_text("k00")?;
        window.until_there("dialog[open] .swatch").await?;
        self.take_settled("palette").await?;
        window.press("Escape")?;
        window.until_gone("dialog[open]").await?;
        window.press("F4")?;
        window.type_text("k01")?;
        window.until_there(".found .option").await?;
        self.take_settled("search").await?;
        window.press("Escape")?;
        window.type_text("zzqx")?;
        window.until_there(".found .btn").await?;
        self.take_settled("search-nothing").await?;
        window.press("Escape")
    }

    async fn sales(&self) -> anyhow::Result<()> {
        let window = &self.window;
        self.go(SALES).await?;
        window.until_there(".tr .strong").await?;
        self.take_settled("sales").await?;
        window.click(".tr.can").await?;
        window.until_there(".page.sale table").await?;
        self.take_settled("sale").await?;
        window.click(".page.sale [role=tab]:nth-of-type(2)").await?;
        window.until("the ledger", "document.querySelectorAll('.page.sale table').length > 1").await?;
        self.take_settled("ledger").await?;
        window.click(".page.sale [role=tab]:nth-of-type(1)").await?;
        window.click(".page.sale .actions .primary").await?;
        window.until_there(".stepper").await?;
        window.click(".under button").await?;
        self.take_settled("refund").await
    }

    async fn goods(&self) -> anyhow::Result<()> {
        let window = &self.window;
        self.go(PRODUCTS).await?;
        window.until_there(".tr .strong").await?;
        self.take_settled("products").await?;
        window.click(".tr.can").await?;
        window.until_there(".product .card").await?;
        self.take_settled("product").await?;
        self.go(PRODUCTS).await?;
        window.until_there(".tr .strong").await?;
        window.press("Ctrl+n")?;
        window.until_there(".product .card").await?;
        self.take_settled("product-new").await?;
        self.go(STOCK).await?;
        window.until_there(".tr .num").await?;
        self.take_settled("stock").await?;
        let barcodes = window.barcodes(4).await?;
        for (tab, name) in [(2, "moves"), (3, "documents"), (4, "receive"), (5, "adjust")] {
            window.click(&format!(".head [role=tab]:nth-of-type({tab})")).await?;
            tokio::time::sleep(Duration::from_millis(400)).await;
            if matches!(name, "receive" | "adjust") {
                for barcode in &barcodes {
                    window.scan(barcode)?;
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
            }
            self.take_settled(name).await?;
        }
        Ok(())
    }

    async fn figures(&self) -> anyhow::Result<()> {
        let window = &self.window;
        self.go(SHIFT).await?;
        window.until_there(".page.shift .actions .primary").await?;
        self.take_settled("shift").await?;
        window.click(".page.shift .actions .primary").await?;
        tokio::time::sleep(Duration::from_millis(400)).await;
        self.take_settled("close").await?;
        self.go(TODAY).await?;
        window.until_there(".page.today .figure").await?;
        self.take_settled("today").await?;
        self.go(ATTENTION).await?;
        window.until_there(".needs .attention > *").await?;
        self.take_settled("attention").await?;
        window.click(".top .chip.sync").await?;
        window.until_there(".syncpage").await?;
        self.take_settled("sync").await?;
        for (stop, screen) in [(ACCESS, "access"), (SETTINGS, "settings")] {
            self.go(stop).await?;
            self.parts(screen).await?;
        }
        Ok(())
    }

    /// The lock, a PIN that is not theirs, and what somebody else has to allow.
    async fn seat(self, desk: &Desk) -> anyhow::Result<Self> {
        self.window.ask_who_is_here(OWNERS_PIN, SELLERS_PIN).await?;
        self.window.no_errors().await?;
        self.window.close().await?;
        let album = Self { window: desk.open().await?, folder: self.folder };
        let window = &album.window;
        window.until_there("dialog.lock[open].sealed").await?;
        album.take("lock").await?;
        window.tab_to(".people button:first-child").await?;
        window.press("Enter")?;
        window.type_pin("1234").await?;
        window.until_there("dialog.lock .strip, dialog.lock .error").await?;
        album.take("lock-wrong-pin").await?;
        window.press("Ctrl+a")?;
        window.type_pin(SELLERS_PIN).await?;
        window.until_counter().await?;
        for barcode in window.barcodes(3).await? {
            window.scan(&barcode)?;
        }
        window.until_lines(3).await?;
        window.give_discount("20").await?;
        window.press("F10")?;
        window.until_there("dialog[open] input[type=password]").await?;
        album.take("approval").await?;
        window.press("Escape")?;
        window.until_gone("dialog[open]").await?;
        window.press("Ctrl+l")?;
        window.until_there("dialog.lock[open]").await?;
        album.take("lock-over-sale").await?;
        Ok(album)
    }

    /// A shop without anything in it, then with the longest and dearest there can be.
    async fn own_shop(&self) -> anyhow::Result<()> {
        let window = &self.window;
        window.until_there(".first .way").await?;
        window.tab_to(".way.primary").await?;
        window.press("Enter")?;
        window.until("the cursor", "document.activeElement?.name === 'name'").await?;
        window.type_text("Lan's")?;
        window.press("Enter")?;
        window.until_there(".counter .cart").await?;
        self.take_settled("empty-counter").await?;
        self.lists("empty").await?;
        let tax_id = window.session().await?.taxes.first().context("a tax")?.id;
        let products = [
            ("超長商品名稱測試".repeat(25), 9_999_999_999, 1),
            ("A name without any place to break it ".replace(' ', "-").repeat(5), 1, 2),
            ("Short".to_owned(), 12_345, 3),
        ];
        for (name, minor_units, place) in products {
            let draft = ProductDraft {
                code: "LONG-CODE-".repeat(6) + &place.to_string(),
                name,
                description: String::new(),
                unit: "pcs".into(),
                category_id: None,
                tax_id,
                price: UnitPrice(UnitPrice::PER_MINOR_UNIT * minor_units),
                low_threshold: THRESHOLD_OFF,
                high_threshold: THRESHOLD_OFF,
                favourite: Some(place),
                active: true,
                barcodes: Vec::new(),
                tags: Vec::new(),
            };
            window.execute(ShopCommand::Catalog(catalog::Command::CreateProduct(CreateProduct { id: ProductId(id()), draft }))).await?;
        }
        self.go(1).await?;
        window.until("the goods", "document.querySelectorAll('.tiles .tile').length === 3").await?;
        for tile in [1, 2, 3, 1] {
            window.click(&format!(".tiles .tile:nth-of-type({tile})")).await?;
        }
        window.until_lines(3).await?;
        self.take_settled("long-counter").await?;
        window.press("F9")?;
        window.until_there(".sheet.pay").await?;
        self.take_settled("long-pay").await?;
        window.press("Escape")?;
        window.sell_for_exact_cash().await?;
        self.take_settled("long-done").await?;
        self.lists("long").await
    }

    /// A till of a shop server: what only the server keeps, before and after its password, and while the server is away.
    async fn joined(&self, data: &Path) -> anyhow::Result<()> {
        let window = &self.window;
        let mut server = Server::plain(data)?;
        server.found().await?;
        server.admit("mei", PASSWORD).await?;
        server.start().await?;
        let invitation = server.invite(Some(1)).await?;
        window.type_invitation(&invitation).await?;
        window.join_typed(&invitation).await?;
        self.go(ACCESS).await?;
        window.open_part(USERS).await?;
        window.until_there(".main input[name=password]").await?;
        self.take_settled("server-door").await?;
        server.kill().await?;
        window.until_there(".main form .strip").await?;
        self.take_settled("server-door-away").await?;
        server.start().await?;
        window.until_gone(".main form .strip").await?;
        window.show_password("wrong horse").await?;
        window.until_there(".main form .error, .main form .strip").await?;
        self.take_settled("server-door-wrong").await?;
        window.show_password(PASSWORD).await?;
        window.until_there(".main [role=grid]").await?;
        self.parts("server-access").await?;
        self.go(SETTINGS).await?;
        self.take_settled("server-settings").await
    }

    /// The screens that list what a shop has.
    async fn lists(&self, prefix: &str) -> anyhow::Result<()> {
        for (stop, name) in [(SALES, "sales"), (PRODUCTS, "products"), (STOCK, "stock"), (TODAY, "today"), (ATTENTION, "attention")] {
            self.go(stop).await?;
            self.take_settled(&format!("{prefix}-{name}")).await?;
        }
        Ok(())
    }

    /// The page had nothing to complain about.
    async fn close(self) -> anyhow::Result<()> {
        self.window.no_errors().await?;
        self.window.close().await
    }

    /// Each part of a screen that has a list of them at its side.
    async fn parts(&self, screen: &str) -> anyhow::Result<()> {
        for part in 1..=self.window.parts().await? {
            self.window.open_part(part).await?;
            self.take_settled(&format!("{screen}-{part}")).await?;
        }
        Ok(())
    }
}

/// Small copies for the front page.
fn publish(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for (picture, name) in README {
        let (source, target) = (from.join(format!("{picture}.png")), to.join(format!("{name}.png")));
        let mut command = Command::new("convert");
        command.arg(source).args(["-strip", "-dither", "None", "-colors", "200", "-define", "png:compression-level=9"]);
        let status = command.arg(format!("PNG8:{}", target.display())).status().context("convert (imagemagick)")?;
        ensure!(status.success(), "convert {picture}");
        let bytes = std::fs::metadata(&target)?.len();
        ensure!(bytes < README_BYTES, "{} has {bytes} bytes", target.display());
        println!("{} ({bytes} bytes)", target.display());
    }
    Ok(())
}
