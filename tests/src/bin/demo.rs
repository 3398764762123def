//! A shop server and two tills with windows, before your eyes: both sell while the server is away, and agree when it is
//! back. Pictures in `target/demo`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use kontor_domain::catalog::{self, ProductChanges, ScanCode};
use kontor_domain::command::{Command, Edit};
use kontor_domain::counter::{self, ListSales, OpenShift, SaleFilter};
use kontor_domain::host::{HostCall, JoinServer, SyncPhase, SyncState, Waiting};
use kontor_domain::ids::{ProductId, ShiftId};
use kontor_domain::units::{Money, Quantity, UnitPrice};
use kontor_tests::server::Server;
use kontor_tests::shop::{Founded, id, product_command, receive_command};
use kontor_tests::window::{Desk, Look, Window};

/// Products of the shop.
const PRODUCTS: usize = 8;
/// Sales on each till while the server is away.
const SALES: usize = 3;
/// How long anything between till and server may take.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let pictures = std::env::current_dir()?.join("target/demo");
    let folder = tempfile::tempdir()?;
    let mut server = Server::secure(&folder.path().join("server"))?;
    server.found().await?;
    server.start().await?;
    println!("the shop server answers at {}", server.address());
    let desks = [Desk::new(&folder.path().join("one"))?, Desk::new(&folder.path().join("two"))?];
    desks[0].prefer(Look::new("en", "light"))?;
    desks[1].prefer(Look::new("zh-Hant", "dark"))?;
    let one = Till::join(&desks[0], "till-1", &server.invite(Some(1)).await?, &pictures).await?;
    one.stock().await?;
    let two = Till::join(&desks[1], "till-2", &server.invite(None).await?, &pictures).await?;
    let tills = [one, two];
    for till in &tills {
        till.open_shift().await?;
        till.until_synced().await?;
    }
    println!("two tills have joined and hold the same {PRODUCTS} products");

    server.kill().await?;
    for (till, price) in tills.iter().zip([12, 15]) {
        till.sell().await?;
        till.change_price(price).await?;
    }
    for till in &tills {
        till.until("it notices", |state| state.phase == SyncPhase::Offline && state.waiting_sales > 0).await?;
        till.picture("2-offline").await?;
        till.show("3-waiting", ".top .chip.sync", ".syncpage .tablecard tbody tr").await?;
    }
    println!("the server is away; each till sold {SALES} times and gave the first product another price");

    server.start().await?;
    for till in &tills {
        till.window.click(".syncpage .btn.primary").await?;
        till.until_synced().await?;
    }
    tills[1].show("6-attention", ".rail button:nth-of-type(7)", ".attention .three").await?;
    println!("till-2 is asked about the price: before, there now, its own");
    tills[1].window.click(".attention .btn.primary").await?;
    tills[1].window.until_gone(".attention .item").await?;
    tills[1].until_synced().await?;
    let started = Instant::now();
    while tills[0].numbers().await? != tills[1].numbers().await? {
        ensure!(started.elapsed() < PATIENCE, "they do not agree");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for till in &tills {
        till.picture("4-synced").await?;
        till.show("5-agree", ".rail button:nth-of-type(3)", ".tr .strong").await?;
        till.show("7-products", ".rail button:nth-of-type(4)", ".tr .strong").await?;
        till.window.click(".rail button:nth-of-type(8)").await?;
        till.show("8-server", ".settings nav .option:nth-of-type(7)", ".settingspart .btn.danger").await?;
        till.show("9-leave", ".settingspart .btn.danger", "dialog[open]").await?;
        till.window.press("Escape")?;
        till.window.no_errors().await?;
    }
    let numbers = tills[0].numbers().await?;
    ensure!(numbers.len() == 2 * SALES, "{numbers:?}");
    println!("the server is back; both show {}", numbers.join(", "));
    for till in tills {
        till.window.close().await?;
    }
    println!("{}", pictures.display());
    Ok(())
}

/// A till with its window.
struct Till {
    window: Window,
    name: &'static str,
    pictures: PathBuf,
}

