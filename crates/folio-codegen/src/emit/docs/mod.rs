//! Documentation of generated items: sentences of the glossary, and facts of the documents.

mod example;
mod links;
mod operation;
mod outcome;
mod parameter;
mod schema_facts;
mod types;

pub(super) use example::handle_example;
pub(super) use operation::{Call, alias, operation, plain, route};
pub(super) use parameter::parameter;
pub(super) use types::{Types, sentence_of_module};
