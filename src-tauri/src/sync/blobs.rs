//! Bytes that rows name go their own way, one by one, and never before what was entered: first what this till has to send,
//! then what somebody here wants to see. When nothing is left to do, small pictures come that nobody has asked for yet: a
//! till that is cut off shows its goods all the same.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use kontor_documents::picture;
use kontor_domain::blob::BlobHash;
use kontor_domain::host::HostEvent;
use kontor_domain::reject::Reject;
use kontor_domain::secret::Secret;
use kontor_domain::time::Instant;
use kontor_store::StoreError;
use kontor_store::blob::{Blob, Direction, Waiting};

use super::client::{Client, Sent, Trouble};
use super::connection::Connection;
use super::run::{PAUSES, line, pauses};
use crate::images::KEPT_FOR_MS;
use crate::platform;
use crate::program::{Program, internal};
use crate::shop::Shop;

/// How long bytes wait for the commands before them, when nobody says that those are sent.
const BEHIND: Duration = Duration::from_secs(5);
/// First and longest wait for bytes, or a row, that the server does not have yet.
const ABSENT_MS: (i64, i64) = (2_000, 600_000);

/// Small pictures that are asked for ahead at a time.
const AHEAD: u32 = 32;
/// A till that has so many pictures asks for no more than somebody looks at: about 60 MB.
const AHEAD_LIMIT: i64 = 10_000;
/// How often it is looked whether there are any.
const LOOK_AHEAD: Duration = Duration::from_secs(20);

/// What moves bytes.
pub struct Mover {
    /// Whom to tell.
    pub program: Weak<Program>,
    /// The till's copy.
    pub shop: Arc<Shop>,
    /// Which server.
    pub connection: Connection,
    /// Where the token is, if no keychain has it.
    pub folder: PathBuf,
}

