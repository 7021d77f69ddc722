//! The complete import, of valid and invalid descriptions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod buildable;
mod command_line;
mod commands;
mod confined;
mod documents;
mod errors;
mod fetched;
mod mutated;
mod ours;
mod planted;
mod semantics;
mod support;
mod unlisted;
