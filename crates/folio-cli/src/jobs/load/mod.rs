//! `folio load`: writes the records of a file into a list.

mod args;
mod failed;
mod input;
mod piece;
mod pieces;
mod reasons;
mod run;
mod scanner;
mod source;
mod summary;

pub(crate) use args::Args;
pub(crate) use run::run;
