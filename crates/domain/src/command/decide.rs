//! How a command is decided: who may is looked at in one place, then the feature's rules, on a World that is given back
//! as it was where anything refuses.

use serde::{Deserialize, Serialize};

use super::{Command, DocumentNumber, Envelope, Event, Nature, Permission, Query, Rights};
use crate::identity::{Person, PersonKey, Powers};
use crate::ids::{CompanyId, DeviceId, PersonId, WarehouseId};
use crate::reject::{Code, Reject};
use crate::settings::{Company, CompanyKey};
use crate::time::Instant;
use crate::world::{Halt, Scope, World};
use crate::{attention, catalog, counter, identity, printing, settings, stock};

/// Where a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Where it was entered: any rule may refuse it.
    Entry,
    /// Again, in the company's one order: facts stand.
    Again,
}

/// Who asks, where, with which rights, and what time it is for checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The company.
    pub company: CompanyId,
    /// Who is signed in.
    pub person: PersonId,
    /// On which device.
    pub device: DeviceId,
    /// Most that they may do here: a key's permissions, nothing for who is not believed on a device. What they may is
    /// what of this their role gives them.
    pub rights: Rights,
    /// Most that somebody else may lend them here by an approval.
    pub lender: Rights,
    /// The time, for checks only: what is written comes from the envelope.
    pub now: Instant,
    /// Entered here or executed again.
    pub mode: Mode,
}

impl Context {
    fn allow(&self, permission: Permission) -> Result<(), Reject> {
        if self.rights.allow(permission) { Ok(()) } else { Err(Reject::new(Code::InsufficientPermission).with("permission", permission.word())) }
    }
}

/// What a command leaves behind for its caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of its document, if it made one.
    pub number: Option<String>,
    /// What happened.
    pub events: Vec<Event>,
}

impl Outcome {
    /// Something happened.
    pub fn event(event: Event) -> Self {
        Self { number: None, events: vec![event] }
    }

    /// A document with a number was made.
    pub fn document(number: String, events: Vec<Event>) -> Self {
        Self { number: Some(number), events }
    }
}

/// A command being decided: the World it may change and what it knows.
#[derive(Debug)]
pub struct Exec<'a> {
    /// The rows.
    pub world: &'a mut World,
    /// Who and what for.
    pub context: &'a Context,
    /// The command.
    pub envelope: &'a Envelope,
    /// What the actor may do: what the role says, within the context's rights.
    pub powers: Powers,
    /// What somebody who may more has lent for this command.
    pub lent: Powers,
    moves: i64,
    postings: i64,
    attentions: u16,
}

impl Exec<'_> {
    /// Whether this is a fact that is executed again: it happened, so it stands whatever rule it breaks.
    pub fn is_fact_again(&self) -> bool {
        self.context.mode == Mode::Again && self.envelope.command.nature() == Nature::Fact
    }

    /// When it was entered: the time that is written.
    pub const fn at(&self) -> Instant {
        self.envelope.at
    }

    /// The number drawn for this command's document.
    pub fn number(&self) -> Result<DocumentNumber, Reject> {
        self.envelope.number.ok_or_else(|| Reject::field(Code::Format, "number"))
    }

    /// The place of the command's next move.
    pub(crate) const fn next_move(&mut self) -> i64 {
        self.moves += 1;
        self.moves - 1
    }

    /// The place of the command's next posting.
    pub(crate) const fn next_posting(&mut self) -> i64 {
        self.postings += 1;
        self.postings - 1
    }

    /// An id for an attention item that nobody names beforehand: cut from the command's id and a count.
    pub(crate) const fn next_attention(&mut self) -> crate::ids::AttentionId {
        self.attentions += 1;
        self.attention(self.attentions)
    }

    const fn attention(&self, count: u16) -> crate::ids::AttentionId {
        let mut bytes = *self.envelope.id.0.as_bytes();
        let [high, low] = count.to_be_bytes();
        bytes[14] ^= high;
        bytes[15] ^= low;
        crate::ids::AttentionId(uuid::Uuid::from_bytes(bytes))
    }

    /// The company.
    pub fn company(&mut self) -> Result<Company, Halt> {
        let key = CompanyKey { id: self.envelope.company };
        Ok(self.world.find::<Company>(&key)?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "company"))?)
    }

    /// Refuses an id that something has already: a screen makes each once, and nothing is ever overwritten.
    pub(crate) fn check_fresh<R: crate::world::Row>(&mut self, key: &R::Key, id: uuid::Uuid) -> Result<(), Halt> {
        match self.world.find::<R>(key)? {
            None => Ok(()),
            Some(_) => Err(Reject::field(Code::CodeInUse, "id").with("value", id).with("name", R::TABLE.info().name).into()),
        }
    }

    /// Scope of a warehouse's rows.
    pub fn warehouse_scope(warehouse: WarehouseId) -> Scope {
        Scope::of_id(warehouse.0)
    }

    /// A rule is broken: at entry the command is refused; a fact executed again stands and is flagged.
    pub fn refuse_or_flag(&mut self, reject: Reject, about: uuid::Uuid, scope: Scope) -> Result<(), Halt> {
        if !self.is_fact_again() {
            return Err(reject.into());
        }
        self.flag(attention::AttentionKind::RuleBroken, about, attention::args_of(reject), scope)
    }

    /// Writes down that something needs a person.
    pub(crate) fn flag(&mut self, kind: attention::AttentionKind, about: uuid::Uuid, args: String, scope: Scope) -> Result<(), Halt> {
        let id = self.next_attention();
        if !self.has_said(id)? {
            let item = attention::Attention { id, kind, about_id: about, args, at: self.at(), resolved_at: None };
            self.world.insert(scope, item);
        }
        Ok(())
    }

    /// Whether an item of this command is here already: the authority's rows of it may come before its answer, where another
    /// file of this till pushed it.
    fn has_said(&mut self, id: crate::ids::AttentionId) -> Result<bool, Halt> {
        if self.context.mode != Mode::Again {
            return Ok(false);
        }
        // What else it may say is asked for with it, the more the more it said: a sale of many lines is not tried once for
        // each.
        for count in self.attentions..self.attentions.saturating_mul(5).saturating_add(8) {
            self.world.wish::<attention::Attention>(&attention::AttentionKey { id: self.attention(count) });
        }
        Ok(self.world.find::<attention::Attention>(&attention::AttentionKey { id })?.is_some())
    }
}

