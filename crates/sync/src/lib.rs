//! How copies agree: commands go up, rows come down.
//!
//! The [`authority`] executes a company's commands in one order, keeps each with its verdict, and stamps the rows it
//! changed. A [`replica`] (a till's copy) runs commands ahead, keeps them in its outbox, and takes the authority's
//! rows when they come: what is pending is taken back, the rows are applied, and what is still pending runs again.
//! [`message`] is what they say to each other, [`pull`] how the authority answers, [`stage`] where a copy collects
//! pages until they are complete. Sans-I/O: no HTTP, no window, no SQL, no clock, no chance of its own.

pub mod authority;
pub mod enrol;
pub mod message;
pub mod pull;
pub mod replica;
mod run;
pub mod sealed;
pub mod stage;
pub mod upcast;

pub use authority::{Authority, Submission, Verdict};
pub use kontor_store::rule;
pub use replica::Replica;
