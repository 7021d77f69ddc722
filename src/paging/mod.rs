//! Lists as streams: every record once, page by page, in any dialect of the server.
//!
//! This module relies on these facts:
//!
//! - Without a unique order, pages repeat and skip records. If a list is known to support it, it is
//!   read by id: each page requests the records after the last one. Otherwise it is read by offset,
//!   with the id added to the order.
//! - Deletions shift offsets. So pages overlap by a record (`overlap.rs`).
//! - `totalRecords` is an estimate. A list ends with an empty page: a short one may be short
//!   because of the server's own limit, or because the server filters records after counting them.
//! - A server may ignore parameters that it does not support: the order, the offset, the query. A
//!   page without new records is an error, not a loop.
//! - A long list spends most of its time waiting. So the next page is requested while the caller
//!   processes this one, and the page after it if the caller still waits (`pages_ahead.rs`,
//!   `look_ahead.rs`, `junction.rs`).
//!
//! A list is read by three layers: `items.rs` is the public stream, `list_reader.rs` sends requests
//! and decodes records, and `pager.rs` decides, without I/O, which page is next and when the list
//! ends.

mod advance;
mod ahead;
mod batch;
mod completeness;
mod decoded;
mod dialect;
mod fallback;
mod junction;
mod key_order;
mod list_position;
mod list_reader;
mod look_ahead;
mod lookup;
mod lookup_by_id;
mod lookup_by_value;
mod lookup_stream;
mod overlap;
mod page_body;
mod pager;
mod pages_ahead;
mod plan;
mod record_key;
mod record_stream;
mod requests;
mod resource_job;
mod scan_back;
mod text_keys;
mod totals;
mod walk;

pub(crate) use ahead::Ahead;
pub(crate) use list_position::ListPosition;
pub use lookup_by_id::LookupById;
pub use lookup_by_value::LookupByValue;
pub(crate) use page_body::{PageBody, PageBounds, PageSummary, missing_key};
pub(crate) use pager::Pager;
pub(crate) use plan::{ListRequest, Plan, sorts_by_cql};
pub use record_stream::{RawRecord, RecordStream};
pub(crate) use totals::ESTIMATED;
