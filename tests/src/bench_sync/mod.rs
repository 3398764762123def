//! Tills and a server over the network: first sync, a day's work sold offline, one change seen elsewhere, and nothing at
//! all. Real programs, a real server process, every byte counted between them.

mod desk;
mod engine;
mod floor;
mod relay;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kontor_desktop::shop::Shop;
use kontor_desktop::sync::IDLE;
use kontor_domain::catalog::{GetProduct, ScanCode};
use kontor_domain::command::Command;
use kontor_domain::host::{HostCall, JoinServer, ShopFile};
use kontor_domain::units::UnitPrice;
use kontor_domain::world::Scope;
use kontor_store::sqlite::Synchronous;
use rusqlite::Connection;

use self::desk::Desk;
use self::engine::Files;
use self::relay::Relay;
use crate::dice::Dice;
use crate::figures::{DiskFloor, Figure, Samples, cpu_time};
use crate::many::{fill_products, optimize};
use crate::postgres::Database;
use crate::raw::RawWriter;
use crate::server::Server;
use crate::shop::{Founded, product_command, sale_command};
use crate::till::agree;

/// How often a change is made.
const CHANGES: i64 = 100;
/// A question waits so long at the server when there is nothing to say, and a moment more.
const POLL: Duration = Duration::from_secs(27);
/// A counter at which nothing was entered for so long is idle, and a moment more.
const QUIET: Duration = IDLE.saturating_add(Duration::from_secs(2));
/// Sales in one transaction of the floor.
const BATCH: usize = 200;

/// Measures with so many products and so many sales made offline.
pub async fn run(products: u32, sales: u32) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = big_server(folder.path(), products).await?;
    let relay = Relay::start(server.listen().to_owned()).await?;
    first_sync(folder.path(), &server, &relay).await?;
    let till = Desk::join(&folder.path().join("till"), through(&relay, server.invite(None).await?)).await?;
    let founded = stocked(&till, 50).await?;
    nothing_to_do(&till, &relay).await?;
    offline_day(&server, &relay, &till, &founded, sales).await?;
    till.program.close().await;
    server.kill().await?;
    let file = till.file()?;
    let bare = floor::bare_size(&file, folder.path())?;
    Figure::against("sync.till_file", std::fs::metadata(&file)?.len() as f64, "bytes", bare as f64, 1.3).print();
    tell_sizes(&file)?;
    let files = Files { till: &file, server: &server.file(), founded: &founded };
    engine::poison(&files, 2_000).await?;
    engine::rebase(&files).await?;

    let mut server = Server::plain(&folder.path().join("small"))?;
    server.found().await?;
    one_change(folder.path(), &mut server, "sqlite").await?;
    let database = Database::new().await?;
    let mut server = Server::on_postgres(&folder.path().join("postgres"), &database.url)?;
    server.found().await?;
    one_change(folder.path(), &mut server, "postgres").await
}

/// A server that was given a shop with many products.
async fn big_server(folder: &Path, products: u32) -> anyhow::Result<Server> {
    let shop_folder = folder.join("shop");
    std::fs::create_dir_all(&shop_folder)?;
    let path = shop_folder.join("shop.kontor");
    let shop = Shop::open(&path, ShopFile::Own, Synchronous::Off).await?;
    fill_products(&shop, products).await?;
    shop.close().await;
    optimize(&shop_folder)?;
    let mut server = Server::plain(&folder.join("server"))?;
    server.run(&["adopt", path.to_str().context("a path")?]).await?;
    server.start().await?;
    Ok(server)
}

fn through(relay: &Relay, invitation: JoinServer) -> JoinServer {
    JoinServer { address: relay.address().to_owned(), ..invitation }
}

