//! What the engine costs without a network: pending commands that run again, and commands that cannot be executed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use kontor_desktop::platform;
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Rights};
use kontor_domain::ids::CommandId;
use kontor_domain::reject::Reject;
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_store::feed::{self, FeedFile};
use kontor_store::installation::{self, Installation};
use kontor_store::sqlite::{self, SqliteFile, Synchronous};
use kontor_sync::authority::{self, Authority, Push, Submission};
use kontor_sync::message::{COMMANDS_LIMIT, PushAnswer, PushRequest, PushedCommand};
use kontor_sync::pull;
use kontor_sync::replica::{Answer, Applied, Message, Replica, push_request};
use kontor_sync::stage::{Batch, Stage, Staged};

use crate::figures::Figure;
use crate::shop::{Founded, id, receive_command, sale_command};

/// One command in so many cannot be executed.
const POISON_EVERY: usize = 100;

/// Closed files of a till and its server that agree, and what the till sells.
pub struct Files<'a> {
    pub till: &'a Path,
    pub server: &'a Path,
    pub founded: &'a Founded,
}

/// A copy of a till's file and its agent.
struct Till {
    file: SqliteFile,
    agent: Replica,
    who: Installation,
    stage: Stage,
}

impl Till {
    async fn copy_of(from: &Path, to: &Path) -> anyhow::Result<Self> {
        sqlite::backup(from, to)?;
        let file = sqlite::open(to, Synchronous::Full).await?;
        let who = installation::find(file.connection())?.context("a till")?;
        Ok(Self { file, agent: Replica::new(who.company), who, stage: Stage::default() })
    }

    fn tell<T: Send + 'static>(&mut self, message: impl FnOnce(Answer<T>) -> Message) -> anyhow::Result<T> {
        let (sender, receiver) = mpsc::channel();
        self.file.execute(&mut self.agent, vec![message(Box::new(move |answer| drop(sender.send(answer))))]);
        let answer: Result<T, Reject> = receiver.try_recv().context("no answer")?;
        answer.map_err(|reject| anyhow!("{reject}"))
    }

    /// Sells so often, many sales to a transaction.
    fn sell(&mut self, founded: &Founded, sales: usize, lines: usize) -> anyhow::Result<()> {
        let commands =
            (0..sales).map(|sale| sale_command(founded, &(0..lines).map(|line| (sale + line) % founded.products.len()).collect::<Vec<_>>()));
        let commands = commands.collect::<Result<Vec<_>, _>>()?;
        for part in commands.chunks(200) {
            let (sender, receiver) = mpsc::channel();
            let messages = part.iter().map(|command| Message::Submit(submission(&self.who, command.clone(), sender.clone())));
            self.file.execute(&mut self.agent, messages.collect());
            drop(sender);
            for verdict in receiver {
                verdict.map_err(|reject: Reject| anyhow!("{reject}"))?;
            }
        }
        Ok(())
    }

    /// What the server has for it now.
    fn pull(&mut self, server: &Path) -> anyhow::Result<Box<Batch>> {
        let mut feed = FeedFile::open(server)?;
        loop {
            let (copy, _) = self.tell(|answer| Message::Look { after: i64::MAX, commands: 0, answer })?;
            let request = self.stage.request(&copy, self.who.device, feed::schema(), false);
            let reply = pull::answer(&feed.snapshot()?, self.who.company, &request, platform::now(), None)?;
            match self.stage.take(reply)? {
                Staged::More => {}
                Staged::Ready(batch) => return Ok(batch),
                other => bail!("{other:?}"),
            }
        }
    }

    /// Its whole outbox.
    fn commands(&mut self) -> anyhow::Result<Vec<PushedCommand>> {
        let mut commands: Vec<PushedCommand> = Vec::new();
        loop {
            let after = commands.last().map_or(0, |command| command.seq);
            let most = i64::try_from(COMMANDS_LIMIT)?;
            let (copy, entries) = self.tell(|answer| Message::Look { after, commands: most, answer })?;
            match push_request(&copy, &entries, self.who.device, "bench", platform::now()) {
                Some(request) => commands.extend(request.commands),
                None => return Ok(commands),
            }
        }
    }
}

fn submission(who: &Installation, command: Command, sender: mpsc::Sender<Result<(), Reject>>) -> Submission {
    let now = platform::now();
    let (company, device, actor) = (who.company, who.device, who.person);
    let envelope = Envelope { id: CommandId(id()), company, device, actor, at: now, version: COMMAND_VERSION, number: None, command };
    let answer = Box::new(move |verdict: authority::Verdict| drop(sender.send(verdict.map(|_| ()))));
    Submission { envelope, rights: Rights::All, now, answer, keep: None }
}

