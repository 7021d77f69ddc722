//! How records look.

use crate::output::field_path::FieldPath;

/// How records look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// The fields to write; all of them, if none are given.
    pub(crate) fields: Option<Vec<FieldPath>>,
    pub(crate) colored: bool,
    /// The width of the terminal.
    pub(crate) width: Option<u16>,
    /// Whether chosen columns for which a terminal has no room are left out of tables.
    pub(crate) omits_columns: bool,
}
