//! A FOLIO in the process: a real HTTP server over SQLite, for tests and examples.
//!
//! It serves the collections that the canonical documents describe, with login, tokens that expire,
//! CQL, paging, and the responses that FOLIO's servers give (Okapi and RMB), and it fails on
//! demand. It listens on a port of the loopback interface and runs on a thread of its own, so that
//! neither the caller's runtime nor its clock matter to it.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use folio_sandbox::{Effect, Fault, Sandbox};
//! use serde_json::json;
//!
//! let sandbox = Sandbox::builder().tenant("diku").user("admin", "secret").start().await?;
//! sandbox.load("diku", "/groups", vec![json!({"id": "3684a786-6671-4268-8ed0-9db82ebca60b", "group": "staff"})])?;
//! sandbox.fault(Fault::new(Effect::status(503, "busy")).path("/groups").times(1));
//! assert!(sandbox.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(sandbox.records("diku", "/groups")?.len(), 1);
//! # Ok::<(), folio_sandbox::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Layers of the source
//!
//! Each folder is a layer and imports only layers below it, and files of its own: `value` (text,
//! JSON, dates) < `wire` (request and response) < `facts` (canonical documents, tables, kinds of
//! records) < `jackson` (bodies) < `cql` < `generate` (invented records) < `store` < `platform`
//! (tenants, tokens, permissions, faults) < `collections` (plain collections of records) <
//! `modules` (all else that FOLIO's modules answer) < `server` (HTTP, gateway, ports) < `setup`
//! (start, and what a test asks). `record` stands alone. `docs/architecture.md` says where a change
//! belongs.

mod collections;
/// CQL as the sandbox evaluates it: for tests that compare queries with it, and no stable
/// interface.
#[doc(hidden)]
pub mod cql;
mod facts;
mod generate;
mod jackson;
mod modules;
mod platform;
/// The recorder: for the command and the tests of recordings, and no stable interface.
#[doc(hidden)]
pub mod record;
mod server;
mod setup;
mod store;
mod value;
mod wire;

pub use platform::error::Error;
pub use platform::exchange::{Answered, Exchange};
pub use platform::faults::{BadFault, Effect, Fault, Gateway};
pub use platform::wiring::Module;
pub use setup::builder::Builder;
pub use setup::sandbox::Sandbox;
