//! Commands of a copy: executed again, in the company's one order.

use std::collections::BTreeMap;

use kontor_domain::attention::{Attention, AttentionKind, args_of};
use kontor_domain::command::{Context, Envelope, Mode, Nature, Rights};
use kontor_domain::ids::{AttentionId, CommandId, CompanyId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_domain::world::Scope;
use kontor_store::StoreError;
use kontor_store::agent::{LogEntry, Pushed, Status};
use kontor_store::copy::Local;
use uuid::Uuid;

use super::{Authority, Message, Progress};
use crate::message::{ARGS_BYTES_LIMIT, PushAnswer, PushReply, PushRequest, PushedCommand};
use crate::rule::Rule;
use crate::run::{Tried, attempt};
use crate::upcast::{UpcastError, upcast};

/// Takes the answer to a push.
pub type Answer = Box<dyn FnOnce(Result<PushReply, Reject>) + Send>;

/// A push on its way to the writer, and whom to answer.
pub struct Push {
    /// The company the device belongs to.
    pub company: CompanyId,
    /// What was pushed; its device is the one whose token came with it.
    pub request: PushRequest,
    /// What the persons who have signed in on that device may do now. Others may do nothing: their facts are flagged.
    pub rights: BTreeMap<PersonId, Rights>,
    /// The time here.
    pub now: Instant,
    /// Called once, when it is durable. An error is no answer: nothing was kept.
    pub answer: Option<Answer>,
    /// It broke a constraint alone and is kept without being executed.
    parked: Option<String>,
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Push").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Push {
    /// A push.
    pub fn new(company: CompanyId, request: PushRequest, rights: BTreeMap<PersonId, Rights>, now: Instant, answer: Answer) -> Self {
        Self { company, request, rights, now, answer: Some(answer), parked: None }
    }

    pub(super) fn reply(self, answer: Result<PushAnswer, Reject>) {
        let replica = self.request.replica;
        if let Some(send) = self.answer {
            send(answer.map(|answer| PushReply { replica, answer }));
        }
    }

    fn came(&self, command: &PushedCommand) -> Pushed {
        Pushed { replica: self.request.replica, seq: command.seq, offset_ms: self.request.now.0.saturating_sub(self.now.0) }
    }

    /// Its commands in two halves, of which the last carries the answer; one alone is parked. Halved again and again, the
    /// one that breaks something is found in a few transactions, not in one for each of those that break nothing.
    pub(super) fn apart(mut self, what: &str) -> Vec<Self> {
        if self.request.commands.len() <= 1 {
            if self.parked.is_some() {
                self.reply(Err(StoreError::Constraint(what.to_owned()).reject()));
                return Vec::new();
            }
            self.parked = Some(what.to_owned());
            return vec![self];
        }
        let second = self.request.commands.split_off(self.request.commands.len() / 2);
        let first = Self {
            company: self.company,
            request: PushRequest { build: self.request.build.clone(), commands: std::mem::take(&mut self.request.commands), ..self.request },
            rights: self.rights.clone(),
            now: self.now,
            answer: None,
            parked: None,
        };
        self.request.commands = second;
        vec![first, self]
    }
}

/// What is said of the next command of a push before it is looked into.
enum Place {
    /// It is new here.
    Next,
    /// It came before, under this number.
    Repeated,
    /// The push ends here.
    Stop(PushAnswer),
}

impl Authority {
    pub(super) fn push(&mut self) -> Result<Progress, StoreError> {
        loop {
            let pending = &self.batch[self.at];
            let Message::Push(push) = &pending.message else { return Ok(Progress::Next) };
            if pending.answer.is_some() {
                return Ok(Progress::Next);
            }
            let answer = match push.request.commands.get(pending.kept) {
                _ if push.request.epoch.is_some() && push.request.epoch != self.epoch => {
                    self.epoch.map(|epoch| PushAnswer::Reset { epoch }).unwrap_or(PushAnswer::Ok)
                }
                None => PushAnswer::Ok,
                Some(command) => {
                    let (replica, command) = (push.request.replica, command.clone());
                    match self.place(replica, &command) {
                        Place::Stop(answer) => answer,
                        Place::Repeated => {
                            self.batch[self.at].kept += 1;
                            continue;
                        }
                        Place::Next => match self.pushed(&command)? {
                            Taken::Kept => {
                                self.note(replica, command.seq, command.id);
                                self.batch[self.at].kept += 1;
                                self.rounds = 0;
                                continue;
                            }
                            Taken::Newer => PushAnswer::Upgrade { last: command.seq - 1 },
                            Taken::Load(progress) => return Ok(progress),
                        },
                    }
                }
            };
            if let PushAnswer::Fork { series } = answer {
                self.series = series;
                self.local.push(Local::Series(series));
            }
            self.batch[self.at].answer = Some(answer);
        }
    }

    /// Whether a copy used this number before, and for what. Two files of one replica are told so here.
    fn place(&self, replica: Uuid, command: &PushedCommand) -> Place {
        let Some(before) = self.pushed.get(&replica) else { return Place::Next };
        match before.known.iter().find(|(seq, _)| *seq == command.seq) {
            Some((_, id)) if *id == command.id => Place::Repeated,
            Some(_) if !Rule::ForkIsTold.holds() => Place::Repeated,
            Some(_) => Place::Stop(PushAnswer::Fork { series: self.series + 1 }),
            None if command.seq <= before.last => Place::Stop(PushAnswer::Fork { series: self.series + 1 }),
            None if command.seq > before.last + 1 => Place::Stop(PushAnswer::Gap { last: before.last }),
            None => Place::Next,
        }
    }

    fn note(&mut self, replica: Uuid, seq: i64, id: CommandId) {
        let before = self.pushed.entry(replica).or_default();
        before.replica = replica;
        before.last = before.last.max(seq);
        before.known.push((seq, id));
        self.local.push(Local::Pushed { replica, seq, id });
    }

    /// Executes a command of the push, unless it is known by its id (another file of the till brought it, or this one
    /// before it became another replica).
    fn pushed(&mut self, command: &PushedCommand) -> Result<Taken, StoreError> {
        if self.known.contains_key(&command.id) && Rule::OnceById.holds() {
            return Ok(Taken::Kept);
        }
        let Message::Push(push) = &self.batch[self.at].message else { return Ok(Taken::Kept) };
        let (device, company, now, came) = (push.request.device, push.company, push.now, push.came(command));
        if let Some(what) = push.parked.clone() {
            self.set_aside(command, Status::Parked, Reject::new(Code::Internal).with("reference", what))?;
            return Ok(Taken::Kept);
        }
        let typed = match typed(command) {
            Ok(typed) => typed,
            Err(UpcastError::Newer(..)) if Rule::NewerWaits.holds() => return Ok(Taken::Newer),
            Err(what) => {
                let what = what.to_string();
                self.set_aside(command, Status::Parked, Reject::field(Code::Format, "command").with("reference", what))?;
                return Ok(Taken::Kept);
            }
        };
        let rights_of = |person: &PersonId| push.rights.get(person).cloned().unwrap_or_else(Rights::none);
        let rights = rights_of(&command.actor);
        // Who allowed something proved it on that device: it counts if they have signed in there.
        let lender = typed.approval().map_or_else(Rights::none, |approval| rights_of(&approval.person_id));
        let envelope = Envelope {
            id: command.id,
            company,
            device,
            actor: command.actor,
            at: command.at,
            version: kontor_domain::command::COMMAND_VERSION,
            number: command.number,
            command: typed,
        };
        if envelope.command.is_online_only() {
            self.set_aside(command, Status::Refused, Reject::new(Code::OnlineOnly))?;
            return Ok(Taken::Kept);
        }
        let mode = if Rule::FactsStand.holds() { Mode::Again } else { Mode::Entry };
        let context = Context { company, person: command.actor, device, rights, lender, now, mode };
        let world = self.worlds.entry(company).or_default();
        match attempt(world, &mut self.rounds, &context, &envelope) {
            Tried::Load(needs) => return Ok(Taken::Load(Progress::Load(needs))),
            Tried::Done(outcome) => self.stands(&envelope, now, &outcome, Some(came))?,
            // A fact stands whatever it breaks: what is refused of one is no fact of ours. And a defect of this program
            // is no refusal: the command is kept until a better program can execute it.
            Tried::Refused(reject) => {
                let is_parked = envelope.command.nature() == Nature::Fact || reject.code == Code::Internal;
                let status = if is_parked { Status::Parked } else { Status::Refused };
                self.set_aside(command, status, reject)?;
            }
        }
        Ok(Taken::Kept)
    }

    /// A command that does not stand is kept with all it said, and a person is told.
    fn set_aside(&mut self, command: &PushedCommand, status: Status, reject: Reject) -> Result<(), StoreError> {
        let Message::Push(push) = &self.batch[self.at].message else { return Ok(()) };
        let (company, device, now, came) = (push.company, push.request.device, push.now, push.came(command));
        let kind = if status == Status::Parked { AttentionKind::Parked } else { AttentionKind::Refused };
        let item = Attention {
            id: about(command.id),
            kind,
            about_id: command.id.0,
            args: args_of(reject.clone().with("command", &command.name)),
            at: command.at,
            resolved_at: None,
        };
        let world = self.worlds.entry(company).or_default();
        world.insert(Scope::of_id(device.0), item);
        let rev = self.seal(company);
        let envelope = serde_json::json!({ "args": command.args, "number": command.number });
        self.keep(LogEntry {
            id: command.id,
            rev,
            pushed: Some(came),
            device: device.0,
            actor: command.actor.0,
            name: command.name.clone(),
            version: i64::from(command.version),
            args: envelope.to_string().replace('\0', ""),
            number: None,
            at: command.at.0,
            received_at: now.0,
            status,
            code: Some(i64::from(reject.code.number())),
            chain: None,
        });
        Ok(())
    }
}

enum Taken {
    Kept,
    Newer,
    Load(Progress),
}

/// The command as today's program understands it.
fn typed(command: &PushedCommand) -> Result<kontor_domain::command::Command, UpcastError> {
    let typed = upcast(&command.name, command.version, command.args.clone())?;
    let size = command.args.to_string().len();
    if size > ARGS_BYTES_LIMIT {
        return Err(UpcastError::Malformed(format!("{size} bytes")));
    }
    if typed.number_kind().is_some() && command.number.is_none() {
        return Err(UpcastError::Malformed("no number".into()));
    }
    Ok(typed)
}

/// The attention item about a command: cut from its id, at another place than those the command makes itself.
fn about(id: CommandId) -> AttentionId {
    let mut bytes = *id.0.as_bytes();
    bytes[13] ^= 0x5A;
    AttentionId(Uuid::from_bytes(bytes))
}
