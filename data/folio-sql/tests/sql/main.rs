//! `folio sql` and `folio export --to FILE.parquet`: the programs `folio` and `folio-sql` against the
//! sandbox.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod errors;
mod export;
mod files;
mod interruptions;
mod peers;
mod programs;
mod statements;
mod support;
#[cfg(unix)]
mod terminal;
