//! The shop server: an authority on a real file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, Result, anyhow};
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Rights};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, PersonId};
use kontor_domain::reject::Reject;
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::world::Scope;
use kontor_store::feed::FeedFile;
use kontor_store::history;
use kontor_store::snapshot::SnapshotFile;
use kontor_store::sqlite::SqliteFile;
use kontor_sync::authority::{Authority, Care, Job, Message, Push, Submission, Upkeep, Verdict};
use kontor_sync::message::{PullReply, PullRequest, PushReply, PushRequest};
use kontor_sync::pull;
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use crate::crashing::Crashing;
use crate::files::{self, Image};

/// The machine of the shop server.
pub struct Server {
    path: PathBuf,
    /// Closed for a moment while it starts again.
    file: Option<(SqliteFile, FeedFile)>,
    /// Its agent.
    pub agent: Crashing<Authority>,
    /// The company.
    pub company: CompanyId,
    /// Its own device and the owner, who works there, too.
    pub device: DeviceId,
    /// The owner.
    pub owner: PersonId,
    /// What persons may do now, as far as tills say who did something.
    pub rights: BTreeMap<PersonId, Rights>,
}

impl Server {
    /// A server on a fresh file.
    pub fn new(path: &Path, company: CompanyId, device: DeviceId, owner: PersonId) -> Result<Self> {
        let file = files::open(path)?;
        file.connection().execute(
            "INSERT INTO installation (id, role, company, device, person) VALUES (1, 'authority', ?1, ?2, ?3)",
            (company.0.as_bytes(), device.0.as_bytes(), owner.0.as_bytes()),
        )?;
        let feed = FeedFile::open(path)?;
        let rights = [(owner, Rights::All)].into();
        Ok(Self { path: path.to_owned(), file: Some((file, feed)), agent: Crashing::new(Authority::new()), company, device, owner, rights })
    }

    #[allow(clippy::expect_used, reason = "it is open whenever a method is called")]
    const fn files(&self) -> &(SqliteFile, FeedFile) {
        self.file.as_ref().expect("open")
    }

    #[allow(clippy::expect_used, reason = "it is open whenever a method is called")]
    const fn files_mut(&mut self) -> &mut (SqliteFile, FeedFile) {
        self.file.as_mut().expect("open")
    }

    /// Its file, to look into.
    pub const fn connection(&self) -> &rusqlite::Connection {
        self.files().0.connection()
    }

    /// Bytes of its write-ahead log.
    pub fn wal_length(&self) -> u64 {
        files::wal_length(&self.path)
    }

    fn run(&mut self, message: Message) {
        if let Some((file, _)) = &mut self.file {
            file.execute(&mut self.agent, vec![message]);
        }
    }

    fn open(&mut self) -> Result<()> {
        self.file = Some((files::open(&self.path)?, FeedFile::open(&self.path)?));
        self.agent = Crashing::new(Authority::new());
        Ok(())
    }

    /// After it went down: it starts again with an empty memory.
    pub fn restart(&mut self) -> Result<()> {
        self.file = None;
        self.open()
    }

    /// The disk as it is.
    pub fn image(&self) -> Result<Image> {
        Image::take(&self.path)
    }

    /// An older disk. A restore by the tool begins a new history; one behind its back does not.
    pub fn restore(&mut self, image: &Image, epoch: Option<Uuid>) -> Result<()> {
        self.file = None;
        image.put(&self.path)?;
        self.open()?;
        if let Some(epoch) = epoch {
            self.connection().execute("UPDATE clock SET epoch = ?1", [epoch.as_bytes()])?;
        }
        Ok(())
    }

    /// Executes a command that was entered here.
    pub fn submit(&mut self, id: CommandId, command: Command, now: Instant) -> Result<Verdict> {
        let (sender, receiver) = mpsc::channel();
        let (company, device, actor) = (self.company, self.device, self.owner);
        let envelope = Envelope { id, company, device, actor, at: now, version: COMMAND_VERSION, number: None, command };
        let answer = Box::new(move |verdict| drop(sender.send(verdict)));
        self.run(Message::Submit(Submission { envelope, rights: Rights::All, now, answer, keep: None }));
        receiver.try_recv().context("a submission without an answer")
    }

