//! A bad network between a till and its server: every request that comes through meets a fate drawn from one seed, or is
//! bent on purpose.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::dice::Dice;

/// Longest request or answer that is passed on, bytes.
const LENGTH_LIMIT: u64 = 256 * 1024 * 1024;
/// Longest time a message is held back, milliseconds.
const DELAY_LIMIT_MS: u64 = 300;

/// How a push begins, a pull, and the question for a ready file.
const PUSH: &[u8] = b"POST /api/v1/sync/push ";
const PULL: &[u8] = b"POST /api/v1/sync/pull ";
const FILE: &[u8] = b"GET /api/v1/sync/snapshot/";

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    /// Held back first.
    Delay,
    /// Never reaches the server.
    LoseRequest,
    /// The server sees the first half of it.
    CutRequest,
    /// The server did it, and nobody hears.
    LoseReply,
    /// The till sees the first half of the answer.
    CutReply,
    /// It reaches the server twice; the second answer is heard.
    Twice,
    /// It reaches the server again when the till has long gone on.
    Late,
}

impl Fate {
    const fn draw(dice: &mut Dice) -> Self {
        match dice.roll(100) {
            0..=49 => Self::Pass,
            50..=61 => Self::Delay,
            62..=67 => Self::LoseRequest,
            68..=72 => Self::CutRequest,
            73..=80 => Self::LoseReply,
            81..=86 => Self::CutReply,
            87..=93 => Self::Twice,
            _ => Self::Late,
        }
    }
}

/// What is done to messages on purpose, in fair weather.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bend {
    /// Nothing.
    #[default]
    None,
    /// Of a ready file the till sees the first half, and waits for the rest.
    HoldFile,
    /// The till's program has other tables: those of so many migrations later, or earlier.
    OtherTables(i64),
    /// The till's commands are of a version that no server knows.
    NewerCommands,
    /// The till's clock is so much ahead, milliseconds.
    ClockAhead(i64),
}

impl Bend {
    /// The request as the server sees it.
    fn change(self, request: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::OtherTables(by) if request.starts_with(PULL) => rewrite(&request, |body| {
                add(body, "shape", 1);
                add(body, "schema", by);
            }),
            Self::NewerCommands if request.starts_with(PUSH) => rewrite(&request, |body| {
                for command in body["commands"].as_array_mut().into_iter().flatten() {
                    command["version"] = u32::MAX.into();
                }
            }),
            Self::ClockAhead(by_ms) if request.starts_with(PUSH) => rewrite(&request, |body| add(body, "now", by_ms)),
            _ => Ok(request),
        }
    }
}

fn add(body: &mut Value, field: &str, more: i64) {
    body[field] = body[field].as_i64().unwrap_or(0).wrapping_add(more).into();
}

/// A request with something else in its body, which nobody packs again.
fn rewrite(request: &[u8], change: impl FnOnce(&mut Value)) -> anyhow::Result<Vec<u8>> {
    let end = head_end(request).context("a head")?;
    let (head, body) = (std::str::from_utf8(&request[..end])?, &request[end..]);
    let is_named = |line: &str, name: &str| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
    let is_packed = head.lines().any(|line| is_named(line, "content-encoding"));
    let body = if is_packed { zstd::stream::decode_all(body)? } else { body.to_vec() };
    let mut body: Value = serde_json::from_slice(&body)?;
    change(&mut body);
    let body = serde_json::to_vec(&body)?;
    let mut changed = String::new();
    for line in head.lines().filter(|line| !line.is_empty() && !is_named(line, "content-encoding") && !is_named(line, "content-length")) {
        changed.push_str(line);
        changed.push_str("\r\n");
    }
    let mut changed = format!("{changed}content-length: {}\r\n\r\n", body.len()).into_bytes();
    changed.extend(body);
    Ok(changed)
}

/// Where the head of a request ends, if all of it is there.
fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|place| place + 4)
}

/// A proxy on a port of its own; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: String,
    is_stormy: AtomicBool,
    dice: Mutex<Dice>,
    harmed: AtomicU64,
    /// Pushes that the server has in hand.
    pushes: AtomicU64,
    bend: Mutex<Bend>,
}

