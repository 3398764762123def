//! The shop server: hosts the authority of a company for its tills.
//!
//! [`host`] drives the authority of `kontor-sync`, [`routes`] is what tills ask of it over HTTP, [`api`] what other programs ask, [`admin`] what is done
//! at the machine itself. It decides nothing of the business and holds no state but what is in the database.

pub mod admin;
pub mod api;
pub mod app;
pub mod backup;
pub mod blobs;
pub mod cli;
pub mod clock;
pub mod config;
mod hints;
pub mod history;
pub mod host;
pub mod identity;
pub mod logging;
pub mod metrics;
pub mod older;
pub mod problem;
pub mod quarantine;
pub mod routes;
pub mod screens;
pub mod seal;
pub mod secrets;
pub mod server;
pub mod shares;
pub mod snapshots;
pub mod tls;
pub mod upgrade;
pub mod upkeep;
pub mod vault;
pub mod wire;
