//! A field as a value of serde's, and as text.

use serde::ser::Serializer;

use crate::record::traits::Field;

/// Writes a [`Field`] where serde wants a value.
pub(crate) struct FieldWriter<'a, T>(pub(crate) &'a T);

impl<T: Field> serde::Serialize for FieldWriter<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.encode(serializer)
    }
}

/// The JSON of a value.
#[cold]
pub(crate) fn text_of<T: Field>(value: &T) -> String {
    serde_json::to_string(&FieldWriter(value)).unwrap_or_default()
}