impl Proxy {
    /// Starts one in front of a server (`host:port`), in fair weather.
    pub async fn start(server: String, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let (is_stormy, dice) = (AtomicBool::new(false), Mutex::new(Dice::new(seed)));
        let shared = Arc::new(Shared { server, is_stormy, dice, harmed: AtomicU64::new(0), pushes: AtomicU64::new(0), bend: Mutex::default() });
        let accepting = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                // A till or server that was killed ends its connection: that is what this is for.
                tokio::spawn(async move { drop(shared.serve(client).await) });
            }
        });
        Ok(Self { address, shared, task })
    }

    /// Where tills find the server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether messages come to harm from now on.
    pub fn storm(&self, is_stormy: bool) {
        self.shared.is_stormy.store(is_stormy, Ordering::Relaxed);
    }

    /// What is done to messages from now on.
    pub fn bend(&self, bend: Bend) {
        *self.shared.bend.lock().unwrap_or_else(PoisonError::into_inner) = bend;
    }

    /// How many messages came to harm.
    pub fn harmed(&self) -> u64 {
        self.shared.harmed.load(Ordering::Relaxed)
    }

    /// How many pushes the server has in hand now.
    pub fn pushes(&self) -> u64 {
        self.shared.pushes.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// One request to a connection: whatever is cut is cut whole.
    async fn serve(&self, mut client: TcpStream) -> anyhow::Result<()> {
        let bend = *self.bend.lock().unwrap_or_else(PoisonError::into_inner);
        let request = bend.change(read_request(&mut client).await?)?;
        if bend == Bend::HoldFile && request.starts_with(FILE) {
            return self.hold(client, &request).await;
        }
        let (fate, delay) = {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            let fate = if self.is_stormy.load(Ordering::Relaxed) { Fate::draw(&mut dice) } else { Fate::Pass };
            (fate, Duration::from_millis(dice.roll(DELAY_LIMIT_MS)))
        };
        if fate != Fate::Pass {
            self.harmed.fetch_add(1, Ordering::Relaxed);
        }
        match fate {
            Fate::Pass => client.write_all(&self.ask(&request).await?).await?,
            Fate::Delay => {
                tokio::time::sleep(delay).await;
                client.write_all(&self.ask(&request).await?).await?;
            }
            Fate::LoseRequest => {}
            Fate::CutRequest => {
                let mut server = TcpStream::connect(&self.server).await?;
                server.write_all(&request[..request.len() / 2]).await?;
            }
            Fate::LoseReply => drop(self.ask(&request).await?),
            Fate::CutReply => {
                let reply = self.ask(&request).await?;
                client.write_all(&reply[..reply.len() / 2]).await?;
            }
            Fate::Twice => {
                self.ask(&request).await?;
                client.write_all(&self.ask(&request).await?).await?;
            }
            Fate::Late => {
                client.write_all(&self.ask(&request).await?).await?;
                client.shutdown().await?;
                tokio::time::sleep(delay * 4).await;
                self.ask(&request).await?;
            }
        }
        Ok(())
    }

    /// Half of the answer, and then nothing until the till hangs up.
    async fn hold(&self, mut client: TcpStream, request: &[u8]) -> anyhow::Result<()> {
        let reply = self.ask(request).await?;
        client.write_all(&reply[..reply.len() / 2]).await?;
        while client.read_buf(&mut Vec::new()).await? > 0 {}
        Ok(())
    }

    /// The server's whole answer.
    async fn ask(&self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let pushes = u64::from(request.starts_with(PUSH));
        self.pushes.fetch_add(pushes, Ordering::Relaxed);
        let reply = self.pass_on(request).await;
        self.pushes.fetch_sub(pushes, Ordering::Relaxed);
        reply
    }

    async fn pass_on(&self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut server = TcpStream::connect(&self.server).await?;
        server.write_all(request).await?;
        let mut reply = Vec::new();
        server.take(LENGTH_LIMIT).read_to_end(&mut reply).await?;
        Ok(reply)
    }
}

/// A whole request that asks for the connection to be closed after it.
async fn read_request(client: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = head_end(&bytes) {
            break end;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            bail!("the till hung up");
        }
    };
    let text = std::str::from_utf8(&bytes[..head])?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>())
    });
    let length = usize::try_from(length.transpose()?.unwrap_or(0).min(LENGTH_LIMIT))?;
    while bytes.len() < head + length {
        if client.read_buf(&mut bytes).await? == 0 {
            bail!("the till hung up");
        }
    }
    let first_line = bytes.iter().position(|byte| *byte == b'\n').context("a request line")? + 1;
    bytes.splice(first_line..first_line, *b"Connection: close\r\n");
    Ok(bytes)
}
