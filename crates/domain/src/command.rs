//! The one path of a change, and the one path of a question.
//!
//! A screen, file or API call builds a [`Command`]; the entering program wraps it in an [`Envelope`]; [`execute`]
//! checks company and permission in one place and hands it to its feature. A question is a [`Query`], checked by
//! [`check_query`] and answered by the store.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cell::words;
use crate::counter::NumberKind;
use crate::identity::{Approvable, Approval, Person, PersonKey, Powers};
use crate::ids::{CommandId, CompanyId, DeviceId, PersonId, TillId, WarehouseId};
use crate::reject::{Code, Reject};
use crate::settings::{Company, CompanyKey};
use crate::time::Instant;
use crate::world::{Halt, Scope, World};
use crate::{attention, catalog, counter, identity, printing, reports, settings, stock};

/// Everything that can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Company, devices, tills.
    Settings(settings::Command),
    /// People, roles, keys, networks.
    Identity(identity::Command),
    /// Products, categories, taxes.
    Catalog(catalog::Command),
    /// Receipts of goods, adjustments.
    Stock(stock::Command),
    /// Shifts, sales, refunds.
    Counter(counter::Command),
    /// Printers and print jobs.
    Printing(printing::Command),
    /// What needs a person.
    Attention(attention::Command),
}

/// Everything that can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Company, devices, tills.
    Settings(settings::Query),
    /// People, roles, keys, networks, audit.
    Identity(identity::Query),
    /// Products, categories, taxes.
    Catalog(catalog::Query),
    /// Balances and moves.
    Stock(stock::Query),
    /// Shifts, sales, refunds.
    Counter(counter::Query),
    /// Printers and print jobs.
    Printing(printing::Query),
    /// What needs a person.
    Attention(attention::Query),
    /// Figures.
    Reports(reports::Query),
}

/// A question with the type of its answer.
pub trait Ask: Into<Query> {
    /// What comes back.
    type Answer: Serialize + serde::de::DeserializeOwned;
}

/// Declares a feature's questions: a struct each, the feature's `Query`, the answer's type and the right it needs.
macro_rules! queries {
    ($feature:ident { $($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? } -> $answer:ty, permission: $permission:ident;)+ }) => {
        /// What can be asked.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Query { $($(#[$meta])* $name($name)),+ }

        impl Query {
            /// Every question, by its name, with the right it needs.
            pub const ALL: &'static [(&'static str, $crate::command::Permission)] =
                &[$((stringify!($name), $crate::command::Permission::$permission)),+];

            /// The right it needs.
            pub const fn permission(&self) -> $crate::command::Permission {
                match self { $(Self::$name(_) => $crate::command::Permission::$permission),+ }
            }

            /// Its name, for logs.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),+ }
            }
        }

        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[allow(missing_docs)]
            pub struct $name { $(pub $field: $type),* }

            impl From<$name> for $crate::command::Query {
                fn from(question: $name) -> Self {
                    Self::$feature(Query::$name(question))
                }
            }

            impl $crate::command::Ask for $name {
                type Answer = $answer;
            }
        )+
    };
}
pub(crate) use queries;

words! {
    /// What a person may do: `area.action`.
    Permission {
        /// Read company, devices, tills.
        SettingsRead = "settings.read",
        /// Change company, devices, tills.
        SettingsEdit = "settings.edit",
        /// Make a company on a fresh file.
        CompanyFound = "company.found",
        /// Make oneself a customer.
        CompanyRegister = "company.register",
        /// Read people.
        UsersRead = "users.read",
        /// Make and change people, let them act or not.
        UsersEdit = "users.edit",
        /// Give people another role.
        UsersRole = "users.role",
        /// Read and change one's own data.
        ProfileOwn = "profile.own",
        /// Read roles.
        RolesRead = "roles.read",
        /// Make and change roles.
        RolesManage = "roles.manage",
        /// Make keys for programs, and take them back.
        KeysManage = "keys.manage",
        /// Say from which networks people and programs may come.
        NetworkManage = "network.manage",
        /// Read what was done, tried and refused.
        AuditRead = "audit.read",
        /// Read products.
        CatalogRead = "catalog.read",
        /// Make and change products.
        CatalogEdit = "catalog.edit",
        /// Import products and undo imports.
        CatalogImport = "catalog.import",
        /// Change categories and tax classes.
        CatalogManage = "catalog.manage",
        /// Read stock.
        StockRead = "stock.read",
        /// Receive goods.
        StockReceive = "stock.receive",
        /// Adjust stock.
        StockAdjust = "stock.adjust",
        /// Open, close, read shifts.
        ShiftRead = "shift.read",
        /// Open and close shifts.
        ShiftManage = "shift.manage",
        /// Cash in and out.
        ShiftCash = "shift.cash",
        /// Sell, park, recall.
        CounterSell = "counter.sell",
        /// Ask another price than the list's.
        CounterPrice = "counter.price",
        /// Give money back.
        CounterRefund = "counter.refund",
        /// Open the drawer without a sale.
        CounterDrawer = "counter.drawer",
        /// Read sales.
        SalesRead = "sales.read",
        /// Read ledgers.
        LedgerRead = "ledger.read",
        /// Read printers and jobs.
        PrintingRead = "printing.read",
        /// Print.
        PrintingPrint = "printing.print",
        /// Set up printers.
        PrintingManage = "printing.manage",
        /// Read attention items.
        AttentionRead = "attention.read",
        /// Settle attention items.
        AttentionResolve = "attention.resolve",
        /// Read reports.
        ReportsRead = "reports.read",
    }
}

