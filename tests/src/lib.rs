//! What whole-system tests share: a shop on a real file, a program as a real process.

pub mod bench_start;
pub mod bench_sync;
pub mod books;
pub mod desk;
pub mod dice;
pub mod engine;
pub mod figures;
pub mod ledger;
pub mod many;
pub mod office;
pub mod older;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod raw;
pub mod server;
pub mod shop;
pub mod small_disk;
pub mod till;
pub mod window;
