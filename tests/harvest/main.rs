//! Harvests: nothing is lost or read twice, whatever happens to the server, the program or the
//! tasks that process records.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod kills;
mod memory;
mod tasks;
