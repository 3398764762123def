//! What an authority does beside commands of persons: data changes of its own, and care for copies and backups.

use kontor_domain::attention::{self, HeldBack};
use kontor_domain::history::{self, Advance};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId};
use kontor_domain::reject::Reject;
use kontor_domain::time::Instant;
use kontor_domain::world::{Halt, Scope, World};
use kontor_store::StoreError;
use kontor_store::agent::{LogEntry, Status};
use kontor_store::copy::Local;
use uuid::Uuid;

use super::{Authority, Done, Message, Progress};
use crate::run::{Tried, repeated, settle};

/// Decides a job: it may be called again when rows were missing.
pub type Work = Box<dyn Fn(&mut World) -> Result<(), Halt> + Send>;

/// A change to data that no person entered (what a migration may not do): a command of the authority, in its order.
pub struct Job {
    /// Identity, for ever.
    pub id: CommandId,
    /// The company.
    pub company: CompanyId,
    /// Its name in the command log.
    pub name: String,
    /// The time.
    pub now: Instant,
    /// What it does.
    pub work: Work,
    /// Called once, when it is durable.
    pub answer: Box<dyn FnOnce(Result<(), Reject>) + Send>,
}

impl Job {
    /// Moves a company's horizon, refused (17007) where it was moved meanwhile.
    pub fn advance_history(id: CommandId, advance: Advance, now: Instant, answer: Box<dyn FnOnce(Result<(), Reject>) + Send>) -> Self {
        let company = advance.company;
        let work = Box::new(move |world: &mut World| history::advance(world, &advance));
        Self { id, company, name: history::ADVANCE.into(), now, work, answer }
    }

    /// Tells people of what is kept, and not done, of a device that was shut out.
    pub fn tell_held_back(id: CommandId, company: CompanyId, held: HeldBack, answer: Box<dyn FnOnce(Result<(), Reject>) + Send>) -> Self {
        let now = held.at;
        let work = Box::new(move |world: &mut World| attention::tell_held_back(world, &held));
        Self { id, company, name: attention::HELD_BACK.into(), now, work, answer }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Care for copies and backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// A series nobody has used, for a new copy.
    NewSeries,
    /// A device may read a scope beside its own.
    Grant(DeviceId, Scope),
    /// It no longer may.
    Revoke(DeviceId, Scope),
    /// A backup on another machine covers everything up to this rev.
    Stable(i64),
    /// Removals up to this rev are forgotten: copies that were away for longer start anew.
    DropTombstones(i64),
}

/// Care on its way to the writer, and whom to answer.
pub struct Care {
    /// The company.
    pub company: CompanyId,
    /// What.
    pub upkeep: Upkeep,
    /// Called once, when it is durable; with the series, if one was given.
    pub answer: Box<dyn FnOnce(Result<Option<i64>, Reject>) + Send>,
}

impl std::fmt::Debug for Care {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Care").field("upkeep", &self.upkeep).finish_non_exhaustive()
    }
}

impl Authority {
    pub(super) fn care(&mut self) -> Progress {
        let Message::Care(care) = &self.batch[self.at].message else { return Progress::Next };
        let local = match care.upkeep {
            Upkeep::NewSeries => {
                self.series += 1;
                self.batch[self.at].series = Some(self.series);
                Local::Series(self.series)
            }
            Upkeep::Grant(device, scope) => Local::Grant { device, scope, granted: true },
            Upkeep::Revoke(device, scope) => Local::Grant { device, scope, granted: false },
            Upkeep::Stable(rev) => Local::Stable(rev.min(self.rev)),
            Upkeep::DropTombstones(rev) => Local::DropTombstones(rev.min(self.rev)),
        };
        self.local.push(local);
        Progress::Next
    }

    pub(super) fn job(&mut self) -> Result<Progress, StoreError> {
        let Message::Job(job) = &self.batch[self.at].message else { return Ok(Progress::Next) };
        if let Some(known) = self.known.get(&job.id) {
            self.batch[self.at].verdict = Some(repeated(known));
            return Ok(Progress::Next);
        }
        let (company, id, now, name) = (job.company, job.id, job.now, job.name.clone());
        let world = self.worlds.entry(company).or_default();
        match settle(world, &mut self.rounds, &name, |world| (job.work)(world)) {
            Tried::Load(needs) => return Ok(Progress::Load(needs)),
            Tried::Refused(reject) => self.batch[self.at].verdict = Some(Err(reject)),
            Tried::Done(outcome) => {
                let rev = self.seal(company);
                self.keep(LogEntry {
                    id,
                    rev,
                    pushed: None,
                    device: Uuid::nil(),
                    actor: Uuid::nil(),
                    name,
                    version: 0,
                    args: String::new(),
                    number: None,
                    at: now.0,
                    received_at: now.0,
                    status: Status::Ok,
                    code: None,
                    chain: None,
                });
                let receipt = kontor_domain::command::Receipt { id, rev, at: now, number: None, repeated: false };
                self.batch[self.at].verdict = Some(Ok(Done { receipt, outcome }));
            }
        }
        Ok(Progress::Next)
    }
}
