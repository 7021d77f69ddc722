//! Commands that run for long: exports, loads, a sandbox.

pub(crate) mod export;
pub(crate) mod load;
pub(crate) mod sandbox;
