//! `folio export`: writes a list to a file.

mod args;
mod columns;
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
