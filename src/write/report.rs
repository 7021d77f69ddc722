//! The outcome of each record, and their sum.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::wire::error::{Error, Result};

/// The maximum number of different fields in the sum of dropped fields.
const FIELDS: usize = 1_000;

/// The outcome of one record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Its position among the input records, from 0.
    pub index: u64,
    /// Its id: the one under which the server stored it, also if client or server generated it.
    /// Empty if it is unknown.
    pub id: String,
    /// The result.
    pub result: WriteResult,
    /// The position of an earlier record of this run with the same `id` or key, if there is one.
    /// This record was then written after it, and replaced it if the two differ.
    pub repeats: Option<u64>,
}

/// The result of writing a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteResult {
    /// It did not exist, and was created.
    Created,
    /// It existed, and was replaced.
    Updated {
        /// The fields of the old record that the new one lacks, `barcode`, `status.name` or
        /// `personal.middleName`: they were removed. Fields that the server generates are not
        /// included.
        dropped: Vec<String>,
    },
    /// It existed unchanged: nothing was sent.
    Unchanged,
    /// It was not written, or the outcome is unknown.
    Failed {
        /// The reason, with the server's message if the server rejected it.
        error: Error,
        /// The record, with its assigned id.
        record: Value,
    },
}

/// A record that was not written.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Its position among the input records, from 0.
    pub index: u64,
    /// Its id. Empty if it is unknown.
    pub id: String,
    /// The reason, with the server's message if the server rejected it.
    pub error: Error,
    /// The record, with its assigned id.
    pub record: Value,
}

/// The outcome of all records.
#[derive(Debug, Default)]
#[must_use = "records may have failed: look at `failed`, or call `ok`"]
#[non_exhaustive]
pub struct UpsertReport {
    /// The number of created records.
    pub created: u64,
    /// The number of replaced records.
    pub updated: u64,
    /// The number of unchanged records.
    pub unchanged: u64,
    /// The number of failed records.
    pub failed: u64,
    /// The number of records with the id or key of an earlier record of the run
    /// ([`Outcome::repeats`]). They are included in the other counts.
    pub repeated: u64,
    /// The fields that replaced records had and the new ones lack, and the number of records in
    /// which each was dropped. At most 1,000 different fields are listed.
    pub dropped: BTreeMap<String, u64>,
    /// The first failures, at most
    /// [`Upsert::max_reported_failures`](crate::Upsert::max_reported_failures).
    pub failures: Vec<Failure>,
    /// The reason why it ended before all records were taken, if it did. Records that were not
    /// taken are not counted.
    pub stopped: Option<Error>,
}

impl UpsertReport {
    /// Counts an outcome, and stores it if it is one of the first failures.
    pub(super) fn add(&mut self, outcome: Outcome, keep: usize) {
        self.repeated += u64::from(outcome.repeats.is_some());
        match outcome.result {
            WriteResult::Created => self.created += 1,
            WriteResult::Updated { dropped } => {
                self.updated += 1;
                for field in dropped {
                    if self.dropped.len() < FIELDS || self.dropped.contains_key(&field) {
                        *self.dropped.entry(field).or_default() += 1;
                    }
                }
            }
            WriteResult::Unchanged => self.unchanged += 1,
            WriteResult::Failed { error, record } => {
                self.failed += 1;
                if self.failures.len() < keep {
                    self.failures.push(Failure {
                        index: outcome.index,
                        id: outcome.id,
                        error,
                        record,
                    });
                }
            }
        }
    }

    /// The number of records taken.
    pub fn total(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.failed
    }

    /// Succeeds if all records are stored as they were passed.
    ///
    /// # Errors
    /// A record failed, or not all were taken.
    pub fn ok(self) -> Result<()> {
        let failure = self
            .failures
            .into_iter()
            .next()
            .map(|failure| failure.error);
        match self.stopped.or(failure) {
            Some(error) => Err(error),
            None if self.failed > 0 => Err(Error::unrecorded(self.failed)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for UpsertReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} created, {} updated, {} unchanged, {} failed",
            self.created, self.updated, self.unchanged, self.failed
        )?;
        if self.repeated > 0 {
            write!(
                out,
                "; {} duplicates of an earlier id or key",
                self.repeated
            )?;
        }
        for (index, (field, count)) in self.dropped.iter().take(10).enumerate() {
            let before = if index == 0 { "; dropped: " } else { ", " };
            write!(out, "{before}`{field}` of {count}")?;
        }
        if self.dropped.len() > 10 {
            write!(out, ", and {} more fields", self.dropped.len() - 10)?;
        }
        match &self.stopped {
            Some(error) => write!(out, "; stopped: {error}"),
            None => Ok(()),
        }
    }
}
