//! What a running sandbox is: its tenants and accounts, tokens and permissions, faults, and the
//! requests that came.

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
