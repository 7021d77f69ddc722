//! Responses that are no records themselves.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::decode::{blank_unread, decode_field};
use super::field_text::FieldText;
use super::lenient::{FieldState, Mistyped, Note, Preserved, Walk, count};
use super::traits::Field;
use super::writer::FieldWriter;
use crate::record::json::Json;

/// A list or a map that is the whole response of an operation, with what of it did not fit the
/// description.
///
/// It is used as the `Vec` or the `BTreeMap` that it dereferences to. A record of the list that is
/// no object is left out of it, and [`mistyped`](Self::mistyped) gives it.
///
/// ```
/// use folio_sdk::Received;
///
/// let names: Received<Vec<String>> = serde_json::from_str(r#"["a", {"b": 1}, "c"]"#)?;
/// assert_eq!(*names, ["a", "", "c"]);
/// assert_eq!(names.mistyped()[0].path, "[1]");
/// assert_eq!(serde_json::to_string(&names)?, r#"["a",{"b":1},"c"]"#);
/// let names: Vec<String> = names.into_inner();
/// # assert_eq!(names.len(), 3);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Received<T> {
    value: T,
    preserved: Option<Box<Preserved>>,
}

impl<T> Received<T> {
    /// The list or map, without what did not fit.
    pub fn into_inner(self) -> T {
        self.value
    }
}

#[allow(
    private_bounds,
    reason = "what is received is a list or a map of generated types"
)]
impl<T: Field> Received<T> {
    /// The required fields that the records within lacked: see
    /// [`Record::missing`](crate::Record::missing).
    pub fn missing(&self) -> Vec<String> {
        let mut walk = Walk::default();
        self.walk(&mut walk);
        walk.missing
    }

    /// What was of another type than described, here and in the records within: see
    /// [`Record::mistyped`](crate::Record::mistyped).
    pub fn mistyped(&self) -> Vec<Mistyped> {
        let mut walk = Walk::default();
        self.walk(&mut walk);
        walk.mistyped
    }

    fn state(&self) -> FieldState<'_> {
        match &self.preserved {
            Some(preserved) => preserved.state("", &[], &self.value),
            None => FieldState::Usual,
        }
    }
}

impl<T> Deref for Received<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Received<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: IntoIterator> IntoIterator for Received<T> {
    type Item = T::Item;
    type IntoIter = T::IntoIter;

    fn into_iter(self) -> T::IntoIter {
        self.value.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Received<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&self.value).into_iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Received<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(out)
    }
}

impl<T: Field> Field for Received<T> {
    fn blank() -> Self {
        Self {
            value: T::blank(),
            preserved: None,
        }
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        let before = count();
        self.preserved = None;
        self.value.read(deserializer)?;
        // What it is itself is for the caller to say.
        if count() > before && !blank_unread(&mut self.value, before) {
            let note = Note::odd(before, self.value.text());
            self.preserved = note.map(|note| {
                let mut preserved = Box::<Preserved>::default();
                preserved.preserve(*note);
                preserved
            });
        }
        Ok(())
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = match self.state() {
            FieldState::Odd(odd) => Some(odd.sent().to_owned()),
            FieldState::Changed(odd) => odd.merged(&self.value.text()),
            FieldState::Usual | FieldState::Missing { .. } => None,
        };
        match text.map(|text| text.parse::<Json>()) {
            Some(Ok(json)) => json.serialize(serializer),
            _ => self.value.encode(serializer),
        }
    }

    fn walk(&self, walk: &mut Walk) {
        walk.note(&self.state());
        self.value.walk(walk);
    }
}

impl<T: Field> Serialize for Received<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FieldWriter(self).serialize(serializer)
    }
}

impl<'de, T: Field> Deserialize<'de> for Received<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode_field(deserializer)
    }
}
