//! Commands on their way: how they are kept, sent, and numbered anew when this file must be another replica.

use std::collections::BTreeSet;

use kontor_domain::command::{COMMAND_VERSION, DocumentNumber, Envelope};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, PersonId};
use kontor_domain::time::Instant;
use kontor_store::StoreError;
use kontor_store::agent::Step;
use kontor_store::copy::{Ask, CopyState, Local, OutboxEntry};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Message, Phase, Replica};
use crate::message::{COMMANDS_LIMIT, Echo, PushAnswer, PushRequest, PushedCommand};
use crate::rule::Rule;
use crate::stage::echo_of;
use crate::upcast::upcast;

/// Bytes of commands after which a push is full.
const PUSH_BYTES: usize = 4_194_304;

/// A command as the outbox keeps it: its arguments as they were written, whatever program reads them later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Version of its shape.
    pub version: u32,
    /// The command.
    pub args: serde_json::Value,
    /// Number of its document.
    pub number: Option<DocumentNumber>,
    /// When it was entered.
    pub at: Instant,
    /// Who.
    pub actor: PersonId,
    /// Where.
    pub device: DeviceId,
}

impl Kept {
    /// A command to keep.
    pub fn of(envelope: &Envelope) -> Result<Self, StoreError> {
        Ok(Self {
            name: envelope.command.name().to_owned(),
            version: envelope.version,
            args: serde_json::to_value(&envelope.command).map_err(|error| StoreError::Other(error.to_string()))?,
            number: envelope.number,
            at: envelope.at,
            actor: envelope.actor,
            device: envelope.device,
        })
    }

    /// As it is stored.
    pub fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Other(error.to_string()))
    }

    /// As it was stored.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The command as today's program executes it; `None` if it cannot.
    pub fn envelope(self, id: CommandId, company: CompanyId) -> Option<Envelope> {
        let command = upcast(&self.name, self.version, self.args).ok()?;
        let Self { number, at, actor, device, .. } = self;
        Some(Envelope { id, company, device, actor, at, version: COMMAND_VERSION, number, command })
    }
}

/// The push of the first commands of an outbox; `None` if there is nothing to push.
pub fn push_request(copy: &CopyState, entries: &[OutboxEntry], device: DeviceId, build: &str, now: Instant) -> Option<PushRequest> {
    let mut bytes = 0;
    let mut commands = Vec::new();
    for entry in entries.iter().take(COMMANDS_LIMIT) {
        bytes += entry.envelope.len();
        if bytes > PUSH_BYTES && !commands.is_empty() {
            break;
        }
        // What cannot even be read goes up as it is: it is parked there, and what follows it arrives.
        let kept = Kept::read(&entry.envelope).unwrap_or_else(|| Kept {
            name: "unreadable".into(),
            version: COMMAND_VERSION,
            args: serde_json::Value::String(entry.envelope.clone()),
            number: None,
            at: now,
            actor: PersonId(Uuid::nil()),
            device,
        });
        let Kept { name, version, args, number, at, actor, .. } = kept;
        commands.push(PushedCommand { seq: entry.seq, id: entry.id, name, version, args, number, at, actor });
    }
    let request = PushRequest { epoch: copy.meta.epoch, replica: copy.meta.replica, device, build: build.to_owned(), now, commands };
    (!request.commands.is_empty()).then_some(request)
}

impl Replica {
    /// What the authority said to a push. Nothing is dropped for it.
    pub(super) fn pushed(&mut self) -> Result<Step, StoreError> {
        let Some(Message::Pushed { reply, .. }) = self.batch.first().map(|pending| &pending.message) else { return Ok(Step::Nothing) };
        let reply = reply.clone();
        let meta = &self.meta()?.meta;
        // An answer that was long on its way is for the replica this file was.
        if reply.replica != meta.replica {
            return self.commit();
        }
        match reply.answer {
            PushAnswer::Fork { .. } => {
                self.phase = Phase::OutboxAsked(Vec::new());
                Ok(Step::Ask(Ask::Outbox))
            }
            PushAnswer::Reset { epoch } if Some(epoch) != meta.epoch => self.reset(epoch, None),
            // A gap is a history that went back: the next pull notices by what was seen.
            PushAnswer::Ok | PushAnswer::Gap { .. } | PushAnswer::Reset { .. } | PushAnswer::Upgrade { .. } => self.commit(),
        }
    }

    /// The history is another one: what the authority took since its last backup goes up again, first.
    pub(super) fn reset(&mut self, epoch: Uuid, echo: Option<&Echo>) -> Result<Step, StoreError> {
        let copy = self.meta()?;
        if echo.is_some_and(|echo| *echo != echo_of(copy)) {
            return self.commit();
        }
        copy.meta.epoch = Some(epoch);
        self.phase = Phase::JournalAsked;
        Ok(Step::Ask(Ask::Journal))
    }

    /// The outbox was asked for: to be told, or to be numbered anew behind what goes up again.
    pub(super) fn outbox(&mut self, before: Vec<OutboxEntry>, entries: Vec<OutboxEntry>) -> Result<Step, StoreError> {
        let Some(pending) = self.batch.first_mut() else { return Ok(Step::Nothing) };
        let (fresh, series, is_reset) = match &pending.message {
            Message::Look { .. } => {
                pending.looked = self.copy.clone().map(|copy| (copy, entries));
                return self.commit();
            }
            Message::Pushed { reply, fresh, .. } => match reply.answer {
                PushAnswer::Fork { series } => (*fresh, Some(series), false),
                _ => (*fresh, None, true),
            },
            Message::Reset { fresh, .. } => (*fresh, None, true),
            Message::Submit(_) | Message::Apply { .. } => return Ok(Step::Nothing),
        };
        pending.changed = true;
        let mut seen = BTreeSet::new();
        let all = before.into_iter().chain(entries).filter(|entry| seen.insert(entry.id));
        let numbered: Vec<OutboxEntry> = (1_i64..).zip(all).map(|(seq, entry)| OutboxEntry { seq, ..entry }).collect();
        let copy = self.meta()?;
        copy.meta.replica = fresh;
        copy.meta.series = series.unwrap_or(copy.meta.series);
        copy.meta.next_seq = i64::try_from(numbered.len()).unwrap_or(i64::MAX - 1) + 1;
        copy.meta.acked = 0;
        if is_reset {
            copy.meta.seen = None;
            copy.meta.seen_rev = 0;
            let scopes: Vec<_> = copy.cursors.keys().copied().collect();
            self.local.extend(scopes.into_iter().map(|scope| Local::Cursor(scope, Some(0))));
            if Rule::JournalIsKept.holds() {
                self.local.push(Local::JournalClear);
            }
        }
        self.local.push(Local::OutboxReplace(numbered));
        self.commit()
    }
}
