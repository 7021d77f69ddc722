//! A trap of a query.

use serde::Serialize;

/// A trap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Warning {
    /// The name of the rule.
    pub(super) rule: &'static str,
    /// The condition.
    #[serde(rename = "in")]
    pub(super) place: String,
    pub(super) message: String,
}
