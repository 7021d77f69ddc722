//! A request as a value: its content and its meaning.

mod meaning;
mod options;
mod setters;
mod target;
mod value;

pub(crate) use options::request_setters;
pub(crate) use target::SEGMENT;
pub use value::Request;

#[cfg(test)]
mod tests;
