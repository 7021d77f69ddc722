//! Harvests: whole lists, read in parallel, resumable.
//!
//! A list that can be read by id can be read in several places at once: its identifiers are UUIDs,
//! and a range of them is a list of its own (`id>"…" and id<="…"`). What this module rests on:
//!
//! - UUIDs are spread evenly, mostly. Where they are not, a range turns out to hold more than
//!   others; then what is left of it is split, also while a page of it is requested.
//! - A record that is there from beginning to end lies in one range and comes once, whatever is
//!   inserted and deleted meanwhile.
//! - Offsets move when something is inserted or deleted. So a list that cannot be read by id is
//!   read from beginning to end, one page after the other.

mod builder;
mod checkpoint;
mod checkpoint_file;
mod concurrency;
mod figures;
mod progress;
mod range;
mod range_reader;
mod segment;
mod segments;
mod stream;

pub use builder::Harvest;
pub use checkpoint::Checkpoint;
pub use checkpoint_file::{CheckpointError, CheckpointFile};
pub use progress::{Progress, ProgressStream};
pub use stream::HarvestStream;
