//! Harvests: complete lists, read in parallel, resumable. (Not OAI-PMH harvesting.)
//!
//! A list that can be read by id can be read in several places at once: its identifiers are UUIDs,
//! and a range of them is a list of its own (`id>"…" and id<="…"`). This module relies on these
//! facts:
//!
//! - UUIDs are usually evenly distributed. If they are not, a range contains more records than
//!   others; then its remainder is split, also while a page of it is requested.
//! - A record that exists throughout the harvest belongs to one range and is returned once,
//!   regardless of concurrent inserts and deletes.
//! - A response whose body is not read takes little memory: it waits at the server and in the
//!   sockets. So more requests wait for the server than pages fit into memory, and each body is read
//!   once there is room for it (`engine/page_memory.rs`).
//! - Inserts and deletes shift offsets. So a list that cannot be read by id is read sequentially,
//!   page by page.

#[cfg(feature = "blocking")]
mod blocking_task;
mod builder;
mod checkpoint;
mod checkpoint_file;
mod concurrency;
mod figures;
mod for_each;
mod map_stream;
mod process;
mod progress;
mod range;
mod range_reader;
mod record_count;
mod requested_page;
mod segment;
mod segments;
mod slots;
mod stream;
mod unit_task;
mod work_run;
mod work_source;
mod work_unit;

pub use builder::Harvest;
pub use checkpoint::Checkpoint;
pub use checkpoint_file::{CheckpointError, CheckpointFile};
pub use for_each::ForEach;
pub use map_stream::MapStream;
pub use progress::{Progress, ProgressStream};
pub use stream::HarvestStream;
