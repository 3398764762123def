//! Ids: UUIDv7, made by the screen where the thing is entered, one type for each kind of thing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        crate::cell::cell_newtype!($name over Uuid);
        crate::schema::described!($name, "string", "uuid", concat!($($doc),*));

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+ };
}

ids! {
    /// A company (tenant): leads every key.
    CompanyId,
    /// A person who may sign in; the actor of commands.
    PersonId,
    /// An installation of the program.
    DeviceId,
    /// One command; its identity everywhere, for ever.
    CommandId,
    /// Many commands entered as one piece of work (an import).
    BatchId,
    /// A warehouse; every move belongs to one.
    WarehouseId,
    /// A place in a warehouse, real or virtual.
    LocationId,
    /// A product.
    ProductId,
    /// A category of products.
    CategoryId,
    /// A tax class.
    TaxId,
    /// A lot; [`LotId::NONE`] where lots are not tracked.
    LotId,
    /// A till: a numbered place where sales are made.
    TillId,
    /// A shift on a till.
    ShiftId,
    /// A sale or refund.
    SaleId,
    /// A cart put aside.
    ParkedCartId,
    /// A goods receipt, adjustment or other stock document.
    StockDocumentId,
    /// A printer as set up on a device.
    PrinterId,
    /// One piece of paper to print.
    PrintJobId,
    /// Cash put into or taken out of a drawer.
    CashMovementId,
    /// Something that needs a person.
    AttentionId,
    /// A role.
    RoleId,
    /// A key by which a program acts for a person.
    ApiKeyId,
    /// A rule about a network.
    NetworkRuleId,
    /// What somebody who may more allowed at a till.
    ApprovalId,
}

impl LotId {
    /// No lot: part of keys, so not an `Option`.
    pub const NONE: Self = Self(Uuid::nil());
}
