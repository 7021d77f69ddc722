//! FOLIO's lists as tables of SQL, for [DataFusion](https://datafusion.apache.org/).
//!
//! [`register`] adds the lists of a tenant to a session, with one schema per module and one table per
//! list:
//!
//! ```no_run
//! # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
//! use datafusion::prelude::SessionContext;
//! use folio_datafusion::{Options, register};
//!
//! let ctx = SessionContext::new();
//! register(&ctx, &folio, Options::default()).await?;
//! let users = ctx.sql("select username, personal['email'] from users.users where active").await?;
//! users.show().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - **Filters** are translated to CQL where FOLIO can evaluate them without losing a row. A filter
//!   that FOLIO evaluates otherwise than SQL (it ignores case and accents) is applied again. `EXPLAIN`
//!   shows the query.
//! - **Columns** that are not selected are not decoded.
//! - **Limits** stop reading: `limit 10` is a page of ten records.
//! - **Partitions** are ranges of ids, read in parallel within the limits of the client.
//! - **Errors** of FOLIO are errors of the query, with their text; no row is left out. Dropping the
//!   result cancels the requests.
//!
//! The README of this crate has the table of filters and their translation.

mod catalog;
mod client_source;
mod description;
mod exec;
mod facts;
mod names;
mod options;
mod pushdown;
mod stream;
mod table;
mod uuid_functions;

pub use catalog::{FolioCatalog, register};
pub use client_source::ClientProvider;
pub use description::ScanDescription;
pub use exec::FolioExec;
pub use names::Names;
pub use options::Options;
pub use pushdown::Pushed;
pub use table::FolioTable;
pub use uuid_functions::uuid_functions;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
