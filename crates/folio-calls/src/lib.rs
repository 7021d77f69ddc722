//! Calls each typed operation of a release through the SDK, and compares the requests that a server
//! receives with the canonical documents; returns random responses, and compares the SDK's results.
//!
//! The program that calls the operations is generated (`build/calls.rs`): it knows the SDK.
//! What is right is not taken from there. The documents are read here once more ([`document`]),
//! values are made of the schemas ([`values`]) and validated by the crate `jsonschema`, and
//! requests are taken apart as a server does ([`check`]).
//!
//! `FOLIO_CALLS_SEED`, `FOLIO_CALLS_MODULE` and `FOLIO_CALLS_ROUNDS` (random values an operation)
//! change what is called.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

pub mod check;
pub mod document;
pub mod json;
pub mod program;
pub mod server;
pub mod values;

mod calls;
mod compare;
mod media_type;
mod plan;
mod rejected;
mod requests;
mod responses;
mod run;

pub use plan::{Plan, Report};
pub use run::run;

/// The folder of the documents.
pub const SPECS: &str = env!("FOLIO_SPECS_READ");
