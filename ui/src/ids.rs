//! New ids. Every thing gets its id where it is entered: here.

use uuid::Uuid;

/// A new id of any kind: `ids::new(ProductId)`.
pub(crate) fn new<Id>(kind: impl FnOnce(Uuid) -> Id) -> Id {
    kind(Uuid::now_v7())
}
