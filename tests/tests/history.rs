//! What copies do not keep for ever: a real server, real tills, and a shift of long ago.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use kontor_domain::attention::ListAttention;
use kontor_domain::command::{Command, Request};
use kontor_domain::counter::{
    self, CloseShift, FindSale, GetSale, ListSales, OpenShift, Refund, RefundLine, Sale, SaleFilter, SaleLine, SaleTax, Sold, refund_figures,
};
use kontor_domain::host::{HostCall, Seat, ServerAsk, ServerMethod, SyncPhase};
use kontor_domain::ids::{CommandId, SaleId, ShiftId};
use kontor_domain::reject::Code;
use kontor_domain::secret::Secret;
use kontor_domain::time::BusinessDate;
use kontor_domain::units::Money;
use kontor_store::closed_file;
use kontor_tests::server::Server;
use kontor_tests::shop::{cash_refund, id};
use kontor_tests::till::Till;

/// A limit on a slow machine, not a verdict.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(50);
/// Days that copies keep: as few as the server allows.
const KEPT_DAYS: u32 = 31;
const LONG_AGO_DAYS: u64 = 60;
const PASSWORD: &str = "correct horse battery";

/// Sales in a file.
fn sales(file: &Path) -> anyhow::Result<i64> {
    closed_file::peek(file, |file| Ok(file.query_row("SELECT COUNT(*) FROM sale", [], |row| row.get(0))?))?.context("a file")
}

async fn until_kept(till: &mut Till, count: i64) -> anyhow::Result<()> {
    let (file, started) = (till.file()?, Instant::now());
    while sales(&file)? != count {
        ensure!(started.elapsed() < PATIENCE, "{} sales, not {count}", sales(&file)?);
        tokio::time::sleep(GLANCE).await;
    }
    Ok(())
}

fn of_day(day: BusinessDate) -> ListSales {
    ListSales { filter: SaleFilter { business_date: Some(day), ..SaleFilter::default() }, offset: 0, limit: 50 }
}

/// Opens a shift that was long ago, sells in it, closes it, and sells some more today; the day, and the old sales.
async fn sells_then_and_now(till: &mut Till) -> anyhow::Result<(BusinessDate, Vec<SaleId>)> {
    let session = till.session().await?;
    let today = session.today.context("today")?;
    let day = BusinessDate(today.0 - chrono::Days::new(LONG_AGO_DAYS));
    let till_id = session.till.context("the till")?.id;
    let shift_id = ShiftId(id());
    let open = OpenShift { shift_id, till_id, business_date: day, float: Money(1_000) };
    till.program.execute(Command::Counter(counter::Command::OpenShift(open))).await?;
    let then = till.ready(2).await?;
    for indexes in [&[0][..], &[0, 1], &[1]] {
        till.sell(&then, indexes).await?;
    }
    let old = till.program.ask(of_day(day)).await?.rows.iter().map(|row| row.id).collect();
    let close = CloseShift { shift_id, denominations: Vec::new(), counted: Money(1_000) };
    till.program.execute(Command::Counter(counter::Command::CloseShift(close))).await?;
    let now = till.ready(2).await?;
    ensure!(now.shift != shift_id && now.date == today);
    for index in [0, 1] {
        till.sell(&now, &[index]).await?;
    }
    Ok((day, old))
}

async fn attention_count(till: &mut Till) -> anyhow::Result<usize> {
    Ok(till.program.ask(ListAttention { offset: 0, limit: 100 }).await?.rows.len())
}

/// The first line of a sale given back whole, in cash.
async fn refund_of(till: &mut Till, sale_id: SaleId) -> anyhow::Result<Refund> {
    let detail = till.program.ask(GetSale { id: sale_id }).await?.context("the sale")?;
    let line = detail.lines.first().context("a line")?;
    let lines = vec![RefundLine { line: line.line, quantity: line.quantity }];
    let (total, _) = refund_figures(&detail.sale, &detail.lines, &[], &lines)?;
    Ok(cash_refund(till.ready(2).await?.shift, sale_id, lines, total))
}

