//! The same records with serde's derives: what one writes by hand, or gets from typify.

pub(crate) mod lossless;
mod metadata;
pub(crate) mod plain;
mod records;
