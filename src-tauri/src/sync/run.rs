//! The loop: push until nothing is left, pull until all is there, apply once, wait for news. It probes the server, not
//! the network card, and never holds the writer longer than one transaction.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use kontor_domain::command::Event;
use kontor_domain::host::HostEvent;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_domain::world::Scope;
use kontor_store::feed;
use kontor_sync::message::{COMMANDS_LIMIT, PullReply, PushAnswer};
use kontor_sync::replica::{Applied, Message, push_request};
use kontor_sync::stage::{Batch, Stage, Staged};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::address::Address;
use super::board::Board;
use super::client::{Client, Trouble};
use super::connection::Connection;
use super::events::events_of;
use crate::platform;
use crate::program::{Program, internal};
use crate::shop::Shop;

/// Longest that the server may wait for news.
const POLL_WAIT_MS: u32 = 25_000;
/// First and longest pause while the server is away.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How often the clock is looked at, and how much it may be off: more is a sleep, or somebody set it.
const CLOCK_TICK: Duration = Duration::from_secs(5);
const CLOCK_TOLERANCE: Duration = Duration::from_secs(10);
/// How long nothing was entered at an idle counter.
pub const IDLE: Duration = Duration::from_secs(20);
/// Longest that many rows wait for an idle counter.
const IDLE_WAIT: Duration = Duration::from_mins(5);
/// How often an idle counter is looked for.
const IDLE_TICK: Duration = Duration::from_millis(500);
/// How often the sums of all rows are compared, the first time after the start sooner.
const SUMS_EVERY: Duration = Duration::from_hours(24);
const SUMS_FIRST: Duration = Duration::from_mins(10);

/// What the loop works with.
pub struct Runner {
    /// Whom to tell.
    pub program: Weak<Program>,
    /// The till's copy.
    pub shop: Arc<Shop>,
    /// Which server.
    pub connection: Connection,
    /// Where the token is, if no keychain has it.
    pub folder: PathBuf,
    /// What is shown.
    pub board: Arc<Board>,
    /// Somebody wants it now.
    pub wake: Arc<Notify>,
}

/// What the loop remembers.
struct Run {
    with: Runner,
    client: Client,
    token: Secret,
    stage: Stage,
    /// Scopes whose rows were not the server's: said with the next question.
    mismatched: Vec<i64>,
    /// The replica whose commands were sent, and up to which number: they are not sent twice for one answer.
    pushed: Option<(Uuid, i64)>,
    /// When sums are compared next.
    sums_due: Instant,
    /// Pauses while the server is away.
    pauses: ExponentialBackoff,
}

pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default().with_jitter().with_min_delay(PAUSES.0).with_max_delay(PAUSES.1).without_max_times().build()
}

/// Runs until the task is ended.
pub async fn run(with: Runner) {
    let mut sums_due = Instant::now() + SUMS_FIRST;
    let mut pauses_left = pauses();
    let mut pushed = None;
    loop {
        let trouble = match Run::begin(&with, sums_due, &mut pauses_left, pushed.take()).await {
            Ok(mut run) => {
                let trouble = run.sync().await;
                (sums_due, pauses_left) = (run.sums_due, run.pauses);
                // A server that shut this till out keeps what it sends, and one that is newer took it and only says nothing
                // of it: once is enough. Any other may have lost it.
                pushed = run.pushed.filter(|_| matches!(trouble.code(), Some(Code::TokenRefused | Code::ProgramOlder)));
                trouble
            }
            Err(reject) => Trouble::Refused(reject),
        };
        tracing::info!(trouble = trouble.word(), code = ?trouble.code(), "sync");
        with.board.trouble(&trouble);
        with.refresh().await;
        if trouble != Trouble::Woke {
            with.pause(pauses_left.next().unwrap_or(PAUSES.1)).await;
        }
    }
}

impl Runner {
    /// Counts what waits; `None` if it cannot be counted, which stops nothing.
    async fn refresh(&self) -> Option<i64> {
        match self.shop.reader().outbox().await {
            Ok(outbox) => {
                self.board.waits(outbox);
                Some(outbox.commands)
            }
            Err(error) => {
                tracing::warn!(%error, "outbox");
                None
            }
        }
    }

    /// Tells how many of all were sent, where there are many.
    fn sends(&self, sent: i64, all: Option<i64>) {
        if let Some(all) = all.filter(|all| *all > 1) {
            self.board.sends(sent.min(all), all);
        }
    }

