//! A till's whole program in this process, joined to a server: what a window would talk to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kontor_desktop::program::{Program, Setup};
use kontor_domain::command::{Ask, Command, Event, Query, Request};
use kontor_domain::counter::{self, OpenShift};
use kontor_domain::host::{HostCall, HostEvent, JoinServer, Start, SyncPhase, SyncState, Waiting};
use kontor_domain::ids::{CommandId, ShiftId};
use kontor_domain::settings::{GetSession, Session};
use kontor_domain::units::Money;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::shop::id;

/// How long anything may take before it is given up: a limit, not a verdict.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often the till is looked at.
const GLANCE: Duration = Duration::from_millis(2);

/// A till.
pub struct Desk {
    pub program: Arc<Program>,
    folder: PathBuf,
    /// Products changed.
    pub changed: Arc<Notify>,
}

impl Desk {
    /// Starts the program on a folder.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let program = Program::start(Setup { folder: folder.to_owned(), synchronous_off: false }).await;
        let changed = Arc::new(Notify::new());
        let told = Arc::clone(&changed);
        program.listen(Box::new(move |event| {
            if matches!(&event, HostEvent::Changed(events) if events.contains(&Event::CatalogChanged)) {
                told.notify_one();
            }
        }));
        Ok(Self { program, folder: folder.to_owned(), changed })
    }

    /// Starts it, joins a server and waits until all has come.
    pub async fn join(folder: &Path, invitation: JoinServer) -> anyhow::Result<Self> {
        let desk = Self::start(folder).await?;
        let _: Start = desk.host(HostCall::JoinServer(invitation)).await?;
        desk.until_synced().await?;
        Ok(desk)
    }

    pub async fn host<T: DeserializeOwned>(&self, call: HostCall) -> anyhow::Result<T> {
        Ok(serde_json::from_str(&self.program.host(call).await?)?)
    }

    pub async fn ask<Q: Ask + Into<Query>>(&self, question: Q) -> anyhow::Result<Q::Answer> {
        Ok(serde_json::from_str(&self.program.query(&question.into()).await?)?)
    }

    pub async fn execute(&self, command: Command) -> anyhow::Result<()> {
        self.program.execute(Request { id: CommandId(id()), command }).await?;
        Ok(())
    }

    /// Enters many commands, the next before the last is answered.
    pub async fn execute_all(&self, commands: Vec<Command>) -> anyhow::Result<()> {
        for part in commands.chunks(1_000) {
            let mut begun = Vec::with_capacity(part.len());
            for command in part {
                begun.push(self.program.begin_execute(Request { id: CommandId(id()), command: command.clone() }).await);
            }
            for one in begun {
                self.program.finish_execute(one).await?;
            }
        }
        Ok(())
    }

    pub async fn until_synced(&self) -> anyhow::Result<()> {
        let looked = async {
            loop {
                let state: Option<SyncState> = self.host(HostCall::GetSync).await?;
                if state.is_some_and(|state| state.phase == SyncPhase::Synced) {
                    let waiting: Vec<Waiting> = self.host(HostCall::ListWaiting { limit: 1 }).await?;
                    if waiting.is_empty() {
                        return anyhow::Ok(());
                    }
                }
                tokio::time::sleep(GLANCE).await;
            }
        };
        match tokio::time::timeout(PATIENCE, looked).await {
            Ok(done) => done,
            Err(_) => bail!("the till and its server do not come to rest"),
        }
    }

    pub async fn session(&self) -> anyhow::Result<Session> {
        self.ask(GetSession {}).await?.context("a shop is open")
    }

    /// The open shift, opened if none is.
    pub async fn shift(&self) -> anyhow::Result<ShiftId> {
        let session = self.session().await?;
        if let Some(shift) = session.shift {
            return Ok(shift.id);
        }
        let (till, business_date) = (session.till.context("a till")?, session.today.context("today")?);
        let shift_id = ShiftId(id());
        let open = OpenShift { shift_id, till_id: till.id, business_date, float: Money(1_000) };
        self.execute(Command::Counter(counter::Command::OpenShift(open))).await?;
        Ok(shift_id)
    }

    /// Its copy's file.
    pub fn file(&self) -> anyhow::Result<PathBuf> {
        let files = std::fs::read_dir(&self.folder)?.flatten().map(|entry| entry.path());
        let is_copy = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(crate::till::is_copy_name);
        files.into_iter().find(is_copy).context("no copy")
    }
}