/// Decides a command: the only place where company, person and permission are checked, and the only way to a
/// feature's rules. Changes are in the World when it returns `Ok`; on any [`Halt`] the caller rolls the World back.
pub fn execute(world: &mut World, context: &Context, envelope: &Envelope) -> Result<Outcome, Halt> {
    within(world, context, envelope, decide)
}

/// Whether whoever enters a command may enter it at all, as [`execute`] looks first. For who has found something else that
/// stands in its way and must not tell that to just anybody. Changes nothing.
pub fn admit(world: &mut World, context: &Context, envelope: &Envelope) -> Result<(), Halt> {
    within(world, context, envelope, check)
}

fn within<T>(world: &mut World, context: &Context, envelope: &Envelope, work: impl FnOnce(&mut Exec<'_>) -> Result<T, Halt>) -> Result<T, Halt> {
    if context.company != envelope.company {
        return Err(Reject::new(Code::InsufficientPermission).with("permission", "company").into());
    }
    if context.mode == Mode::Entry && (context.person != envelope.actor || context.device != envelope.device) {
        return Err(Reject::new(Code::Unauthorised).into());
    }
    let mut exec = Exec { world, context, envelope, powers: Powers::none(), lent: Powers::none(), moves: 0, postings: 0, attentions: 0 };
    let result = work(&mut exec);
    if matches!(result, Err(Halt::Reject(_))) {
        // Wishes of a refused command are nobody's any more.
        exec.world.take_needs();
    }
    result
}

fn check(exec: &mut Exec<'_>) -> Result<(), Halt> {
    let envelope = exec.envelope;
    match &envelope.command {
        // Nobody is there yet who could have a role.
        Command::Settings(settings::Command::Found(_)) => exec.context.allow(envelope.command.permission())?,
        // An expired company goes on by this very command.
        Command::Settings(settings::Command::SetExpiry { .. }) => identity::check_person(exec)?,
        Command::Identity(identity::Command::Register(_)) => {
            exec.context.allow(envelope.command.permission())?;
            check_company(exec)?;
        }
        command => {
            counter::wish_named(exec, command);
            exec.world.wish::<Person>(&PersonKey { id: envelope.actor });
            check_company(exec)?;
            identity::check_person(exec)?;
        }
    }
    Ok(())
}

fn decide(exec: &mut Exec<'_>) -> Result<Outcome, Halt> {
    check(exec)?;
    let envelope = exec.envelope;
    let outcome = match &envelope.command {
        Command::Settings(command) => settings::run(exec, command),
        Command::Identity(command) => identity::run(exec, command),
        Command::Catalog(command) => catalog::run(exec, command),
        Command::Stock(command) => stock::run(exec, command),
        Command::Counter(command) => counter::run(exec, command),
        Command::Printing(command) => printing::run(exec, command),
        Command::Attention(command) => attention::run(exec, command),
    }?;
    exec.world.granted()?;
    match exec.world.take_collision() {
        None => Ok(outcome),
        Some(table) => Err(Reject::field(Code::Format, "id").with("table", table.info().name).into()),
    }
}

fn check_company(exec: &mut Exec<'_>) -> Result<(), Halt> {
    exec.world.wish::<Company>(&CompanyKey { id: exec.envelope.company });
    exec.world.granted()?;
    let company = exec.company()?;
    // What happened is recorded, wherever it is entered; what is only wished for is not done.
    if company.has_expired(exec.context.now) && exec.envelope.command.nature() != Nature::Fact {
        return Err(Reject::new(Code::CompanyExpired).into());
    }
    Ok(())
}

/// Checks a question: the only place where a query's permission is looked at.
pub fn check_query(context: &Context, query: &Query) -> Result<(), Reject> {
    context.allow(query.permission())
}
