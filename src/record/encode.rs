//! Writes records and shows them.

use std::fmt;

use serde::ser::{SerializeMap, Serializer};

use crate::record::additional_fields::AdditionalFields;
use crate::record::field_text::FieldText;
use crate::record::json::Json;
use crate::record::lenient::{FieldState, Preserved};
use crate::record::traits::{Field, Put, Record};
use crate::record::writer::FieldWriter;
use crate::value::redact;

/// Writes fields into a map of serde's.
struct IntoMap<'a, M: SerializeMap> {
    map: &'a mut M,
    extra: Option<&'a AdditionalFields>,
    /// What did not fit when the record was read.
    preserved: Option<&'a Preserved>,
    required: &'static [&'static str],
    failed: Option<M::Error>,
}

impl<M: SerializeMap> IntoMap<'_, M> {
    fn json(&mut self, key: &str, value: &Json) {
        if self.failed.is_none() {
            self.failed = self.map.serialize_entry(key, value).err();
        }
    }

    /// Writes a field of a record in which something did not fit, if it is not written as usual;
    /// says whether that was done.
    #[cold]
    fn preserved_field(
        &mut self,
        preserved: &Preserved,
        key: &'static str,
        is_absent: bool,
        value: &dyn FieldText,
    ) -> bool {
        let text = match preserved.state(key, self.required, value) {
            FieldState::Missing { is_null: false } => return true,
            FieldState::Missing { is_null: true } => Some("null".to_owned()),
            FieldState::Odd(odd) => Some(odd.sent().to_owned()),
            _ if is_absent => return true,
            FieldState::Changed(odd) => odd.merged(&value.text()),
            FieldState::Usual => None,
        };
        let json = text.and_then(|text| text.parse::<Json>().ok());
        if let Some(json) = &json {
            self.json(key, json);
        }
        json.is_some()
    }
}

impl<'a, M: SerializeMap> Put<'a> for IntoMap<'a, M> {
    fn extra(&mut self, extra: &'a AdditionalFields) {
        self.extra = Some(extra);
        self.preserved = extra.preserved();
    }

    #[inline]
    fn field<T: Field>(&mut self, key: &'static str, value: &'a T) {
        // Without closures and helpers of its type: each would be compiled for each type.
        let is_done = match self.preserved {
            Some(preserved) => self.preserved_field(preserved, key, value.is_absent(), value),
            None => value.is_absent(),
        };
        if is_done || self.failed.is_some() {
            return;
        }
        let written = match self.map.serialize_key(key) {
            Ok(()) => self.map.serialize_value(&FieldWriter(value)),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            self.failed = Some(error);
        }
    }
}

/// Writes a record: the one implementation of `Serialize` for all records.
#[doc(hidden)]
pub fn encode<R: Record, S: Serializer>(record: &R, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let mut out = IntoMap {
        map: &mut map,
        extra: None,
        preserved: None,
        required: R::REQUIRED,
        failed: None,
    };
    record.put(&mut out);
    for (key, value) in out.extra.into_iter().flatten() {
        out.json(key, value);
    }
    match out.failed {
        Some(error) => Err(error),
        None => map.end(),
    }
}

/// Shows a record as the JSON that it is written as, but for its secrets.
#[doc(hidden)]
pub fn debug<R: Record>(record: &R, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match serde_json::to_value(FieldWriter(record)) {
        Ok(mut value) => {
            redact::Secrets::default().redact_value(&mut value);
            let text = if out.alternate() {
                format!("{value:#}")
            } else {
                value.to_string()
            };
            write!(out, "{} {}", R::NAME, redact::escaped(&text))
        }
        Err(error) => write!(out, "{} ({error})", R::NAME),
    }
}
