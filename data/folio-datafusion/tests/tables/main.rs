//! Lists of FOLIO as tables of SQL, read from a sandbox.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may"
)]

mod catalog;
mod property;
mod recordings;
mod records;
mod requests;
mod statements;
mod support;
mod translations;
