//! What the business is: money, tax, states, commands, queries, events, refusals.
//!
//! Pure: no I/O, no clock, no randomness, no async. Every change is a [`command::Command`];
//! [`command::execute`] decides it on a [`world::World`] of typed rows, the same on every machine.

pub mod attention;
pub mod blob;
pub mod catalog;
pub mod cell;
pub mod command;
pub mod counter;
pub mod history;
pub mod host;
pub mod identity;
pub mod ids;
pub mod money;
pub mod news;
pub mod place;
pub mod printing;
pub mod reject;
pub mod reports;
mod schema;
pub mod secret;
pub mod settings;
pub mod stock;
#[doc(hidden)]
pub mod testing;
pub mod text;
pub mod time;
pub mod units;
pub mod verify;
pub mod world;
pub mod zone;
