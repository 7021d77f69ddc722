//! The recordings of running FOLIO servers, played to the SDK: every list that was recorded is read
//! to its end, typed and by its path, and every recorded error is read.
//! (`crates/folio-spec/tests/recordings.rs` compares the documents with them.)

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod recordings {
    mod errors;
    mod lists;
}
