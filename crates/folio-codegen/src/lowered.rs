//! The result of lowering a document.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::facts::Operation;
use crate::unions::DescribedUnion;

/// A document that progenitor takes, and what goes around it.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) openapi: Value,
    pub(crate) operations: Vec<Operation>,
    /// The shared records that the document names.
    pub(crate) common: BTreeSet<String>,
    pub(crate) unions: Vec<DescribedUnion>,
}