    fn push_message(&self, request: PushRequest, now: Instant) -> Result<(Message, mpsc::Receiver<Result<PushReply, Reject>>)> {
        let (sender, receiver) = mpsc::channel();
        request.check()?;
        let answer = Box::new(move |reply| drop(sender.send(reply)));
        Ok((Message::Push(Push::new(self.company, request, self.rights.clone(), now, answer)), receiver))
    }

    /// Executes what a copy pushed; no answer is one that never came.
    pub fn push(&mut self, request: PushRequest, now: Instant) -> Result<Result<PushReply, Reject>> {
        let (message, receiver) = self.push_message(request, now)?;
        self.run(message);
        receiver.try_recv().context("a push without an answer")
    }

    /// Answers a pull.
    pub fn pull(&mut self, request: &PullRequest, now: Instant, page_rows: usize) -> Result<PullReply> {
        let company = self.company;
        Ok(pull::answer(&self.files_mut().1.snapshot()?, company, request, now, Some(page_rows))?)
    }

    /// Answers a pull; a push arrives between two of its reads, and what is said to it is not heard.
    pub fn pull_beside(&mut self, request: &PullRequest, now: Instant, page_rows: usize, push: PushRequest) -> Result<PullReply> {
        let (message, _unheard) = self.push_message(push, now)?;
        let (company, agent) = (self.company, &mut self.agent);
        let (file, feed) = self.file.as_mut().context("closed")?;
        let meanwhile = || file.execute(agent, vec![message]);
        Ok(pull::answer_while(&feed.snapshot()?, company, request, now, Some(page_rows), meanwhile)?)
    }

    /// Fills a ready file with what all devices hold; the history it is of.
    pub fn ready_file(&mut self, file: SqliteFile) -> Result<Uuid> {
        let (company, device) = (self.company, self.device);
        let snapshot = self.files_mut().1.snapshot()?;
        let head = snapshot.head(company, device, None)?;
        let ready = SnapshotFile::fill(file, company)?;
        let rows = snapshot.rows(company, &[(Scope::COMPANY, 0)].into(), head.rev, usize::MAX - 1)?;
        ready.add(rows.rows)?;
        ready.finish(Scope::COMPANY, head.rev)?;
        Ok(head.epoch)
    }

    /// Care for copies and backups.
    pub fn care(&mut self, upkeep: Upkeep) -> Result<Option<i64>> {
        let (sender, receiver) = mpsc::channel();
        let answer = Box::new(move |series| drop(sender.send(series)));
        self.run(Message::Care(Care { company: self.company, upkeep, answer }));
        receiver.try_recv().context("care without an answer")?.map_err(|reject| anyhow!("{reject}"))
    }

    /// A change to data that no person entered.
    pub fn job(&mut self, mut job: impl FnMut(Box<dyn FnOnce(Result<(), Reject>) + Send>) -> Job) -> Result<Result<(), Reject>> {
        let (sender, receiver) = mpsc::channel();
        let message = Message::Job(job(Box::new(move |verdict| drop(sender.send(verdict)))));
        self.run(message);
        receiver.try_recv().context("a job without an answer")
    }

    /// Moves the horizon, so that copies keep this day and what is later.
    pub fn forget_history(&mut self, id: CommandId, kept_from: BusinessDate, now: Instant) -> Result<Result<(), Reject>> {
        let company = self.company;
        let Some(advance) = history::plan_of_file(self.connection(), company, kept_from)? else { return Ok(Ok(())) };
        self.job(|answer| Job::advance_history(id, advance.clone(), now, answer))
    }

    /// Its last rev.
    pub fn head(&self) -> Result<i64> {
        Ok(self.connection().query_row("SELECT rev FROM clock", [], |row| row.get(0))?)
    }

    /// What became of a command.
    pub fn verdict_of(&self, id: CommandId) -> Result<Option<String>> {
        let mut statement = self.connection().prepare_cached("SELECT status FROM command_log WHERE id = ?1")?;
        Ok(statement.query_row([id.0.as_bytes()], |row| row.get(0)).optional()?)
    }
}
