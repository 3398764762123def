//! What a person may do, word by word and together.

use std::collections::BTreeSet;

use crate::cell::words;

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
