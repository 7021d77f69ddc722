//! Selects the modules of a release, and locates their sources and versions.

pub(crate) mod discover;
pub(crate) mod entries;
pub(crate) mod features_file;
mod manifest;
mod module_version;
pub(crate) mod selection;
