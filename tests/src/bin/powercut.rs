//! What a power cut could leave: from the traced writes and syncs of a program that creates its file, migrates an older
//! one, or sells, the files are rebuilt as they could be at any instant - everything that was synced, any subset and tear
//! of what came after - reopened, verified, and every acknowledged command looked for. The same with `synchronous=OFF`
//! must fail, or this test proves nothing.
//!
//! A file's sync also keeps its name, as ext4, xfs and btrfs do. The `-shm` file is memory and not rebuilt.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use kontor_desktop::shop::Shop;
use kontor_domain::command::{Command, Request};
use kontor_domain::host::{HostCall, ShopFile, Start};
use kontor_domain::ids::CommandId;
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_store::sqlite::Synchronous;
use kontor_tests::dice::{Dice, fresh_seed};
use kontor_tests::ledger::Ledger;
use kontor_tests::older::make_older;
use kontor_tests::program::{Headless, binary};
use kontor_tests::shop::{Founded, found_command, id, product_command, receive_command};

/// A disk writes whole sectors.
const SECTOR: usize = 512;
const PRODUCTS: usize = 5;
/// Commands after which the program is left alone for long enough to copy its log into its file.
const COMMANDS_BETWEEN_RESTS: u32 = 40;
const REST: std::time::Duration = std::time::Duration::from_millis(700);
/// The last migration of the older program.
const OLDER: i64 = 15;
/// Commands after which chance has entered every kind, or this proves less than it says.
const ENOUGH_COMMANDS: u32 = 120;

#[derive(Debug, Parser)]
struct Arguments {
    /// How many instants are rebuilt.
    #[arg(long, default_value_t = 200)]
    instants: u32,
    /// Commands in the trace.
    #[arg(long, default_value_t = 240)]
    commands: u32,
    /// Chance that can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

/// What the program finds when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// No file: it makes one and founds a shop.
    Nothing,
    /// A file of an older program.
    Older,
    /// A shop.
    Shop,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("powercut: {} instants, seed {seed}", arguments.instants);
    let mut dice = Dice::new(seed);
    let mut held = 0;
    for (before, commands, instants) in [
        (Before::Shop, arguments.commands, arguments.instants.div_ceil(2)),
        (Before::Nothing, 6, arguments.instants.div_ceil(4)),
        (Before::Older, 6, arguments.instants / 4),
    ] {
        let trace = Trace::record(before, commands, &[], &mut dice).await.with_context(|| format!("{before:?}, seed {seed}"))?;
        println!("powercut: {before:?}: {} writes, {} syncs; {}", trace.count(Kind::is_write), trace.count(Kind::is_sync), trace.ledger.books);
        trace.is_worth_it(before, commands)?;
        for instant in 1..=instants {
            trace.check_one(&mut dice).await.with_context(|| format!("{before:?}, instant {instant} of seed {seed}"))?;
            held += 1;
        }
    }
    let off = Trace::record(Before::Shop, arguments.commands, &["--unsafe-synchronous-off"], &mut dice).await?;
    let mut lost = 0;
    for _ in 0..arguments.instants.min(60) {
        lost += u32::from(off.check_one(&mut dice).await.is_err());
    }
    ensure!(lost > 0, "synchronous=OFF lost nothing: this test cannot fail");
    println!("powercut: {held} of {held} instants kept every acknowledged command and verified; at synchronous=OFF {lost} did not (seed {seed})");
    Ok(())
}

/// One thing the program did to a file, in order.
#[derive(Debug)]
enum Kind {
    Write {
        file: String,
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        length: usize,
    },
    Sync {
        file: String,
    },
    Remove {
        file: String,
    },
    /// An answer reached the screen.
    Acknowledge {
        commands: BTreeSet<i64>,
    },
}

impl Kind {
    const fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. })
    }
    const fn is_sync(&self) -> bool {
        matches!(self, Self::Sync { .. })
    }
}

/// What the program did, from its start on.
struct Trace {
    before: BTreeMap<String, Vec<u8>>,
    events: Vec<Kind>,
    /// Number of a call → its command.
    commands: BTreeMap<i64, CommandId>,
    ledger: Ledger,
    /// Where the log is copied into the file while people work: from its first write to its sync.
    checkpoints: Vec<Range<usize>>,
}

