//! The unknown fields of a record.

use std::collections::{BTreeMap, btree_map};
use std::fmt;

use serde_json::Value;

use crate::record::json::Json;
use crate::record::lenient::{Note, Preserved};
use crate::value::redact;

/// The fields of a record that the server sent and the description does not have. They are written
/// back with the record, as the server wrote them.
///
/// ```
/// use folio_sdk::AdditionalFields;
///
/// let mut extra = AdditionalFields::default();
/// extra.insert("shelfColour", "green");
/// assert_eq!(extra.get("shelfColour").and_then(|v| v.as_str()), Some("green"));
/// assert_eq!(extra.len(), 1);
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct AdditionalFields(Option<Box<Unknown>>);

#[derive(Clone, Default, PartialEq)]
struct Unknown {
    fields: BTreeMap<String, Json>,
    /// Described fields that did not fit.
    preserved: Preserved,
}

impl AdditionalFields {
    /// The value of an unknown field.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.as_ref()?.fields.get(key)
    }

    /// The value of an unknown field, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        self.0.as_mut()?.fields.get_mut(key)
    }

    /// Sets a field that the description does not have; returns what it was before.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Json>) -> Option<Json> {
        self.0
            .get_or_insert_default()
            .fields
            .insert(key.into(), value.into())
    }

    /// Takes an unknown field out, so that it is not written back.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        self.0.as_mut()?.fields.remove(key)
    }

    /// The unknown fields and their values.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Json> {
        const NONE: &BTreeMap<String, Json> = &BTreeMap::new();
        self.0
            .as_ref()
            .map_or(NONE, |unknown| &unknown.fields)
            .iter()
    }

    /// How many unknown fields there are.
    pub fn len(&self) -> usize {
        self.iter().len()
    }

    /// Whether the description has every field that the server sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets that a described field did not fit.
    pub(super) fn forget_field(&mut self, field: &str, required: &[&str]) {
        if let Some(unknown) = &mut self.0 {
            unknown.preserved.forget(field, required);
        }
    }

    #[cold]
    pub(super) fn preserve(&mut self, note: Note) {
        self.0.get_or_insert_default().preserved.preserve(note);
    }

    /// What did not fit in the record that these are the unknown fields of.
    #[inline]
    pub(crate) fn preserved(&self) -> Option<&Preserved> {
        let preserved = &self.0.as_ref()?.preserved;
        (!preserved.is_empty()).then_some(preserved)
    }

    pub(super) fn has_fields_of(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl<'a> IntoIterator for &'a AdditionalFields {
    type Item = (&'a String, &'a Json);
    type IntoIter = btree_map::Iter<'a, String, Json>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for AdditionalFields {
    /// Shows the fields without secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self
            .iter()
            .map(|(name, value)| (name.clone(), Value::clone(value)));
        let mut fields = Value::Object(fields.collect());
        redact::Secrets::default().redact_value(&mut fields);
        match &fields {
            Value::Object(fields) => out.debug_map().entries(fields).finish(),
            other => fmt::Debug::fmt(other, out),
        }
    }
}
