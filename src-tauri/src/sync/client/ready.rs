//! Ready files: many rows at once, unpacked to the disk while they come.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_domain::world::Scope;
use kontor_store::agent::Mark;
use kontor_sync::message::{SNAPSHOT_EPOCH, SNAPSHOT_MARK, SNAPSHOT_REV};
use reqwest::{Response, StatusCode};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Client, Trouble, WINDOW_LOG_LIMIT};

/// How long a ready file may take.
const FILE_LIMIT: Duration = Duration::from_mins(30);
/// Most bytes of a ready file.
const FILE_BYTES_LIMIT: u64 = 64 * 1_073_741_824;
/// Chunks that may wait to be unpacked.
const CHUNKS_AHEAD: usize = 32;

/// Who watches a file come, and may not want it any more.
pub trait Watcher: Sync {
    /// So many bytes of all have come; of 0 while the server has not said how many there are.
    fn came(&self, done: i64, total: i64);
    /// Whether it is not wanted any more.
    fn has_stopped(&self) -> bool;
    /// Ends when it is not wanted any more.
    fn stopped(&self) -> impl Future<Output = ()> + Send;
}

/// What a ready file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotOf {
    /// The history.
    pub epoch: Uuid,
    /// The rev its rows are of.
    pub rev: i64,
    /// What the history is there.
    pub mark: Option<Mark>,
}

impl SnapshotOf {
    fn read((epoch, rev, mark): (Option<String>, Option<String>, Option<String>)) -> Option<Self> {
        let mark = mark.filter(|mark| !mark.is_empty()).map(|mark| mark.parse().map(Mark)).transpose().ok()?;
        Some(Self { epoch: epoch?.parse().ok()?, rev: rev?.parse().ok()?, mark })
    }
}

impl Client {
    /// A ready file with a scope's rows, unpacked to a path; what it is of. Whatever ends it, nobody writes there any more.
    pub async fn snapshot(&self, token: &Secret, scope: Scope, to: &Path, watcher: &impl Watcher) -> Result<SnapshotOf, Trouble> {
        // The server may have to make it first.
        watcher.came(0, 0);
        let request = self.http.get(self.address.at(&format!("/api/v1/sync/snapshot/{}", scope.0))).bearer_auth(&token.0);
        let response = tokio::select! {
            response = self.send(request, FILE_LIMIT) => response?,
            () = watcher.stopped() => return Err(Trouble::Refused(stopped())),
        };
        if response.status() != StatusCode::OK {
            let status = response.status();
            return Err(self.refused(status, response).await);
        }
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let of = (header(SNAPSHOT_EPOCH), header(SNAPSHOT_REV), header(SNAPSHOT_MARK));
        let of = SnapshotOf::read(of).ok_or_else(|| self.unexpected("snapshot"))?;
        let (sender, receiver) = mpsc::channel::<Vec<u8>>(CHUNKS_AHEAD);
        let path = to.to_owned();
        let written = tokio::task::spawn_blocking(move || unpack_file(receiver, &path));
        let passed = tokio::select! {
            passed = self.pass_on(response, sender, watcher) => passed,
            () = watcher.stopped() => Err(Trouble::Refused(stopped())),
        };
        let written = written.await.map_err(crate::program::internal)?;
        passed?;
        written.map_err(|error| {
            tracing::warn!(%error, "a ready file");
            self.unexpected("snapshot")
        })?;
        Ok(of)
    }

    /// Hands on what comes, to its end or until nobody takes it.
    async fn pass_on(&self, mut response: Response, to: mpsc::Sender<Vec<u8>>, watcher: &impl Watcher) -> Result<(), Trouble> {
        let total = response.content_length().and_then(|length| i64::try_from(length).ok()).unwrap_or(0);
        let (mut done, mut told_percent) = (0_i64, -1);
        while let Some(chunk) = response.chunk().await.map_err(|_| self.away())? {
            done = done.saturating_add(i64::try_from(chunk.len()).unwrap_or(i64::MAX));
            let percent = percent(done, total);
            if percent != told_percent {
                told_percent = percent;
                watcher.came(done, total);
            }
            if to.send(chunk.to_vec()).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// How much of all, per cent; 0 where nobody knows how much that is.
const fn percent(done: i64, total: i64) -> i64 {
    if total > 0 { done.saturating_mul(100) / total } else { 0 }
}

/// What is told of a file that somebody did not want any more.
pub fn stopped() -> Reject {
    Reject::new(Code::NotAllowedInState).with("action", "join").with("state", "cancelled")
}

/// Chunks of a file as they come.
struct Chunks {
    receiver: mpsc::Receiver<Vec<u8>>,
    chunk: std::io::Cursor<Vec<u8>>,
}

impl std::io::Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.chunk.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.receiver.blocking_recv() {
                Some(chunk) => self.chunk = std::io::Cursor::new(chunk),
                None => return Ok(0),
            }
        }
    }
}

fn unpack_file(receiver: mpsc::Receiver<Vec<u8>>, to: &Path) -> std::io::Result<()> {
    let mut decoder = zstd::stream::read::Decoder::new(Chunks { receiver, chunk: std::io::Cursor::default() })?;
    decoder.window_log_max(WINDOW_LOG_LIMIT)?;
    // A line that was cut ends in the middle of a frame: the decoder says so.
    let length = std::io::copy(&mut decoder.take(FILE_BYTES_LIMIT), &mut std::fs::File::create(to)?)?;
    if length == FILE_BYTES_LIMIT { Err(std::io::Error::other("too large")) } else { Ok(()) }
}
