//! Writes records and shows them.

use std::fmt;

use serde::ser::{SerializeMap, Serializer};

use crate::record::additional_fields::AdditionalFields;
use crate::record::json::Json;
use crate::record::lenient::{FieldState, Preserved};
use crate::record::traits::{Field, Put, Record};
use crate::record::writer::{FieldWriter, text_of};
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
    fn entry(&mut self, key: &str, value: &(impl serde::Serialize + ?Sized)) {
        if self.failed.is_none() {
            self.failed = self.map.serialize_entry(key, value).err();
        }
    }

    /// Writes a field of a record in which something did not fit.
    #[cold]
    fn preserved_field<T: Field>(&mut self, preserved: &Preserved, key: &'static str, value: &T) {
        let now = || text_of(value);
        let state = preserved.state(key, self.required, &now, &|| text_of(&T::blank()));
        let text = match state {
            FieldState::Missing { is_null: false } => return,
            FieldState::Missing { is_null: true } => Some("null".to_owned()),
            FieldState::Odd(odd) => Some(odd.sent().to_owned()),
            _ if value.is_absent() => return,
            FieldState::Changed(odd) => odd.merged(&now()),
            FieldState::Usual => None,
        };
        match text.map(|text| text.parse::<Json>()) {
            Some(Ok(json)) => self.entry(key, &json),
            _ => self.entry(key, &FieldWriter(value)),
        }
    }
}

impl<'a, M: SerializeMap> Put<'a> for IntoMap<'a, M> {
    fn extra(&mut self, extra: &'a AdditionalFields) {
        self.extra = Some(extra);
        self.preserved = extra.preserved();
    }

    #[inline]
    fn field<T: Field>(&mut self, key: &'static str, value: &'a T) {
        if let Some(preserved) = self.preserved {
            return self.preserved_field(preserved, key, value);
        }
        if value.is_absent() {
            return;
        }
        self.entry(key, &FieldWriter(value));
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
        out.entry(key, value);
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
