//! `kill -9` of the selling program at random moments: every command that was acknowledged is in the log as it was told,
//! nothing is there twice or unasked, books and ledgers are right, numbers are without gap. What was not acknowledged is
//! sent again with the same id, as the counter does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use kontor_domain::counter::LastSale;
use kontor_domain::host::{HostCall, Start};
use kontor_domain::ids::CommandId;
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_tests::books::Books;
use kontor_tests::dice::{Dice, fresh_seed};
use kontor_tests::ledger::{Ledger, compare_log, logged};
use kontor_tests::program::Headless;
use kontor_tests::shop::{found_command, product_command, receive_command};
use rusqlite::{Connection, OpenFlags};

/// Products of the shop that is killed.
const PRODUCTS: usize = 6;
/// Commands that are on their way at once.
const IN_FLIGHT: u64 = 12;
/// Kills after which chance has hit everything that is to be hit, or this proves nothing.
const ENOUGH_KILLS: u32 = 200;
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

/// The shop that is killed, and what people were told.
struct Proof {
    folder: PathBuf,
    ledger: Ledger,
    /// What the set-up left.
    books: Books,
    commands: BTreeSet<CommandId>,
    /// Kills that hit commands on their way.
    hits: u32,
    /// Commands that were done though nobody was told.
    repeated: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("crash: {} kills, seed {seed}", arguments.kills);
    let folder = tempfile::tempdir()?;
    let mut dice = Dice::new(seed);
    let mut proof = Proof::set_up(folder.path()).await?;
    for kill in 1..=arguments.kills {
        proof.round(&mut dice).await.with_context(|| format!("kill {kill} of seed {seed}"))?;
        let is_checked = kill.is_multiple_of(arguments.verify_every) || kill == arguments.kills;
        proof.settle(if is_checked { Look::Everything } else { Look::Books }).await.with_context(|| format!("after kill {kill} of seed {seed}"))?;
        if kill.is_multiple_of(PROGRESS) {
            eprintln!("{kill} kills, {}", proof.ledger.books);
        }
    }
    let Proof { ledger, hits, repeated, .. } = &proof;
    println!(
        "crash: {} kills, {hits} of them hit commands on their way; {} commands acknowledged, {repeated} more were done than was told; {}: none \
         lost, none doubled, ledgers right (seed {seed})",
        arguments.kills,
        ledger.done.len(),
        ledger.books
    );
    if arguments.kills >= ENOUGH_KILLS {
        ensure!(*hits > 0 && *repeated > 0, "nothing was hit in the middle: this proves nothing");
        ensure!(ledger.books.missing().is_empty(), "never entered: {:?}", ledger.books.missing());
    }
    Ok(())
}

/// How closely is looked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Books,
    Everything,
}

impl Proof {
    async fn set_up(folder: &Path) -> anyhow::Result<Self> {
        let mut program = Headless::start(folder, &[])?;
        let start: Start = program.host(&HostCall::GetStart).await?;
        ensure!(start.problem.is_none(), "{:?}", start.problem);
        let (found, founded) = found_command(start.person, PRODUCTS);
        let mut commands = vec![found];
        commands.extend((0..PRODUCTS).map(|index| product_command(&founded, index)));
        commands.push(receive_command(&founded, Quantity(1_000_000_000), UnitPrice(50_000)));
        for command in commands {
            program.execute(command).await?;
        }
        program.end().await?;
        let file = open(folder)?;
        let (books, commands) = (Books::kept(&file)?, logged(&file)?);
        Ok(Self { folder: folder.to_owned(), ledger: Ledger::new(founded), books, commands, hits: 0, repeated: 0 })
    }

    /// Sells until the moment comes, then kills.
    async fn round(&mut self, dice: &mut Dice) -> anyhow::Result<()> {
        let mut program = Headless::start(&self.folder, &[])?;
        if dice.once_in(10) {
            // While it is still starting.
            tokio::time::sleep(Duration::from_millis(dice.roll(120))).await;
            return program.kill().await;
        }
        let moment = tokio::time::sleep(Duration::from_micros(60_000 + dice.roll(400_000)));
        tokio::pin!(moment);
        loop {
            while (self.ledger.open.len() as u64) < 1 + dice.roll(IN_FLIGHT) {
                self.ledger.send_next(&mut program, dice).await?;
            }
            tokio::select! {
                () = &mut moment => break,
                answer = program.answer() => self.ledger.hear(&answer.context("the program ended by itself")?)?,
            }
        }
        self.hits += u32::from(!self.ledger.open.is_empty());
        program.kill().await
    }

    /// Starts again: what was acknowledged is there, what was not is sent again.
    async fn settle(&mut self, look: Look) -> anyhow::Result<()> {
        let mut program = Headless::start(&self.folder, &[])?;
        self.repeated += self.ledger.settle(&mut program).await?;
        let last = program.ask(LastSale { till_id: self.ledger.founded.till }).await?.map(|sale| sale.number);
        let told = self.ledger.last_number.as_ref().map(|(_, number)| number.clone());
        ensure!(last == told, "the counter finds {last:?} as its last sale, not {told:?}");
        if look == Look::Everything {
            program.verify().await?;
        }
        program.end().await?;
        let file = open(&self.folder)?;
        let (kept, told) = (Books::kept(&file)?, self.books.clone().with(&self.ledger.books));
        ensure!(kept == told, "{kept} are kept; {told} were told");
        if look == Look::Everything {
            compare_log(&file, &self.commands, self.ledger.done.values())?;
            self.ledger.numbers_have_no_gap()?;
        }
        Ok(())
    }
}

fn open(folder: &Path) -> anyhow::Result<Connection> {
    Ok(Connection::open_with_flags(folder.join("shop.kontor"), OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}