impl Till {
    /// Opens a window and joins by hand.
    async fn join(desk: &Desk, name: &'static str, invitation: &JoinServer, pictures: &Path) -> anyhow::Result<Self> {
        let till = Self { window: desk.open().await?, name, pictures: pictures.to_owned() };
        let window = &till.window;
        window.type_invitation(invitation).await?;
        till.picture("1-join").await?;
        window.join_typed(invitation).await?;
        till.until_synced().await?;
        Ok(till)
    }

    async fn picture(&self, name: &str) -> anyhow::Result<()> {
        self.window.picture(&self.pictures.join(format!("{}-{name}.png", self.name))).await
    }

    async fn until(&self, what: &str, is_it: impl Fn(&SyncState) -> bool) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let state: Option<SyncState> = self.window.host(&HostCall::GetSync).await?;
            if state.as_ref().is_some_and(&is_it) {
                return Ok(());
            }
            ensure!(started.elapsed() < PATIENCE, "{}: waited in vain until {what}: {state:?}", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn until_synced(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            self.until("the server is there", |state| state.phase == SyncPhase::Synced).await?;
            // What is shown may be a moment old: the file itself says what waits.
            let waiting: Vec<Waiting> = self.window.host(&HostCall::ListWaiting { limit: 1 }).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            ensure!(started.elapsed() < PATIENCE, "{}: {waiting:?} is never answered", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Creates products and receives some of each.
    async fn stock(&self) -> anyhow::Result<()> {
        let session = self.window.session().await?;
        let till = session.till.context("the till")?;
        let founded = Founded {
            shift: ShiftId(id()),
            till: till.id,
            shelf: till.location_id,
            tax: session.taxes.first().context("a tax class")?.id,
            products: (0..PRODUCTS).map(|_| ProductId(id())).collect(),
            date: session.today.context("today")?,
        };
        for index in 0..PRODUCTS {
            self.window.execute(product_command(&founded, index)).await?;
        }
        self.window.execute(receive_command(&founded, Quantity(20_000), UnitPrice(6 * UnitPrice::PER_MINOR_UNIT))).await?;
        Ok(())
    }

    async fn open_shift(&self) -> anyhow::Result<()> {
        let session = self.window.session().await?;
        if session.shift.is_some() {
            return self.window.until_counter().await;
        }
        let till_id = session.till.context("the till")?.id;
        let open = OpenShift { shift_id: ShiftId(id()), till_id, business_date: session.today.context("today")?, float: Money(1_000) };
        self.window.execute(Command::Counter(counter::Command::OpenShift(open))).await?;
        self.window.until_counter().await
    }

    /// Sells by scanner and keyboard.
    async fn sell(&self) -> anyhow::Result<()> {
        let barcodes = self.window.barcodes(4).await?;
        for round in 0..SALES {
            let codes = &barcodes[round % 2..][..2];
            for code in codes {
                self.window.scan(code)?;
            }
            self.window.until_lines(codes.len()).await?;
            self.window.press("F10")?;
            let started = Instant::now();
            while self.numbers().await?.len() < round + 1 {
                ensure!(started.elapsed() < PATIENCE, "{}: the sale is not there", self.name);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        println!("{}: {}", self.name, self.numbers().await?.join(", "));
        Ok(())
    }

    /// Gives the first product another price, from what it was at first.
    async fn change_price(&self, dollars: i64) -> anyhow::Result<()> {
        let hit = self.window.ask(ScanCode { code: "P1".into() }).await?.into_iter().next().context("the first product")?;
        let price = |dollars: i64| UnitPrice(dollars * UnitPrice::PER_MINOR_UNIT);
        let changes = ProductChanges { price: Some(Edit { from: price(10), to: price(dollars) }), ..ProductChanges::of(hit.product.id) };
        self.window.execute(Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))).await?;
        Ok(())
    }

    /// Presses something and takes a picture of what comes.
    async fn show(&self, name: &str, press: &str, wanted: &str) -> anyhow::Result<()> {
        self.window.click(press).await?;
        self.window.until_there(wanted).await?;
        self.picture(name).await
    }

    async fn numbers(&self) -> anyhow::Result<Vec<String>> {
        let page = self.window.ask(ListSales { filter: SaleFilter::default(), offset: 0, limit: 100 }).await?;
        let mut numbers: Vec<String> = page.rows.into_iter().map(|sale| sale.number).collect();
        numbers.sort();
        Ok(numbers)
    }
}
