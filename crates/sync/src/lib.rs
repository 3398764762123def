//! How copies agree.
//!
//! Here now: the [`authority`], which executes a company's commands in one order, keeps each with its verdict, and
//! stamps the rows it changed. The replica (a till's copy that runs commands ahead and takes the authority's rows
//! later) comes beside it. Sans-I/O: no HTTP, no window, no SQL, no clock of its own.

pub mod authority;

pub use authority::{Authority, Submission, Verdict};