/// A new till, until it has every product: row by row, and from a ready file.
async fn first_sync(folder: &Path, server: &Server, relay: &Relay) -> anyhow::Result<()> {
    let lines = floor::lines_of(&server.file(), Scope::COMPANY)?;
    let rows = lines.iter().filter(|byte| **byte == b'\n').count();
    Figure::plain("sync.first.rows", rows as f64, "rows").print();
    let packed = floor::packed_size(&lines)?;
    for (name, no_file, goal) in [("by_rows", true, 1.5), ("by_file_made_anew", false, 0.0), ("by_file", false, 1.0)] {
        let place = folder.join(name);
        std::fs::create_dir_all(&place)?;
        let least = floor::download(&lines, &place).await?;
        relay.gives_no_file(no_file);
        let invitation = through(relay, server.invite(None).await?);
        relay.take_bytes();
        let start = Instant::now();
        let desk = Desk::join(&place.join("till"), invitation).await?;
        let took = start.elapsed();
        let (up, down) = relay.take_bytes();
        Figure::against(&format!("sync.first.{name}"), took.as_secs_f64() * 1e3, "ms", least.as_secs_f64() * 1e3, goal).print();
        Figure::against(&format!("sync.first.{name}.bytes"), (up + down) as f64, "bytes", packed, 1.2).print();
        desk.program.close().await;
    }
    relay.gives_no_file(false);
    Ok(())
}

/// Products of known prices, beside the many, and an open shift.
async fn stocked(till: &Desk, count: usize) -> anyhow::Result<Founded> {
    let session = till.session().await?;
    let place = session.till.context("a till")?;
    let tax = till.ask(kontor_domain::catalog::ListTaxes {}).await?.first().context("a tax class")?.id;
    let products = (0..count).map(|_| kontor_domain::ids::ProductId(crate::shop::id())).collect();
    let date = session.today.context("today")?;
    let founded = Founded { shift: till.shift().await?, till: place.id, shelf: place.location_id, tax, products, date };
    let commands = (0..count).map(|index| match product_command(&founded, index) {
        Command::Catalog(kontor_domain::catalog::Command::CreateProduct(mut create)) => {
            // Codes and barcodes of the many are taken.
            create.draft.code = format!("P{}", index + 1);
            create.draft.barcodes.clear();
            Command::Catalog(kontor_domain::catalog::Command::CreateProduct(create))
        }
        other => other,
    });
    till.execute_all(commands.collect()).await?;
    till.until_synced().await?;
    Ok(founded)
}

/// What goes over the line while nothing happens, in the time in which a till would ask once.
async fn nothing_to_do(till: &Desk, relay: &Relay) -> anyhow::Result<()> {
    let _: () = till.host(HostCall::SyncNow).await?;
    till.until_synced().await?;
    // A till to which nothing has happened while the server waited once listens from then on.
    tokio::time::sleep(POLL).await;
    relay.take_bytes();
    let before = written(&till.file()?)?;
    tokio::time::sleep(POLL).await;
    let (up, down) = relay.take_bytes();
    Figure::limit("sync.idle.bytes", (up + down) as f64, "bytes", 0.0, 500.0).print();
    let changed = written(&till.file()?)? != before;
    Figure::limit("sync.idle.writes", f64::from(u8::from(changed)), "writes", 0.0, 0.0).print();
    Ok(())
}

/// What changes when anything is written: the file, and its log.
fn written(file: &Path) -> anyhow::Result<Vec<Option<(u64, std::time::SystemTime)>>> {
    let log = file.with_extension("kontor-wal");
    let seen = [file, log.as_path()].map(|path| std::fs::metadata(path).ok().and_then(|it| Some((it.len(), it.modified().ok()?))));
    Ok(seen.to_vec())
}

