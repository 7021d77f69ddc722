//! Commands that inform: about operations, queries, releases, and the state of a system.

mod answer;
pub(crate) mod cql;
pub(crate) mod diff_release;
pub(crate) mod doctor;
mod names;
mod path_template;
mod permissions;
pub(crate) mod routes;
mod tenant;
mod used;
