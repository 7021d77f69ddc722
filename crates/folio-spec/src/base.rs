//! The common base: errors, notes, the report of a module, files, YAML and JSON, words.

pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod note;
pub(crate) mod pointer;
pub(crate) mod report;
pub(crate) mod text;
pub(crate) mod version;
pub(crate) mod words;
pub(crate) mod yaml;
