//! Which modules of a release are imported, and where their sources and versions are.

pub(crate) mod discover;
pub(crate) mod entries;
pub(crate) mod features_file;
mod manifest;
mod module_version;
pub(crate) mod selection;