    /// Waits before the server is tried again; a sleep of the computer, or a person, ends it. What is entered meanwhile is
    /// counted, and does not call a server that is not there.
    async fn pause(&self, pause: Duration) {
        let end = sleep(pause);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return,
                () = self.wake.notified() => return,
                () = clock_jump() => return,
                () = self.shop.committed.notified() => {
                    self.refresh().await;
                }
            }
        }
    }
}

/// A fresh line to the server, and what this till proves itself with.
pub(super) async fn line(connection: &Connection, folder: &Path) -> Result<(Client, Secret), Reject> {
    let address = Address::read(&connection.address)?;
    let client = Client::new(&address, connection.fingerprint.as_deref())?;
    let (connection, folder) = (connection.clone(), folder.to_owned());
    let token = tokio::task::spawn_blocking(move || connection.token(&folder)).await.map_err(internal)?;
    let token = token.ok_or_else(|| Reject::new(Code::TokenRefused).with("address", &address))?;
    Ok((client, token))
}

impl Run {
    /// With a fresh line: what an older one waits for may be gone.
    async fn begin(with: &Runner, sums_due: Instant, left: &mut ExponentialBackoff, pushed: Option<(Uuid, i64)>) -> Result<Self, Reject> {
        let (client, token) = line(&with.connection, &with.folder).await?;
        let with = Runner {
            program: with.program.clone(),
            shop: Arc::clone(&with.shop),
            connection: with.connection.clone(),
            folder: with.folder.clone(),
            board: Arc::clone(&with.board),
            wake: Arc::clone(&with.wake),
        };
        let pauses = std::mem::replace(left, pauses());
        Ok(Self { with, client, token, stage: Stage::default(), mismatched: Vec::new(), pushed, sums_due, pauses })
    }

    /// Works until there is no answer; why.
    async fn sync(&mut self) -> Trouble {
        loop {
            if let Err(trouble) = self.round().await {
                return trouble;
            }
        }
    }

    async fn round(&mut self) -> Result<(), Trouble> {
        self.push().await?;
        self.pull().await?;
        // What it said while it was waited for is all there is: it is not asked whether that was all.
        loop {
            match self.wait_for_news().await? {
                News::Came => {}
                News::Nothing => return self.listen().await,
                News::Wanted => return Ok(()),
            }
        }
    }

    /// Nothing has happened for a while: listens until something does, which costs next to nothing.
    async fn listen(&mut self) -> Result<(), Trouble> {
        let Some(mut hints) = Self::awake(self.client.hints(&self.token)).await? else { return Ok(()) };
        // What came before the line was open.
        self.pull().await?;
        let shop = Arc::clone(&self.with.shop);
        loop {
            tokio::select! {
                _ = hints.next() => return Ok(()),
                () = shop.committed.notified() => self.push().await?,
                () = self.with.wake.notified() => return Ok(()),
                () = clock_jump() => return Err(Trouble::Woke),
            }
        }
    }

