//! Values without knowledge of FOLIO: text, JSON, UUIDs and dates, as PostgreSQL and Java see them.

pub(crate) mod collate;
pub(crate) mod dates;
pub(crate) mod fold;
pub(crate) mod java;
pub(crate) mod json;
pub(crate) mod raw;
pub(crate) mod uuid;
