//! A till's file of an older program, opened by today's, with commands that wait in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use kontor_domain::catalog::ScanCode;
use kontor_domain::command::Command;
use kontor_domain::counter::{ListSales, SaleFilter};
use kontor_domain::host::{HostCall, Start, Waiting};
use kontor_domain::ids::{CommandId, ProductId};
use kontor_domain::units::UnitPrice;
use kontor_store::migrations::{self, Engine};
use kontor_store::sqlite::{self, Synchronous};
use kontor_store::{closed_file, copy};
use kontor_tests::older::make_older;
use kontor_tests::postgres::{self, Database};
use kontor_tests::server::Server;
use kontor_tests::till::Till;
use rusqlite::Connection;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, Row as _};
use uuid::Uuid;

/// The last migration of the older program: persons had no role yet, histories no marks.
const OLDER: i64 = 15;
/// Times that today's program is killed while it starts on the older file.
const KILLS: u64 = 24;

/// A till with commands that wait, its closed file as the older program left it.
struct Old {
    server: Server,
    place: PathBuf,
    file: PathBuf,
    image: Vec<u8>,
    waiting: BTreeSet<CommandId>,
    numbers: BTreeSet<String>,
    product: ProductId,
}

fn dollars(amount: i64) -> UnitPrice {
    UnitPrice(amount * UnitPrice::PER_MINOR_UNIT)
}

async fn numbers(till: &mut Till) -> anyhow::Result<BTreeSet<String>> {
    let page = till.program.ask(ListSales { filter: SaleFilter::default(), offset: 0, limit: 100 }).await?;
    Ok(page.rows.into_iter().map(|sale| sale.number).collect())
}

/// What waits in a file, whatever program wrote it.
fn outbox(file: &Path) -> anyhow::Result<BTreeSet<CommandId>> {
    let connection = Connection::open(file)?;
    let mut statement = connection.prepare("SELECT id FROM outbox")?;
    let ids = statement.query_map([], |row| row.get::<_, [u8; 16]>(0))?;
    ids.map(|id| Ok(CommandId(Uuid::from_bytes(id?)))).collect()
}

impl Old {
    async fn new(folder: &Path) -> anyhow::Result<Self> {
        let mut server = Server::plain(&folder.join("server"))?;
        server.found().await?;
        server.start().await?;
        let place = folder.join("till");
        let mut till = Till::join(&place, server.invite(Some(1)).await?).await?;
        let founded = till.ready(2).await?;
        till.sell(&founded, &[0, 1]).await?;
        till.until_agrees(&server.file()).await?;
        server.kill().await?;
        for _ in 0..3 {
            till.sell(&founded, &[0, 1]).await?;
        }
        let product = founded.products[0];
        let edit = json!({ "catalog": { "edit_product": { "id": product, "price": { "from": dollars(10), "to": dollars(12) } } } });
        let edit: Command = serde_json::from_value(edit)?;
        till.program.execute(edit).await?;
        let (file, numbers) = (till.file()?, numbers(&mut till).await?);
        till.program.kill().await?;
        make_older(&file, OLDER).await?;
        let waiting = outbox(&file)?;
        ensure!(waiting.len() == 4 && numbers.len() == 4, "{waiting:?}, {numbers:?}");
        Ok(Self { server, place, image: std::fs::read(&file)?, file, waiting, numbers, product })
    }

    /// The file is again as the older program left it.
    fn put_back(&self) -> anyhow::Result<()> {
        closed_file::remove(&self.file)?;
        Ok(std::fs::write(&self.file, &self.image)?)
    }

