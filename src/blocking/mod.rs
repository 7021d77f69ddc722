//! The client for programs that are not asynchronous: every call of
//! [`folio_sdk::FolioClient`](crate::FolioClient), without `.await`.
//!
//! The calls and their builders are the same types, with the mode [`Blocking`]: `send` returns the
//! response, `stream` an iterator, `pages` an iterator over pages, `download` a reader,
//! `upsert(…).run()` a report. A client is cheap to clone and may be used by several threads at once. It
//! has a thread of its own that drives its connections, which ends with the last clone.
//!
//! ```no_run
//! use folio_sdk::blocking::FolioClient;
//! use serde_json::Value;
//!
//! fn main() -> Result<(), folio_sdk::Error> {
//!     let folio = FolioClient::builder("https://folio.example.edu").tenant("diku").credentials("admin", "secret").connect()?;
//!     let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(50).send()?;
//! # #[cfg(feature = "users")]
//!     for user in folio.users().list_users().stream() {
//!         println!("{}", user?.username.unwrap_or_default());
//!     }
//!     folio.close()
//! }
//! ```
//!
//! Code that is asynchronous only is run by [`FolioClient::run`].
//!
//! Inside asynchronous code a blocking call would stop the thread on which everything else waits.
//! There it is an error of kind [`ErrorKind::Runtime`](crate::ErrorKind::Runtime), and
//! nothing is sent. `tokio::task::spawn_blocking` is the place for it.

mod builder;
mod client;
mod harvest;
mod iter;
mod mode;
mod wait;
mod wrappers;

pub use client::FolioClient;
pub use iter::{Iter, IterItem};
pub use wait::Blocking;
