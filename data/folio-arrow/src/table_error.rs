//! The error of a release or list that does not exist, with similar names that do.

use std::fmt;

/// How many similar names an error lists.
const NEAR: usize = 5;

/// How similar they are at least, from 0 to 1.
const SIMILAR: f64 = 0.8;

/// The names most similar to another one.
pub(crate) fn near(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let score = |name: &str| strsim::jaro_winkler(&wanted, &name.to_lowercase());
    let mut scored: Vec<(f64, String)> = names.map(|name| (score(&name), name)).collect();
    scored.retain(|(score, _)| *score >= SIMILAR);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    scored.dedup_by(|one, other| one.1 == other.1);
    scored.truncate(NEAR);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// The error of a release or list that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    problem: String,
    near: Vec<String>,
}

impl TableError {
    pub(crate) fn new(problem: String, near: Vec<String>) -> Self {
        Self { problem, near }
    }

    /// Similar names that exist, the most similar first.
    pub fn near(&self) -> &[String] {
        &self.near
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.problem)?;
        match self.near.is_empty() {
            true => Ok(()),
            false => write!(out, "; similar: `{}`", self.near.join("`, `")),
        }
    }
}

impl std::error::Error for TableError {}
