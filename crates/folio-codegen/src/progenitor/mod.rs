//! The model as progenitor and typify make it, read out of the code that they generate.
//!
//! Their output is Rust with two serde derives per record and an async function per operation. The
//! names, the types and what is required are taken from it; its form is not.

mod attributes;
mod items;
mod read;
mod run;
mod types;

pub(crate) use run::build;
