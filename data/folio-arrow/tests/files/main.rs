//! Files of record batches: their content, read by this crate's libraries and by those of others;
//! their appearance under their name; the memory of the writers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod appearance;
mod contents;
mod encodings;
mod exports;
mod memory;
mod order;
mod peers;
mod samples;
