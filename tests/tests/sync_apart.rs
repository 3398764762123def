//! Tills that are apart from their server: by a version, by a clock, by a counter that is never idle, by a file carried over by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use kontor_domain::attention::AttentionKind;
use kontor_domain::host::{HostCall, SyncPhase, SyncState, Waiting};
use kontor_domain::reject::Code;
use kontor_store::feed::FeedFile;
use kontor_sync::stage::LARGE_ROWS;
use kontor_tests::many::import_commands;
use kontor_tests::proxy::{Bend, Proxy};
use kontor_tests::server::Server;
use kontor_tests::till::Till;

const DAY_MS: i64 = 86_400_000;

/// A server that runs, a proxy before it, and till 1 behind that.
async fn shop(folder: &Path) -> anyhow::Result<(Server, Proxy, Till)> {
    let mut server = Server::plain(&folder.join("server"))?;
    server.found().await?;
    server.start().await?;
    let proxy = Proxy::start(server.listen().to_owned(), 1).await?;
    let mut invitation = server.invite(Some(1)).await?;
    invitation.address = proxy.address().to_owned();
    let till = Till::join(&folder.join("till"), invitation).await?;
    Ok((server, proxy, till))
}

/// How often each sale is at the server, by its number.
fn sales_at(server: &Server) -> anyhow::Result<BTreeMap<String, i64>> {
    let file = FeedFile::open(&server.file())?;
    let mut statement =
        file.connection().prepare("SELECT number, COUNT(*) FROM command_log WHERE name = 'counter.sell' AND status = 'ok' GROUP BY number")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn once_each(sold: &[String]) -> BTreeMap<String, i64> {
    sold.iter().map(|number| (number.clone(), 1)).collect()
}

fn products_in(file: &Path) -> anyhow::Result<i64> {
    Ok(FeedFile::open(file)?.connection().query_row("SELECT COUNT(*) FROM product", [], |row| row.get(0))?)
}

fn is_refused_with(code: Code) -> impl Fn(&SyncState) -> bool {
    move |state| state.phase == SyncPhase::Refused && state.problem.as_ref().is_some_and(|problem| problem.code == code)
}

async fn waiting(till: &mut Till) -> anyhow::Result<Vec<Waiting>> {
    till.program.host(&HostCall::ListWaiting { limit: 100 }).await
}

/// Nothing waits, and of what was entered nothing was refused, parked or against a rule. (Goods that were never booked in
/// are sold below zero.)
async fn all_stands(till: &mut Till) -> anyhow::Result<()> {
    let (waiting, items) = (waiting(till).await?, till.open_items().await?);
    ensure!(waiting.is_empty() && items.iter().all(|item| item.kind == AttentionKind::StockBelowZero), "{waiting:?} {items:?}");
    Ok(())
}

/// Both ends have all that was sold, once each, and it stands.
async fn all_is_there_once(till: &mut Till, server: &Server, mut sold: Vec<String>) -> anyhow::Result<()> {
    till.sync_now().await?;
    till.until_agrees(&server.file()).await?;
    sold.sort();
    ensure!(till.sales().await? == sold && sales_at(server)? == once_each(&sold), "{:?} of {sold:?}", sales_at(server)?);
    all_stands(till).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_is_older_than_its_server_says_so_and_still_sends_what_it_sells() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, proxy, mut till) = shop(folder.path()).await?;
    let founded = till.ready(2).await?;
    let mut sold = vec![till.sell(&founded, &[0]).await?];
    till.until_synced().await?;
    // The server's tables have got a column that this till does not know.
    proxy.bend(Bend::OtherTables(-1));
    sold.push(till.sell(&founded, &[1]).await?);
    till.sync_now().await?;
    till.until("it says so", is_refused_with(Code::ProgramOlder)).await?;
    for round in 0..3 {
        sold.push(till.sell(&founded, &[round % 2]).await?);
        till.sync_now().await?;
        till.until_it("it has come", async |_| Ok(sales_at(&server)? == once_each(&sold))).await?;
    }
    // It is told what became of them by rows alone, and of these it gets none.
    ensure!(waiting(&mut till).await?.len() >= 4, "{:?}", waiting(&mut till).await?);
    till.until("it still says so", is_refused_with(Code::ProgramOlder)).await?;
    // Ended and started: it still has them, and sends them again, as one does who does not know.
    till.program.kill().await?;
    let mut till = Till::start(&folder.path().join("till"))?;
    sold.push(till.sell(&founded, &[0]).await?);
    till.until("it says so again", is_refused_with(Code::ProgramOlder)).await?;
    // The till is as new as the server.
    proxy.bend(Bend::None);
    all_is_there_once(&mut till, &server, sold).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_is_newer_than_its_server_says_so_sells_on_and_sends_what_the_server_can_read() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, proxy, mut till) = shop(folder.path()).await?;
    let founded = till.ready(2).await?;
    let mut sold = vec![till.sell(&founded, &[0]).await?];
    till.until_synced().await?;
    // The till's tables have a column that the server does not know; its commands are as they were.
    proxy.bend(Bend::OtherTables(1));
    sold.push(till.sell(&founded, &[1]).await?);
    till.sync_now().await?;
    till.until("it says so", is_refused_with(Code::ServerOlder)).await?;
    till.until_it("it has come", async |_| Ok(sales_at(&server)? == once_each(&sold))).await?;
    // Now the commands are others, too: nothing goes up, nothing is lost.
    proxy.bend(Bend::NewerCommands);
    let before = sales_at(&server)?;
    for round in 0..3 {
        sold.push(till.sell(&founded, &[round % 2]).await?);
    }
    till.sync_now().await?;
    till.until("it says so", |state| is_refused_with(Code::ServerOlder)(state) && state.waiting_sales >= 3).await?;
    ensure!(sales_at(&server)? == before, "it executed what it does not know: {:?}", sales_at(&server)?);
    till.program.kill().await?;
    let mut till = Till::start(&folder.path().join("till"))?;
    till.until("it still has them", |state| state.waiting_sales >= 3).await?;
    // The server is as new as the till.
    proxy.bend(Bend::None);
    all_is_there_once(&mut till, &server, sold).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_saved_to_a_sealed_file_is_there_once_though_the_till_sends_it_itself_later() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, _proxy, mut till) = shop(folder.path()).await?;
    let founded = till.ready(2).await?;
    let mut sold = vec![till.sell(&founded, &[0]).await?];
    till.until_synced().await?;
    server.kill().await?;
    for round in 0..4 {
        sold.push(till.sell(&founded, &[round % 2]).await?);
    }
    let path = folder.path().join("unsent.sealed").display().to_string();
    let saved: i64 = till.program.host(&HostCall::ExportUnsent { path: path.clone() }).await?;
    assert_eq!(saved, 4, "what the server has answered is not in it");
    // The till works on: the file takes nothing away from it.
    sold.push(till.sell(&founded, &[1]).await?);
    ensure!(waiting(&mut till).await?.len() == 5, "{:?}", waiting(&mut till).await?);
    ensure!(server.run(&["take-in", &path]).await?.starts_with("4 "), "four commands");
    assert_eq!(sales_at(&server)?, once_each(&sold[..5]), "what was saved is there, and nothing else");
    server.start().await?;
    till.sync_now().await?;
    till.until_agrees(&server.file()).await?;
    sold.sort();
    ensure!(sales_at(&server)? == once_each(&sold) && till.sales().await? == sold, "{:?} of {sold:?}", sales_at(&server)?);
    all_stands(&mut till).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_keeps_how_far_a_tills_clock_was_ahead() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, proxy, mut till) = shop(folder.path()).await?;
    let founded = till.ready(1).await?;
    till.until_synced().await?;
    let offset_ms = |number: &str| -> anyhow::Result<i64> {
        let file = FeedFile::open(&server.file())?;
        let sql = "SELECT offset_ms FROM command_log WHERE number = ?1";
        file.connection().query_row(sql, [number], |row| row.get(0)).context("a pushed sale")
    };
    let right = till.sell(&founded, &[0]).await?;
    till.until_synced().await?;
    proxy.bend(Bend::ClockAhead(3 * DAY_MS));
    let ahead = till.sell(&founded, &[0]).await?;
    till.until_synced().await?;
    proxy.bend(Bend::ClockAhead(-3 * DAY_MS));
    let behind = till.sell(&founded, &[0]).await?;
    till.until_synced().await?;
    let offsets = [&right, &ahead, &behind].map(|number| offset_ms(number).map(|offset| (offset + DAY_MS / 2).div_euclid(DAY_MS)));
    let offsets: Vec<i64> = offsets.into_iter().collect::<anyhow::Result<_>>()?;
    assert_eq!(offsets, [0, 3, -3], "days");
    // It orders nothing.
    till.until_agrees(&server.file()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_wait_until_nobody_sells_and_what_is_sold_meanwhile_goes_up_at_once() -> anyhow::Result<()> {
    // A product is two rows: itself and its barcode.
    let products = u32::try_from(LARGE_ROWS)? / 2 + 500;
    let folder = tempfile::tempdir()?;
    let (mut server, _proxy, mut one) = shop(folder.path()).await?;
    let at_one = one.ready(1).await?;
    one.until_synced().await?;
    let mut two = Till::join(&folder.path().join("two"), server.invite(None).await?).await?;
    let at_two = two.ready(1).await?;
    two.until_agrees(&server.file()).await?;
    let place = folder.path().join("two");
    two.program.end().await?;
    for import in import_commands(&at_one, products)? {
        one.program.execute(import).await?;
    }
    one.until_synced().await?;
    // The second till hears of it all at once, while somebody is selling.
    server.kill().await?;
    let mut two = Till::start(&place)?;
    let sold = RefCell::new(Vec::new());
    let sell = async |till: &mut Till| {
        let number = till.sell(&at_two, &[0]).await?;
        sold.borrow_mut().push(number.clone());
        anyhow::Ok(number)
    };
    sell(&mut two).await?;
    server.start().await?;
    two.sync_now().await?;
    let large = i64::try_from(LARGE_ROWS)?;
    two.until_it("all rows have come", async |till| {
        sell(till).await?;
        let state = till.state().await?;
        Ok(state.percent == 100 && state.rows > large)
    })
    .await?;
    let last = sell(&mut two).await?;
    two.until_it("the sale has come", async |till| {
        sell(till).await?;
        Ok(sales_at(&server)?.contains_key(&last))
    })
    .await?;
    assert_eq!(products_in(&two.file()?)?, 1, "they were put in while somebody was selling");
    // Nobody sells any more.
    two.until_it("they are here", async |till| Ok(products_in(&till.file()?)? == i64::from(products) + 1)).await?;
    two.until_agrees(&server.file()).await?;
    assert_eq!(sales_at(&server)?, once_each(&sold.borrow()));
    Ok(())
}
