//! A request as a value: what is sent, and what it means.

mod meaning;
mod setters;
mod target;
mod value;

pub(crate) use target::SEGMENT;
pub use value::Request;

#[cfg(test)]
mod tests;