/// Whether a command tells what happened or asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// It happened: executed again elsewhere it is always recorded, and what it breaks is flagged.
    Fact,
    /// It may be refused anywhere.
    Request,
}

impl Command {
    /// The right it needs.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::Settings(command) => match command {
                settings::Command::Found(_) | settings::Command::SetExpiry { .. } => Permission::CompanyFound,
                settings::Command::ChangeCompany(_)
                | settings::Command::ChangeTill(_)
                | settings::Command::AddTill(_)
                | settings::Command::AddWarehouse(_)
                | settings::Command::ChangeDevice(_)
                | settings::Command::AddDevice { .. } => Permission::SettingsEdit,
            },
            Self::Identity(command) => match command {
                identity::Command::Register(_) => Permission::CompanyRegister,
                identity::Command::CreatePerson(_) | identity::Command::EditPerson(_) | identity::Command::SetActive { .. } => Permission::UsersEdit,
                identity::Command::EditProfile(_) => Permission::ProfileOwn,
                identity::Command::ChangeRole { .. } => Permission::UsersRole,
                identity::Command::CreateRole(_) | identity::Command::EditRole(_) | identity::Command::RemoveRole { .. } => Permission::RolesManage,
                identity::Command::CreateKey(_) | identity::Command::RevokeKey { .. } => Permission::KeysManage,
                identity::Command::AddNetworkRule(_) | identity::Command::RemoveNetworkRule { .. } => Permission::NetworkManage,
            },
            Self::Catalog(command) => match command {
                catalog::Command::CreateProduct(_)
                | catalog::Command::EditProduct(_)
                | catalog::Command::AddImage(_)
                | catalog::Command::RemoveImage { .. } => Permission::CatalogEdit,
                catalog::Command::CreateCategory(_)
                | catalog::Command::EditCategory(_)
                | catalog::Command::CreateTax(_)
                | catalog::Command::EditTax(_) => Permission::CatalogManage,
                catalog::Command::Import(_) | catalog::Command::RevertImport(_) => Permission::CatalogImport,
            },
            Self::Stock(command) => match command {
                stock::Command::Receive(_) => Permission::StockReceive,
                stock::Command::Adjust(_) => Permission::StockAdjust,
            },
            Self::Counter(command) => match command {
                counter::Command::OpenShift(_) | counter::Command::CloseShift(_) => Permission::ShiftManage,
                counter::Command::CashIn(_) | counter::Command::CashOut(_) => Permission::ShiftCash,
                counter::Command::Sell(_) | counter::Command::Park(_) | counter::Command::Unpark(_) => Permission::CounterSell,
                counter::Command::Refund(_) => Permission::CounterRefund,
                counter::Command::OpenDrawer(_) => Permission::CounterDrawer,
            },
            Self::Printing(command) => command.permission(),
            Self::Attention(command) => match command {
                attention::Command::Resolve { .. } => Permission::AttentionResolve,
            },
        }
    }

    /// Whether it is a fact or a request.
    pub const fn nature(&self) -> Nature {
        match self {
            Self::Settings(command) => match command {
                settings::Command::Found(_)
                | settings::Command::ChangeCompany(_)
                | settings::Command::ChangeTill(_)
                | settings::Command::AddTill(_)
                | settings::Command::AddWarehouse(_)
                | settings::Command::ChangeDevice(_)
                | settings::Command::AddDevice { .. }
                | settings::Command::SetExpiry { .. } => Nature::Request,
            },
            Self::Identity(_) => Nature::Request,
            Self::Catalog(command) => match command {
                catalog::Command::CreateProduct(_) => Nature::Fact,
                catalog::Command::EditProduct(_)
                | catalog::Command::CreateCategory(_)
                | catalog::Command::EditCategory(_)
                | catalog::Command::CreateTax(_)
                | catalog::Command::EditTax(_)
                | catalog::Command::Import(_)
                | catalog::Command::RevertImport(_)
                | catalog::Command::AddImage(_)
                | catalog::Command::RemoveImage { .. } => Nature::Request,
            },
            Self::Stock(command) => match command {
                stock::Command::Receive(_) | stock::Command::Adjust(_) => Nature::Fact,
            },
            Self::Counter(command) => match command {
                counter::Command::OpenShift(_)
                | counter::Command::CashIn(_)
                | counter::Command::CashOut(_)
                | counter::Command::CloseShift(_)
                | counter::Command::Sell(_)
                | counter::Command::Refund(_)
                | counter::Command::Park(_)
                | counter::Command::Unpark(_)
                | counter::Command::OpenDrawer(_) => Nature::Fact,
            },
            Self::Printing(command) => command.nature(),
            Self::Attention(command) => match command {
                attention::Command::Resolve { .. } => Nature::Request,
            },
        }
    }

    /// Its name in the command log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Settings(settings::Command::Found(_)) => "settings.found",
            Self::Settings(settings::Command::ChangeCompany(_)) => "settings.change_company",
            Self::Settings(settings::Command::ChangeTill(_)) => "settings.change_till",
            Self::Settings(settings::Command::AddTill(_)) => "settings.add_till",
            Self::Settings(settings::Command::AddWarehouse(_)) => "settings.add_warehouse",
            Self::Settings(settings::Command::ChangeDevice(_)) => "settings.change_device",
            Self::Settings(settings::Command::AddDevice { .. }) => "settings.add_device",
            Self::Settings(settings::Command::SetExpiry { .. }) => "settings.set_expiry",
            Self::Identity(identity::Command::CreatePerson(_)) => "identity.create_person",
            Self::Identity(identity::Command::Register(_)) => "identity.register",
            Self::Identity(identity::Command::EditPerson(_)) => "identity.edit_person",
            Self::Identity(identity::Command::EditProfile(_)) => "identity.edit_profile",
            Self::Identity(identity::Command::ChangeRole { .. }) => "identity.change_role",
            Self::Identity(identity::Command::SetActive { .. }) => "identity.set_active",
            Self::Identity(identity::Command::CreateRole(_)) => "identity.create_role",
            Self::Identity(identity::Command::EditRole(_)) => "identity.edit_role",
            Self::Identity(identity::Command::RemoveRole { .. }) => "identity.remove_role",
            Self::Identity(identity::Command::CreateKey(_)) => "identity.create_key",
            Self::Identity(identity::Command::RevokeKey { .. }) => "identity.revoke_key",
            Self::Identity(identity::Command::AddNetworkRule(_)) => "identity.add_network_rule",
            Self::Identity(identity::Command::RemoveNetworkRule { .. }) => "identity.remove_network_rule",
            Self::Catalog(catalog::Command::CreateProduct(_)) => "catalog.create_product",
            Self::Catalog(catalog::Command::EditProduct(_)) => "catalog.edit_product",
            Self::Catalog(catalog::Command::CreateCategory(_)) => "catalog.create_category",
            Self::Catalog(catalog::Command::EditCategory(_)) => "catalog.edit_category",
            Self::Catalog(catalog::Command::CreateTax(_)) => "catalog.create_tax",
            Self::Catalog(catalog::Command::EditTax(_)) => "catalog.edit_tax",
            Self::Catalog(catalog::Command::Import(_)) => "catalog.import",
            Self::Catalog(catalog::Command::RevertImport(_)) => "catalog.revert_import",
            Self::Catalog(catalog::Command::AddImage(_)) => "catalog.add_image",
            Self::Catalog(catalog::Command::RemoveImage { .. }) => "catalog.remove_image",
            Self::Stock(stock::Command::Receive(_)) => "stock.receive",
            Self::Stock(stock::Command::Adjust(_)) => "stock.adjust",
            Self::Counter(counter::Command::OpenShift(_)) => "counter.open_shift",
            Self::Counter(counter::Command::CashIn(_)) => "counter.cash_in",
            Self::Counter(counter::Command::CashOut(_)) => "counter.cash_out",
            Self::Counter(counter::Command::CloseShift(_)) => "counter.close_shift",
            Self::Counter(counter::Command::Sell(_)) => "counter.sell",
            Self::Counter(counter::Command::Refund(_)) => "counter.refund",
            Self::Counter(counter::Command::Park(_)) => "counter.park",
            Self::Counter(counter::Command::Unpark(_)) => "counter.unpark",
            Self::Counter(counter::Command::OpenDrawer(_)) => "counter.open_drawer",
            Self::Printing(printing::Command::SetPrinter(_)) => "printing.set_printer",
            Self::Printing(printing::Command::Reprint(_)) => "printing.reprint",
            Self::Printing(printing::Command::PrintShift(_)) => "printing.print_shift",
            Self::Printing(printing::Command::Report(_)) => "printing.report",
            Self::Printing(printing::Command::Retry(_)) => "printing.retry",
            Self::Printing(printing::Command::Cancel { .. }) => "printing.cancel",
            Self::Attention(attention::Command::Resolve { .. }) => "attention.resolve",
        }
    }

    /// Whether it is only taken where the authority is: what decides who may do what, and where, is never decided
    /// on a copy that may be out of date.
    pub const fn is_online_only(&self) -> bool {
        matches!(self, Self::Settings(_) | Self::Identity(_))
    }

    /// Whether it is only done at the server's own machine, whatever somebody's role allows: how long a company may work is
    /// not for its own people to say.
    pub const fn is_of_the_machine(&self) -> bool {
        matches!(self, Self::Settings(settings::Command::Found(_) | settings::Command::SetExpiry { .. }))
    }

    /// What somebody who may more allowed of it.
    pub const fn approval(&self) -> Option<&Approval> {
        match self {
            Self::Counter(command) => command.approval(),
            _ => None,
        }
    }

    /// The same with another approval, or none.
    #[must_use]
    pub fn approved(mut self, approval: Option<Approval>) -> Self {
        if let Self::Counter(command) = &mut self {
            command.approve(approval);
        }
        self
    }

    /// What of it somebody who may more can allow; `None`: nothing of it.
    pub fn approvable(&self) -> Option<Approvable> {
        match self {
            Self::Counter(command) => command.approvable(),
            _ => None,
        }
    }

    /// The number the entering program's writer draws for it, inside the transaction.
    pub const fn number_kind(&self) -> Option<NumberKind> {
        match self {
            Self::Counter(counter::Command::Sell(_) | counter::Command::Refund(_)) => Some(NumberKind::Receipt),
            Self::Counter(counter::Command::CloseShift(_)) => Some(NumberKind::Shift),
            Self::Stock(stock::Command::Receive(_) | stock::Command::Adjust(_)) => Some(NumberKind::Stock),
            Self::Settings(_) | Self::Identity(_) | Self::Catalog(_) | Self::Printing(_) | Self::Attention(_) | Self::Counter(_) => None,
        }
    }
}

