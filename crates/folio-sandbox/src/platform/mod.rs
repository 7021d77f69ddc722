//! The state of a running sandbox: tenants, accounts, tokens, permissions, faults, exchanges.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod auth;
pub(crate) mod consortium;
pub(crate) mod error;
pub(crate) mod exchange;
pub(crate) mod faults;
pub(crate) mod memory;
pub(crate) mod state;
pub(crate) mod wiring;
