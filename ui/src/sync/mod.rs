//! This till and its shop server: the chip that is always there, its page, joining and leaving.

mod chip;
mod first;
mod join;
mod leave;
mod page;
mod waiting;

pub(crate) use chip::SyncChip;
pub(crate) use first::FirstSync;
pub(crate) use join::JoinForm;
pub(crate) use leave::LeaveServer;
pub(crate) use page::SyncScreen;
