//! A till: a replica on a real file, and what its screen knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, Result, anyhow};
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Rights};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, PersonId};
use kontor_domain::reject::Reject;
use kontor_domain::time::Instant;
use kontor_store::copy::{self, CopyState, Meta, OutboxEntry};
use kontor_store::sqlite::SqliteFile;
use kontor_sync::authority::{Submission, Verdict};
use kontor_sync::message::{Echo, PullRequest, PushReply};
use kontor_sync::replica::{Answer, Applied, Message, Replica};
use kontor_sync::stage::{Batch, Stage};
use uuid::Uuid;

use crate::crashing::Crashing;
use crate::entry::Written;
use crate::files::{self, Image};

/// What the machine of a till remembers beside its file: commands that are done, with the row that must be there.
pub type History = BTreeMap<CommandId, Option<Written>>;

/// Whether something behind a program's back changed a row of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Nothing did.
    Never,
    /// And it may still be so; or the file came ready made, and nothing has been compared since.
    Now,
    /// And it was noticed, and what came again since is right.
    Mended,
}

/// A till's program, beside the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// It knows other tables and is older.
    Older,
    /// As new.
    Same,
    /// It knows other tables and is newer.
    Newer,
}

impl Program {
    /// A question as this program asks it.
    pub const fn sign(self, request: &mut PullRequest) {
        let newer = match self {
            Self::Older => -1,
            Self::Same => return,
            Self::Newer => 1,
        };
        request.shape = !request.shape;
        request.schema += newer;
    }
}

/// The machine of a till.
pub struct Till {
    path: PathBuf,
    file: SqliteFile,
    /// Its agent.
    pub agent: Crashing<Replica>,
    /// Pages of a pull.
    pub stage: Stage,
    /// The company.
    pub company: CompanyId,
    /// Its device; a copied disk has the same.
    pub device: DeviceId,
    person: PersonId,
    /// Commands that this file was told are done, or whose effect it holds.
    pub history: History,
    /// Its program.
    pub program: Program,
    /// How far its clock is off, milliseconds.
    pub clock_off: i64,
    /// A row was changed behind its back, and nothing has been compared since.
    pub damage: Damage,
    /// Older disks of this machine.
    pub images: Vec<(Image, History)>,
}

impl Till {
    /// A till on a fresh file.
    pub fn new(path: &Path, company: CompanyId, device: DeviceId, person: PersonId, replica: Uuid, series: i64) -> Result<Self> {
        Self::on_ready(path, company, device, person, &Meta::fresh(None, replica, series))
    }

    /// A till on a fresh file, or on a ready one of this history.
    pub fn on_ready(path: &Path, company: CompanyId, device: DeviceId, person: PersonId, meta: &Meta) -> Result<Self> {
        let file = files::open(path)?;
        copy::make(file.connection(), company, device, person.0, meta)?;
        let damage = if meta.epoch.is_some() { Damage::Now } else { Damage::Never };
        Ok(Self {
            path: path.to_owned(),
            file,
            agent: Crashing::new(Replica::new(company)),
            stage: Stage::default(),
            company,
            device,
            person,
            history: History::new(),
            program: Program::Same,
            clock_off: 0,
            damage,
            images: Vec::new(),
        })
    }

    /// Its file, to look into.
    pub const fn connection(&self) -> &rusqlite::Connection {
        self.file.connection()
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn reopen(self, prepare: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        drop(self.file);
        prepare(&self.path)?;
        let file = files::open(&self.path)?;
        Ok(Self { file, agent: Crashing::new(Replica::new(self.company)), stage: Stage::default(), ..self })
    }

    /// After it went down: it starts again with an empty memory.
    pub fn restart(self) -> Result<Self> {
        self.reopen(|_| Ok(()))
    }

    /// Another program version starts on its file; one of another shape brings a column, with the same in every row.
    pub fn upgrade(self, has_another_shape: bool) -> Result<Self> {
        let upgraded = self.reopen(|path| {
            let mut file = rusqlite::Connection::open(path)?;
            copy::prepare_upgrade(&mut file)?;
            if has_another_shape {
                file.execute_batch("UPDATE sync_meta SET shape = ~shape; UPDATE product SET low_threshold = 1")?;
            }
            Ok(())
        })?;
        Ok(Self { program: Program::Same, ..upgraded })
    }

    /// Changes a row as no program does, if nothing waits that would be mixed up with it.
    pub fn damage(&mut self) -> Result<()> {
        let is_plain: bool = self.connection().query_row("SELECT NOT EXISTS (SELECT 1 FROM undo)", [], |row| row.get(0))?;
        let sql = "UPDATE product SET low_threshold = low_threshold + 7 WHERE id IN (SELECT id FROM product ORDER BY id LIMIT 1)";
        if is_plain && self.connection().execute(sql, [])? > 0 {
            self.damage = Damage::Now;
        }
        Ok(())
    }

    /// The disk as it is.
    pub fn image(&self) -> Result<Image> {
        Image::take(&self.path)
    }

    /// Another disk in this machine.
    pub fn with_disk(self, image: &Image) -> Result<Self> {
        self.reopen(|path| image.put(path))
    }

    /// Another disk in this machine, changed before the program starts on it.
    #[cfg(test)]
    pub fn with_disk_changed(self, image: &Image, change: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        self.reopen(|path| {
            image.put(path)?;
            change(path)
        })
    }

    /// A copied disk in another machine.
    pub fn copied(&self, path: &Path) -> Result<Self> {
        self.image()?.put(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: files::open(path)?,
            agent: Crashing::new(Replica::new(self.company)),
            stage: Stage::default(),
            company: self.company,
            device: self.device,
            person: self.person,
            history: self.history.clone(),
            program: self.program,
            clock_off: self.clock_off,
            damage: self.damage,
            images: Vec::new(),
        })
    }

