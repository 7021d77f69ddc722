//! FOLIO's lists as tables: the schemas of all lists, decoding and restoring of any record, and
//! reading from a server.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests may"
)]

mod columns;
mod compare;
mod generate;
mod property;
mod real;
mod schemas;
mod wire;

use arrow_array::RecordBatch;
use folio_arrow::{Decoder, Layout, LayoutOptions, Limits, Release, Table};

/// The layout of a list of the newest release, with the default options.
fn layout(path: &str) -> Layout {
    let table = Table::at(Release::default(), path).unwrap();
    table.layout(&LayoutOptions::default())
}

/// One batch of records.
fn decoded(layout: &Layout, records: &[&str]) -> (RecordBatch, Decoder) {
    let limits = Limits {
        rows: usize::MAX,
        bytes: usize::MAX,
    };
    let mut decoder = Decoder::new(layout, limits);
    for record in records {
        decoder.push_bytes(record.as_bytes()).unwrap();
    }
    (decoder.flush().unwrap().unwrap(), decoder)
}
