//! How a sandbox is set up and started, and what a test can ask of it.

pub(crate) mod builder;
mod data;

mod options;
pub(crate) mod sandbox;
mod start;
