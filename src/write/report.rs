//! What was done with each record, and the sum.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::wire::error::{Error, Result};

/// How many different fields the sum of dropped fields names.
const FIELDS: usize = 1_000;

/// What became of one record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Its position among the records that were given, from 0.
    pub index: u64,
    /// Its id: the one that the server stored it under, also where client or server made it. Empty
    /// if it is not known.
    pub id: String,
    /// What was done.
    pub result: WriteResult,
    /// The position of an earlier record of this run with the same `id` or key, if there is one.
    /// This record was then written after it, and replaced it where the two differ.
    pub repeats: Option<u64>,
}

/// What was done with a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteResult {
    /// It was not there, and is now.
    Created,
    /// It was there, and was replaced.
    Updated {
        /// The fields of the old record that the new one lacks, `barcode`, `status.name` or
        /// `personal.middleName`: they are gone. Fields that the server generates are not among
        /// them.
        dropped: Vec<String>,
    },
    /// It was there as it is: nothing was sent.
    Unchanged,
    /// It was not written, or it is not known whether it was.
    Failed {
        /// Why: in the server's words, if it was the server.
        error: Error,
        /// The record, with the id that it has got.
        record: Value,
    },
}

/// A record that was not written.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Its position among the records that were given, from 0.
    pub index: u64,
    /// Its id. Empty if it is not known.
    pub id: String,
    /// Why: in the server's words, if it was the server.
    pub error: Error,
    /// The record, with the id that it has got.
    pub record: Value,
}

/// What became of all records.
#[derive(Debug, Default)]
#[must_use = "records may have failed: look at `failed`, or call `ok`"]
#[non_exhaustive]
pub struct UpsertReport {
    /// How many were not there, and are now.
    pub created: u64,
    /// How many were there and were replaced.
    pub updated: u64,
    /// How many were there as they are.
    pub unchanged: u64,
    /// How many were not written.
    pub failed: u64,
    /// How many had the id or the key of an earlier record of the run ([`Outcome::repeats`]). They
    /// are counted above as well.
    pub repeated: u64,
    /// The fields that replaced records had and the new ones lack, and in how many records each
    /// was dropped. At most 1,000 different fields are named.
    pub dropped: BTreeMap<String, u64>,
    /// The first of the failures, as many as
    /// [`Upsert::max_reported_failures`](crate::Upsert::max_reported_failures) states.
    pub failures: Vec<Failure>,
    /// Why it ended before all records were taken, if it did. Those that were not taken are not
    /// counted.
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

    /// How many records were taken.
    pub fn total(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.failed
    }

    /// Nothing if all records are there as they were given; else why it stopped, or the first
    /// failure.
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
