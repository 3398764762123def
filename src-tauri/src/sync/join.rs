//! Joining a shop server, and leaving it. A history is never merged into another: a shop that was alone moves by its
//! file (the server adopts a copy of it), and then this till joins what it has become.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kontor_domain::host::JoinServer;
use kontor_domain::ids::CompanyId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_domain::world::Scope;
use kontor_store::copy::{self, Meta};
use kontor_store::feed::{self, FeedFile, Head};
use kontor_store::{StoreError, closed_file};
use kontor_store::{shape, snapshot};
use kontor_sync::enrol::EnrolReply;
use kontor_sync::message::{Echo, PullReply, PullRequest};
use uuid::Uuid;

use super::address::{Address, fingerprint, split_code};
use super::client::{self, Client, Trouble, Watcher};
use super::connection::{Connection, aside};
use crate::program::internal;
use crate::shop::Shop;

/// How a ready file's name ends while it comes.
const COMING: &str = "coming";

/// A server that took the code.
#[derive(Debug)]
pub struct Accepted {
    address: Address,
    believed: Option<String>,
    client: Client,
    reply: EnrolReply,
    /// The ready file that was fetched for this till's copy.
    ready: Option<ReadyFile>,
}

/// A ready file on its way to become this till's copy. One that does not become it is gone with this.
#[derive(Debug)]
struct ReadyFile(PathBuf);

impl Drop for ReadyFile {
    fn drop(&mut self) {
        if let Err(error) = closed_file::remove(&self.0) {
            tracing::warn!(%error, "a ready file");
        }
    }
}

impl Accepted {
    fn connection(&self) -> Connection {
        Connection::new(&self.address, self.believed.clone(), &self.reply)
    }
}

/// What joining found.
#[derive(Debug)]
pub struct Joined {
    /// The server.
    pub connection: Connection,
    /// Whether the company is the one of the shop that was alone here: its file is now only a keepsake.
    pub has_moved: bool,
}

/// Looks for the server and uses the code.
pub async fn ask(wish: JoinServer) -> Result<Accepted, Reject> {
    let address = Address::read(&wish.address)?;
    let (code, of_code) = split_code(&wish.code);
    // What a person meant as a certificate is never taken for none.
    let malformed = || Reject::field(Code::Format, "fingerprint");
    let compared = wish.fingerprint.as_deref().map(|typed| fingerprint(typed).ok_or_else(malformed)).transpose()?;
    let believed = of_code.or(compared).filter(|_| address.is_secure());
    let client = Client::new(&address, believed.as_deref())?;
    // Before the code is said to anybody.
    client.probe().await.map_err(told)?;
    let reply = client.enrol(code).await.map_err(told)?;
    Ok(Accepted { address, believed, client, reply, ready: None })
}

/// Many rows come sooner as one ready file than one by one. If it cannot be had, nothing is lost but time. Nothing here is
/// changed or closed for it: whoever stops it is where they were, and needs a new code.
pub async fn fetch(folder: &Path, own_file: &Path, mut accepted: Accepted, watcher: &impl Watcher) -> Result<Accepted, Reject> {
    // What will be refused at the end is refused before anybody waits for it.
    if let Some(head) = own_head(own_file, accepted.reply.company).await? {
        check_moved(&accepted.client, &accepted.reply, &head).await?;
    }
    let connection = accepted.connection();
    if connection.path(folder).exists() {
        return if watcher.has_stopped() { Err(client::stopped()) } else { Ok(accepted) };
    }
    let ready = ReadyFile(connection.path(folder).with_extension(COMING));
    match fetch_file(&ready.0, &connection, &accepted, watcher).await {
        Ok(true) => accepted.ready = Some(ready),
        Ok(false) => {}
        Err(trouble) => tracing::info!(trouble = trouble.word(), code = ?trouble.code(), "no ready file"),
    }
    if watcher.has_stopped() { Err(client::stopped()) } else { Ok(accepted) }
}

/// Keeps what the server said and makes this till's copy. `own_file` is the shop that was alone here, closed.
pub async fn settle(folder: &Path, own_file: &Path, accepted: Accepted) -> Result<Joined, Reject> {
    let mut connection = accepted.connection();
    let Accepted { client, reply, ready, .. } = accepted;
    // Again: until it was closed somebody may have sold.
    let own = own_head(own_file, reply.company).await?;
    if let Some(head) = &own {
        check_moved(&client, &reply, head).await?;
    }
    keep(folder, &connection, reply.token.clone()).await?;
    if let Some(ready) = ready
        && let Err(error) = closed_file::rename(&ready.0, &connection.path(folder))
    {
        tracing::warn!(%error, "a ready file");
    }
    connection.ensure_copy(folder).await?;
    put_moved_aside(own_file, reply.company).map_err(|error| error.reject())?;
    Ok(Joined { connection, has_moved: own.is_some() })
}

/// Removes what a program that was killed had fetched of a ready file.
pub fn remove_half_files(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for path in files.flatten().map(|file| file.path()).filter(|path| path.extension().is_some_and(|ending| ending == COMING)) {
        drop(ReadyFile(path));
    }
}

