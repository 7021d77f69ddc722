//! What the canonical documents and the modules' schemas say. Nothing here is asked of a running
//! sandbox.

pub(crate) mod constraints;
pub(crate) mod descriptors;
pub(crate) mod documents;
pub(crate) mod kinds;
pub(crate) mod paths;
pub(crate) mod tables;
