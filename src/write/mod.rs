//! Writes many records: each is created or replaced; invalid records are isolated and the others
//! are written.

mod batch;
pub(crate) mod collection;
mod entry;
mod intake;
mod key;
mod lookup;
mod merge;
mod next;
mod prepare;
mod report;
mod run;
mod stream;
pub(crate) mod update;
mod upsert;
mod verdict;
mod writer;

pub use key::RecordKey;
pub use merge::MissingFields;
pub use report::{Failure, Outcome, UpsertReport, WriteResult};
pub use upsert::Upsert;