    /// Today's program shows all that was entered, and all of it still waits.
    async fn shows_everything(&self) -> anyhow::Result<Till> {
        let mut till = Till::start(&self.place)?;
        let start: Start = till.program.host(&HostCall::GetStart).await?;
        assert_eq!(start.problem, None);
        assert_eq!(numbers(&mut till).await?, self.numbers);
        let waiting: Vec<Waiting> = till.program.host(&HostCall::ListWaiting { limit: 100 }).await?;
        assert_eq!(waiting.len(), self.waiting.len());
        assert_eq!(outbox(&self.file)?, self.waiting);
        let hit = till.program.ask(ScanCode { code: "P1".into() }).await?.into_iter().next().context("the product")?;
        assert_eq!((hit.product.id, hit.product.price), (self.product, dollars(12)), "the edit that waits");
        Ok(till)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_tills_file_loses_nothing_that_waits_in_it_wherever_its_upgrade_is_cut() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut old = Old::new(folder.path()).await?;
    // Cut behind the undo: rows are the authority's, tables are the older program's.
    copy::prepare_upgrade(&mut Connection::open(&old.file)?)?;
    assert_eq!(outbox(&old.file)?, old.waiting);
    old.shows_everything().await?.program.kill().await?;
    // Cut behind the migrations: nothing has run again.
    old.put_back()?;
    drop(sqlite::open(&old.file, Synchronous::Full).await?);
    let sales: i64 = Connection::open(&old.file)?.query_row("SELECT COUNT(*) FROM sale", [], |row| row.get(0))?;
    assert_eq!(sales, 1, "what waits is taken back");
    old.shows_everything().await?.program.kill().await?;
    // Cut anywhere, again and again, each time where the last one left it.
    old.put_back()?;
    for kill in 0..KILLS {
        let starting = Till::start(&old.place)?;
        tokio::time::sleep(Duration::from_millis(kill * 8)).await;
        starting.program.kill().await?;
        assert_eq!(outbox(&old.file)?, old.waiting, "kill {kill}");
    }
    let mut till = old.shows_everything().await?;
    // And it goes on selling, offline and then not.
    let founded = till.ready(2).await?;
    till.sell(&founded, &[1]).await?;
    old.server.start().await?;
    let _: () = till.program.host(&HostCall::SyncNow).await?;
    till.until_agrees(&old.server.file()).await?;
    assert_eq!(numbers(&mut till).await?.len(), old.numbers.len() + 1);
    till.program.end().await?;
    old.server.kill().await
}

/// Where a database stands, and what was written in it before.
async fn stands(database: &Database) -> anyhow::Result<(i64, String)> {
    let mut connection = database.connect().await?;
    let row = sqlx::query("SELECT (SELECT max(version) FROM _sqlx_migrations), (SELECT note FROM keepsake)").fetch_one(&mut connection).await?;
    Ok((row.get(0), row.get(1)))
}

/// A PostgreSQL database as an older program left it.
async fn older_database() -> anyhow::Result<Database> {
    let database = Database::new().await?;
    sqlx::any::install_default_drivers();
    let mut any = sqlx::AnyConnection::connect(&database.url).await?;
    migrations::run_to(&mut any, Engine::Postgres, OLDER).await?;
    any.close().await?;
    let mut connection = database.connect().await?;
    connection.execute("CREATE TABLE keepsake (note text); INSERT INTO keepsake VALUES ('of the older program')").await?;
    Ok(database)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_database_is_copied_before_it_is_migrated_or_stays_as_it_is() -> anyhow::Result<()> {
    let newest = i64::try_from(migrations::FILES.len())?;
    let before = (OLDER, "of the older program".to_owned());
    let (database, folder) = (older_database().await?, tempfile::tempdir()?);
    let without = Server::on_postgres(folder.path(), &database.url)?.with("KONTOR_PG_DUMP", "/nowhere/pg_dump");
    let refused = without.run(&["migrate"]).await.unwrap_err().to_string();
    assert!(refused.contains("must be copied before it is migrated") && refused.contains("/nowhere/pg_dump"), "{refused}");
    assert_eq!(stands(&database).await?, before, "untouched");
    let server = Server::on_postgres(folder.path(), &database.url)?.with("KONTOR_PG_DUMP", postgres::program("pg_dump")?);
    server.run(&["migrate"]).await?;
    assert!(stands(&database).await?.0 > OLDER, "migrated");
    let dumps = || -> anyhow::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder.path())?.flatten().map(|entry| entry.path());
        Ok(entries.filter(|path| path.extension().is_some_and(|ending| ending == "dump" || ending == "part")).collect())
    };
    let copies = dumps()?;
    assert_eq!(copies, [folder.path().join(format!("database.before-{newest}.dump"))]);
    // And it comes back.
    let back = Database::new().await?;
    let mut restore = tokio::process::Command::new(postgres::program("pg_restore")?);
    restore.args(["--no-owner", "--dbname", &back.url]).arg(&copies[0]);
    ensure!(restore.status().await?.success(), "pg_restore");
    assert_eq!(stands(&back).await?, before);
    // One that is up to date is not copied again.
    std::fs::remove_file(&copies[0])?;
    server.run(&["migrate"]).await?;
    assert_eq!(dumps()?, Vec::<PathBuf>::new());
    // Who has copied it by hand says so.
    let by_hand = Server::on_postgres(folder.path(), &back.url)?.with("KONTOR_PG_DUMP", "/nowhere/pg_dump").with("KONTOR_DATABASE_IS_COPIED", "true");
    by_hand.run(&["migrate"]).await?;
    assert!(stands(&back).await?.0 > OLDER && dumps()?.is_empty());
    Ok(())
}
