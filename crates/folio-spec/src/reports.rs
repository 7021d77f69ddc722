//! Reports on imported documents: problems, changes, coverage, facts, features,
//! the data of the command line, and that of the tables.

pub(crate) mod check;
pub(crate) mod cli_data;
pub(crate) mod coverage;
mod data;
pub(crate) mod diff;
pub(crate) mod facts_page;
pub(crate) mod features;
pub(crate) mod routes;
pub(crate) mod table_data;
pub(crate) mod typed_fields;