/// Many sales while the server is away, then until both sides are equal.
async fn offline_day(server: &Server, relay: &Relay, till: &Desk, founded: &Founded, sales: u32) -> anyhow::Result<()> {
    let mut raw = [RawWriter::copy_of(&server.file())?, RawWriter::copy_of(&till.file()?)?];
    relay.up(false);
    let mut dice = Dice::new(19);
    let pick = |dice: &mut Dice| (0..5).map(|_| dice.index(founded.products.len())).collect::<Vec<_>>();
    let commands = (0..sales).map(|_| sale_command(founded, &pick(&mut dice))).collect::<Result<Vec<_>, _>>()?;
    till.execute_all(commands).await?;
    let first_rev: i64 = look(&server.file(), "SELECT MAX(rev) FROM command_log")?;
    relay.take_bytes();
    // Many rows wait at a till until nobody has entered anything for a while, so that no sale waits for them. That is a
    // choice and no work: the line comes back after such a while.
    tokio::time::sleep(QUIET).await;
    let cpu = server.cpu_time()?;
    relay.up(true);
    let start = Instant::now();
    let _: () = till.host(HostCall::SyncNow).await?;
    till.until_synced().await?;
    let took = start.elapsed();
    let cpu = server.cpu_time()?.saturating_sub(cpu);
    let (up, down) = relay.take_bytes();

    let last_rev: i64 = look(&server.file(), "SELECT MAX(rev) FROM command_log")?;
    agree(&till.file()?, &server.file())?;
    // The server wrote each row, and the till wrote those it holds again with their place in the order.
    let mut floor = Duration::ZERO;
    let mut server_floor_cpu = Duration::ZERO;
    for (place, writer) in raw.iter_mut().enumerate() {
        let mut rows = Vec::new();
        for rev in first_rev + 1..=last_rev {
            rows.extend(writer.rows_of(&server.file(), rev)?);
            if usize::try_from(rev - first_rev)? % BATCH == 0 || rev == last_rev {
                let (start, cpu) = (Instant::now(), cpu_time("self")?);
                writer.write(&rows)?;
                floor += start.elapsed();
                if place == 0 {
                    server_floor_cpu += cpu_time("self")?.saturating_sub(cpu);
                }
                rows.clear();
            }
        }
    }
    let count = f64::from(sales.max(1));
    Figure::against("sync.offline_day", took.as_secs_f64() * 1e3, "ms", floor.as_secs_f64() * 1e3, 2.0).print();
    let args: String = look(&server.file(), &format!("SELECT group_concat(args, char(10)) FROM command_log WHERE rev > {first_rev}"))?;
    Figure::against("sync.offline_day.bytes_up", up as f64 / count, "bytes", floor::packed_size(args.as_bytes())? / count, 1.2).print();
    let sent = floor::lines_after(&server.file(), first_rev, &till.file()?)?;
    Figure::against("sync.offline_day.bytes_down", down as f64 / count, "bytes", floor::packed_size(&sent)? / count, 1.2).print();
    // Beside bare SQLite, which writes the same rows and neither executes nor answers anything.
    let bare = count / server_floor_cpu.as_secs_f64().max(0.01);
    Figure::at_least("sync.offline_day.sales_per_core", count / cpu.as_secs_f64(), "1/s", bare, 0.0).print();
    Ok(())
}

/// Says which tables and indexes a file is made of.
fn tell_sizes(file: &Path) -> anyhow::Result<()> {
    let connection = rusqlite::Connection::open(file)?;
    let mut statement = connection.prepare("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 20")?;
    let sizes = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    for size in sizes {
        let (name, bytes) = size?;
        eprintln!("{name}: {} KiB", bytes / 1024);
    }
    Ok(())
}

fn look<T: rusqlite::types::FromSql>(file: &Path, sql: &str) -> anyhow::Result<T> {
    let connection = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// A price is changed on one till, until the other shows it.
async fn one_change(folder: &Path, server: &mut Server, engine: &str) -> anyhow::Result<()> {
    server.start().await?;
    let one = Desk::join(&folder.join(format!("{engine}-one")), server.invite(Some(1)).await?).await?;
    stocked(&one, 1).await?;
    let two = Desk::join(&folder.join(format!("{engine}-two")), server.invite(None).await?).await?;
    let product = two.ask(ScanCode { code: "P1".into() }).await?.first().context("a product")?.product.id;
    let mut disk = DiskFloor::new()?;
    let mut seen = Samples::default();
    let mut price = two.ask(GetProduct { id: product }).await?.context("the product")?.draft.price;
    for change in 1..=CHANGES {
        let next = UnitPrice((10 + change) * UnitPrice::PER_MINOR_UNIT);
        let edit = serde_json::json!({ "catalog": { "edit_product": { "id": product, "price": { "from": price, "to": next } } } });
        let start = Instant::now();
        one.execute(serde_json::from_value(edit)?).await?;
        while two.ask(GetProduct { id: product }).await?.context("the product")?.draft.price != next {
            two.changed.notified().await;
        }
        seen.push(start.elapsed());
        disk.append()?;
        price = next;
    }
    let disk = disk.samples;
    let limit = 3.0 * disk.p50() + 3_000.0;
    Figure::limit(&format!("sync.one_change.{engine}.p50"), seen.p50(), "us", disk.p50(), limit).print();
    Figure::limit(&format!("sync.one_change.{engine}.p99"), seen.p99(), "us", disk.p99(), 3.0 * disk.p99() + 3_000.0).print();
    one.program.close().await;
    two.program.close().await;
    server.kill().await
}
