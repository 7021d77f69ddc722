//! The storage modules of acquisitions: routes that are no collections, and transactions.

pub(crate) mod routes;
pub(crate) mod transactions;
