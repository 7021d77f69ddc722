//! Facts of the canonical documents and the modules' schemas. Nothing here depends on a running
//! sandbox.

pub(crate) mod constraints;
pub(crate) mod descriptors;
pub(crate) mod documents;
pub(crate) mod kinds;
pub(crate) mod paths;
pub(crate) mod tables;