/// Questions by their names, each with the right it needs.
pub type Questions = &'static [(&'static str, Permission)];

impl Query {
    /// Every question, by its feature.
    pub const ALL: &'static [(&'static str, Questions)] = &[
        ("settings", settings::Query::ALL),
        ("identity", identity::Query::ALL),
        ("catalog", catalog::Query::ALL),
        ("stock", stock::Query::ALL),
        ("counter", counter::Query::ALL),
        ("printing", printing::Query::ALL),
        ("attention", attention::Query::ALL),
        ("reports", reports::Query::ALL),
    ];

    /// The right it needs.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::Settings(query) => query.permission(),
            Self::Identity(query) => query.permission(),
            Self::Catalog(query) => query.permission(),
            Self::Stock(query) => query.permission(),
            Self::Counter(query) => query.permission(),
            Self::Printing(query) => query.permission(),
            Self::Attention(query) => query.permission(),
            Self::Reports(query) => query.permission(),
        }
    }

    /// Whether the shop server alone knows all of the answer: a till holds of it what it needs to work.
    pub const fn is_kept_at_server(&self) -> bool {
        matches!(self, Self::Identity(_) | Self::Settings(settings::Query::ListDevices(_)))
    }

    /// Its name, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Settings(query) => query.name(),
            Self::Identity(query) => query.name(),
            Self::Catalog(query) => query.name(),
            Self::Stock(query) => query.name(),
            Self::Counter(query) => query.name(),
            Self::Printing(query) => query.name(),
            Self::Attention(query) => query.name(),
            Self::Reports(query) => query.name(),
        }
    }
}

