//! The recordings of running FOLIO servers, played to the SDK: every list that was recorded is read
//! to its end, typed and by its path, and every recorded error is read.
//! (`crates/folio-spec/tests/documents/recordings.rs` compares the documents with them.)

mod errors;
mod lists;