/// Runs until the task is ended.
pub async fn run(mover: Mover) {
    if let Err(error) = mover.forget().await {
        tracing::warn!(%error, "bytes that no row names");
    }
    let (mut left, mut looked_at) = (pauses(), None);
    loop {
        let pause = match mover.round(&mut looked_at).await {
            Ok(pause) => {
                left = pauses();
                pause
            }
            Err(trouble) => {
                tracing::info!(trouble = trouble.word(), code = ?trouble.code(), "blobs");
                left.next().unwrap_or(PAUSES.1)
            }
        };
        tokio::select! {
            () = mover.shop.blobs_due.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// When bytes that are not there are asked for again.
fn later(now: Instant, tries: i64) -> Instant {
    let doubled_ms = ABSENT_MS.0 << tries.clamp(0, 20);
    Instant(now.0.saturating_add(doubled_ms.min(ABSENT_MS.1)))
}

/// How long until then; `None`: it is time, or the clock was set back and says nothing.
fn until(due_at: Instant, now: Instant) -> Option<Duration> {
    let left_ms = due_at.0.saturating_sub(now.0);
    (1..=ABSENT_MS.1).contains(&left_ms).then(|| Duration::from_millis(left_ms.unsigned_abs()))
}

impl Mover {
    async fn forget(&self) -> Result<(), StoreError> {
        let before = Instant(platform::now().0.saturating_sub(KEPT_FOR_MS));
        self.shop.blobs().forget_unnamed(self.shop.installation.company, before).await.map(|_| ())
    }

    async fn next(&self) -> Result<Option<Waiting>, Reject> {
        self.shop.blobs().next(self.shop.installation.company, platform::now()).await.map_err(|error| error.reject())
    }

    /// Moves all that can be moved; how long nothing is to be done then.
    async fn round(&self, looked_at: &mut Option<std::time::Instant>) -> Result<Duration, Trouble> {
        let mut open: Option<(Client, Secret)> = None;
        loop {
            let Some(waiting) = self.next().await? else {
                let left = looked_at.map_or(Duration::ZERO, |at| LOOK_AHEAD.saturating_sub(at.elapsed()));
                if left > Duration::ZERO {
                    return Ok(left);
                }
                if !self.looks_ahead().await? {
                    *looked_at = Some(std::time::Instant::now());
                }
                continue;
            };
            if let Some(pause) = until(waiting.due_at, platform::now()) {
                return Ok(pause);
            }
            if self.shop.reader().outbox().await.map_err(|error| error.reject())?.commands > 0 {
                return Ok(BEHIND);
            }
            let (client, token) = match &mut open {
                Some(open) => open,
                None => open.insert(line(&self.connection, &self.folder).await?),
            };
            match waiting.direction {
                Direction::Send => self.send(client, token, waiting).await?,
                Direction::Fetch => self.fetch(client, token, waiting).await?,
            }
        }
    }

    /// Asks for small pictures that nobody has looked at yet; whether there are any.
    async fn looks_ahead(&self) -> Result<bool, Reject> {
        let (blobs, company) = (self.shop.blobs(), self.shop.installation.company);
        let failed = |error: StoreError| error.reject();
        if blobs.count(company).await.map_err(failed)? >= AHEAD_LIMIT {
            return Ok(false);
        }
        let missing = blobs.small_missing(company, AHEAD).await.map_err(failed)?;
        for sha256 in &missing {
            blobs.queue(company, *sha256, Direction::Fetch, platform::now()).await.map_err(failed)?;
        }
        Ok(!missing.is_empty())
    }

    async fn send(&self, client: &Client, token: &Secret, waiting: Waiting) -> Result<(), Trouble> {
        let blob = self.shop.blobs().find(self.shop.installation.company, waiting.sha256).await.map_err(|error| error.reject())?;
        let sent = match blob {
            Some(blob) => client.send_blob(token, blob).await?,
            None => Sent::Refused,
        };
        match sent {
            Sent::Kept => self.done(waiting).await,
            Sent::Unknown => self.put_off(waiting).await,
            Sent::Refused => {
                tracing::warn!(sha256 = %waiting.sha256, "the server does not take these bytes");
                self.done(waiting).await
            }
        }
    }

    async fn fetch(&self, client: &Client, token: &Secret, waiting: Waiting) -> Result<(), Trouble> {
        let Some(bytes) = client.fetch_blob(token, waiting.sha256).await? else { return self.put_off(waiting).await };
        let sha256 = waiting.sha256;
        match tokio::task::spawn_blocking(move || checked(bytes, sha256)).await.map_err(internal)? {
            Some(blob) => {
                let company = self.shop.installation.company;
                self.shop.blobs().keep(company, &blob, platform::now()).await.map_err(|error| error.reject())?;
                self.done(waiting).await?;
                if let Some(program) = self.program.upgrade() {
                    program.tell(HostEvent::Arrived(sha256));
                }
                Ok(())
            }
            // What came is not what was asked for: something between cut or changed it.
            None => self.put_off(waiting).await,
        }
    }

    async fn done(&self, waiting: Waiting) -> Result<(), Trouble> {
        self.shop.blobs().done(self.shop.installation.company, waiting).await.map_err(|error| error.reject().into())
    }

    async fn put_off(&self, waiting: Waiting) -> Result<(), Trouble> {
        let due_at = later(platform::now(), waiting.tries);
        self.shop.blobs().put_off(self.shop.installation.company, waiting, due_at).await.map_err(|error| error.reject().into())
    }
}

/// Bytes that are what they were asked for as.
fn checked(bytes: Vec<u8>, sha256: BlobHash) -> Option<Blob> {
    if picture::hash(&bytes) != sha256 {
        return None;
    }
    picture::check(&bytes).ok().map(|media_type| Blob { sha256, media_type, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_a_clock_that_was_set_back_ends_them() {
        let now = Instant(1_000_000);
        let waits: Vec<i64> = [0, 1, 2, 8, 9, 63, 64, i64::MAX].iter().map(|tries| later(now, *tries).0 - now.0).collect();
        assert_eq!(waits, [2_000, 4_000, 8_000, 512_000, 600_000, 600_000, 600_000, 600_000]);
        assert_eq!(until(later(now, 0), now), Some(Duration::from_secs(2)));
        assert_eq!(until(now, now), None);
        assert_eq!(until(Instant(now.0 + 86_400_000), now), None);
    }
}
