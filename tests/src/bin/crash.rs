//! `kill -9` of the selling program at random moments: no acknowledged sale lost, none doubled, ledgers right,
//! receipt numbers without gap. What was not acknowledged is sent again with the same id, as the counter does.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use kontor_domain::command::{Query, Receipt, Request};
use kontor_domain::counter::{LastSale, ListSales, SaleFilter};
use kontor_domain::host::{HostCall, Start, VerifyReport};
use kontor_domain::ids::CommandId;
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_tests::dice::{Dice, fresh_seed};
use kontor_tests::ledger::Ledger;
use kontor_tests::program::Headless;
use kontor_tests::shop::{found_command, id, product_command, receive_command};

/// Products of the shop that is killed.
const PRODUCTS: usize = 6;
/// Commands that are on their way at once.
const IN_FLIGHT: u64 = 12;

/// How often it is said how far it is, in kills.
const PROGRESS: u32 = 100;

#[derive(Debug, Parser)]
struct Arguments {
    /// How often the program is killed.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Chance that can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Verify after every so many kills (and at the end).
    #[arg(long, default_value_t = 10)]
    verify_every: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("crash: {} kills, seed {seed}", arguments.kills);
    let folder = tempfile::tempdir()?;
    let mut dice = Dice::new(seed);
    let mut ledger = set_up(folder.path()).await?;
    let mut repeated = 0_u32;
    for kill in 1..=arguments.kills {
        round(folder.path(), &mut ledger, &mut dice).await.with_context(|| format!("kill {kill} of seed {seed}"))?;
        let check = kill.is_multiple_of(arguments.verify_every) || kill == arguments.kills;
        repeated += settle(folder.path(), &mut ledger, check).await.with_context(|| format!("after kill {kill} of seed {seed}"))?;
        if kill.is_multiple_of(PROGRESS) {
            eprintln!("{kill} kills, {} sales", ledger.sales);
        }
    }
    println!(
        "crash: {} kills, {} commands acknowledged, {} sales of {} in all, {repeated} were done though not acknowledged: none lost, none doubled, ledgers right (seed {seed})",
        arguments.kills,
        ledger.done.len(),
        ledger.sales,
        ledger.takings
    );
    Ok(())
}

async fn set_up(folder: &Path) -> anyhow::Result<Ledger> {
    let mut program = Headless::start(folder, &[])?;
    let start: Start = serde_json::from_value(program.ok("host", &serde_json::to_value(HostCall::GetStart)?).await?)?;
    ensure!(start.problem.is_none(), "{:?}", start.problem);
    let (found, founded) = found_command(start.person, PRODUCTS);
    let mut commands = vec![found];
    commands.extend((0..PRODUCTS).map(|index| product_command(&founded, index)));
    commands.push(receive_command(&founded, Quantity(1_000_000_000), UnitPrice(50_000)));
    for command in commands {
        program.ok("execute", &serde_json::to_value(Request { id: CommandId(id()), command })?).await?;
    }
    program.end().await?;
    Ok(Ledger::new(founded))
}

/// Sells until the moment comes, then kills.
async fn round(folder: &Path, ledger: &mut Ledger, dice: &mut Dice) -> anyhow::Result<()> {
    let mut program = Headless::start(folder, &[])?;
    if dice.once_in(10) {
        // While it is still starting.
        tokio::time::sleep(Duration::from_millis(dice.roll(120))).await;
        return program.kill().await;
    }
    let moment = tokio::time::sleep(Duration::from_micros(60_000 + dice.roll(400_000)));
    tokio::pin!(moment);
    loop {
        while (ledger.open.len() as u64) < 1 + dice.roll(IN_FLIGHT) {
            ledger.send_next(&mut program, dice).await?;
        }
        tokio::select! {
            () = &mut moment => break,
            answer = program.answer() => ledger.hear(&answer.context("the program ended by itself")?)?,
        }
    }
    program.kill().await
}

/// Starts again: what was acknowledged is there, what was not is sent again; how many of those had been done.
async fn settle(folder: &Path, ledger: &mut Ledger, check: bool) -> anyhow::Result<u32> {
    let mut program = Headless::start(folder, &[])?;
    let repeated = ledger.settle(&mut program).await?;
    let filter = SaleFilter::default();
    let page = program.ok("query", &serde_json::to_value(Query::from(ListSales { filter, offset: 0, limit: 1 }))?).await?;
    ensure!(page["total"] == ledger.sales, "{} sales are kept, {} were made", page["total"], ledger.sales);
    let last = program.ok("query", &serde_json::to_value(Query::from(LastSale { till_id: ledger.founded.till }))?).await?;
    ensure!(ledger.sales == 0 || last["number"].is_string(), "the counter does not find its last sale");
    if check {
        check_everything(&mut program, ledger).await?;
    }
    program.end().await?;
    Ok(repeated)
}

async fn check_everything(program: &mut Headless, ledger: &Ledger) -> anyhow::Result<()> {
    // A sample of receipts that people hold: the same id answers the same number.
    for (command, receipt) in ledger.done.iter().rev().take(20) {
        let request = Request { id: *command, command: receive_command(&ledger.founded, Quantity(1000), UnitPrice(1)) };
        let again: Receipt = serde_json::from_value(program.ok("execute", &serde_json::to_value(&request)?).await?)?;
        ensure!(again.repeated && again.number == receipt.number && again.rev == receipt.rev, "{receipt:?} became {again:?}");
    }
    let report: VerifyReport = serde_json::from_value(program.ok("host", &serde_json::to_value(HostCall::Verify)?).await?)?;
    ensure!(report.differences.is_empty(), "{:?}", report.differences);
    Ok(())
}
