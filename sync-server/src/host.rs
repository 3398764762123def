//! The authority of this server's companies, hosted: the one writer, readers beside it, and who waits for news.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Rights};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_domain::world::Scope;
use kontor_store::StoreError;
use kontor_store::access::Access;
use kontor_store::feed::{FeedFile, Head, PgConnection, PgSnapshot};
use kontor_store::postgres;
use kontor_store::snapshot::SnapshotFile;
use kontor_store::sqlite::{self, Synchronous, Writer};
use kontor_sync::authority::{Authority, Care, Done, Message, Push, Submission, Upkeep};
use kontor_sync::message::{PAGE_ROWS, PullReply, PullRequest, PushReply, PushRequest};
use kontor_sync::pull;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot, watch};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Database;
use crate::identity::door::Notes;

/// Longest that a pull waits for news.
pub const WAIT_LIMIT: Duration = Duration::from_secs(25);
/// Pulls that read at once: each takes a connection and a thread while it reads.
const READERS: usize = 4;
/// Pushes that wait for the writer; more are told to come again.
const PUSHES_LIMIT: usize = 256;

/// The system's time. A running server asks its clock: [`Host::now`].
pub fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn authority() -> Authority {
    let start = std::time::Instant::now();
    Authority::with_clock(Box::new(move || start.elapsed()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The way to the writer.
#[derive(Clone)]
enum Sending {
    Thread(mpsc::Sender<Message>),
    Task(tokio::sync::mpsc::Sender<Message>),
}

/// Connections that read for pulls, kept for the next one.
enum Feeds {
    File { path: PathBuf, free: Mutex<Vec<FeedFile>> },
    Postgres { url: String, free: tokio::sync::Mutex<Vec<PgConnection>> },
}

/// A running authority.
pub struct Host {
    /// Who may speak to it.
    pub access: Access,
    /// Which refusals are written down.
    pub notes: Notes,
    /// Whether people are told of all that is kept of devices that were shut out.
    pub is_held_told: AtomicBool,
    clock: Clock,
    sending: Mutex<Option<Sending>>,
    writer: Mutex<Option<Writer<Message>>>,
    feeds: Arc<Feeds>,
    reading: Semaphore,
    pushing: Semaphore,
    news: News,
    /// Hears what other processes commit; a file has none.
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// Who waits for a company's next commit.
#[derive(Clone, Default)]
pub struct News(Arc<Mutex<BTreeMap<CompanyId, watch::Sender<u64>>>>);

impl News {
    fn subscribe(&self, company: CompanyId) -> watch::Receiver<u64> {
        lock(&self.0).entry(company).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Something of a company was written.
    pub fn tell(&self, company: CompanyId) {
        if let Some(sender) = lock(&self.0).get(&company) {
            sender.send_modify(|count| *count += 1);
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl Host {
    /// Opens a database, fresh or not, migrates it and starts its writer.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        let news = News::default();
        let (sending, writer, feeds, url) = match database {
            Database::File(path) => {
                let file = sqlite::open(path, Synchronous::Full).await?.serve_copies()?;
                let writer = file.start_writer(authority())?;
                let feeds = Feeds::File { path: path.clone(), free: Mutex::default() };
                (Sending::Thread(writer.sender()), Some(writer), feeds, sqlite::url(path, "rw"))
            }
            Database::Postgres(url) => {
                let sender = postgres::start_writer(&url.0, authority()).await?;
                let feeds = Feeds::Postgres { url: url.0.clone(), free: tokio::sync::Mutex::default() };
                (Sending::Task(sender), None, feeds, url.0.clone())
            }
        };
        let listening = match database {
            Database::File(_) => None,
            Database::Postgres(url) => {
                let (url, news) = (url.0.clone(), news.clone());
                Some(tokio::spawn(async move { postgres::listen(&url, |company| news.tell(company)).await }))
            }
        };
        Ok(Self {
            access: Access::open(&url).await?,
            notes: Notes::default(),
            is_held_told: AtomicBool::new(false),
            clock: Clock::system(),
            sending: Mutex::new(Some(sending)),
            writer: Mutex::new(writer),
            feeds: Arc::new(feeds),
            reading: Semaphore::new(READERS),
            pushing: Semaphore::new(PUSHES_LIMIT),
            news,
            listening: Mutex::new(listening),
        })
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Ends after everything sent is written. What is sent from now on is turned away.
    pub async fn close(&self) {
        self.access.close().await;
        if let Some(listening) = lock(&self.listening).take() {
            listening.abort();
        }
        lock(&self.sending).take();
        let writer = lock(&self.writer).take();
        if let Some(writer) = writer
            && tokio::task::spawn_blocking(move || writer.close()).await.is_err()
        {
            tracing::error!("the writer did not close");
        }
    }

    async fn send(&self, message: Message) -> Result<(), Reject> {
        let ended = || Reject::new(Code::Internal).with("reference", "the writer ended");
        let sending = lock(&self.sending).clone().ok_or_else(ended)?;
        match sending {
            Sending::Thread(sender) => sender.send(message).map_err(|_| ended()),
            Sending::Task(sender) => sender.send(message).await.map_err(|_| ended()),
        }
    }

    /// Sends a message and waits for what comes of it; whoever waits for news of the company is told.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        company: CompanyId,
        message: impl FnOnce(Box<dyn FnOnce(Result<T, Reject>) + Send>) -> Message,
    ) -> Result<T, Reject> {
        let (sender, receiver) = oneshot::channel();
        let news = self.news.clone();
        // The caller may be gone by then: the others are told all the same.
        let answer = Box::new(move |answer: Result<T, Reject>| {
            if answer.is_ok() {
                news.tell(company);
            }
            drop(sender.send(answer));
        });
        self.send(message(answer)).await?;
        receiver.await.map_err(|_| Reject::new(Code::Internal).with("reference", "the writer ended"))?
    }

    /// Executes a command entered at the server.
    pub async fn submit(&self, id: CommandId, company: CompanyId, device: DeviceId, actor: PersonId, command: Command) -> Result<Done, Reject> {
        let now = self.now();
        let envelope = Envelope { id, company, device, actor, at: now, version: COMMAND_VERSION, number: None, command };
        self.ask(company, |answer| Message::Submit(Submission { envelope, rights: Rights::All, now, answer, keep: None })).await
    }

    /// Who wants to know when something of a company is written.
    pub fn hear(&self, company: CompanyId) -> watch::Receiver<u64> {
        self.news.subscribe(company)
    }

    /// A series that nobody has used.
    pub async fn new_series(&self, company: CompanyId) -> Result<i64, Reject> {
        let given = self.ask(company, |answer| Message::Care(Care { company, upkeep: Upkeep::NewSeries, answer })).await?;
        given.ok_or_else(|| Reject::new(Code::Internal).with("reference", "no series"))
    }

    /// Executes what a copy pushed; returns after the commit. `None`: too many wait already.
    pub async fn push(&self, company: CompanyId, request: PushRequest) -> Option<Result<PushReply, Reject>> {
        let _place = self.pushing.try_acquire().ok()?;
        let persons = match self.access.persons(company, request.device).await {
            Ok(persons) => persons,
            Err(error) => return Some(Err(error.reject())),
        };
        // Who is believed on this device may what the role says, when the command is executed; others may nothing.
        let rights = persons.into_iter().map(|person| (person, Rights::All)).collect();
        let now = self.now();
        Some(self.ask(company, |answer| Message::Push(Push::new(company, request, rights, now, answer))).await)
    }

    /// Answers a pull; waits for something to say as long as the copy wants and the server lives.
    pub async fn pull(&self, company: CompanyId, request: PullRequest, stopping: &mut watch::Receiver<bool>) -> Result<PullReply, StoreError> {
        let wait = Duration::from_millis(u64::from(request.wait_ms)).min(WAIT_LIMIT);
        let deadline = tokio::time::Instant::now() + wait;
        let mut news = self.news.subscribe(company);
        loop {
            // Before reading: what is written while it reads wakes it again.
            news.borrow_and_update();
            let reply = self.read(company, request.clone()).await?;
            if has_something(&reply, &request) || *stopping.borrow() {
                return Ok(reply);
            }
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return Ok(reply) },
                _ = stopping.changed() => return Ok(reply),
                () = tokio::time::sleep_until(deadline) => return Ok(reply),
            }
        }
    }

    async fn read(&self, company: CompanyId, request: PullRequest) -> Result<PullReply, StoreError> {
        let _place = self.place_to_read().await?;
        let now = self.now();
        match &*self.feeds {
            Feeds::File { .. } => {
                let feeds = Arc::clone(&self.feeds);
                blocking(move || feeds.read_file(company, &request, now)).await
            }
            Feeds::Postgres { url, free } => {
                let kept = free.lock().await.pop();
                let mut connection = match kept {
                    Some(connection) => connection,
                    None => postgres::connect(url).await?,
                };
                // A connection on which something failed is not used again.
                let reply = pull::answer_postgres(&mut connection, company, &request, now, None).await?;
                free.lock().await.push(connection);
                Ok(reply)
            }
        }
    }

    /// Where a company's history stands, for one device.
    pub async fn head(&self, company: CompanyId, device: DeviceId) -> Result<Head, StoreError> {
        let _place = self.place_to_read().await?;
        match &*self.feeds {
            Feeds::File { path, .. } => {
                let path = path.clone();
                blocking(move || FeedFile::open(&path)?.snapshot()?.head(company, device, None)).await
            }
            Feeds::Postgres { url, .. } => {
                let mut connection = postgres::connect(url).await?;
                PgSnapshot::begin(&mut connection).await?.head(company, device, None).await
            }
        }
    }

    /// Writes a scope's rows, all of one moment, into a fresh file; returns that moment.
    pub async fn write_snapshot(&self, company: CompanyId, device: DeviceId, scope: Scope, mut file: SnapshotFile) -> Result<Head, StoreError> {
        let _place = self.place_to_read().await?;
        let mut cursors = BTreeMap::from([(scope, 0)]);
        match &*self.feeds {
            Feeds::File { path, .. } => {
                let path = path.clone();
                blocking(move || {
                    let mut feed = FeedFile::open(&path)?;
                    let snapshot = feed.snapshot()?;
                    let head = snapshot.head(company, device, None)?;
                    loop {
                        let page = snapshot.rows(company, &cursors, head.rev, PAGE_ROWS)?;
                        file.add(page.rows)?;
                        if page.complete {
                            file.finish(scope, head.rev)?;
                            return Ok(head);
                        }
                        cursors = page.upto;
                    }
                })
                .await
            }
            Feeds::Postgres { url, .. } => {
                let mut connection = postgres::connect(url).await?;
                let mut snapshot = PgSnapshot::begin(&mut connection).await?;
                let head = snapshot.head(company, device, None).await?;
                loop {
                    let page = snapshot.rows(company, &cursors, head.rev, PAGE_ROWS).await?;
                    let (rows, complete) = (page.rows, page.complete);
                    file = blocking(move || file.add(rows).map(|()| file)).await?;
                    if complete {
                        let rev = head.rev;
                        blocking(move || file.finish(scope, rev)).await?;
                        return Ok(head);
                    }
                    cursors = page.upto;
                }
            }
        }
    }

    async fn place_to_read(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        self.reading.acquire().await.map_err(|error| StoreError::Other(error.to_string()))
    }
}

/// Work that holds a thread up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, StoreError> + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Other(error.to_string()))?
}

impl Feeds {
    fn read_file(&self, company: CompanyId, request: &PullRequest, now: Instant) -> Result<PullReply, StoreError> {
        let Self::File { path, free } = self else { return Err(StoreError::Other("no file".into())) };
        let kept = lock(free).pop();
        let mut feed = match kept {
            Some(feed) => feed,
            None => FeedFile::open(path)?,
        };
        let reply = pull::answer(&feed.snapshot()?, company, request, now, None)?;
        lock(free).push(feed);
        Ok(reply)
    }
}

/// Whether an answer is worth sending before the time is over.
fn has_something(reply: &PullReply, request: &PullRequest) -> bool {
    match reply {
        PullReply::Page(page) => !page.rows.is_empty() || !page.acks.is_empty() || !page.boot.is_empty() || !page.complete || request.sums,
        PullReply::Reset { .. } | PullReply::Upgrade | PullReply::Wait => true,
    }
}
