//! A request as a value: what is sent, and what it means.

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