/// One field's change: what the person saw and what it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit<T> {
    /// What was seen.
    pub from: T,
    /// What it shall be.
    pub to: T,
}

impl<T: Clone + PartialEq> Edit<T> {
    /// The change between two states, if they differ.
    pub fn between(from: &T, to: &T) -> Option<Self> {
        (from != to).then(|| Self { from: from.clone(), to: to.clone() })
    }
}

/// Applies an edit to a field, or refuses because the field is no longer what was seen.
pub(crate) fn apply<T: Clone + PartialEq + Serialize>(field: &mut T, edit: &Option<Edit<T>>, name: &str) -> Result<(), Reject> {
    let Some(edit) = edit else { return Ok(()) };
    if *field != edit.from && *field != edit.to {
        return Err(Reject::field(Code::ChangedMeanwhile, name)
            .with("before", as_json(&edit.from))
            .with("theirs", as_json(field))
            .with("mine", as_json(&edit.to)));
    }
    field.clone_from(&edit.to);
    Ok(())
}

/// A value as JSON: the screen knows the field and writes it as people read it.
fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A number for paper, drawn by the entering program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentNumber {
    /// The till whose series it is.
    pub till_id: TillId,
    /// The series.
    pub series: i64,
    /// The count in it.
    pub seq: i64,
}

