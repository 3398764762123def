//! One way to talk to a company's authority on either engine, below the desktop program.

use std::path::Path;

use anyhow::Context as _;
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Query, Rights};
use kontor_domain::host::Difference;
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_store::installation::Installation;
use kontor_store::reader::{Asker, Reader};
use kontor_store::sqlite::{Synchronous, Writer};
use kontor_store::{postgres, sqlite};
use kontor_sync::authority::{Job, Message};
use kontor_sync::{Authority, Submission, Verdict};
use tokio::sync::oneshot;

use crate::shop::id;

/// Who acts, on which device of which company.
pub fn fresh_ids() -> Installation {
    Installation { company: CompanyId(id()), device: DeviceId(id()), person: PersonId(id()) }
}

/// A command on its way, and where its verdict will be.
pub fn submission(ids: Installation, id: CommandId, command: Command, at: Instant) -> (Submission, oneshot::Receiver<Verdict>) {
    let (sender, receiver) = oneshot::channel();
    let envelope = Envelope { id, company: ids.company, device: ids.device, actor: ids.person, at, version: COMMAND_VERSION, number: None, command };
    let answer = Box::new(move |verdict| {
        // A test that does not wait has dropped the other end.
        let _ = sender.send(verdict);
    });
    (Submission { envelope, rights: Rights::All, now: at, answer, keep: None }, receiver)
}

#[derive(Debug)]
enum Inlet {
    Sqlite(Writer<Message>),
    Postgres(tokio::sync::mpsc::Sender<Message>),
}

/// A database with its authority and its readers.
#[derive(Debug)]
pub struct Engine {
    inlet: Inlet,
    /// For reading.
    pub reader: Reader,
}

impl Engine {
    /// A file.
    pub async fn sqlite(path: &Path) -> anyhow::Result<Self> {
        let writer = sqlite::open(path, Synchronous::Full).await?.start_writer(Authority::new())?;
        Ok(Self { inlet: Inlet::Sqlite(writer), reader: Reader::open_file(path).await? })
    }

    /// A database of a server.
    pub async fn postgres(url: &str) -> anyhow::Result<Self> {
        let sender = postgres::start_writer(url, Authority::new()).await?;
        Ok(Self { inlet: Inlet::Postgres(sender), reader: Reader::open(url).await? })
    }

    /// Executes a command.
    pub async fn run(&self, ids: Installation, id: CommandId, command: Command, at: Instant) -> Verdict {
        let lost = |_| Reject::new(Code::Internal).with("reference", "the writer ended");
        let (submission, receiver) = submission(ids, id, command, at);
        self.send(submission.into()).await?;
        receiver.await.map_err(lost)?
    }

    async fn send(&self, message: Message) -> Result<(), Reject> {
        match &self.inlet {
            Inlet::Sqlite(writer) => writer.sender().send(message).map_err(|_| Reject::new(Code::Internal)),
            Inlet::Postgres(sender) => sender.send(message).await.map_err(|_| Reject::new(Code::Internal)),
        }
    }

    /// Moves the horizon, so that copies keep this day and what is later.
    pub async fn forget_history(&self, company: CompanyId, id: CommandId, kept_from: BusinessDate, now: Instant) -> anyhow::Result<()> {
        let advance = kontor_store::history::plan(&self.reader, company, kept_from).await?.context("nothing is older")?;
        let (sender, receiver) = oneshot::channel();
        let answer = Box::new(move |verdict| {
            let _ = sender.send(verdict);
        });
        self.send(Message::Job(Job::advance_history(id, advance, now, answer))).await?;
        Ok(receiver.await??)
    }

    /// Answers a question with JSON.
    pub async fn ask(&self, asker: &Asker, query: &Query) -> anyhow::Result<serde_json::Value> {
        let text = self.reader.answer(asker, query).await.with_context(|| format!("{query:?}"))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// What `verify` finds.
    pub async fn differences(&self, asker: &Asker) -> anyhow::Result<Vec<Difference>> {
        Ok(self.reader.verify(asker, &|_, _| {}).await?.differences)
    }
}

/// Who asks.
pub fn asker(ids: Installation, now: Instant, today: BusinessDate) -> Asker {
    Asker { company: ids.company, device: ids.device, person: ids.person, now, today: Some(today), utc_offset_minutes: 480 }
}
