//! Statements over a sandbox's lists, run by a scheduler and executors in their own processes.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may"
)]

mod failures;
mod gauge;
mod limit;
mod plans;
mod processes;
mod results;
mod secrets;
mod support;
