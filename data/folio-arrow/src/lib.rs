//! FOLIO's lists as tables of [Apache Arrow](https://arrow.apache.org/).
//!
//! Each list of FOLIO's API is a [`Table`]. Its [`Layout`] is the Arrow schema of its records, which
//! is derived from FOLIO's own API descriptions; a [`Decoder`] decodes records into record batches,
//! and [`read`] reads the list of a server, in parallel ranges. Nothing is lost: values that do not
//! fit their columns, and fields that no description has, are in the column `_extra`, and
//! [`restore`] returns the record that the server sent.
//!
//! ```no_run
//! # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
//! use folio_arrow::{LayoutOptions, Release, ScanOptions, Table, read};
//!
//! let table = Table::at(Release::default(), "/instance-storage/instances")?;
//! let layout = table.layout(&LayoutOptions::default());
//! let mut batches = read(&folio, &table, ScanOptions::new(layout));
//! while let Some(batch) = batches.next().await {
//!     println!("{} instances", batch?.num_rows());
//! }
//! # Ok(())
//! # }
//! ```

mod column;
mod counts;
mod decode;
mod error;
mod facts;
pub mod files;
mod json;
mod kind;
mod layout;
mod record_type;
mod release;
mod restore;
mod scalar;
mod scan;
mod scan_options;
mod table;

pub use counts::ColumnCount;
pub use decode::{Decoder, Limits};
pub use error::{Error, Result};
pub use layout::{EXTRA, JSON, Layout, LayoutOptions, Uuids};
pub use release::Release;
pub use restore::restore;
pub use scan::{Scan, read};
pub use scan_options::ScanOptions;
pub use table::{Table, TableError};
