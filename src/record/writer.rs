//! A field as a value of serde's, and as text.

use serde::ser::Serializer;

use crate::record::field_text::FieldText;
use crate::record::traits::Field;

/// Writes a [`Field`] where serde wants a value.
pub(crate) struct FieldWriter<'a, T>(pub(crate) &'a T);

impl<T: Field> serde::Serialize for FieldWriter<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.encode(serializer)
    }
}

impl<T: Field> FieldText for T {
    #[cold]
    fn text(&self) -> String {
        // As `serde_json::to_string`, which is three functions more for each type.
        let mut text = Vec::new();
        match self.encode(&mut serde_json::Serializer::new(&mut text)) {
            Ok(()) => String::from_utf8(text).unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    #[cold]
    fn blank_text(&self) -> String {
        T::blank().text()
    }
}
