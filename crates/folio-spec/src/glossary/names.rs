//! Names of files, and of fields in paths.

/// The name of the file about shared records, and of their document.
pub const COMMON: &str = "common";

/// The name of the file of the required coverage. It describes no document.
pub(crate) const COVERAGE: &str = "coverage";

/// The name of a field, without the path to it and the marks of lists and maps.
pub(crate) fn field_name(path: &str) -> &str {
    let name = path.rsplit('.').next().unwrap_or(path);
    name.trim_end_matches("[]").trim_end_matches("{}")
}
