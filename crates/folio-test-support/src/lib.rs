//! Common code of the workspace's tests, compiled once: `docs/testing.md` describes its use.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it is part of tests"
)]

pub mod clock;
pub mod files;
pub mod memory;
pub mod patience;
pub mod recordings;
pub mod threads;

#[cfg(feature = "client")]
pub mod gateways;
#[cfg(feature = "client")]
pub mod http2;
#[cfg(feature = "client")]
pub mod log;
#[cfg(feature = "client")]
pub mod relay;
#[cfg(feature = "client")]
pub mod sandbox;
#[cfg(feature = "client")]
pub mod server;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "client")]
pub mod stream;
#[cfg(feature = "client")]
pub mod tls;
