//! The generated code of small documents, as snapshots.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::path::Path;

use folio_codegen::{Options, Specs, generate};

fn documents() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents")
}

#[test]
fn a_small_module_gives_records_by_table_and_thin_builders() {
    let specs = Specs::read(&documents(), |module| module == "mod-books").unwrap();
    let files = generate(&specs, Options { schemas: true }).unwrap();
    for (name, text) in files {
        insta::assert_snapshot!(name.replace('.', "_"), text);
    }
}
