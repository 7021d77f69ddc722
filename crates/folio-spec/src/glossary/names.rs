//! Names of files, and of fields in paths.

/// The name of the file about shared records, and of their document.
pub const COMMON: &str = "common";

/// The name of the file of the required coverage. It describes no document.
pub(crate) const COVERAGE: &str = "coverage";

pub(crate) use folio_codegen::glossary::field_name;
