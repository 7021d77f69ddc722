//! Records: none loses, renames or changes a value, whether it fits its description or not.
//!
//! Several modules read every type of the build. They are one program, so that the code that reads
//! a type is compiled once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may"
)]

mod construction;
mod lenient;
mod lenient_cases;
mod lenient_fields;
mod module_snapshots;
mod numbers;
mod roundtrip;
mod scalars;
mod unions;

// `through(module, component, json)`, with each type of the build.
folio_codegen_tests::records!();
