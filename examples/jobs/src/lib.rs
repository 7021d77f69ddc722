//! Jobs for FOLIO: a [`worker`] that processes orders from a queue with limited concurrency, and a
//! [`report`] from concurrent calls.

pub mod report;
pub mod worker;
