//! From a caller to the authority and the readers: the caller's company, device, person and rights go with everything.

use std::sync::PoisonError;

use kontor_domain::command::{Ask, Command, Query};
use kontor_domain::counter;
use kontor_domain::ids::{CommandId, CompanyId, TillId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, AddTill, Company};
use kontor_domain::time::BusinessDate;
use kontor_domain::zone;
use kontor_store::reader::Asker;
use kontor_sync::authority::Done;
use uuid::Uuid;

use crate::app::App;
use crate::host::Host;
use crate::identity::actor::server_device;
use crate::identity::{Actor, KeepAnswer};
use crate::problem::Problem;

/// Name of the server's own till, before anybody gives it another.
const TILL_NAME: &str = "Server";

/// An id for something new.
pub fn fresh<T: From<Uuid>>() -> T {
    T::from(Uuid::now_v7())
}

/// Executes a command; returns after the commit. What it answers is kept with it if that is wanted.
pub async fn execute(app: &App, actor: &Actor, id: CommandId, command: Command, keep: Option<KeepAnswer>) -> Result<Done, Reject> {
    if needs_till(&command) && actor.device == server_device(actor.company) {
        make_till(app, actor.company).await?;
    }
    app.host.execute_keeping(actor, id, command, keep).await
}

/// Asks; the answer as JSON.
pub async fn ask_text(app: &App, actor: &Actor, query: impl Into<Query>) -> Result<String, Problem> {
    app.host.query_as(actor, &query.into()).await
}

/// Asks.
pub async fn ask<Q: Ask>(app: &App, actor: &Actor, question: Q) -> Result<Q::Answer, Problem> {
    read(&ask_text(app, actor, question).await?)
}

/// What an answer says.
pub fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(%error, "an answer of ours");
        Problem::unavailable()
    })
}

/// The company of whoever asks: how it reckons is no secret to who may act in it.
pub async fn company(app: &App, actor: &Actor) -> Result<Company, Problem> {
    let asker = Asker { company: actor.company, device: actor.device, person: actor.person, now: app.host.now(), today: None, utc_offset_minutes: 0 };
    app.host.access.reader().company(&asker).await?.ok_or_else(Problem::unavailable)
}

/// Today, in the company's time zone.
pub async fn today(app: &App, actor: &Actor) -> Result<BusinessDate, Problem> {
    Ok(zone::today(zone::of(&company(app, actor).await?.time_zone), app.host.now()))
}

/// The server's own till: cut from the company's id, so that every process is the same.
pub fn server_till(company: CompanyId) -> TillId {
    const MARK: u128 = 0x7111_5E4E;
    TillId(Uuid::from_u128(company.0.as_u128() ^ MARK))
}

/// Documents are numbered, and shifts are opened, on a till.
const fn needs_till(command: &Command) -> bool {
    command.number_kind().is_some() || matches!(command, Command::Counter(counter::Command::OpenShift(_)))
}

/// Makes the server a till, beside the first one, if it is none yet: a program that sells through the API does so on a till
/// like any other, with numbers and shifts of its own.
async fn make_till(app: &App, company: CompanyId) -> Result<(), Reject> {
    let known = || app.memory.with_till.lock().unwrap_or_else(PoisonError::into_inner);
    if known().contains(&company) {
        return Ok(());
    }
    make_till_at(&app.host, company).await?;
    known().insert(company);
    Ok(())
}

async fn make_till_at(host: &Host, company: CompanyId) -> Result<(), Reject> {
    let till_id = server_till(company);
    let tills = host.access.tills(company).await.map_err(|error| error.reject())?;
    if tills.iter().any(|place| place.till.id == till_id) {
        return Ok(());
    }
    let missing = || Reject::new(Code::NotFound).with("what", "till");
    let beside = tills.first().ok_or_else(missing)?;
    let number = tills.iter().map(|place| place.till.number).max().unwrap_or(0) + 1;
    let owner = host.access.owner(company).await.map_err(|error| error.reject())?.ok_or_else(missing)?;
    let device_id = server_device(company);
    let (name, location_id) = (TILL_NAME.to_owned(), beside.till.location_id);
    let add = AddTill { till_id, number, name: name.clone(), location_id, device_id, device_name: name };
    // Its id is the till's: whoever makes it, it is made once.
    host.submit(CommandId(till_id.0), company, device_id, owner, Command::Settings(settings::Command::AddTill(add))).await.map(|_| ())
}
