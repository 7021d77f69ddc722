//! The import as a whole: what becomes of good descriptions, and of bad ones.

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
