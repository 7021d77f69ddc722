//! The glossary: sentences in this project's own words about records, fields, operations and
//! parameters, in `specs/glossary/`.
//!
//! One file per module, named like its document, and `common.toml` for the shared records and for
//! names that mean the same in every module. `docs/glossary.md` describes the format.
//! [`check`](check::check) compares the files with the canonical documents.

pub mod check;
pub mod command;
mod demand;
mod file;
mod lookup;
mod names;
mod nearest;
mod references;
mod sentence;
mod since;
pub mod skeleton;
mod subjects;
mod truth;
pub mod upstream;
mod written;

pub use file::{File, Sentence};
pub use lookup::Glossary;
pub use names::COMMON;
pub use subjects::{Known, Module, Subjects};