/// A refund that brings its own sale, which is as old as one that is there, and was never made.
async fn invented_refund(till: &mut Till, like: SaleId) -> anyhow::Result<Command> {
    let detail = till.program.ask(GetSale { id: like }).await?.context("the sale")?;
    let mut refund = refund_of(till, like).await?;
    refund.sale_id = SaleId(id());
    let lines = detail.lines.into_iter().map(|line| SaleLine { sale_id: refund.sale_id, ..line }).collect();
    let taxes = detail.taxes.into_iter().map(|tax| SaleTax { sale_id: refund.sale_id, ..tax }).collect();
    refund.sold = Some(Box::new(Sold { sale: Sale { id: refund.sale_id, ..detail.sale }, lines, taxes }));
    Ok(Command::Counter(counter::Command::Refund(Box::new(refund))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tills_forget_what_is_old_ask_their_server_for_it_and_every_figure_stays() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::plain(&folder.path().join("server"))?;
    server.found().await?;
    server.admit("mei", PASSWORD).await?;
    server.start().await?;
    let mut one = Till::join(&folder.path().join("one"), server.invite(Some(1)).await?).await?;
    let mut two = Till::join(&folder.path().join("two"), server.invite(None).await?).await?;
    let (day, old) = sells_then_and_now(&mut two).await?;
    ensure!(old.len() == 3, "{old:?}");
    two.until_agrees(&server.file()).await?;
    one.until_agrees(&server.file()).await?;
    ensure!((sales(&one.file()?)?, sales(&two.file()?)?) == (5, 5), "everybody has everything");

    // A day later, at a server that keeps less: what it does once a day was done before.
    server.kill().await?;
    rusqlite::Connection::open(server.file())?.execute("UPDATE duty SET taken_at = 0", [])?;
    server = server.keeping_days(KEPT_DAYS);
    server.start().await?;
    for till in [&mut one, &mut two] {
        until_kept(till, 2).await?;
        till.until_agrees(&server.file()).await?;
        till.program.verify().await?;
    }
    ensure!(sales(&server.file())? == 5, "the server keeps all");
    let mut three = Till::join(&folder.path().join("three"), server.invite(None).await?).await?;
    three.until_agrees(&server.file()).await?;
    ensure!(sales(&three.file()?)? == 2, "a new till is not sent what others forget");
    three.program.verify().await?;

    // What a till no longer has, its server says: a sale, by its number too, and a whole day.
    for till in [&mut one, &mut two, &mut three] {
        let sale = till.program.ask(GetSale { id: old[0] }).await?.context("the old sale")?.sale;
        ensure!(sale.business_date == day, "{sale:?}");
        let number = sale.number.clone();
        ensure!(till.program.ask(FindSale { number }).await?.is_some_and(|found| found.sale.id == old[0]));
        ensure!(till.program.ask(of_day(day)).await?.rows.len() == old.len());
        ensure!(till.program.ask(GetSale { id: SaleId(id()) }).await?.is_none(), "what nobody knows is not there");
    }

    // One piece of an old sale comes back at a till that does not have it: the server knows the sale, and nobody is told of
    // anything strange.
    let before = attention_count(&mut two).await?;
    let back = refund_of(&mut two, old[0]).await?;
    two.program.execute(Command::Counter(counter::Command::Refund(Box::new(back)))).await?;
    two.until_agrees(&server.file()).await?;
    ensure!(attention_count(&mut two).await? == before, "it is a refund like any other");
    let again = Command::Counter(counter::Command::Refund(Box::new(refund_of(&mut one, old[0]).await?)));
    ensure!(one.program.execute(again).await.is_err(), "all of it came back already");
    two.program.verify().await?;

    // At the server nobody's word stands for a sale that is not there.
    let invented = invented_refund(&mut two, old[1]).await?;
    let _: Seat = two.program.host(&HostCall::GoToServer { password: Secret(PASSWORD.into()) }).await?;
    let body = serde_json::to_string(&Request { id: CommandId(id()), command: invented })?;
    let ask = ServerAsk { method: ServerMethod::Post, path: "/api/v1/screens/execute".into(), body: Some(body) };
    ensure!(two.program.refusal(&HostCall::AskServer(ask)).await?.code == Code::NotFound);

    // Cut off, it says why there is no answer, and not that there were no sales; what it keeps is there.
    server.kill().await?;
    two.until("it notices", |state| state.phase == SyncPhase::Offline).await?;
    let query = serde_json::to_value(kontor_domain::command::Query::from(of_day(day)))?;
    let answer = two.program.call("query", &query).await?;
    ensure!(answer["reject"]["code"] == serde_json::to_value(Code::ServerAway)?, "{answer}");
    ensure!(two.program.ask(GetSale { id: old[0] }).await?.is_none());
    let now = two.ready(2).await?;
    two.sell(&now, &[0]).await?;
    ensure!(two.program.ask(of_day(now.date)).await?.rows.len() == 4, "three sales and what came back");
    two.program.verify().await?;
    server.start().await?;
    for till in [&mut two, &mut one, &mut three] {
        let _: () = till.program.host(&HostCall::SyncNow).await?;
        till.until_agrees(&server.file()).await?;
    }
    for till in [one, two, three] {
        till.program.end().await?;
    }
    Ok(())
}
