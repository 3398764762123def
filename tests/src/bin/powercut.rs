//! What a power cut could leave: from the traced writes and syncs of a selling program, the files are rebuilt as they
//! could be at any instant - everything that was synced, any subset and tear of what came after - reopened, verified,
//! and every acknowledged sale looked for. The same with `synchronous=OFF` must fail, or this test proves nothing.
//!
//! A file's sync also keeps its name, as ext4, xfs and btrfs do. The `-shm` file is memory and not rebuilt.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use kontor_desktop::shop::Shop;
use kontor_domain::command::Request;
use kontor_domain::host::{HostCall, ShopFile, Start};
use kontor_domain::ids::CommandId;
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_store::sqlite::Synchronous;
use kontor_tests::dice::{Dice, fresh_seed};
use kontor_tests::program::{Headless, binary};
use kontor_tests::shop::{Founded, found_command, id, product_command, receive_command, sale_command};

/// A disk writes whole sectors.
const SECTOR: usize = 512;
const PRODUCTS: usize = 5;

#[derive(Debug, Parser)]
struct Arguments {
    /// How many instants are rebuilt.
    #[arg(long, default_value_t = 200)]
    instants: u32,
    /// Sales in the trace.
    #[arg(long, default_value_t = 120)]
    sales: u32,
    /// Chance that can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    println!("powercut: {} instants, seed {seed}", arguments.instants);
    let mut dice = Dice::new(seed);
    let full = Trace::record(arguments.sales, &[]).await?;
    println!("powercut: {} writes, {} syncs, {} sales acknowledged", full.count(Kind::is_write), full.count(Kind::is_sync), full.acknowledged());
    ensure!(full.acknowledged() >= arguments.sales as usize, "not all sales were acknowledged");
    let mut held = 0;
    for instant in 1..=arguments.instants {
        full.check_one(&mut dice).await.with_context(|| format!("instant {instant} of seed {seed}"))?;
        held += 1;
    }
    let off = Trace::record(arguments.sales, &["--unsafe-synchronous-off"]).await?;
    let mut lost = 0;
    for _ in 0..arguments.instants.min(60) {
        lost += u32::from(off.check_one(&mut dice).await.is_err());
    }
    ensure!(lost > 0, "synchronous=OFF lost nothing: this test cannot fail");
    println!("powercut: {held} of {held} instants kept every acknowledged sale and verified; at synchronous=OFF {lost} did not (seed {seed})");
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

/// What the program did, from a clean file on.
struct Trace {
    before: BTreeMap<String, Vec<u8>>,
    events: Vec<Kind>,
    /// Number of a call → its command.
    commands: BTreeMap<i64, CommandId>,
}

impl Trace {
    async fn record(sales: u32, more: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let founded = set_up(folder.path()).await?;
        let before = read_files(folder.path())?;
        let log = folder.path().join("trace.txt");
        let mut strace = tokio::process::Command::new("strace");
        strace.args(["-f", "-y", "-xx", "-s", "2000000", "-e", "trace=pwrite64,write,ftruncate,fdatasync,fsync,unlink,unlinkat", "-o"]).arg(&log);
        strace.arg(binary()?).args(["--headless", "--data-dir"]).arg(folder.path()).args(more);
        let mut program = Headless::spawn(strace).context("strace")?;
        let mut commands = BTreeMap::new();
        for sale in 0..sales {
            let lines: Vec<usize> = (0..=usize::try_from(sale % 4)?).collect();
            let request = Request { id: CommandId(id()), command: sale_command(&founded, &lines)? };
            let number = program.send("execute", &serde_json::to_value(&request)?).await?;
            commands.insert(number, request.id);
            // Two on their way at a time; every 40th waits long enough for an idle checkpoint.
            if sale % 2 == 1 {
                program.answer().await.context("ended")?;
                program.answer().await.context("ended")?;
            }
            if sale % 40 == 39 {
                tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            }
        }
        program.end().await?;
        let events = parse(&std::fs::read_to_string(&log)?, folder.path())?;
        Ok(Self { before, events, commands })
    }

    fn count(&self, pick: fn(&Kind) -> bool) -> usize {
        self.events.iter().filter(|event| pick(event)).count()
    }

    fn acknowledged(&self) -> usize {
        let kinds = self.events.iter().filter_map(|event| if let Kind::Acknowledge { commands } = event { Some(commands.len()) } else { None });
        kinds.sum()
    }

    /// Cuts the power at a random instant, rebuilds, reopens, checks.
    async fn check_one(&self, dice: &mut Dice) -> anyhow::Result<()> {
        let cut = dice.index(self.events.len() + 1);
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

async fn set_up(folder: &Path) -> anyhow::Result<Founded> {
    let mut program = Headless::start(folder, &[])?;
    let start: Start = serde_json::from_value(program.ok("host", &serde_json::to_value(HostCall::GetStart)?).await?)?;
    let (found, founded) = found_command(start.person, PRODUCTS);
    let mut commands = vec![found];
    commands.extend((0..PRODUCTS).map(|index| product_command(&founded, index)));
    commands.push(receive_command(&founded, Quantity(100_000), UnitPrice(50_000)));
    for command in commands {
        program.ok("execute", &serde_json::to_value(Request { id: CommandId(id()), command })?).await?;
    }
    program.end().await?;
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
            for change in &image.since {
                match (manner, dice.roll(3)) {
                    (0, _) => {}
                    (1, _) | (_, 0) => change.apply(&mut file),
                    (_, 1) => torn(change, dice).apply(&mut file),
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

/// The first sectors of a write.
fn torn(change: &Change, dice: &mut Dice) -> Change {
    match change {
        Change::Write(at, bytes) => {
            let sectors = bytes.len() / SECTOR;
            Change::Write(*at, bytes[..(dice.index(sectors + 1) * SECTOR).min(bytes.len())].to_vec())
        }
        other => other.clone(),
    }
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