impl Trace {
    async fn record(before: Before, commands: u32, more: &[&str], dice: &mut Dice) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let founded = match before {
            Before::Nothing => None,
            Before::Shop | Before::Older => {
                let mut program = Headless::start(folder.path(), &[])?;
                let founded = set_up(&mut program, |_, _| ()).await?;
                program.end().await?;
                Some(founded)
            }
        };
        if before == Before::Older {
            make_older(&folder.path().join("shop.kontor"), OLDER).await?;
        }
        let files = read_files(folder.path())?;
        let log = folder.path().join("trace.txt");
        let mut strace = tokio::process::Command::new("strace");
        strace.args(["-f", "-y", "-xx", "-s", "2000000", "-e", "trace=pwrite64,write,ftruncate,fdatasync,fsync,unlink,unlinkat", "-o"]).arg(&log);
        strace.arg(binary()?).args(["--headless", "--data-dir"]).arg(folder.path()).args(more);
        let mut program = Headless::spawn(strace).context("strace")?;
        let mut calls = BTreeMap::new();
        let founded = match founded {
            Some(founded) => founded,
            None => {
                set_up(&mut program, |number, command| {
                    calls.insert(number, command);
                })
                .await?
            }
        };
        let mut ledger = Ledger::new(founded);
        for command in 1..=commands {
            calls.extend(ledger.send_next(&mut program, dice).await?);
            // Two on their way at a time; now and then nobody enters anything for a while.
            while command % 2 == 0 && !ledger.open.is_empty() {
                let answer = program.answer().await.context("ended")?;
                ledger.hear(&answer)?;
            }
            if command % COMMANDS_BETWEEN_RESTS == 0 {
                tokio::time::sleep(REST).await;
            }
        }
        program.end().await?;
        let events = parse(&std::fs::read_to_string(&log)?, folder.path())?;
        let checkpoints = checkpoints(&events);
        Ok(Self { before: files, events, commands: calls, ledger, checkpoints })
    }

    fn count(&self, pick: fn(&Kind) -> bool) -> usize {
        self.events.iter().filter(|event| pick(event)).count()
    }

    /// What is looked for is in it.
    fn is_worth_it(&self, before: Before, commands: u32) -> anyhow::Result<()> {
        ensure!(self.ledger.open.is_empty() && self.ledger.done.len() >= commands as usize, "not every command was acknowledged");
        if before == Before::Shop && commands >= ENOUGH_COMMANDS {
            ensure!(!self.checkpoints.is_empty(), "the log was never copied into the file while people worked");
            ensure!(self.ledger.books.missing().is_empty(), "never entered: {:?}", self.ledger.books.missing());
        }
        Ok(())
    }

    /// Cuts the power at a random instant, every third in the middle of a checkpoint, rebuilds, reopens, checks.
    async fn check_one(&self, dice: &mut Dice) -> anyhow::Result<()> {
        let cut = match self.checkpoints.get(dice.index(self.checkpoints.len())) {
            Some(checkpoint) if dice.once_in(3) => checkpoint.start + dice.index(checkpoint.len() + 1),
            _ => dice.index(self.events.len() + 1),
        };
        let mut disk = Disk::new(&self.before);
        let mut acknowledged = BTreeSet::new();
        for event in &self.events[..cut] {
            if let Kind::Acknowledge { commands } = event {
                acknowledged.extend(commands.iter().filter_map(|number| self.commands.get(number)).copied());
            }
            disk.apply(event);
        }
        let folder = tempfile::tempdir()?;
        disk.cut(dice, folder.path())?;
        check_files(folder.path(), &acknowledged).await.with_context(|| format!("cut after event {cut} of {}", self.events.len()))
    }
}

/// From the first write of the log to the file up to its sync, where answers come before and after.
fn checkpoints(events: &[Kind]) -> Vec<Range<usize>> {
    let is_acknowledged = |events: &[Kind]| events.iter().any(|event| matches!(event, Kind::Acknowledge { .. }));
    let is_main = |file: &String| file == "shop.kontor";
    let mut found = Vec::new();
    let mut begun = None;
    for (place, event) in events.iter().enumerate() {
        match event {
            Kind::Write { file, .. } if is_main(file) => begun = begun.or(Some(place)),
            Kind::Sync { file } if is_main(file) => {
                if let Some(start) = begun.take()
                    && is_acknowledged(&events[..start])
                    && is_acknowledged(&events[place..])
                {
                    found.push(start..place);
                }
            }
            _ => {}
        }
    }
    found
}

/// Founds a shop; each call and its command are told.
async fn set_up(program: &mut Headless, mut tell: impl FnMut(i64, CommandId)) -> anyhow::Result<Founded> {
    let start: Start = program.host(&HostCall::GetStart).await?;
    let (found, founded) = found_command(start.person, PRODUCTS);
    let mut commands: Vec<Command> = vec![found];
    commands.extend((0..PRODUCTS).map(|index| product_command(&founded, index)));
    commands.push(receive_command(&founded, Quantity(100_000), UnitPrice(50_000)));
    for command in commands {
        let request = Request { id: CommandId(id()), command };
        let number = program.send("execute", &serde_json::to_value(&request)?).await?;
        tell(number, request.id);
        let answer = program.answer().await.context("ended")?;
        ensure!(answer.get("ok").is_some(), "{answer}");
    }
    Ok(founded)
}

