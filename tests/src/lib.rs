//! What whole-system tests share: a shop on a real file, a program as a real process.

pub mod program;
pub mod shop;
