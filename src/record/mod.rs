//! Records: how a JSON object becomes a struct and is written back without a loss.

pub(crate) mod codec;
pub(crate) mod json;
pub(crate) mod lenient;
pub(crate) mod misfit;
pub(crate) mod omit;
pub(crate) mod raw;
pub(crate) mod scalar;
#[cfg(feature = "schemars")]
pub(crate) mod schema;
pub(crate) mod union;