fn is_database(name: &str) -> bool {
    name == "shop.kontor" || name == "shop.kontor-wal" || name == "shop.kontor-journal"
}

fn read_files(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_database(&name) {
            files.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// A file: what is surely on the disk, and what was written since its last sync.
#[derive(Debug, Default)]
struct Image {
    synced: Option<Vec<u8>>,
    now: Option<Vec<u8>>,
    since: Vec<Change>,
}

impl Image {
    /// The changes of the file that has its name after the cut: a file that was removed and made anew is another one, and
    /// nothing of one is ever in the other.
    fn kept(&self, manner: u64, dice: &mut Dice) -> &[Change] {
        let Some(removed) = self.since.iter().rposition(|change| matches!(change, Change::Remove)) else { return &self.since };
        let is_gone = manner == 1 || (manner > 1 && dice.once_in(2));
        if is_gone { &self.since[removed..] } else { &self.since[..removed] }
    }
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
    Remove,
}

impl Change {
    fn apply(&self, file: &mut Option<Vec<u8>>) {
        match self {
            Self::Write(at, bytes) => {
                let content = file.get_or_insert_with(Vec::new);
                if content.len() < at + bytes.len() {
                    content.resize(at + bytes.len(), 0);
                }
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Truncate(length) => file.get_or_insert_with(Vec::new).resize(*length, 0),
            Self::Remove => *file = None,
        }
    }
}

#[derive(Debug)]
struct Disk(BTreeMap<String, Image>);

impl Disk {
    fn new(before: &BTreeMap<String, Vec<u8>>) -> Self {
        let image = |bytes: &Vec<u8>| Image { synced: Some(bytes.clone()), now: Some(bytes.clone()), since: Vec::new() };
        Self(before.iter().map(|(name, bytes)| (name.clone(), image(bytes))).collect())
    }

    fn apply(&mut self, event: &Kind) {
        let (file, change) = match event {
            Kind::Write { file, at, bytes } => {
                let end = self.0.get(file).and_then(|image| image.now.as_ref()).map_or(0, Vec::len);
                (file, Change::Write(at.unwrap_or(end), bytes.clone()))
            }
            Kind::Truncate { file, length } => (file, Change::Truncate(*length)),
            Kind::Remove { file } => (file, Change::Remove),
            Kind::Sync { file } => {
                if let Some(image) = self.0.get_mut(file) {
                    image.synced.clone_from(&image.now);
                    image.since.clear();
                }
                return;
            }
            Kind::Acknowledge { .. } => return,
        };
        let image = self.0.entry(file.clone()).or_default();
        change.apply(&mut image.now);
        image.since.push(change);
    }

    /// Writes the files as the disk could have them: each unsynced change whole, torn, or not at all.
    fn cut(&self, dice: &mut Dice, folder: &Path) -> anyhow::Result<()> {
        let manner = dice.roll(4);
        for (name, image) in &self.0 {
            let mut file = image.synced.clone();
            for change in image.kept(manner, dice) {
                match (manner, dice.roll(3)) {
                    _ if matches!(change, Change::Remove) => file = None,
                    (0, _) => {}
                    (1, _) | (_, 0) => change.apply(&mut file),
                    (_, 1) => torn(change, dice).iter().for_each(|part| part.apply(&mut file)),
                    _ => {}
                }
            }
            if let Some(bytes) = file {
                std::fs::write(folder.join(name), bytes)?;
            }
        }
        Ok(())
    }
}

/// Some sectors of a write: the first ones, or any.
fn torn(change: &Change, dice: &mut Dice) -> Vec<Change> {
    let Change::Write(at, bytes) = change else { return vec![change.clone()] };
    let mut sectors = Vec::new();
    let mut begin = 0;
    while begin < bytes.len() {
        // Sectors are those of the file, not of the write: a frame of the log begins in the middle of one.
        let end = (begin + SECTOR - (at + begin) % SECTOR).min(bytes.len());
        sectors.push(Change::Write(at + begin, bytes[begin..end].to_vec()));
        begin = end;
    }
    if dice.once_in(2) {
        sectors.truncate(dice.index(sectors.len() + 1));
    } else {
        sectors.retain(|_| dice.once_in(2));
    }
    sectors
}

async fn check_files(folder: &Path, acknowledged: &BTreeSet<CommandId>) -> anyhow::Result<()> {
    let path = folder.join("shop.kontor");
    let shop = Shop::open(&path, ShopFile::Own, Synchronous::Off).await?;
    let report = shop.reader().verify(&shop.asker(), &|_, _| {}).await;
    shop.close().await;
    let report = report?;
    if let Some(difference) = report.differences.first() {
        bail!("{difference:?}");
    }
    let file = rusqlite::Connection::open(&path)?;
    let sound: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(sound == "ok", "integrity: {sound}");
    for command in acknowledged {
        let kept: i64 = file.query_row("SELECT COUNT(*) FROM command_log WHERE id = ?1", [command.0.as_bytes()], |row| row.get(0))?;
        ensure!(kept == 1, "acknowledged command {command} is lost");
    }
    Ok(())
}

/// Reads strace's lines. A call that another thread interrupts is told in two lines: a write counts from its first
/// (it may be on the disk from then on), a sync from its last (only then it is known to be done).
fn parse(text: &str, folder: &Path) -> anyhow::Result<Vec<Kind>> {
    let mut events = Vec::new();
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        let Some((process, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let name = resumed.split(' ').next().unwrap_or_default();
            if let Some(first) = unfinished.remove(process)
                && first.starts_with(name)
                && is_sync_call(name)
            {
                events.extend(event(first, folder)?);
            }
            continue;
        }
        let name = rest.split('(').next().unwrap_or_default();
        let call = rest.strip_suffix("<unfinished ...>").unwrap_or(rest);
        if call.len() < rest.len() {
            unfinished.insert(process, call);
            if is_sync_call(name) {
                continue;
            }
        }
        events.extend(event(call, folder).with_context(|| format!("{process} {name}"))?);
    }
    Ok(events)
}

fn is_sync_call(name: &str) -> bool {
    name == "fsync" || name == "fdatasync"
}

fn event(call: &str, folder: &Path) -> anyhow::Result<Option<Kind>> {
    let Some((name, arguments)) = call.split_once('(') else { return Ok(None) };
    let file = file_of(arguments, folder);
    Ok(match (name, file) {
        ("write", _) if arguments.starts_with("1<") => acknowledge(arguments)?,
        ("write" | "pwrite64", Some(file)) => {
            let bytes = bytes_of(arguments)?;
            let at = if name == "pwrite64" { Some(last_number(arguments)?) } else { None };
            Some(Kind::Write { file, at, bytes })
        }
        ("ftruncate", Some(file)) => Some(Kind::Truncate { file, length: last_number(arguments)? }),
        ("fsync" | "fdatasync", Some(file)) => Some(Kind::Sync { file }),
        ("unlink" | "unlinkat", _) => {
            let path = String::from_utf8_lossy(&bytes_of(arguments)?).into_owned();
            let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            is_database(&name).then_some(Kind::Remove { file: name })
        }
        _ => None,
    })
}

/// The name of our file that a descriptor stands for.
fn file_of(arguments: &str, folder: &Path) -> Option<String> {
    let path = arguments.split_once('<')?.1.split_once('>')?.0;
    let path = if path.starts_with("\\x") { String::from_utf8(unhex(path).ok()?).ok()? } else { path.to_owned() };
    let name = Path::new(&path).strip_prefix(folder).ok()?.to_string_lossy().into_owned();
    is_database(&name).then_some(name)
}

fn bytes_of(arguments: &str) -> anyhow::Result<Vec<u8>> {
    let text = arguments.split('"').nth(1).context("no bytes")?;
    ensure!(!arguments.contains("\"..."), "the trace cut a write short");
    unhex(text)
}

fn unhex(text: &str) -> anyhow::Result<Vec<u8>> {
    text.split("\\x").skip(1).map(|digits| Ok(u8::from_str_radix(digits.get(..2).context("hex")?, 16)?)).collect()
}

/// The last argument: a place or a length.
fn last_number(arguments: &str) -> anyhow::Result<usize> {
    let inside = arguments.split(") =").next().unwrap_or(arguments).trim_end().trim_end_matches(')');
    let last = inside.rsplit(',').next().context("no arguments")?;
    Ok(last.trim().parse()?)
}

fn acknowledge(arguments: &str) -> anyhow::Result<Option<Kind>> {
    let text = String::from_utf8_lossy(&bytes_of(arguments)?).into_owned();
    let mut commands = BTreeSet::new();
    for line in text.lines() {
        let answer: serde_json::Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        if answer.get("ok").is_some() {
            commands.extend(answer["n"].as_i64());
        }
    }
    Ok(Some(Kind::Acknowledge { commands }))
}
