//! What of a record does not fit its description, as the program asks for it.

use std::fmt;

use super::preserved::{FieldState, Odd};
use super::state::PathStep;
use crate::record::json::Json;
use crate::value::redact;

/// A value that a server sent in another type than its description states. Output by
/// [`Record::mistyped`](crate::Record::mistyped).
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Mistyped {
    /// The path to it from the record, `metadata.createdByUserId` or `items[3]`. Elements are
    /// counted as the server sent them.
    pub path: String,
    /// The value as the server sent it.
    pub json: Json,
    /// What was expected, and what it is: `expected a whole number, and it is a string`.
    pub reason: String,
}

impl fmt::Debug for Mistyped {
    /// Shows the value unless it is in a field whose name speaks of a secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.path.rsplit(['.', '[']).next().unwrap_or_default();
        let shown = serde_json::Map::from_iter([(last.to_owned(), self.json.clone().into_value())]);
        let mut shown = serde_json::Value::Object(shown);
        redact::Secrets::default().redact_value(&mut shown);
        out.debug_struct("Mistyped")
            .field("path", &self.path)
            .field("json", shown.get(last).unwrap_or(&serde_json::Value::Null))
            .field("reason", &self.reason)
            .finish()
    }
}

impl fmt::Display for Mistyped {
    /// The path and what is wrong, without the value.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`: {}", self.path, self.reason)
    }
}

/// A walk through a record and all that it has, to find what does not fit.
#[derive(Default)]
pub struct Walk {
    pub(in crate::record) path: String,
    pub(crate) missing: Vec<String>,
    pub(crate) mistyped: Vec<Mistyped>,
    /// The elements of the current list that it does not show.
    pub(in crate::record) left_out: Vec<usize>,
}

impl Walk {
    pub(in crate::record) fn step(&mut self, step: &PathStep) {
        match step {
            PathStep::At(index) => self.path.push_str(&format!("[{index}]")),
            PathStep::Key(key) => self.key(key),
        }
    }

    pub(in crate::record) fn key(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
    }

    fn note_found(&mut self, odd: &Odd, only_hidden: bool) {
        let length = self.path.len();
        for found in odd.found(only_hidden) {
            found.path.iter().for_each(|step| self.step(step));
            self.mistyped.push(Mistyped {
                path: self.path.clone(),
                json: found.what.raw().parse().unwrap_or_default(),
                reason: found.what.reason().to_owned(),
            });
            self.path.truncate(length);
        }
    }

    /// Notes what does not fit in the field whose path this is.
    #[cold]
    pub(in crate::record) fn note(&mut self, state: &FieldState<'_>) {
        match state {
            FieldState::Missing { .. } => self.missing.push(self.path.clone()),
            FieldState::Odd(odd) => {
                self.left_out = odd.left_out().collect();
                self.note_found(odd, false);
            }
            // What the list does not show is still written with it.
            FieldState::Changed(odd) => self.note_found(odd, true),
            FieldState::Usual => {}
        }
    }
}
