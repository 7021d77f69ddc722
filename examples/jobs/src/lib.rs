//! Jobs beside FOLIO: a [`worker`] that takes orders from a queue with bounded concurrency, and a [`report`] made of concurrent calls.

pub mod report;
pub mod worker;
