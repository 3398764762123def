//! A shop server and two tills as real processes on a network that loses, holds back, cuts and doubles what is said;
//! any of the three is killed (`kill -9`) at random moments. At rest: every command that a person was told of is at the
//! server exactly once and as it was told, and nothing else is; all copies agree, and books and ledgers are right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use kontor_domain::host::HostCall;
use kontor_domain::ids::CommandId;
use kontor_store::feed::FeedFile;
use kontor_tests::books::Books;
use kontor_tests::dice::{Dice, fresh_seed};
use kontor_tests::ledger::{Ledger, compare_log, logged};
use kontor_tests::proxy::Proxy;
use kontor_tests::server::Server;
use kontor_tests::till::Till;

/// Products of the shop.
const PRODUCTS: usize = 4;
/// Commands of a till that are on their way at once.
const IN_FLIGHT: u64 = 6;
/// Kills between two rests at which everything is compared.
const KILLS_BETWEEN_RESTS: u32 = 20;
/// Kills after which chance has hit everything that is to be hit, or this proves nothing.
const ENOUGH_KILLS: u32 = 200;

#[derive(Debug, Parser)]
struct Arguments {
    /// How often a process is killed.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Chance that can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

/// A till, what it was told, and where it stands.
struct Counter {
    till: Option<Till>,
    folder: PathBuf,
    ledger: Ledger,
    /// Calls that are no commands, by their numbers, until they are answered.
    calls: BTreeSet<i64>,
}

struct Shop {
    server: Server,
    proxy: Proxy,
    counters: Vec<Counter>,
    /// What the set-up left.
    books: Books,
    commands: BTreeSet<CommandId>,
    hits: Hits,
    /// Commands that a till had done though nobody was told.
    repeated: u32,
}

/// Kills that hit work.
#[derive(Debug, Default)]
struct Hits {
    /// Of the server while it had a push in hand.
    server: u32,
    /// Of a till while commands were on their way.
    till: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("outage: {} kills, seed {seed}", arguments.kills);
    let folder = tempfile::tempdir()?;
    let mut dice = Dice::new(seed);
    let mut shop = Shop::open(folder.path(), seed).await?;
    for kill in 1..=arguments.kills {
        let say = || format!("kill {kill} of seed {seed}");
        shop.round(&mut dice).await.with_context(say)?;
        if kill.is_multiple_of(KILLS_BETWEEN_RESTS) || kill == arguments.kills {
            shop.rest().await.with_context(say)?;
        }
    }
    let told = shop.told();
    let Shop { counters, proxy, hits, repeated, .. } = &shop;
    let acknowledged: usize = counters.iter().map(|counter| counter.ledger.done.len()).sum();
    println!(
        "outage: {} kills, {} of the server and {} of a till hit work; {} messages came to harm; {acknowledged} commands acknowledged, {repeated} \
         more were done than was told; {told}: none lost, none doubled, all copies agree, ledgers right (seed {seed})",
        arguments.kills,
        hits.server,
        hits.till,
        proxy.harmed(),
    );
    if arguments.kills >= ENOUGH_KILLS {
        ensure!(hits.server > 0 && hits.till > 0 && proxy.harmed() > 0 && *repeated > 0, "nothing was hit in the middle: this proves nothing");
        ensure!(told.missing().is_empty(), "never entered: {:?}", told.missing());
    }
    Ok(())
}

impl Shop {
    async fn open(folder: &Path, seed: u64) -> anyhow::Result<Self> {
        let mut server = Server::plain(&folder.join("server"))?;
        server.found().await?;
        server.start().await?;
        let proxy = Proxy::start(server.listen().to_owned(), seed).await?;
        let mut counters = Vec::new();
        for (name, number) in [("one", Some(1)), ("two", None)] {
            let mut invitation = server.invite(number).await?;
            invitation.address = proxy.address().to_owned();
            let folder = folder.join(name);
            let mut till = Till::join(&folder, invitation).await?;
            let founded = till.ready(PRODUCTS).await?;
            till.until_synced().await?;
            counters.push(Counter { till: Some(till), folder, ledger: Ledger::new(founded), calls: BTreeSet::new() });
        }
        let file = FeedFile::open(&server.file())?;
        let (books, commands) = (Books::kept(file.connection())?, logged(file.connection())?);
        Ok(Self { server, proxy, counters, books, commands, hits: Hits::default(), repeated: 0 })
    }

