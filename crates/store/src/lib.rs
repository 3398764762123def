//! Where it is kept: SQLite and PostgreSQL. The only SQL of Kontor.
//!
//! One writer for each open database: on SQLite a thread with rusqlite ([`sqlite`]), on PostgreSQL a task with sqlx
//! ([`postgres`]). What it writes is decided by an [`agent::Agent`] (the authority of `kontor-sync`), which asks for rows
//! and answers with rows and knows no SQL. Migrations and every query are sqlx with one SQL text ([`reader`]).

pub mod access;
pub mod agent;
pub mod answers;
pub mod attention;
mod backup;
pub mod blob;
pub mod catalog;
mod checkpoint;
pub mod closed_file;
pub mod copy;
pub mod counter;
pub mod error;
pub mod feed;
pub mod history;
mod identity;
pub mod installation;
pub mod migrations;
pub mod outbox;
pub mod postgres;
pub mod printing;
pub mod reader;
pub mod reports;
mod row_json;
pub mod rule;
pub mod search;
pub mod server_file;
pub mod settings;
pub mod shape;
pub mod snapshot;
pub mod sqlite;
mod sqlite_search;
mod statistics;
pub mod stock;
mod table_sql;
pub mod verify;

pub use error::StoreError;
pub use reader::Reader;
