//! Writes records, compares and shows them.

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
    fn extra(&mut self, extra: &'a AdditionalFields, _: &'a AdditionalFields) {
        self.extra = Some(extra);
        self.preserved = extra.preserved();
    }

    #[inline]
    fn field<T: Field>(&mut self, key: &'static str, value: &T, _: &T) {
        if let Some(preserved) = self.preserved {
            return self.preserved_field(preserved, key, value);
        }
        if value.is_absent() {
            return;
        }
        self.entry(key, &FieldWriter(value));
    }
}

/// Whether all fields were the same.
struct Same<'a> {
    is_same: bool,
    preserved: [Option<&'a Preserved>; 2],
    required: &'static [&'static str],
}

impl Same<'_> {
    /// Whether two fields that are equal are written alike, if something did not fit in either
    /// record when it was read.
    #[cold]
    fn is_preserved_alike<T: Field>(&self, key: &'static str, value: &T, other: &T) -> bool {
        let [one, two] =
            [(self.preserved[0], value), (self.preserved[1], other)].map(|(preserved, value)| {
                let now = || text_of(value);
                let blank = || text_of(&T::blank());
                match preserved.map(|preserved| preserved.state(key, self.required, &now, &blank)) {
                    Some(FieldState::Missing { is_null }) => Some(Err(is_null)),
                    Some(FieldState::Odd(odd)) => Some(Ok(odd.sent())),
                    _ => None,
                }
            });
        one == two
    }
}

impl<'a> Put<'a> for Same<'a> {
    fn extra(&mut self, extra: &'a AdditionalFields, other: &'a AdditionalFields) {
        self.is_same = self.is_same && extra.has_fields_of(other);
        self.preserved = [extra.preserved(), other.preserved()];
    }

    #[inline]
    fn field<T: Field>(&mut self, key: &'static str, value: &T, other: &T) {
        self.is_same = self.is_same && value == other;
        if self.is_same && !matches!(self.preserved, [None, None]) {
            self.is_same = self.is_preserved_alike(key, value, other);
        }
    }
}

/// Compares two records: the one implementation of `PartialEq` for all records.
#[doc(hidden)]
pub fn same<R: Record>(record: &R, other: &R) -> bool {
    let mut same = Same {
        is_same: true,
        preserved: [None, None],
        required: R::REQUIRED,
    };
    record.put(other, &mut same);
    same.is_same
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
    record.put(record, &mut out);
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
