//! The columns of a batch while it is filled, one record after the other.

mod context;
mod dictionary;
mod growing;
mod make;
mod nested;
mod primitive;
mod scalar_column;
mod text;
mod token;

pub(crate) use context::{Context, Path};
pub(crate) use growing::GrowingColumn;
pub(crate) use make::{column, record_column};
pub(crate) use nested::RecordColumn;
pub(crate) use text::Strings;
