//! The problems found by the check.

use crate::canonical::release::Release;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The document, `mod-users`.
    pub document: String,
    /// Where, as a JSON pointer.
    pub at: String,
    /// The problem.
    pub problem: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.json:{}: {}", self.document, self.at, self.problem)
    }
}

/// Looks through the documents of a release.
pub(super) struct Checker<'a> {
    pub(super) release: &'a Release,
    pub(super) findings: Vec<Finding>,
}

impl Checker<'_> {
    /// Adds a problem.
    pub(super) fn add(
        &mut self,
        document: &str,
        at: impl Into<String>,
        problem: impl Into<String>,
    ) {
        self.findings.push(Finding {
            document: document.to_owned(),
            at: at.into(),
            problem: problem.into(),
        });
    }
}
