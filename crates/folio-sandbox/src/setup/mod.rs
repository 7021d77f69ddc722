//! The setup and start of a sandbox, and its interface for tests.

pub(crate) mod builder;
mod data;

mod options;
pub(crate) mod sandbox;
mod start;
