//! Sends requests: sockets, login, limits, retries. Every request of the SDK passes through [`session`].

pub(crate) mod auth;
pub(crate) mod cache;
pub(crate) mod claims;
pub(crate) mod connections;
pub(crate) mod count;
pub(crate) mod download;
pub(crate) mod failure;
pub(crate) mod http;
pub(crate) mod lifecycle;
pub(crate) mod limit;
pub(crate) mod memory;
pub(crate) mod outcome;
pub(crate) mod pace;
pub(crate) mod proxy;
pub(crate) mod request_line;
pub(crate) mod session;
pub(crate) mod tenant;
pub(crate) mod tls;
pub(crate) mod transport;
