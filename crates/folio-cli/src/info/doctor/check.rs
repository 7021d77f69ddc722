//! The result of a check.

use serde::Serialize;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A check: what was seen, and what to do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    pub(super) check: &'static str,
    pub(super) status: Status,
    pub(super) seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Check {
    fn new(check: &'static str, status: Status, seen: impl Into<String>) -> Self {
        Self {
            check,
            status,
            seen: seen.into(),
            advice: None,
        }
    }

    pub(super) fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, seen)
    }

    pub(super) fn warning(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Status::Warning, seen)
    }

    pub(super) fn failed(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Status::Failed, seen)
    }

    pub(super) fn skipped(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Status::Skipped, seen)
    }

    pub(super) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// The checks so far.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self { checks: Vec::new() }
    }

    pub(super) fn add(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// What cannot be checked.
    pub(super) fn skip(&mut self, names: &[&'static str], reason: &str) {
        for name in names {
            self.add(Check::skipped(name, reason));
        }
    }
}
