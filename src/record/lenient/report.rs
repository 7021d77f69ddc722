//! What of a record does not fit its description, as the program asks for it.

use std::fmt;

use super::kept::Odd;
use super::{Kept, State, Step};
use crate::record::codec::{Extra, Field, Put, Record, text_of};
use crate::record::json::Json;
use crate::value::redact;

/// A value that a server sent in another type than its description states. Given by [`Record::mistyped`].
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Mistyped {
    /// The path to it from the record, `metadata.createdByUserId` or `items[3]`. Elements are counted as the server sent them.
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
    path: String,
    pub(crate) missing: Vec<String>,
    pub(crate) mistyped: Vec<Mistyped>,
    /// The elements of the list at hand that it does not show.
    left_out: Vec<usize>,
}

impl Walk {
    fn step(&mut self, step: &Step) {
        match step {
            Step::At(index) => self.path.push_str(&format!("[{index}]")),
            Step::Key(key) => self.key(key),
        }
    }

    fn key(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
    }

    /// Walks through the elements of a list.
    pub(crate) fn list<'a, T: Field + 'a>(&mut self, elements: impl Iterator<Item = &'a T>) {
        let left_out = std::mem::take(&mut self.left_out);
        let mut left_out = left_out.into_iter().peekable();
        let mut index = 0;
        for element in elements {
            while left_out.next_if_eq(&index).is_some() {
                index += 1;
            }
            self.within(&Step::At(index), element);
            index += 1;
        }
    }

    /// Walks through the values of a map.
    pub(crate) fn map<'a, T: Field + 'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a String, &'a T)>,
    ) {
        for (key, value) in entries {
            self.within(&Step::Key(key.clone()), value);
        }
    }

    fn within<T: Field>(&mut self, step: &Step, value: &T) {
        let length = self.path.len();
        self.step(step);
        value.walk(self);
        self.path.truncate(length);
        self.left_out.clear();
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
    pub(super) fn note(&mut self, state: &State<'_>) {
        match state {
            State::Missing { .. } => self.missing.push(self.path.clone()),
            State::Odd(odd) => {
                self.left_out = odd.left_out().collect();
                self.note_found(odd, false);
            }
            // What the list does not show is still written with it.
            State::Changed(odd) => self.note_found(odd, true),
            State::Usual => {}
        }
    }
}

/// Walks through a record.
#[doc(hidden)]
pub fn walk_record<R: Record>(record: &R, walk: &mut Walk) {
    struct Fields<'a, 'b> {
        walk: &'b mut Walk,
        kept: Option<&'a Kept>,
        required: &'static [&'static str],
    }
    impl<'a> Put<'a> for Fields<'a, '_> {
        fn extra(&mut self, extra: &'a Extra, _: &'a Extra) {
            self.kept = extra.kept();
        }

        fn field<T: Field>(&mut self, key: &'static str, value: &T, _: &T) {
            let length = self.walk.path.len();
            self.walk.key(key);
            if let Some(kept) = self.kept {
                let now = || text_of(value);
                let blank = || text_of(&T::blank());
                let state = kept.state(key, self.required, &now, &blank);
                self.walk.note(&state);
            }
            value.walk(self.walk);
            self.walk.path.truncate(length);
            self.walk.left_out.clear();
        }
    }
    walk.left_out.clear();
    let mut fields = Fields {
        walk,
        kept: None,
        required: R::REQUIRED,
    };
    record.put(record, &mut fields);
}
