//! Documentation of generated items: sentences of the glossary, and facts of the documents.

mod example;
mod links;
mod operation;
mod outcome;
mod parameter;
mod route;
mod schema_facts;
mod types;

pub(super) use operation::{Call, alias, operation};
pub(super) use parameter::parameter;
pub(super) use route::route;
pub(super) use types::{Types, sentence_of_module};