/// A command on its way: identity, origin and time, made once where it was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Identity, for ever.
    pub id: CommandId,
    /// The company.
    pub company: CompanyId,
    /// The device it was entered on.
    pub device: DeviceId,
    /// Who.
    pub actor: PersonId,
    /// When it was entered.
    pub at: Instant,
    /// Version of the command's shape.
    pub version: u32,
    /// Number for its document, if it has one.
    #[serde(default)]
    pub number: Option<DocumentNumber>,
    /// What.
    pub command: Command,
}

/// The version of command shapes this program makes.
pub const COMMAND_VERSION: u32 = 1;

/// Where a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Where it was entered: any rule may refuse it.
    Entry,
    /// Again, in the company's one order: facts stand.
    Again,
}

/// Rights of a person on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// The owner's: all.
    All,
    /// Named ones.
    Only(BTreeSet<Permission>),
}

impl Rights {
    /// Whether they contain it.
    pub fn allow(&self, permission: Permission) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(&permission),
        }
    }

    /// Their words.
    pub fn words(&self) -> Vec<&'static str> {
        Permission::ALL.iter().filter(|permission| self.allow(**permission)).map(|permission| permission.word()).collect()
    }

    /// None at all.
    pub const fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// A right that others contain and these do not.
    pub fn missing(&self, others: &Self) -> Option<Permission> {
        let of_others = match others {
            Self::All => Permission::ALL.iter().copied().collect(),
            Self::Only(some) => some.clone(),
        };
        of_others.into_iter().find(|permission| !self.allow(*permission))
    }

    /// What both contain.
    #[must_use]
    pub fn within(&self, limit: &Self) -> Self {
        match (self, limit) {
            (Self::All, _) => limit.clone(),
            (_, Self::All) => self.clone(),
            (Self::Only(some), Self::Only(others)) => Self::Only(some.intersection(others).copied().collect()),
        }
    }
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

/// What happened, for those who listen: screens now, webhooks and notices later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Company, till or device data changed.
    SettingsChanged,
    /// Products, categories or taxes changed.
    CatalogChanged,
    /// Stock moved.
    StockChanged,
    /// A shift opened, closed, or its drawer changed.
    ShiftChanged,
    /// A sale or refund was made.
    SaleMade,
    /// A cart was parked or taken up.
    ParkedChanged,
    /// Paper waits or was printed.
    PrintingChanged,
    /// Something needs a person, or no longer does.
    AttentionChanged,
    /// People, roles, keys or networks changed.
    IdentityChanged,
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
    if company.expires_at.is_some_and(|end| end < exec.context.now) && exec.envelope.command.nature() != Nature::Fact {
        return Err(Reject::new(Code::CompanyExpired).into());
    }
    Ok(())
}

/// Checks a question: the only place where a query's permission is looked at.
pub fn check_query(context: &Context, query: &Query) -> Result<(), Reject> {
    context.allow(query.permission())
}

/// What a screen sends to have a command executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The command's id, made by the screen and kept by it until it knows the verdict.
    pub id: CommandId,
    /// The command.
    pub command: Command,
}

/// What a screen gets back when it is done: the command is on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The command.
    pub id: CommandId,
    /// Its place in the company's order.
    pub rev: i64,
    /// When it was entered.
    pub at: Instant,
    /// Number of its document, if it made one.
    pub number: Option<String>,
    /// Whether it had been done before (the same id came twice).
    pub repeated: bool,
}
