//! The operations to call, and the results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The operations to call.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of the random values.
    pub seed: u64,
    /// Random requests an operation, and random responses for each described success.
    pub rounds: u64,
    /// The one module, where it is not all.
    pub module: Option<String>,
}

impl Plan {
    /// The settings in the environment.
    pub fn from_env() -> Self {
        let number = |name: &str, default| {
            let text = std::env::var(name).ok();
            text.and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        Self {
            seed: number("FOLIO_CALLS_SEED", 16),
            rounds: number("FOLIO_CALLS_ROUNDS", 4),
            module: std::env::var("FOLIO_CALLS_MODULE").ok(),
        }
    }
}

/// The results.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The operations of the documents.
    pub operations: usize,
    /// Those that were called.
    pub called: usize,
    /// Requests with all parameters, with the required ones, with hostile text.
    pub requests: [usize; 3],
    /// Requests that the client rejects, since their text would lead elsewhere.
    pub rejected: usize,
    /// Random responses.
    pub responses: usize,
    /// Values that were made and that the schema does not allow; they are not sent.
    pub invalid: usize,
    /// The untested parts, by reason.
    pub untested: BTreeMap<String, BTreeSet<String>>,
    /// The errors.
    pub failures: Vec<String>,
}

impl Report {
    /// Adds the results of other operations.
    pub(crate) fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.called += other.called;
        for (one, more) in self.requests.iter_mut().zip(other.requests) {
            *one += more;
        }
        self.rejected += other.rejected;
        self.responses += other.responses;
        self.invalid += other.invalid;
        for (reason, operations) in other.untested {
            self.untested.entry(reason).or_default().extend(operations);
        }
        self.failures.extend(other.failures);
    }

    /// The table.
    pub fn shown(&self) -> String {
        let [all, required, hostile] = self.requests;
        let mut text = format!(
            "{} operations, {} of them called\n{all} requests with all parameters, {required} with the required ones, {hostile} with hostile text\n\
             {} requests rejected by the client, nothing was sent\n{} random responses\n{} generated values were invalid by their schema and not sent\n",
            self.operations, self.called, self.rejected, self.responses, self.invalid
        );
        for (reason, operations) in &self.untested {
            let _ = writeln!(text, "not tested: {reason}: {}", operations.len());
            for operation in operations {
                let _ = writeln!(text, "    {operation}");
            }
        }
        text
    }
}