    fn tell<T: Send + 'static>(&mut self, message: impl FnOnce(Answer<T>) -> Message) -> Result<Result<T, Reject>> {
        let (sender, receiver) = mpsc::channel();
        let message = message(Box::new(move |answer| drop(sender.send(answer))));
        self.file.execute(&mut self.agent, vec![message]);
        receiver.try_recv().context("a till's message without an answer")
    }

    /// Executes a command that was entered here.
    pub fn submit(&mut self, id: CommandId, command: Command, now: Instant) -> Result<Verdict> {
        let (sender, receiver) = mpsc::channel();
        let (company, device, actor) = (self.company, self.device, self.person);
        let at = Instant(now.0.saturating_add(self.clock_off));
        let envelope = Envelope { id, company, device, actor, at, version: COMMAND_VERSION, number: None, command };
        let answer = Box::new(move |verdict| drop(sender.send(verdict)));
        self.file.execute(&mut self.agent, vec![Message::Submit(Submission { envelope, rights: Rights::All, now: at, answer, keep: None })]);
        receiver.try_recv().context("a submission without an answer")
    }

    /// What it knows of itself, and the first commands of its outbox.
    pub fn look(&mut self, commands: i64) -> Result<(CopyState, Vec<OutboxEntry>)> {
        self.tell(|answer| Message::Look { after: 0, commands, answer })?.map_err(|reject| anyhow!("look: {reject}"))
    }

    /// What the server said to a push.
    pub fn pushed(&mut self, reply: PushReply, fresh: Uuid) -> Result<Result<bool, Reject>> {
        self.tell(|answer| Message::Pushed { reply, fresh, answer })
    }

    /// A whole answer to a pull.
    pub fn apply(&mut self, batch: Box<Batch>, now: Instant) -> Result<Result<Applied, Reject>> {
        self.tell(|answer| Message::Apply { batch, now, answer })
    }

    /// The server's history is another one.
    pub fn reset(&mut self, epoch: Uuid, echo: Echo, fresh: Uuid) -> Result<Result<bool, Reject>> {
        self.tell(|answer| Message::Reset { epoch, echo, fresh, answer })
    }

    /// The server has the program that this till has: what it entered under a newer one is no longer strange.
    pub fn is_understood(&self) -> Result<()> {
        for table in ["outbox", "journal"] {
            let sql = format!(
                "UPDATE {table} SET envelope = json_set(envelope, '$.version', ?1)
                 WHERE CASE WHEN json_valid(envelope) THEN json_extract(envelope, '$.version') > ?1 ELSE 0 END"
            );
            self.connection().execute(&sql, [COMMAND_VERSION])?;
        }
        Ok(())
    }

    /// Whether a command is in this file's log.
    pub fn has(&self, id: CommandId) -> Result<bool> {
        Ok(self.connection().prepare_cached("SELECT 1 FROM command_log WHERE id = ?1")?.exists([id.0.as_bytes()])?)
    }

    /// Whether a command is still to be sent, as far as this file knows.
    pub fn waits(&self, id: CommandId) -> Result<bool> {
        Ok(self.connection().prepare_cached("SELECT 1 FROM outbox WHERE id = ?1")?.exists([id.0.as_bytes()])?)
    }

    /// Whether this file was told that a command does not stand.
    pub fn is_refused(&self, id: CommandId) -> Result<bool> {
        Ok(self.connection().prepare_cached("SELECT 1 FROM command_log WHERE id = ?1 AND status = 'refused'")?.exists([id.0.as_bytes()])?)
    }

    /// Rows that its history says were written here and that its file does not show.
    pub fn missing(&self) -> Result<Vec<Written>> {
        // What is behind the horizon is forgotten.
        let mut behind =
            self.connection().prepare_cached("SELECT 1 FROM command_log l, horizon h WHERE l.id = ?1 AND l.rev > 0 AND l.rev <= h.through_rev")?;
        let mut missing = BTreeSet::new();
        for (id, row) in &self.history {
            let Some(row) = row else { continue };
            let sql = format!("SELECT 1 FROM {} WHERE company = ?1 AND id = ?2", row.table);
            let is_here = self.connection().prepare_cached(&sql)?.exists((self.company.0.as_bytes(), row.id.as_bytes()))?;
            if !is_here && !behind.exists([id.0.as_bytes()])? {
                missing.insert(*row);
            }
        }
        Ok(missing.into_iter().collect())
    }
}
