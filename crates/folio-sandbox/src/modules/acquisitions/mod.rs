//! The storage modules of acquisitions: routes other than collections, and transactions.

mod budgets;
mod encumbrances;
mod errors;
mod interface_credentials;
pub(crate) mod numbers;
pub(crate) mod routes;
mod transaction_batch;
mod transactions;
