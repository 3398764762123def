//! An open shop file: the writer, the readers, and who this program is in it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use kontor_domain::command::{COMMAND_VERSION, Command, Context, Envelope, Mode, Permission, Query, Request, Rights, check_query};
use kontor_domain::host::{Asking, HostEvent, ShopFile};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_domain::zone::{self, Zone};
use kontor_domain::{reports, settings};
use kontor_store::blob::Blobs;
use kontor_store::installation::{self, Installation};
use kontor_store::reader::Asker;
use kontor_store::sqlite::{self, Synchronous};
use kontor_store::{Reader, StoreError};
use kontor_sync::Submission;
use kontor_sync::authority::Done;
use kontor_sync::replica::{Answer, Message};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::agent::{Sending, Writing};
use crate::platform;
use crate::program::internal;

/// A clock this much behind the last command was set back; less is a correction.
const CLOCK_TOLERANCE_MS: i64 = 5 * 60_000;

/// What is told to screens after a commit.
pub type Listener = Box<dyn Fn(HostEvent) + Send + Sync>;

/// An open shop.
pub struct Shop {
    /// Own, demo, or a till's copy.
    pub file: ShopFile,
    path: PathBuf,
    writer: Mutex<Option<Writing>>,
    sender: Mutex<Option<Sending>>,
    reader: Reader,
    blobs: Blobs,
    /// Bytes wait to be sent or fetched, or may go now.
    pub(crate) blobs_due: Notify,
    /// Something entered here is on the disk.
    pub(crate) committed: Arc<Notify>,
    /// When something was last entered here, UTC milliseconds.
    entered_ms: AtomicI64,
    /// Ids of the company, device and person.
    pub installation: Installation,
    zone: RwLock<Zone>,
    /// Whose commands are entered.
    occupied: RwLock<Occupied>,
}

/// Who is at the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupied {
    /// Whose commands are entered; while it is locked, who was here last: paper goes on coming out.
    pub person: PersonId,
    /// Whether it asks who is there.
    pub asking: Asking,
    /// Whether somebody is.
    pub is_locked: bool,
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop").field("path", &self.path).finish_non_exhaustive()
    }
}