    /// A question that a sleep of the computer ends: its answer may never come.
    async fn awake<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        tokio::select! {
            done = work => done,
            () = clock_jump() => Err(Trouble::Woke),
        }
    }

    /// Pushes until nothing is left.
    async fn push(&mut self) -> Result<(), Trouble> {
        let (mut sent, mut to_send) = (0, None);
        loop {
            let after = self.pushed.map_or(0, |(_, seq)| seq);
            let limit = i64::try_from(COMMANDS_LIMIT).unwrap_or(i64::MAX);
            let (copy, entries) = self.with.shop.tell_copy(|answer| Message::Look { after, commands: limit, answer }).await?;
            if self.pushed.is_some_and(|(replica, _)| replica != copy.meta.replica) {
                // It is another replica meanwhile: its numbers begin anew.
                self.pushed = None;
                continue;
            }
            let (device, build) = (self.with.connection.device, env!("CARGO_PKG_VERSION"));
            let Some(request) = push_request(&copy, &entries, device, build, platform::now()) else {
                if to_send.is_none() {
                    self.with.refresh().await;
                }
                return Ok(());
            };
            let (replica, count) = (request.replica, request.commands.len());
            let last = request.commands.last().map_or(0, |command| command.seq);
            let sending = Self::awake(self.client.push(&self.token, request));
            let reply = if to_send.is_some() {
                sending.await?
            } else {
                // What waits is counted beside the first of it: no change waits for a number on a screen.
                let counting = async {
                    let all = self.with.refresh().await;
                    self.with.sends(0, all);
                    all
                };
                let (reply, all) = tokio::join!(sending, counting);
                to_send = all;
                reply?
            };
            self.with.board.contact();
            let answer = reply.answer.clone();
            if matches!(answer, PushAnswer::Reset { .. }) {
                self.bring_bytes_again().await?;
            }
            self.with.shop.tell_copy(|answer| Message::Pushed { reply, fresh: Uuid::new_v4(), answer }).await?;
            sent += i64::try_from(count).unwrap_or(0);
            self.with.sends(sent, to_send);
            match answer {
                PushAnswer::Ok => self.pushed = Some((replica, last)),
                // Numbered anew; all goes up again, and what is known is known by its id.
                PushAnswer::Fork { .. } | PushAnswer::Reset { .. } => self.pushed = None,
                // A history that went back: the next pull notices by what was seen.
                PushAnswer::Gap { .. } => {
                    self.pushed = None;
                    return Ok(());
                }
                PushAnswer::Upgrade { .. } => return Err(Trouble::Refused(Reject::new(Code::ServerOlder))),
            }
        }
    }

    /// Pulls all there is now.
    async fn pull(&mut self) -> Result<(), Trouble> {
        loop {
            let reply = self.ask(0).await?;
            self.with.board.contact();
            if self.take(reply).await? == Taken::Whole {
                return self.rested().await;
            }
        }
    }

    /// Nothing more is to be pulled: only now do pauses begin anew, or what fails at the last step would be tried without end.
    async fn rested(&mut self) -> Result<(), Trouble> {
        self.pauses = pauses();
        let outbox = self.with.shop.reader().outbox().await.map_err(|error| error.reject())?;
        self.with.board.is_synced(outbox);
        self.with.shop.blobs_due.notify_one();
        Ok(())
    }

    /// A server whose history went back has lost bytes, too. Noted before the copy starts anew: afterwards nobody would know.
    async fn bring_bytes_again(&self) -> Result<(), Reject> {
        let shop = &self.with.shop;
        shop.blobs().queue_all(shop.installation.company, platform::now()).await.map_err(|error| error.reject())
    }

    /// Asks and lets the server wait until it has something to say. What is entered meanwhile goes up at once, beside
    /// the question; its answer comes with the rows.
    async fn wait_for_news(&mut self) -> Result<News, Trouble> {
        let request = self.request(POLL_WAIT_MS).await?;
        let (client, token, shop) = (self.client.clone(), self.token.clone(), Arc::clone(&self.with.shop));
        let question = Self::awake(client.pull(&token, request));
        tokio::pin!(question);
        loop {
            tokio::select! {
                reply = &mut question => {
                    let reply = reply?;
                    self.with.board.contact();
                    let has_news = !is_empty(&reply);
                    match self.take(reply).await? {
                        Taken::Whole => self.rested().await?,
                        Taken::More => self.pull().await?,
                    }
                    return Ok(if has_news { News::Came } else { News::Nothing });
                }
                () = shop.committed.notified() => self.push().await?,
                () = self.with.wake.notified() => return Ok(News::Wanted),
            }
        }
    }

    async fn request(&mut self, wait_ms: u32) -> Result<kontor_sync::message::PullRequest, Trouble> {
        let (copy, _) = self.with.shop.tell_copy(|answer| Message::Look { after: i64::MAX, commands: 0, answer }).await?;
        // Sums are of all rows: that is for a quiet minute.
        let is_quiet = Instant::now() >= self.sums_due && self.with.shop.idle_for() > IDLE_WAIT && wait_ms > 0;
        // What came as a file is compared once, with the first rows that come behind it.
        let came_as_file = copy.meta.acked == 0 && copy.cursors.len() == 1 && copy.cursors.contains_key(&Scope::COMPANY);
        let wants_sums = is_quiet || came_as_file;
        if wants_sums {
            self.sums_due = Instant::now() + SUMS_EVERY;
        }
        let mut request = self.stage.request(&copy, self.with.connection.device, feed::schema(), wants_sums);
        request.wait_ms = wait_ms;
        request.mismatched.clone_from(&self.mismatched);
        Ok(request)
    }

    async fn ask(&mut self, wait_ms: u32) -> Result<PullReply, Trouble> {
        let request = self.request(wait_ms).await?;
        Self::awake(self.client.pull(&self.token, request)).await
    }

    async fn take(&mut self, reply: PullReply) -> Result<Taken, Trouble> {
        self.with.board.comes(&reply);
        self.mismatched.clear();
        match self.stage.take(reply).map_err(internal)? {
            Staged::More | Staged::Ignored => Ok(Taken::More),
            Staged::Ready(batch) => self.apply(batch).await.map(|()| Taken::Whole),
            Staged::Reset { epoch, echo } => {
                tracing::warn!(%epoch, "the server's history is another one: this copy starts anew and brings what it has");
                self.pushed = None;
                self.bring_bytes_again().await?;
                self.with.shop.tell_copy(|answer| Message::Reset { epoch, echo, fresh: Uuid::new_v4(), answer }).await?;
                // What it has goes up before anything comes down.
                self.push().await?;
                Ok(Taken::More)
            }
            Staged::Upgrade => Err(Trouble::Refused(Reject::new(Code::ProgramOlder))),
            Staged::Wait => Err(Trouble::Refused(Reject::new(Code::ServerOlder))),
        }
    }

    async fn apply(&mut self, batch: Box<Batch>) -> Result<(), Trouble> {
        if batch.is_large() {
            self.wait_for_idle_counter().await?;
        }
        let events = events_of(batch.pages.iter().flatten().map(|(_, row)| row.table));
        let has_acks = !batch.acks.is_empty();
        let applied = self.with.shop.tell_copy(|answer| Message::Apply { batch, now: platform::now(), answer }).await?;
        if let Applied::Done { mismatched, .. } = &applied {
            if !mismatched.is_empty() {
                tracing::error!(?mismatched, "rows were not the server's: these scopes come anew");
                self.mismatched = mismatched.iter().map(|scope| scope.0).collect();
            }
            self.tell(events, has_acks).await;
        }
        Ok(())
    }

    /// Many rows are one long transaction: it is put off while somebody sells, but not for ever. What is sold meanwhile goes
    /// up at once.
    async fn wait_for_idle_counter(&mut self) -> Result<(), Trouble> {
        let (until, shop) = (Instant::now() + IDLE_WAIT, Arc::clone(&self.with.shop));
        while shop.idle_for() < IDLE && Instant::now() < until {
            tokio::select! {
                () = sleep(IDLE_TICK) => {}
                () = shop.committed.notified() => self.push().await?,
            }
        }
        Ok(())
    }

    /// Tells screens what came.
    async fn tell(&self, mut events: BTreeSet<Event>, has_acks: bool) {
        if has_acks {
            events.insert(Event::AttentionChanged);
        }
        if events.contains(&Event::SettingsChanged)
            && let Err(error) = self.with.shop.learn_zone().await
        {
            tracing::warn!(%error, "time zone");
        }
        if let Some(program) = self.with.program.upgrade()
            && !events.is_empty()
        {
            program.paper.notify_one();
            program.tell(HostEvent::Changed(events.into_iter().collect()));
        }
    }
}