/// Stock that came elsewhere while so many sales wait here: all are taken back and run again.
pub async fn rebase(files: &Files<'_>) -> anyhow::Result<()> {
    for lines in [1, 5] {
        let mut of_one = Vec::new();
        for pending in [1_000, 10_000] {
            let folder = tempfile::tempdir()?;
            let mut till = Till::copy_of(files.till, &folder.path().join("till.kontor")).await?;
            till.sell(files.founded, pending, lines)?;
            let server = folder.path().join("server.kontor");
            sqlite::backup(files.server, &server)?;
            {
                let mut office = sqlite::open(&server, Synchronous::Full).await?;
                let receive = receive_command(files.founded, Quantity(5_000), UnitPrice(6 * UnitPrice::PER_MINOR_UNIT));
                let (sender, receiver) = mpsc::channel();
                office.execute(&mut Authority::new(), vec![authority::Message::Submit(submission(&till.who, receive, sender))]);
                receiver.try_recv().context("no answer")?.map_err(|reject| anyhow!("{reject}"))?;
            }
            let batch = till.pull(&server)?;
            let start = Instant::now();
            let applied = till.tell(|answer| Message::Apply { batch, now: platform::now(), answer })?;
            let took = start.elapsed();
            match applied {
                Applied::Done { replayed, .. } if replayed == pending => {}
                other => bail!("{pending} did not run again: {other:?}"),
            }
            of_one.push(took.as_secs_f64() * 1e6 / pending as f64);
            Figure::limit(&format!("sync.rebase.{lines}_lines.{pending}"), of_one[of_one.len() - 1], "us", of_one[0], 150.0).print();
        }
        Figure::against(&format!("sync.rebase.{lines}_lines.growth"), of_one[1], "us", of_one[0], 1.2).print();
    }
    Ok(())
}

/// What a bad command does at the authority.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Poison {
    /// It is none.
    Malformed,
    /// The database refuses what it writes: its batch comes apart.
    Constraint,
}

/// A note that the server's file does not take.
const REFUSED_NOTE: &str = "poison";

/// How many good commands a second an authority takes, alone and with bad ones among them.
pub async fn poison(files: &Files<'_>, sales: usize) -> anyhow::Result<()> {
    for (name, poison) in [("sync.poison.good_commands", Poison::Malformed), ("sync.poison.constraint.good_commands", Poison::Constraint)] {
        let folder = tempfile::tempdir()?;
        let server = folder.path().join("server.kontor");
        sqlite::backup(files.server, &server)?;
        let trigger =
            format!("CREATE TRIGGER poison BEFORE INSERT ON sale WHEN NEW.note = '{REFUSED_NOTE}' BEGIN SELECT RAISE(ABORT, 'poison'); END");
        rusqlite::Connection::open(&server)?.execute_batch(&trigger)?;
        let mut till = Till::copy_of(files.till, &folder.path().join("till.kontor")).await?;
        till.sell(files.founded, sales + sales / POISON_EVERY, 3)?;
        let mut good = till.commands()?;
        let bad = good.split_off(sales);
        let mut mixed = good.clone();
        for (place, command) in bad.into_iter().enumerate() {
            mixed.insert(place * (POISON_EVERY + 1) + POISON_EVERY / 2, poisoned(command, poison)?);
        }
        let (mut clean, mut mixed_took) = (Duration::MAX, Duration::MAX);
        for round in 0..3 {
            clean = clean.min(pushed(&server, &folder.path().join(format!("clean{round}.kontor")), &till, &good, 0).await?);
            mixed_took =
                mixed_took.min(pushed(&server, &folder.path().join(format!("mixed{round}.kontor")), &till, &mixed, mixed.len() - sales).await?);
        }
        let rate = |took: Duration| sales as f64 / took.as_secs_f64();
        Figure::at_least(name, rate(mixed_took), "1/s", rate(clean), 0.95).print();
    }
    Ok(())
}

fn poisoned(mut command: PushedCommand, poison: Poison) -> anyhow::Result<PushedCommand> {
    match poison {
        Poison::Malformed => command.args = serde_json::json!({ "counter": { "sell": { "lines": "many" } } }),
        Poison::Constraint => {
            let sale = command.args.pointer_mut("/counter/sell").and_then(serde_json::Value::as_object_mut).context("a sale")?;
            sale.insert("note".into(), REFUSED_NOTE.into());
        }
    }
    Ok(command)
}

/// How long an authority takes for these commands, from a replica of their own.
/// `bad` of them are parked.
async fn pushed(server: &Path, copy: &Path, till: &Till, commands: &[PushedCommand], bad: usize) -> anyhow::Result<Duration> {
    sqlite::backup(server, copy)?;
    let mut file = sqlite::open(copy, Synchronous::Full).await?;
    let mut agent = Authority::new();
    let replica = id();
    let numbered: Vec<PushedCommand> = (1..).zip(commands).map(|(seq, command)| PushedCommand { seq, ..command.clone() }).collect();
    let start = Instant::now();
    for part in numbered.chunks(200) {
        let device = till.who.device;
        let request = PushRequest { epoch: None, replica, device, build: "bench".into(), now: platform::now(), commands: part.to_vec() };
        let rights = BTreeMap::from([(till.who.person, Rights::All)]);
        let (sender, receiver) = mpsc::channel();
        let answer = Box::new(move |reply| drop(sender.send(reply)));
        let push = Push::new(till.who.company, request, rights, platform::now(), answer);
        file.execute(&mut agent, vec![authority::Message::Push(push)]);
        match receiver.try_recv().context("no answer")? {
            Ok(reply) if reply.answer == PushAnswer::Ok => {}
            other => bail!("{other:?}"),
        }
    }
    let took = start.elapsed();
    let parked: i64 = file.connection().query_row("SELECT COUNT(*) FROM command_log WHERE status = 'parked'", [], |row| row.get(0))?;
    anyhow::ensure!(usize::try_from(parked)? == bad, "{parked} were parked, not {bad}");
    Ok(took)
}
