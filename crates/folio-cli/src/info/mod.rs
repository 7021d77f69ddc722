//! Commands that inform: about operations, queries, releases, and the state of a system.

pub(crate) mod cql;
pub(crate) mod diff_release;
pub(crate) mod doctor;
pub(crate) mod routes;
