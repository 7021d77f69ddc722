//! Sends requests: sockets, login, limits, retries. Every request of the SDK passes through
//! [`pipeline`].

mod attempt;
pub(crate) mod auth;
pub(crate) mod cache;
pub(crate) mod call;
pub(crate) mod claims;
mod classify;
pub(crate) mod connections;
mod connector;
pub(crate) mod count;
pub(crate) mod download;
pub(crate) mod failure;
pub(crate) mod http;
pub(crate) mod lifecycle;
pub(crate) mod limit;
mod login;
pub(crate) mod memory;
pub(crate) mod outcome;
pub(crate) mod pace;
mod page_flow;
pub(crate) mod page_memory;
pub(crate) mod page_ticket;
mod permit;
pub(crate) mod pipeline;
pub(crate) mod proxy;
pub(crate) mod request_line;
pub(crate) mod retry;
mod send;
pub(crate) mod session;
pub(crate) mod tenant;
pub(crate) mod tls;
pub(crate) mod transport;
