//! Values of JSON as values of Arrow, and back: exactly, or not at all.

pub(crate) mod number;
pub(crate) mod time;
pub(crate) mod uuid;
