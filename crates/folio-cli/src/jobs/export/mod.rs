//! `folio export`: writes a list to a file.

mod args;
mod columns;
#[cfg(feature = "parquet")]
mod parquet_file;
mod part;
mod record_file;
mod run;
mod scan;
mod state;
mod table_file;
mod target;
mod writer;

pub(crate) use args::Args;
pub(crate) use run::run;
