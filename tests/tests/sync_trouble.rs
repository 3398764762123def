//! Trouble of machines that agree: a disk without room, two programs on one copy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;

use anyhow::ensure;
use kontor_domain::command::Request;
use kontor_domain::host::{HostCall, Start, Waiting};
use kontor_domain::ids::CommandId;
use kontor_domain::reject::Code;
use kontor_store::feed::FeedFile;
use kontor_tests::ledger::logged;
use kontor_tests::program::Headless;
use kontor_tests::server::Server;
use kontor_tests::shop::{id, sale_command};
use kontor_tests::small_disk::SmallDisk;
use kontor_tests::till::Till;

/// Room for a server with its company, and a little more.
const DISK_MEGABYTES: u32 = 12;
/// Sales of five lines after which no disk of that size has room.
const SALES: usize = 400;

fn commands(file: &Path) -> anyhow::Result<usize> {
    Ok(logged(FeedFile::open(file)?.connection())?.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_room_answers_no_command_and_all_arrive_when_there_is_room() -> anyhow::Result<()> {
    let Some(disk) = SmallDisk::new(DISK_MEGABYTES) else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let mut server = Server::plain(&disk.folder.join("server"))?;
    server.found().await?;
    server.start().await?;
    let mut till = Till::join(&folder.path().join("till"), server.invite(Some(1)).await?).await?;
    let founded = till.ready(5).await?;
    till.until_synced().await?;
    let before = commands(&server.file())?;
    disk.fill()?;
    for _ in 0..SALES {
        till.sell(&founded, &[0, 1, 2, 3, 4]).await?;
    }
    // The server has the last of its pages, and then none: what it did not take waits here, whole.
    let told = till.until("it hears that it was not taken", |state| state.problem.is_some() && state.waiting_sales > 0).await?;
    let taken = commands(&server.file())? - before;
    ensure!(taken < SALES, "there was room for all: this proves nothing");
    let limit = u32::try_from(SALES)? + 100;
    let waiting: Vec<Waiting> = till.program.host(&HostCall::ListWaiting { limit }).await?;
    ensure!(waiting.len() + taken >= SALES, "{taken} are at the server and {} wait: {told:?}", waiting.len());
    disk.make_room()?;
    let _: () = till.program.host(&HostCall::SyncNow).await?;
    till.until_agrees(&server.file()).await?;
    assert_eq!(commands(&server.file())? - before, SALES);
    till.program.end().await?;
    server.kill().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_program_on_a_tills_copy_waits_while_the_first_sells_and_syncs() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::plain(&folder.path().join("server"))?;
    server.found().await?;
    server.start().await?;
    let place = folder.path().join("till");
    let mut till = Till::join(&place, server.invite(Some(1)).await?).await?;
    let founded = till.ready(2).await?;
    let mut second = Headless::start(&place, &[])?;
    let start: Start = second.host(&HostCall::GetStart).await?;
    let problem = start.problem.expect("a problem");
    assert_eq!((problem.code, &problem.args["path"]), (Code::AlreadyOpen, &till.file()?.display().to_string()));
    for _ in 0..3 {
        till.sell(&founded, &[0, 1]).await?;
        let request = Request { id: CommandId(id()), command: sale_command(&founded, &[0])? };
        let answer = second.call("execute", &serde_json::to_value(&request)?).await?;
        assert_eq!(answer["reject"]["code"], Code::AlreadyOpen.number());
    }
    till.until_agrees(&server.file()).await?;
    // The first one is killed: the second takes the copy over, sells on it and syncs.
    till.program.kill().await?;
    let reopened: Start = second.host(&HostCall::Reopen).await?;
    assert_eq!(reopened.problem, None);
    let mut second = Till::of(second, &place);
    second.until_synced().await?;
    second.sell(&founded, &[0]).await?;
    second.until_agrees(&server.file()).await?;
    let sales: i64 = FeedFile::open(&server.file())?.connection().query_row("SELECT COUNT(*) FROM sale", [], |row| row.get(0))?;
    assert_eq!(sales, 4);
    second.program.end().await?;
    server.kill().await
}
