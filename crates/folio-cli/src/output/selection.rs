//! Fields that the user has chosen, by their paths.

use serde_json::value::RawValue;

use crate::output::field_path::{FieldPath, Found, cell, project, values};

/// The fields that the user has chosen: `--fields id,personal.lastName`.
#[derive(Clone, Debug)]
pub struct Selection(Vec<FieldPath>);

impl Selection {
    /// Of these paths.
    pub fn new(paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(paths.into_iter().map(FieldPath::new).collect())
    }

    pub(crate) fn of(fields: &[FieldPath]) -> Self {
        Self(fields.to_vec())
    }

    /// The paths, as they were written.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(FieldPath::as_str)
    }

    /// The record with these fields and no others.
    pub fn project(&self, record: &RawValue) -> Box<RawValue> {
        project(record, &self.0)
    }

    /// The values of a record as JSON text, without white space; none for absent fields and nulls.
    /// Below a list it is the list of the values of its elements.
    pub fn json(&self, record: &RawValue) -> Vec<Option<String>> {
        let found = values(record, &self.0).into_iter();
        let text = |found: Found<'_>| match found {
            Found::Nothing => None,
            Found::One(value) if value.get() == "null" => None,
            Found::One(value) => Some(crate::output::json::compact(value)),
            each @ Found::Each(_) => Some(cell(&each)),
        };
        found.map(text).collect()
    }

    /// Notes which of the fields a record has.
    pub(crate) fn mark(&self, record: &RawValue, present: &mut [bool]) {
        for (present, found) in present.iter_mut().zip(values(record, &self.0)) {
            *present |= !matches!(found, Found::Nothing);
        }
    }
}