/// Fetches the rows that all devices hold: the products are among them.
async fn fetch_file(to: &Path, connection: &Connection, accepted: &Accepted, watcher: &impl Watcher) -> Result<bool, Trouble> {
    closed_file::remove(to).map_err(|error| error.reject())?;
    let of = accepted.client.snapshot(&accepted.reply.token, Scope::COMPANY, to, watcher).await?;
    let meta = Meta { seen_rev: of.rev, seen: of.mark, ..Meta::fresh(Some(of.epoch), Uuid::new_v4(), connection.series) };
    let (installation, path) = (connection.installation(), to.to_owned());
    let started = tokio::task::spawn_blocking(move || snapshot::start_copy(&path, installation, &meta)).await.map_err(internal)?;
    Ok(started.map_err(|error| error.reject())?)
}

/// A shop that was alone here and is the server's company goes on at the server: sold on here it would be another history.
/// The file stays, under another name. Asked at every start, too: the program may have ended between joining and this.
pub fn put_moved_aside(own_file: &Path, company: CompanyId) -> Result<(), StoreError> {
    if closed_file::has_history(own_file, company)? { closed_file::rename(own_file, &aside(own_file, "moved")) } else { Ok(()) }
}

/// Takes up a new token for a till that has joined already: its old one was taken back, or the server has moved.
pub async fn renew(folder: &Path, known: Connection, accepted: Accepted) -> Result<(), Reject> {
    let Accepted { address, believed, reply, .. } = accepted;
    if (reply.company, reply.device) != (known.company, known.device) {
        return Err(Reject::new(Code::NotAllowedInState).with("action", "join").with("state", "joined"));
    }
    let mut renewed = Connection { file: known.file, series: known.series, is_made: known.is_made, ..Connection::new(&address, believed, &reply) };
    if renewed.is_made && !renewed.is_its_copy(&renewed.path(folder))? {
        // Its file is lost: a new one numbers in a series that nobody has used.
        (renewed.series, renewed.is_made) = (reply.series, false);
    }
    keep(folder, &renewed, reply.token).await
}

/// Keeps the token, then the connection: with the connection there is a token.
async fn keep(folder: &Path, connection: &Connection, token: Secret) -> Result<(), Reject> {
    let (keeper, to) = (connection.clone(), folder.to_owned());
    tokio::task::spawn_blocking(move || keeper.keep_token(&to, &token)).await.map_err(internal)??;
    connection.save(folder)
}

fn told(trouble: Trouble) -> Reject {
    trouble.reject().unwrap_or_else(|| internal("interrupted"))
}

/// Where the shop that is alone here stands, if it is the same company.
async fn own_head(own_file: &Path, company: CompanyId) -> Result<Option<Head>, Reject> {
    if !closed_file::has_company(own_file).map_err(|error| error.reject())? {
        return Ok(None);
    }
    let path = own_file.to_owned();
    let read = move || {
        let mut file = FeedFile::open(&path)?;
        let snapshot = file.snapshot()?;
        snapshot.head_of(company)
    };
    tokio::task::spawn_blocking(read).await.map_err(internal)?.map_err(|error| error.reject())
}

/// The server must know the last command of this shop, or sales made after the file was taken would be nowhere. It is
/// asked as a copy asks that has seen it.
async fn check_moved(client: &Client, reply: &EnrolReply, head: &Head) -> Result<(), Reject> {
    let request = PullRequest {
        device: reply.device,
        seen: head.mark.map(|mark| (head.rev, mark)),
        shape: shape::shape(),
        schema: feed::schema(),
        booting: BTreeMap::new(),
        sums: false,
        mismatched: Vec::new(),
        wait_ms: 0,
        // No epoch: a server that was restored since has another one, and what was seen is the proof.
        state: Echo { epoch: None, replica: Uuid::new_v4(), acked: 0, cursors: BTreeMap::new() },
    };
    let token: &Secret = &reply.token;
    match client.pull(token, request).await.map_err(told)? {
        PullReply::Page(_) => Ok(()),
        PullReply::Reset { .. } => Err(Reject::new(Code::MovedOlder)),
        PullReply::Upgrade => Err(Reject::new(Code::ProgramOlder)),
        PullReply::Wait => Err(Reject::new(Code::ServerOlder)),
    }
}

/// Leaves the server that an open copy belongs to. What was not sent goes into a sealed file first; without one it is
/// refused. The copy stays where it is under another name.
pub async fn leave(folder: &Path, shop: &Shop, connection: &Connection, sealed_path: Option<&Path>) -> Result<(), Reject> {
    let waiting = shop.reader().outbox().await.map_err(|error| error.reject())?.commands;
    let sealed = match sealed_path {
        _ if waiting == 0 => 0,
        Some(path) => super::export(shop, connection, path).await?,
        None => return Err(Reject::new(Code::Unsent).with("count", waiting)),
    };
    shop.close().await;
    // The closed file is what counts: a sale that was on its way to the writer is in it by now.
    let path = connection.path(folder);
    let unsent = copy::count_waiting(&path).map_err(|error| error.reject())?;
    if unsent != sealed {
        return Err(Reject::new(Code::Unsent).with("count", unsent));
    }
    connection.forget(folder)?;
    closed_file::rename(&path, &aside(&path, "left")).map_err(|error| error.reject())
}
