//! The blocking client: its calls, and the contexts in which one may wait.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod calls;
mod context;
