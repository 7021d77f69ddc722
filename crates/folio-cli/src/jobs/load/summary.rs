//! The report of a load.

use std::collections::BTreeMap;
use std::fmt;

use folio_sdk::{Outcome, WriteResult};
use serde::Serialize;

use super::failed::Failure;
use super::reasons::Reason;

/// The most fields that the text names.
const FIELDS: usize = 10;

/// The most different fields that are counted.
const COUNTED_FIELDS: usize = 1_000;

/// The most reasons that the text names.
const REASONS: usize = 20;

/// What became of the records.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) file: String,
    pub(crate) list: String,
    /// Nothing was written.
    pub(crate) dry_run: bool,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    /// Including malformed ones.
    pub(crate) failed: u64,
    pub(crate) malformed: u64,
    /// Records with the id or key of an earlier one; they are part of the other numbers.
    pub(crate) repeated: u64,
    /// The fields that updates removed, and the number of records.
    pub(crate) removed_fields: BTreeMap<String, u64>,
    pub(crate) reasons: Vec<Reason>,
    /// The file with the failed records.
    pub(crate) failed_file: Option<String>,
    /// Whether all records of the file were read.
    pub(crate) complete: bool,
    pub(crate) seconds: f64,
}

impl Summary {
    /// Counts an outcome; returns the failure, if it is one.
    pub(crate) fn count(&mut self, outcome: &Outcome, line: u64) -> Option<Failure> {
        self.repeated += u64::from(outcome.repeats.is_some());
        match &outcome.result {
            WriteResult::Created => self.created += 1,
            WriteResult::Unchanged => self.unchanged += 1,
            WriteResult::Updated { dropped } => {
                self.updated += 1;
                for field in dropped {
                    let fields = &mut self.removed_fields;
                    if fields.len() < COUNTED_FIELDS || fields.contains_key(field) {
                        *fields.entry(field.clone()).or_default() += 1;
                    }
                }
            }
            WriteResult::Failed { error, .. } => {
                self.failed += 1;
                return Some(Failure {
                    line,
                    status: error.status().map(|status| status.as_u16()),
                    message: message(error),
                    outcome_unknown: error.is_outcome_unknown(),
                });
            }
            _ => {}
        }
        None
    }

    pub(crate) fn total(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.failed
    }
}

/// What the server says about the record, otherwise what the SDK says.
fn message(error: &folio_sdk::Error) -> String {
    let errors: Vec<String> = error
        .validation_errors()
        .iter()
        .map(ToString::to_string)
        .collect();
    if !errors.is_empty() {
        return errors.join("; ");
    }
    match (error.server_message(), error.status()) {
        (Some(message), Some(status)) => format!("{} {}", status.as_u16(), message.trim()),
        _ => error.to_string(),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let would = if self.dry_run { "would be " } else { "" };
        writeln!(out, "{} into {}:", self.file, self.list)?;
        writeln!(out, "{:>10} {would}created", self.created)?;
        writeln!(out, "{:>10} {would}updated", self.updated)?;
        writeln!(out, "{:>10} unchanged", self.unchanged)?;
        write!(out, "{:>10} failed", self.failed)?;
        if self.malformed > 0 {
            write!(out, ", {} of them malformed", self.malformed)?;
        }
        if self.repeated > 0 {
            let repeated = self.repeated;
            write!(
                out,
                "\n{repeated:>10} with the id or key of an earlier one (included above)"
            )?;
        }
        if !self.removed_fields.is_empty() {
            let fields = self.removed_fields.iter().take(FIELDS);
            let fields: Vec<String> = fields
                .map(|(field, count)| format!("{field} of {count}"))
                .collect();
            let rest = self.removed_fields.len().saturating_sub(FIELDS);
            let more = match rest {
                0 => String::new(),
                rest => format!(", and {rest} more fields"),
            };
            write!(
                out,
                "\nfields that {}removed, because the records of the file lack them: {}{more}",
                if self.dry_run { "would be " } else { "were " },
                fields.join(", ")
            )?;
        }
        for reason in self.reasons.iter().take(REASONS) {
            let first = reason.first_line;
            write!(
                out,
                "\n{:>10} × {} (first in line {first})",
                reason.count,
                shortened(&reason.reason)
            )?;
        }
        if self.reasons.len() > REASONS {
            write!(out, "\n{:>10} more reasons", self.reasons.len() - REASONS)?;
        }
        if let Some(file) = &self.failed_file {
            write!(out, "\nfailed records, to be corrected and loaded: {file}")?;
        }
        Ok(())
    }
}

/// A message in one line of the terminal. The file of failed records has all of it.
pub(super) fn shortened(message: &str) -> String {
    const MOST: usize = 300;
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
