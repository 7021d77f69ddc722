//! Results on stdout; notes, progress, questions and errors on stderr.

pub(crate) mod console;
pub(crate) mod csv;
pub(crate) mod diff;
pub(crate) mod field_path;
pub(crate) mod json;
pub(crate) mod layout;
pub(crate) mod progress;
pub(crate) mod record_writer;
pub(crate) mod results;
pub(crate) mod selection;
pub(crate) mod sink;
pub(crate) mod style;
pub(crate) mod table;
