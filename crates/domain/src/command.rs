//! The one path of a change, and the one path of a question.
//!
//! A screen, file or API call builds a [`Command`]; the entering program wraps it in an [`Envelope`]; [`execute`]
//! checks company and permission in one place and hands it to its feature. A question is a [`Query`], checked by
//! [`check_query`] and answered by the store.

mod decide;
mod edit;
mod rights;

use serde::{Deserialize, Serialize};

use crate::counter::NumberKind;
use crate::identity::{Approvable, Approval};
use crate::ids::{CommandId, CompanyId, DeviceId, PersonId, TillId};
use crate::time::Instant;
use crate::{attention, catalog, counter, identity, printing, reports, settings, stock};

pub use decide::{Context, Exec, Mode, Outcome, admit, check_query, execute};
pub use edit::Edit;
pub(crate) use edit::apply;
pub use rights::{Permission, Rights};

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
            Self::Identity(command) => match command {
                identity::Command::Register(_)
                | identity::Command::CreatePerson(_)
                | identity::Command::EditPerson(_)
                | identity::Command::SetActive { .. }
                | identity::Command::EditProfile(_)
                | identity::Command::ChangeRole { .. }
                | identity::Command::CreateRole(_)
                | identity::Command::EditRole(_)
                | identity::Command::RemoveRole { .. }
                | identity::Command::CreateKey(_)
                | identity::Command::RevokeKey { .. }
                | identity::Command::AddNetworkRule(_)
                | identity::Command::RemoveNetworkRule { .. } => Nature::Request,
            },
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
            Self::Printing(printing::Command::SavePaper(_)) => "printing.save_paper",
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
