//! What whoever asks may have done and may be told: the way of every request that is not a till's.

use kontor_domain::command::{Ask, COMMAND_VERSION, Command, Context, Edit, Envelope, Mode, Permission, Query, Receipt, Rights, check_query};
use kontor_domain::ids::{CommandId, CompanyId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::Company;
use kontor_domain::time::Instant;
use kontor_domain::zone::{self, Zone};
use kontor_domain::{identity, reports, settings};
use kontor_store::StoreError;
use kontor_store::access::{Access, AccessEvent};
use kontor_store::answers::{Answer, KeptBeside, Origin};
use kontor_store::reader::Asker;
use kontor_sync::authority::{Done, Keep, Message, Submission};
use uuid::Uuid;

use super::actor::{Actor, server_device};
use crate::host::Host;
use crate::problem::Problem;

/// A command that is on the disk.
pub type Executed = Done;

/// Name of the server as a device, before anybody gives it another.
const OWN_NAME: &str = "Server";

impl Host {
    /// Executes a command of whoever asks, through the same batch as what tills push. What the person may is decided
    /// there by the role as it stands then, within what this request may. The same id again is answered as before.
    pub async fn execute_as(&self, actor: &Actor, id: CommandId, command: Command) -> Result<Executed, Problem> {
        Ok(self.execute_keeping(actor, id, command, None).await?)
    }

    /// The same; what is answered is kept with the command if that is wanted.
    pub async fn execute_keeping(&self, actor: &Actor, id: CommandId, command: Command, keep: Option<KeepAnswer>) -> Result<Executed, Reject> {
        if needs_password(actor, &command) {
            return Err(Reject::field(Code::OldPasswordWrong, "password"));
        }
        self.execute_proven(actor, id, command, keep).await
    }

    /// The same for who has just proved with the password who they are, where [`execute_keeping`](Self::execute_keeping)
    /// would want that.
    pub async fn execute_proven(&self, actor: &Actor, id: CommandId, command: Command, keep: Option<KeepAnswer>) -> Result<Executed, Reject> {
        if command.is_of_the_machine() {
            return Err(self.turned_away(actor, command.permission(), command.name()).await);
        }
        self.check_code(actor, &command).await?;
        if command.approval().is_some() {
            // It is given at a till, whose program has seen the PIN: here it is anybody's word.
            return Err(Reject::field(Code::Format, "approval"));
        }
        let now = self.now();
        let followed = Followed::of(&command);
        let name = command.name();
        let envelope = Envelope {
            id,
            company: actor.company,
            device: actor.device,
            actor: actor.person,
            at: now,
            version: COMMAND_VERSION,
            number: None,
            command,
        };
        let rights = actor.rights.clone();
        let keep = Some(kept(id, now, actor.origin(), keep));
        let done = self.ask(actor.company, |answer| Message::Submit(Submission { envelope, rights, now, answer, keep })).await;
        if let Err(reject) = &done {
            self.note_refusal(actor, name, reject).await;
        }
        let done = done?;
        if let Some(followed) = followed {
            followed.act(&self.access, actor, now).await.map_err(|error| error.reject())?;
        }
        Ok(done)
    }

    /// A company is named by its code where somebody signs in, so none takes another's. Whose it is, is not told.
    async fn check_code(&self, actor: &Actor, command: &Command) -> Result<(), Reject> {
        let Command::Settings(settings::Command::ChangeCompany(changes)) = command else { return Ok(()) };
        let Some(code) = changes.code.as_ref().filter(|_| actor.rights.allow(command.permission())) else { return Ok(()) };
        let is_used = self.access.code_is_used(&code.to, Some(actor.company)).await.map_err(|error| error.reject())?;
        if is_used { Err(Reject::field(Code::Format, "code")) } else { Ok(()) }
    }

    /// Answers a question of whoever asks, with JSON.
    pub async fn query_as(&self, actor: &Actor, query: &Query) -> Result<String, Problem> {
        let now = self.now();
        let (company, person, device) = (actor.company, actor.person, actor.device);
        let context = Context { company, person, device, rights: actor.rights.clone(), lender: Rights::none(), now, mode: Mode::Entry };
        if let Err(reject) = check_query(&context, query) {
            self.note_refusal(actor, query.name(), &reject).await;
            return Err(reject.into());
        }
        let mut asker = Asker { company, device, person, now, today: None, utc_offset_minutes: 0 };
        let reader = self.access.reader();
        if let Query::Settings(_) | Query::Reports(_) = query {
            let zone = reader.company(&asker).await?.map_or(Zone::UTC, |company| zone::of(&company.time_zone));
            asker.today = Some(zone::today(zone, now));
            if let Query::Reports(reports::Query::GetDay(day)) = query {
                asker.utc_offset_minutes = zone::utc_offset_minutes(zone, day.business_date);
            }
        }
        Ok(reader.answer(&asker, query).await?)
    }

    /// Whether whoever asks may do what is neither a command nor a question.
    pub async fn check(&self, actor: &Actor, permission: Permission, name: &str) -> Result<(), Problem> {
        if actor.rights.allow(permission) {
            return Ok(());
        }
        Err(self.turned_away(actor, permission, name).await.into())
    }

    /// The same for what changes something: a company whose time is over only reads, and may still take rights away.
    pub async fn check_change(&self, actor: &Actor, permission: Permission, name: &str) -> Result<(), Problem> {
        self.check(actor, permission, name).await?;
        self.check_expiry(actor.company).await
    }

    /// Whether a company's time is not over.
    pub async fn check_expiry(&self, company: CompanyId) -> Result<(), Problem> {
        let company = self.company(company).await?;
        if company.is_some_and(|company| company.has_expired(self.now())) {
            return Err(Reject::new(Code::CompanyExpired).into());
        }
        Ok(())
    }

    /// Somebody lacks a permission: that is written down, and what is answered.
    pub async fn turned_away(&self, actor: &Actor, permission: Permission, name: &str) -> Reject {
        let reject = Reject::new(Code::InsufficientPermission).with("permission", permission.word());
        self.note_refusal(actor, name, &reject).await;
        reject
    }

    /// A company as it is.
    pub async fn company(&self, company: CompanyId) -> Result<Option<Company>, StoreError> {
        let asker =
            Asker { company, device: server_device(company), person: PersonId(Uuid::nil()), now: self.now(), today: None, utc_offset_minutes: 0 };
        self.access.reader().company(&asker).await
    }

    /// The language of a company's paper and letters.
    pub async fn company_locale(&self, company: CompanyId) -> Result<String, Problem> {
        Ok(self.company(company).await?.map(|company| company.locale).unwrap_or_default())
    }

    /// Answers a typed question of whoever asks.
    pub async fn ask_as<Q: Ask>(&self, actor: &Actor, question: Q) -> Result<Q::Answer, Problem> {
        let text = self.query_as(actor, &question.into()).await?;
        Ok(serde_json::from_str(&text).map_err(|error| StoreError::Other(error.to_string()))?)
    }

    /// Who tried what they may not is written down; what else is refused is everyday life.
    async fn note_refusal(&self, actor: &Actor, name: &str, reject: &Reject) {
        let (company, person, number) = (actor.company, Some(actor.person), reject.code.number());
        if reject.code != Code::InsufficientPermission || !self.notes.may_note(number, company, person, actor.address) {
            return;
        }
        let event = AccessEvent {
            id: Uuid::now_v7(),
            company,
            at: self.now(),
            kind: "access.refused",
            person,
            device: Some(actor.device),
            address: actor.address.to_string(),
            detail: serde_json::json!({ "name": name, "args": reject.args }).to_string(),
            code: Some(number),
        };
        if let Err(error) = self.access.note(&event).await {
            tracing::error!(%error, "a refusal was not written down");
        }
    }

    /// Makes the server a device of each company, so that what is done on it has a place.
    pub async fn make_own_devices(&self) {
        match self.access.companies().await {
            Ok(companies) => {
                for company in companies {
                    if let Err(problem) = self.make_own_device(company).await {
                        tracing::warn!(?problem, "the server is no device of a company");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "companies"),
        }
    }

    /// Makes the server a device of a company, if it is none yet.
    pub async fn make_own_device(&self, company: CompanyId) -> Result<(), Problem> {
        let device_id = server_device(company);
        if self.access.has_device(company, device_id).await? {
            return Ok(());
        }
        let owner = self.access.owner(company).await?.ok_or_else(Problem::unauthorised)?;
        let add = Command::Settings(settings::Command::AddDevice { device_id, name: OWN_NAME.into() });
        // Its id is the device's: whoever makes it, it is made once.
        match self.submit(CommandId(device_id.0), company, device_id, owner, add).await {
            Ok(_) => Ok(()),
            Err(_) if self.access.has_device(company, device_id).await? => Ok(()),
            Err(reject) => Err(reject.into()),
        }
    }
}

/// Makes what is answered from a command's receipt.
pub type KeepAnswer = Box<dyn Fn(&Receipt) -> Answer + Send>;

/// What is kept with a command, in its transaction.
pub(super) fn kept(command_id: CommandId, at: Instant, origin: Origin, answer: Option<KeepAnswer>) -> Keep {
    Box::new(move |receipt| KeptBeside { command_id, at, origin: origin.clone(), answer: answer.as_ref().map(|answer| answer(receipt)) })
}

/// Whether somebody changes where links to a new password of theirs go: whoever holds their token alone may not, or the
/// token would be the account.
fn needs_password(actor: &Actor, command: &Command) -> bool {
    let is_other = |email: &Option<Edit<String>>| email.as_ref().is_some_and(|email| email.from != email.to);
    match command {
        Command::Identity(identity::Command::EditProfile(changes)) => is_other(&changes.email),
        Command::Identity(identity::Command::EditPerson(changes)) => changes.person_id == actor.person && is_other(&changes.email),
        _ => false,
    }
}

/// What follows at the door from a command that stands, whichever way it came.
struct Followed {
    deactivated: PersonId,
}

impl Followed {
    fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Identity(identity::Command::SetActive { person_id, active }) if !active.to => Some(Self { deactivated: *person_id }),
            _ => None,
        }
    }

    /// Who may not act is signed out everywhere, and is not signed in again by being let in again.
    async fn act(self, access: &Access, actor: &Actor, now: Instant) -> Result<(), StoreError> {
        access.end_sessions(actor.company, self.deactivated, None, now).await.map(|_| ())
    }
}
