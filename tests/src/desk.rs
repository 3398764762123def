//! The desktop program without a window or a process of its own: what the import and printing tests talk to.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use kontor_desktop::program::{Program, Setup};
use kontor_domain::command::{Ask, Command, Receipt, Request};
use kontor_domain::host::{HostCall, HostEvent, Start, VerifyReport};
use kontor_domain::ids::CommandId;
use kontor_domain::reject::{Code, Reject};
use serde::de::DeserializeOwned;

use crate::books::agreed;
use crate::shop::{Founded, found_command, id};

/// A running program on a folder, and everything it told its screens.
#[derive(Debug)]
pub struct Desk {
    /// The program.
    pub program: Arc<Program>,
    events: Arc<Mutex<Vec<HostEvent>>>,
}

impl Desk {
    /// Starts on a folder.
    pub async fn start(folder: &Path) -> Self {
        let program = Program::start(Setup { folder: folder.to_owned(), synchronous_off: false }).await;
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        program.listen(Box::new(move |event| heard.lock().unwrap_or_else(PoisonError::into_inner).push(event)));
        Self { program, events }
    }

    /// Starts and founds a shop without products.
    pub async fn found(folder: &Path) -> anyhow::Result<(Self, Founded)> {
        let desk = Self::start(folder).await;
        let start: Start = desk.host(HostCall::GetStart).await?;
        let (command, founded) = found_command(start.person, 0);
        desk.execute(command).await?;
        Ok((desk, founded))
    }

    /// What screens were told so far.
    pub fn events(&self) -> Vec<HostEvent> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Executes a command.
    pub async fn execute(&self, command: Command) -> Result<Receipt, Reject> {
        parse(&self.program.execute(Request { id: CommandId(id()), command }).await?)
    }

    /// Asks the host.
    pub async fn host<A: DeserializeOwned>(&self, call: HostCall) -> Result<A, Reject> {
        parse(&self.program.host(call).await?)
    }

    /// Asks a question.
    pub async fn ask<Q: Ask>(&self, question: Q) -> Result<Q::Answer, Reject> {
        parse(&self.program.query(&question.into()).await?)
    }

    /// Recomputes everything; an error names the first difference.
    pub async fn verify(&self) -> anyhow::Result<VerifyReport> {
        agreed(self.host(HostCall::Verify).await.context("verify")?)
    }
}

fn parse<A: DeserializeOwned>(text: &str) -> Result<A, Reject> {
    serde_json::from_str(text).map_err(|error| Reject::new(Code::Internal).with("reference", error))
}