/// Whether an answer says that nothing has happened.
fn is_empty(reply: &PullReply) -> bool {
    matches!(reply, PullReply::Page(page) if page.rows.is_empty() && page.acks.is_empty() && page.boot.is_empty() && page.complete)
}

/// Why waiting for the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// It had something to say.
    Came,
    /// It had nothing to say for as long as it waits.
    Nothing,
    /// Somebody wants it asked now.
    Wanted,
}

/// Whether there is more to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    More,
    Whole,
}

/// Ends when the clock has moved otherwise than time: the computer slept, or somebody set it.
async fn clock_jump() {
    loop {
        let (clock, time) = (platform::now().0, std::time::Instant::now());
        sleep(CLOCK_TICK).await;
        if is_jump(platform::now().0.saturating_sub(clock), time.elapsed()) {
            return;
        }
    }
}

/// Whether so much time by the clock is none of this much that has passed while running, or a tick itself was far too long.
fn is_jump(clock_ms: i64, passed: Duration) -> bool {
    let passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
    let off = Duration::from_millis(clock_ms.abs_diff(passed_ms));
    off > CLOCK_TOLERANCE || passed > CLOCK_TICK + CLOCK_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_from_a_slow_moment() {
        let seconds = Duration::from_secs;
        assert!(!is_jump(5_000, seconds(5)));
        assert!(!is_jump(12_000, seconds(5)));
        assert!(is_jump(3_600_000, seconds(5)), "asleep, with a timer that stood still");
        assert!(is_jump(3_600_000, seconds(3_600)), "asleep, with a timer that went on");
        assert!(is_jump(-3_600_000, seconds(5)), "the clock was set back");
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<Duration> = pauses().take(40).collect();
        assert_eq!(pauses.len(), 40);
        assert!(pauses[0] < Duration::from_secs(3));
        assert!(pauses.iter().all(|pause| *pause <= PAUSES.1 * 2));
        assert!(pauses[39] >= PAUSES.1);
    }
}
