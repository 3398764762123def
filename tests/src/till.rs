//! A till that has joined a shop server: a headless program on a folder of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use kontor_domain::attention::{Attention, ListAttention};
use kontor_domain::catalog::{ListTaxes, ScanCode};
use kontor_domain::command::Command;
use kontor_domain::counter::{self, ListSales, OpenShift, SaleFilter};
use kontor_domain::host::{HostCall, JoinServer, Start, SyncPhase, SyncState, Waiting};
use kontor_domain::ids::{CompanyId, ProductId, ShiftId};
use kontor_domain::settings::{GetSession, Session};
use kontor_domain::units::Money;
use kontor_domain::world::Scope;
use kontor_store::feed::{FeedFile, PgSnapshot};
use kontor_store::{copy, postgres, verify};

use crate::program::Headless;
use crate::shop::{Founded, id, product_command, sale_command};

/// How long anything between till and server may take, on a slow machine: a limit, not a verdict.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(25);

/// A running till.
#[derive(Debug)]
pub struct Till {
    /// The program.
    pub program: Headless,
    folder: PathBuf,
}

impl Till {
    /// Starts a program on a folder, joined before or not.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { program: Headless::start(folder, &[])?, folder: folder.to_owned() })
    }

    /// A program that runs on a folder.
    pub fn of(program: Headless, folder: &Path) -> Self {
        Self { program, folder: folder.to_owned() }
    }

    /// Starts a program, joins a server and waits for the first rows.
    pub async fn join(folder: &Path, invitation: JoinServer) -> anyhow::Result<Self> {
        let mut till = Self::start(folder)?;
        let _: Start = till.program.host(&HostCall::JoinServer(invitation)).await?;
        till.until_synced().await?;
        Ok(till)
    }

    /// How it and its server stand.
    pub async fn state(&mut self) -> anyhow::Result<SyncState> {
        self.program.host::<Option<SyncState>>(&HostCall::GetSync).await?.context("no server")
    }

    /// Waits until its state is as wanted.
    pub async fn until(&mut self, what: &str, is_it: impl Fn(&SyncState) -> bool) -> anyhow::Result<SyncState> {
        let started = Instant::now();
        loop {
            let state = self.state().await?;
            if is_it(&state) {
                return Ok(state);
            }
            if started.elapsed() > PATIENCE {
                bail!("waited in vain until {what}: {state:?}");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until nothing is on its way. What is shown may be a moment old: the file itself says what waits.
    pub async fn until_synced(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let state = self.until("the server is there", |state| state.phase == SyncPhase::Synced).await?;
            let waiting: Vec<Waiting> = self.program.host(&HostCall::ListWaiting { limit: 1 }).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            ensure!(started.elapsed() < PATIENCE, "{waiting:?} is never answered: {state:?}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until its rows are the server's, scope by scope, and nothing is on its way.
    pub async fn until_agrees(&mut self, server: &Path) -> anyhow::Result<()> {
        self.until_all_agree(async |till| till.agrees_with(server)).await
    }

    /// The same with a server on PostgreSQL.
    pub async fn until_agrees_with_database(&mut self, url: &str) -> anyhow::Result<()> {
        self.until_all_agree(async |till| agree_with_database(&till.file()?, url).await).await
    }

    async fn until_all_agree(&mut self, is_agreed: impl AsyncFn(&Self) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            self.until_synced().await?;
            match is_agreed(self).await {
                Ok(()) => return Ok(()),
                Err(error) if started.elapsed() > PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(GLANCE).await,
            }
        }
    }

    /// Waits until something on it is so; only the limit of patience ends it otherwise.
    pub async fn until_it(&mut self, what: &str, is_it: impl AsyncFn(&mut Self) -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let started = Instant::now();
        while !is_it(self).await? {
            ensure!(started.elapsed() < PATIENCE, "waited in vain until {what}");
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Tries its server at once.
    pub async fn sync_now(&mut self) -> anyhow::Result<()> {
        self.program.host(&HostCall::SyncNow).await
    }

    /// Numbers of the sales it knows of, sorted.
    pub async fn sales(&mut self) -> anyhow::Result<Vec<String>> {
        let page = self.program.ask(ListSales { filter: SaleFilter::default(), offset: 0, limit: 200 }).await?;
        let mut numbers: Vec<String> = page.rows.into_iter().map(|sale| sale.number).collect();
        numbers.sort();
        Ok(numbers)
    }

    /// What needs a person, as it tells it.
    pub async fn open_items(&mut self) -> anyhow::Result<Vec<Attention>> {
        Ok(self.program.ask(ListAttention { offset: 0, limit: 100 }).await?.rows)
    }

    /// Who sells where.
    pub async fn session(&mut self) -> anyhow::Result<Session> {
        self.program.ask(GetSession {}).await?.context("a shop is open")
    }

    /// Waits for the first rows, then as [`Self::ready`].
    pub async fn ready_when_synced(&mut self, products: usize) -> anyhow::Result<Founded> {
        self.until_synced().await?;
        self.ready(products).await
    }

    /// Opens this till's shift if none is open; what sales on it need, with products by their codes `P1`, `P2`, ….
    pub async fn ready(&mut self, products: usize) -> anyhow::Result<Founded> {
        let session = self.session().await?;
        let till = session.till.context("the till")?;
        let date = session.today.context("today")?;
        let shift = match session.shift {
            Some(shift) => shift.id,
            None => {
                let shift_id = ShiftId(id());
                let open = OpenShift { shift_id, till_id: till.id, business_date: date, float: Money(1_000) };
                self.program.execute(Command::Counter(counter::Command::OpenShift(open))).await?;
                shift_id
            }
        };
        let tax = self.program.ask(ListTaxes {}).await?.first().context("a tax class")?.id;
        let mut founded = Founded { shift, till: till.id, shelf: till.location_id, tax, products: Vec::new(), date };
        for number in 1..=products {
            let found = self.program.ask(ScanCode { code: format!("P{number}") }).await?;
            let product = match found.first() {
                Some(hit) => hit.product.id,
                None => {
                    founded.products.push(ProductId(id()));
                    self.program.execute(product_command(&founded, number - 1)).await?;
                    founded.products.pop().context("the product")?
                }
            };
            founded.products.push(product);
        }
        Ok(founded)
    }

    /// Sells some products for exact cash; the sale's number.
    pub async fn sell(&mut self, founded: &Founded, indexes: &[usize]) -> anyhow::Result<String> {
        let receipt = self.program.execute(sale_command(founded, indexes)?).await?;
        receipt.number.context("a number")
    }

    /// The file of its copy.
    pub fn file(&self) -> anyhow::Result<PathBuf> {
        let mut files = std::fs::read_dir(&self.folder)?.flatten().map(|entry| entry.path());
        let is_copy = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(is_copy_name);
        files.find(is_copy).context("no copy")
    }

    fn agrees_with(&self, server: &Path) -> anyhow::Result<()> {
        agree(&self.file()?, server)?;
        let there = FeedFile::open(server)?;
        let differences = verify::check_file(there.connection(), company_of(&there)?)?;
        ensure!(differences.is_empty(), "{:?}", differences.first());
        Ok(())
    }
}

/// What a till's file holds is what the server has, scope by scope.
pub fn agree(till: &Path, server: &Path) -> anyhow::Result<()> {
    let there = FeedFile::open(server)?;
    let (company, here) = sums_of(till)?;
    ensure!(here == copy::sums(there.connection(), company, &here.keys().copied().collect())?, "the rows are not the same");
    Ok(())
}

/// What a till's file holds is what a server's PostgreSQL database has, scope by scope.
pub async fn agree_with_database(till: &Path, url: &str) -> anyhow::Result<()> {
    let (company, here) = sums_of(till)?;
    let mut connection = postgres::connect(url).await?;
    let there = PgSnapshot::begin(&mut connection).await?.sums(company, &here.keys().copied().collect()).await?;
    ensure!(here == there, "the rows are not the same");
    Ok(())
}

/// The company of a till's file, and the sums of the scopes it holds.
fn sums_of(till: &Path) -> anyhow::Result<(CompanyId, BTreeMap<Scope, u128>)> {
    let file = FeedFile::open(till)?;
    let company = company_of(&file)?;
    let state = copy::state(file.connection())?.context("a copy")?;
    let scopes: BTreeSet<Scope> = state.cursors.keys().copied().collect();
    ensure!(scopes.len() >= 3, "company, warehouse and device: {scopes:?}");
    Ok((company, copy::sums(file.connection(), company, &scopes)?))
}

pub(crate) fn is_copy_name(name: &str) -> bool {
    name.starts_with("till-") && name.ends_with(".kontor") && !name.contains(".left-") && !name.contains(".before-")
}

fn company_of(file: &FeedFile) -> anyhow::Result<CompanyId> {
    let bytes: Vec<u8> = file.connection().query_row("SELECT company FROM clock", [], |row| row.get(0))?;
    Ok(CompanyId(uuid::Uuid::from_slice(&bytes)?))
}