    /// What people were told since.
    fn told(&self) -> Books {
        self.counters.iter().fold(Books::default(), |all, counter| all.with(&counter.ledger.books))
    }

    /// Both sell in bad weather until somebody is killed.
    async fn round(&mut self, dice: &mut Dice) -> anyhow::Result<()> {
        self.proxy.storm(true);
        let moment = Duration::from_micros(50_000 + dice.roll(400_000));
        let (mut one_dice, mut two_dice) = (Dice::new(dice.roll(u64::MAX)), Dice::new(dice.roll(u64::MAX)));
        let [one, two] = self.counters.as_mut_slice() else { anyhow::bail!("two counters") };
        tokio::try_join!(one.sell(moment, &mut one_dice), two.sell(moment, &mut two_dice))?;
        match dice.roll(3) {
            0 => {
                self.hits.server += u32::from(self.proxy.pushes() > 0);
                self.server.kill().await?;
                // Now and then the tills go on selling without it.
                if dice.once_in(3) {
                    let [one, two] = self.counters.as_mut_slice() else { anyhow::bail!("two counters") };
                    tokio::try_join!(one.sell(moment, &mut one_dice), two.sell(moment, &mut two_dice))?;
                }
                self.server.start().await
            }
            victim => {
                let counter = self.counters.get_mut(usize::try_from(victim - 1)?).context("a counter")?;
                self.hits.till += u32::from(!counter.ledger.open.is_empty());
                self.repeated += counter.fall(dice).await?;
                Ok(())
            }
        }
    }

    /// Fair weather: everything arrives, and everything is compared.
    async fn rest(&mut self) -> anyhow::Result<()> {
        self.proxy.storm(false);
        let file = self.server.file();
        for counter in &mut self.counters {
            while !counter.ledger.open.is_empty() {
                counter.hear().await?;
            }
            let till = counter.till.as_mut().context("a till")?;
            let _: () = till.program.host(&HostCall::SyncNow).await?;
            till.until_synced().await?;
        }
        for counter in &mut self.counters {
            counter.till.as_mut().context("a till")?.until_agrees(&file).await?;
        }
        self.compare(&file)
    }

    /// What people were told of against what the server keeps.
    fn compare(&self, file: &Path) -> anyhow::Result<()> {
        let server = FeedFile::open(file)?;
        let (kept, told) = (Books::kept(server.connection())?, self.books.clone().with(&self.told()));
        ensure!(kept == told, "{kept} are kept; {told} were told");
        compare_log(server.connection(), &self.commands, self.counters.iter().flat_map(|counter| counter.ledger.done.values()))?;
        self.counters.iter().try_for_each(|counter| counter.ledger.numbers_have_no_gap())
    }
}

impl Counter {
    /// Sells until the moment comes. The server is called at once, however often it was away.
    async fn sell(&mut self, time: Duration, dice: &mut Dice) -> anyhow::Result<()> {
        let moment = tokio::time::sleep(time);
        tokio::pin!(moment);
        let call = serde_json::to_value(HostCall::SyncNow)?;
        self.calls.insert(self.till.as_mut().context("a till")?.program.send("host", &call).await?);
        loop {
            let till = self.till.as_mut().context("a till")?;
            while (self.ledger.open.len() as u64) < 1 + dice.roll(IN_FLIGHT) {
                self.ledger.send_next(&mut till.program, dice).await?;
            }
            tokio::select! {
                () = &mut moment => return Ok(()),
                heard = self.hear() => heard?,
            }
        }
    }

    /// Takes down the next answer.
    async fn hear(&mut self) -> anyhow::Result<()> {
        let answer = self.till.as_mut().context("a till")?.program.answer().await.context("the program ended by itself")?;
        match answer["n"].as_i64() {
            Some(number) if self.calls.remove(&number) => Ok(()),
            _ => self.ledger.hear(&answer),
        }
    }

    /// `kill -9`, and up again; how many commands had been done that nobody was told of.
    async fn fall(&mut self, dice: &mut Dice) -> anyhow::Result<u32> {
        self.till.take().context("a till")?.program.kill().await?;
        self.calls.clear();
        if dice.once_in(8) {
            // Once more while it is still starting.
            let starting = Till::start(&self.folder)?;
            tokio::time::sleep(Duration::from_millis(dice.roll(150))).await;
            starting.program.kill().await?;
        }
        let mut till = Till::start(&self.folder)?;
        let repeated = self.ledger.settle(&mut till.program).await?;
        self.till = Some(till);
        Ok(repeated)
    }
}
