//! The parts of the client against the sandbox and scripted servers: calls, writes, jobs, queries,
//! reference data, TLS, cassettes, recordings.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod batch;
mod calls;
mod cassettes;
mod cql;
mod domain;
mod erm;
mod folioclient_bugs;
mod http_service;
mod list_fields;
mod lost_responses;
mod poll;
mod recordings;
mod testing;
mod tls;
