//! Reports on imported documents: problems, changes, coverage, facts, features,
//! and the data of the command line.

pub(crate) mod check;
pub(crate) mod cli_data;
pub(crate) mod coverage;
pub(crate) mod diff;
pub(crate) mod facts_page;
pub(crate) mod features;
pub(crate) mod routes;
pub(crate) mod typed_fields;
