//! SQL over FOLIO's lists on several machines, with [Ballista](https://datafusion.apache.org/ballista/).
//!
//! The tables, statements and results are those of [`folio_datafusion`]. The session plans a
//! statement and sends the plan to Ballista's scheduler, which divides it among executors. A plan
//! contains the *name* of credentials ([`Options::credentials`](folio_datafusion::Options::credentials));
//! executors resolve the name and log in themselves ([`CredentialsResolver`]).
//!
//! - [`session`] makes the session.
//! - The programs `folio-ballista-scheduler` and `folio-ballista-executor` run the other processes;
//!   [`Scheduler`] and [`Executor`] do so inside a program with its own resolver.
//! - [`Share`] is the part of an executor in the limit of concurrent requests of all executors.
//!
//! The README of this crate describes the limit, failures and security.

mod clients;
mod codec;
mod credentials;
mod executor;
mod failure;
mod functions;
mod logging;
mod members;
mod parts;
mod planner;
mod program;
mod remote;
mod scheduler;
mod session;
mod share;
mod signals;
mod slots;

pub use clients::Clients;
pub use codec::FolioCodec;
pub use credentials::{CredentialsResolver, EnvironmentResolver, Unresolved};
pub use executor::Executor;
pub use logging::log;
pub use planner::FolioPlanner;
pub use program::run;
pub use remote::RemoteExec;
pub use scheduler::Scheduler;
pub use session::session;
pub use share::{Place, Share, ShareError};
pub use tracing_subscriber::filter::LevelFilter;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
