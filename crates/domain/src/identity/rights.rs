//! What a person may do: the role's permissions, the same at a till, at the server and by API.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Person, Role};
use crate::cell::{Cell, CellError, CellKind, Value, words};
use crate::command::{Permission, Rights};
use crate::ids::RoleId;
use crate::units::Rate;

words! {
    /// Roles that every company has from its beginning. Each but the owner's may be edited.
    BuiltIn {
        /// May do everything, for ever.
        Owner = "owner",
        /// Runs the shop day by day.
        Manager = "manager",
        /// Sells.
        Seller = "seller",
        /// Receives and counts goods.
        WarehouseClerk = "warehouse_clerk",
        /// Buys: sees what is their own, never on a device.
        Customer = "customer",
    }
}

/// What a manager may not: what decides about the company itself and about who gets in.
const NOT_A_MANAGERS: &[Permission] = &[
    Permission::CompanyFound,
    Permission::CompanyRegister,
    Permission::SettingsEdit,
    Permission::RolesManage,
    Permission::KeysManage,
    Permission::NetworkManage,
];

/// What a seller lets go without asking: 10 %.
const A_SELLERS_DISCOUNT: Rate = Rate(100_000);

const A_SELLERS: &[Permission] = &[
    Permission::SettingsRead,
    Permission::CatalogRead,
    Permission::StockRead,
    Permission::ShiftRead,
    Permission::ShiftManage,
    Permission::ShiftCash,
    Permission::CounterSell,
    Permission::CounterDrawer,
    Permission::SalesRead,
    Permission::PrintingRead,
    Permission::PrintingPrint,
    Permission::AttentionRead,
    Permission::ProfileOwn,
];

const A_WAREHOUSE_CLERKS: &[Permission] = &[
    Permission::SettingsRead,
    Permission::CatalogRead,
    Permission::StockRead,
    Permission::StockReceive,
    Permission::StockAdjust,
    Permission::PrintingRead,
    Permission::PrintingPrint,
    Permission::AttentionRead,
    Permission::ProfileOwn,
];

/// All that a customer's role can ever hold.
const A_CUSTOMERS: &[Permission] = &[Permission::ProfileOwn];

impl BuiltIn {
    /// The role of a fixed id, if it is built in.
    pub fn of_role(id: RoleId) -> Option<Self> {
        Self::ALL.iter().copied().find(|built_in| RoleId::of(*built_in) == id)
    }

    /// The role as it is as long as nobody edits it.
    pub fn role(self) -> Role {
        Role { id: RoleId::of(self), name: self.word().into(), permissions: self.permissions(), discount_limit: self.discount_limit() }
    }

    /// How much of a price it may let go as long as nobody edits it.
    pub const fn discount_limit(self) -> Rate {
        match self {
            Self::Owner | Self::Manager => Rate::WHOLE,
            Self::Seller => A_SELLERS_DISCOUNT,
            Self::WarehouseClerk | Self::Customer => Rate::ZERO,
        }
    }

    /// What it may as long as nobody edits it.
    pub fn permissions(self) -> PermissionSet {
        match self {
            Self::Owner => PermissionSet::all(),
            Self::Manager => PermissionSet(PermissionSet::all().0.into_iter().filter(|permission| !NOT_A_MANAGERS.contains(permission)).collect()),
            Self::Seller => A_SELLERS.iter().copied().collect(),
            Self::WarehouseClerk => A_WAREHOUSE_CLERKS.iter().copied().collect(),
            Self::Customer => A_CUSTOMERS.iter().copied().collect(),
        }
    }
}

impl RoleId {
    /// The owner's role.
    pub const OWNER: Self = Self(uuid::Uuid::from_u128(1));
    /// A customer's role.
    pub const CUSTOMER: Self = Self(uuid::Uuid::from_u128(5));

    /// The id of a built-in role: the same in every company, so that no company has to be told of it.
    pub const fn of(built_in: BuiltIn) -> Self {
        match built_in {
            BuiltIn::Owner => Self::OWNER,
            BuiltIn::Manager => Self(uuid::Uuid::from_u128(2)),
            BuiltIn::Seller => Self(uuid::Uuid::from_u128(3)),
            BuiltIn::WarehouseClerk => Self(uuid::Uuid::from_u128(4)),
            BuiltIn::Customer => Self::CUSTOMER,
        }
    }
}

/// Named permissions, kept as their words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PermissionSet(pub BTreeSet<Permission>);

impl PermissionSet {
    /// Every permission there is.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// Whether a customer may have all of it.
    pub fn is_a_customers(&self) -> bool {
        self.0.iter().all(|permission| A_CUSTOMERS.contains(permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl Cell for PermissionSet {
    const KIND: CellKind = CellKind::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.0.iter().map(|permission| permission.word()).collect::<Vec<_>>().join(" "))
    }

    /// A word that only a newer program knows gives nothing here: this program has nothing that needs it.
    fn from_value(value: Value) -> Result<Self, CellError> {
        match value {
            Value::Text(text) => Ok(text.split_whitespace().filter_map(Permission::of).collect()),
            value => Err(CellError { wanted: "permissions", value }),
        }
    }
}

/// What a person may, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Powers {
    /// What they may do.
    pub rights: Rights,
    /// How much of a price they may let go.
    pub discount_limit: Rate,
}

impl Powers {
    /// Nothing at all.
    pub const fn none() -> Self {
        Self { rights: Rights::none(), discount_limit: Rate::ZERO }
    }
}

/// What a person may do by the role: its row as this copy has it, or what it is as long as nobody edited it. The one
/// place where rights come from.
pub fn powers(person: &Person, row: Option<&Role>) -> Powers {
    if person.active { of_role(person.role_id, row) } else { Powers::none() }
}

/// The rights alone.
pub fn rights(person: &Person, row: Option<&Role>) -> Rights {
    powers(person, row).rights
}

/// What a role may.
pub(super) fn of_role(id: RoleId, row: Option<&Role>) -> Powers {
    match (BuiltIn::of_role(id), row) {
        (Some(BuiltIn::Owner), _) => Powers { rights: Rights::All, discount_limit: Rate::WHOLE },
        (_, Some(row)) => Powers { rights: Rights::Only(row.permissions.0.clone()), discount_limit: row.discount_limit },
        (Some(built_in), None) => Powers { rights: Rights::Only(built_in.permissions().0), discount_limit: built_in.discount_limit() },
        (None, None) => Powers::none(),
    }
}
