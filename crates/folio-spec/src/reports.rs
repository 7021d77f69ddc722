//! Reports on documents that were imported: problems, changes, coverage, facts, ids, features.

pub(crate) mod check;
pub(crate) mod coverage;
pub(crate) mod diff;
pub(crate) mod facts_page;
pub(crate) mod features;
pub(crate) mod ids;
pub(crate) mod routes;
