//! Commands that run for long: exports, loads, a sandbox.

mod durable;
pub(crate) mod export;
mod list;
pub(crate) mod load;
mod packing;
pub(crate) mod sandbox;
