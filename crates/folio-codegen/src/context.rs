//! The input of emit: the document of a module, and its model.

use crate::conditions::Conditions;
use crate::document::{Document, Home};
use crate::error::Error;
use crate::facts::Operation;
use crate::model::{Model, Signature};

/// A document, the one of the shared records, and the model of the document.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) document: &'a Document,
    pub(crate) common: &'a Document,
    pub(crate) model: &'a Model,
    /// For which modules the types are there.
    pub(crate) conditions: &'a Conditions,
}

impl<'a> Context<'a> {
    /// The types of an operation's arguments and of its response.
    ///
    /// # Errors
    /// progenitor made no function of its name.
    pub(crate) fn signature(&self, operation: &Operation) -> Result<&'a Signature, Error> {
        self.model.operations.get(&operation.name).ok_or_else(|| {
            self.problem(format!(
                "progenitor generated no `{}`; check for two operations of that name",
                operation.name
            ))
        })
    }

    /// Where references of the document are read.
    pub(crate) fn home(&self) -> Home<'a> {
        Home {
            document: self.document,
            common: self.common,
        }
    }

    /// An error about progenitor's output for the document.
    pub(crate) fn problem(&self, problem: String) -> Error {
        Error::model(&self.document.name, problem)
    }
}