fn fresh_ids() -> Installation {
    Installation { company: CompanyId(Uuid::now_v7()), device: DeviceId(Uuid::now_v7()), person: PersonId(Uuid::now_v7()) }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shop {
    /// Opens a file, fresh or not.
    pub async fn open(path: &Path, file: ShopFile, synchronous: Synchronous) -> Result<Self, StoreError> {
        let opened = sqlite::open(path, synchronous).await?;
        let installation = installation::load_or_make(opened.connection(), fresh_ids()).map_err(|error| error.about(path))?;
        let writer = Writing::start(opened, &installation)?;
        let reader = Reader::open_file(path).await?;
        let shop = Self {
            file,
            path: path.to_owned(),
            sender: Mutex::new(Some(writer.sender())),
            writer: Mutex::new(Some(writer)),
            reader,
            blobs: Blobs::open_file(path)?,
            blobs_due: Notify::new(),
            committed: Arc::new(Notify::new()),
            entered_ms: AtomicI64::new(0),
            installation,
            zone: RwLock::new(zone::of(&platform::time_zone())),
            occupied: RwLock::new(Occupied { person: installation.person, asking: Asking::Nobody, is_locked: false }),
        };
        shop.run_again().await;
        shop.learn_zone().await?;
        Ok(shop)
    }

    /// What an upgrade took back runs again before anything is shown: a last sale that a person does not find is made twice.
    async fn run_again(&self) {
        let is_copy = matches!(lock(&self.writer).as_ref(), Some(Writing::Copy(_)));
        if is_copy && let Err(reject) = self.tell_copy(|answer| Message::Look { after: i64::MAX, commands: 0, answer }).await {
            tracing::warn!(%reject, "what was taken back does not run again");
        }
    }

    /// The company's time zone, once there is a company.
    pub(crate) async fn learn_zone(&self) -> Result<(), StoreError> {
        if let Some(company) = self.reader.company(&self.asker()).await?
            && let Ok(zone) = company.time_zone.parse::<Zone>()
        {
            *self.zone.write().unwrap_or_else(PoisonError::into_inner) = zone;
        }
        Ok(())
    }

    fn zone(&self) -> Zone {
        *self.zone.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For reading.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The bytes that rows name.
    pub const fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Who is at the device.
    pub fn occupied(&self) -> Occupied {
        *self.occupied.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody else is, or nobody.
    pub(crate) fn occupy(&self, occupied: Occupied) {
        *self.occupied.write().unwrap_or_else(PoisonError::into_inner) = occupied;
    }

    /// Who asks, now.
    pub fn asker(&self) -> Asker {
        let now = platform::now();
        Asker {
            company: self.installation.company,
            device: self.installation.device,
            person: self.occupied().person,
            now,
            today: Some(zone::today(self.zone(), now)),
            utc_offset_minutes: 0,
        }
    }

    /// Closes the file after everything sent is written.
    pub async fn close(&self) {
        self.reader.close().await;
        self.blobs.close().await;
        lock(&self.sender).take();
        if let Some(writer) = lock(&self.writer).take() {
            writer.close();
        }
    }

    /// Executes a screen's command. Returns when it is on the disk.
    pub async fn execute(&self, request: Request) -> Result<Done, Reject> {
        self.submit(request.id, request.command, platform::now()).await
    }

    /// Executes a command entered at a given time.
    pub async fn submit(&self, id: CommandId, command: Command, at: Instant) -> Result<Done, Reject> {
        self.submit_as(self.occupied().person, id, command, at).await
    }

    /// Executes a command that somebody else is the actor of.
    pub(crate) async fn submit_as(&self, actor: PersonId, id: CommandId, command: Command, at: Instant) -> Result<Done, Reject> {
        let is_settings = matches!(command, Command::Settings(_));
        let answer = self.send_as(actor, id, command, at)?;
        let done = answer.await.map_err(internal)??;
        if is_settings {
            self.learn_zone().await.map_err(|error| error.reject())?;
        }
        Ok(done)
    }

    /// Sends a command without waiting: commands sent after each other are executed in that order.
    pub fn send(&self, id: CommandId, command: Command, at: Instant) -> Result<oneshot::Receiver<Result<Done, Reject>>, Reject> {
        self.send_as(self.occupied().person, id, command, at)
    }

    fn send_as(&self, actor: PersonId, id: CommandId, command: Command, at: Instant) -> Result<oneshot::Receiver<Result<Done, Reject>>, Reject> {
        let (sender, receiver) = oneshot::channel();
        let envelope = Envelope {
            id,
            company: self.installation.company,
            device: self.installation.device,
            actor,
            at,
            version: COMMAND_VERSION,
            number: None,
            command,
        };
        let committed = Arc::clone(&self.committed);
        let answer = Box::new(move |verdict: Result<Done, Reject>| {
            if verdict.is_ok() {
                committed.notify_one();
            }
            // Nobody waits any more: the verdict is in the command log.
            let _ = sender.send(verdict);
        });
        let now = platform::now();
        self.entered_ms.store(now.0, Ordering::Relaxed);
        self.sender()?.submit(Submission { envelope, rights: Rights::All, now, answer, keep: None })?;
        Ok(receiver)
    }

    fn sender(&self) -> Result<Sending, Reject> {
        lock(&self.sender).clone().ok_or_else(|| internal("closed"))
    }

    /// Tells the replica of a till's copy something and waits for what comes of it.
    pub(crate) async fn tell_copy<T: Send + 'static>(&self, message: impl FnOnce(Answer<T>) -> Message) -> Result<T, Reject> {
        let (sender, receiver) = oneshot::channel();
        let answer = Box::new(move |answer| drop(sender.send(answer)));
        self.sender()?.tell_copy(message(answer))?;
        receiver.await.map_err(internal)?
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.sender).is_none()
    }

    /// How long nothing was entered here.
    pub(crate) fn idle_for(&self) -> Duration {
        let since_ms = platform::now().0.saturating_sub(self.entered_ms.load(Ordering::Relaxed));
        // A clock that was set back says nothing: then it counts as busy.
        Duration::from_millis(u64::try_from(since_ms).unwrap_or(0))
    }

    /// Answers a question with JSON.
    pub async fn query(&self, query: &Query) -> Result<String, Reject> {
        if let Query::Settings(settings::Query::GetSession(_)) = query {
            // Which day it is depends on the company's time zone, and to a fresh copy the company came a moment ago.
            self.learn_zone().await.map_err(|error| error.reject())?;
        }
        let mut asker = self.asker();
        // Before the first pull nobody is known here yet: who joined the till sees that there is nothing to see. It is
        // what everybody who works here sees.
        let rights = match query {
            Query::Settings(about) if about.permission() == Permission::SettingsRead => Rights::All,
            _ => self.reader.rights(&asker).await.map_err(|error| error.reject())?,
        };
        let context = Context {
            company: asker.company,
            person: asker.person,
            device: asker.device,
            rights,
            lender: Rights::none(),
            now: asker.now,
            mode: Mode::Entry,
        };
        check_query(&context, query)?;
        if let Query::Reports(reports::Query::GetDay(day)) = query {
            asker.utc_offset_minutes = zone::utc_offset_minutes(self.zone(), day.business_date);
        }
        self.reader.answer(&asker, query).await.map_err(|error| {
            tracing::error!(%error, query = query.name(), "query");
            error.reject()
        })
    }

    /// Asks a typed question.
    pub async fn ask<Q: kontor_domain::command::Ask>(&self, question: Q) -> Result<Q::Answer, Reject> {
        let text = self.query(&question.into()).await?;
        serde_json::from_str(&text).map_err(|error| Reject::new(Code::Internal).with("reference", error))
    }

    /// A warning if the clock is far behind the last command.
    pub async fn clock_warning(&self) -> Option<Reject> {
        let asker = self.asker();
        let last = self.reader.last_at(&asker).await.ok().flatten()?;
        let show =
            |instant: Instant| instant.utc().map_or_else(String::new, |utc| utc.with_timezone(&self.zone()).format("%Y-%m-%d %H:%M").to_string());
        (asker.now.0 + CLOCK_TOLERANCE_MS < last.0).then(|| Reject::new(Code::ClockSetBack).with("last", show(last)).with("now", show(asker.now)))
    }
}
