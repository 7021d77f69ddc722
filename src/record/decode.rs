//! Reads records: missing and mistyped fields are noted, and unknown ones preserved.

use crate::value::member::MemberName;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::record::additional_fields::AdditionalFields;
use crate::record::field_text::FieldText;
use crate::record::json::Json;
use crate::record::lenient::values::other_kinds;
use crate::record::lenient::{self, Note};
use crate::record::misfit::misfit;
use crate::record::raw;
use crate::record::seeds::{InPlace, Present, Required};
use crate::record::traits::{Field, NO_FIELD, Record, Source};

/// Reads fields from a map of serde's.
struct FromMap<'a, 'de, A: MapAccess<'de>> {
    map: &'a mut A,
    /// The required fields that were there, a bit each; those that were `null`.
    seen: u64,
    nulls: u64,
    failed: Option<A::Error>,
    /// How much was found that does not fit when the record began.
    before: usize,
    /// What the record must preserve: it waits for the unknown fields, beside which it is stored.
    note: Option<Box<Note>>,
    /// Whether the text of each value is taken before it is read.
    is_exact: bool,
    input: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Source for FromMap<'_, 'de, A> {
    #[inline]
    fn optional<T: Field>(&mut self, field: &mut T) {
        if self.is_exact {
            return self.exactly(field, None);
        }
        if let Err(error) = self.map.next_value_seed(InPlace(&mut *field)) {
            self.failed = Some(error);
        }
        if lenient::count() > self.before {
            self.note = note_of(field, self.before);
        }
    }

    #[inline]
    fn required<T: Field>(&mut self, field: &mut T, number: u32) {
        if self.is_exact {
            return self.exactly(field, Some(number));
        }
        match self
            .map
            .next_value_seed(Present(&mut Required(&mut *field), PhantomData))
        {
            Ok(there) => {
                self.seen |= u64::from(there) << number;
                self.nulls |= u64::from(!there) << number;
            }
            Err(error) => self.failed = Some(error),
        }
        if lenient::count() > self.before {
            self.note = note_of(field, self.before);
        }
    }

    fn unknown(&mut self, extra: &mut AdditionalFields, key: &str) {
        if let Some(note) = self.note.take() {
            return extra.preserve(*note);
        }
        match self.map.next_value::<Json>() {
            Ok(value) => {
                extra.insert(key, value);
                misfit();
            }
            Err(error) => self.failed = Some(error),
        }
    }
}

impl<'de, A: MapAccess<'de>> FromMap<'_, 'de, A> {
    /// Reads a field of which the text is taken first.
    #[cold]
    fn exactly<T: Field>(&mut self, field: &mut T, number: Option<u32>) {
        let text = match self.map.next_value_seed(raw::Raw) {
            Ok(text) => text,
            Err(error) => return self.failed = Some(error),
        };
        if let Some(number) = number {
            if text == "null" {
                return self.nulls |= 1 << number;
            }
            self.seen |= 1 << number;
        }
        let mut json = serde_json::Deserializer::from_slice(text.as_bytes());
        let Some(level) = lenient::deeper() else {
            return self.failed = Some(A::Error::custom("recursion limit exceeded"));
        };
        if let Err(error) = field.read(&mut json) {
            self.failed = Some(A::Error::custom(error));
        }
        drop(level);
        if lenient::count() > self.before {
            lenient::make_exact(self.before, &text);
            self.note = note_of(field, self.before);
        }
    }
}

/// What a record must preserve of a field in which something does not fit.
#[cold]
fn note_of<T: Field>(field: &mut T, before: usize) -> Option<Box<Note>> {
    if lenient::is_unread(before) {
        *field = T::blank();
    }
    Note::odd(before, field.text())
}

/// Makes a value blank again that was of another type; says whether it was.
#[cold]
pub(crate) fn blank_unread<T: Field>(value: &mut T, before: usize) -> bool {
    let is_unread = lenient::is_unread(before);
    if is_unread {
        *value = T::blank();
    }
    is_unread
}

/// Reads a record: the one implementation of `Deserialize` for all records.
#[doc(hidden)]
pub fn decode<'de, R: Record, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    decode_field(deserializer)
}

/// Reads a value that is no field: it is what it is described to be, at least.
pub(crate) fn decode_field<'de, T: Field, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let mut value = T::blank();
    let before = lenient::count();
    let result = value.read(deserializer);
    if lenient::count() > before
        && let Some(problem) = lenient::whole_problem(before)
        && result.is_ok()
    {
        return Err(D::Error::custom(problem));
    }
    result?;
    Ok(value)
}

/// Reads a record into its place, where nothing but a blank one is.
#[doc(hidden)]
pub fn read<'de, R: Record, D: Deserializer<'de>>(
    record: &mut R,
    deserializer: D,
) -> Result<(), D::Error> {
    deserializer.deserialize_any(FieldsVisitor(record))
}

struct FieldsVisitor<'a, R>(&'a mut R);

impl<'de, R: Record> Visitor<'de> for FieldsVisitor<'_, R> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a {} record (a JSON object)", R::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut from = FromMap {
            map: &mut map,
            seen: 0,
            nulls: 0,
            failed: None,
            before: lenient::count(),
            note: None,
            is_exact: lenient::is_exact(),
            input: PhantomData,
        };
        while let Some(key) = from.map.next_key_seed(MemberName)? {
            self.0.set(&key, &mut from);
            if let Some(error) = from.failed {
                return Err(error);
            }
            if let Some(note) = &mut from.note {
                note.name(&key);
                self.0.set(NO_FIELD, &mut from);
            }
        }
        if from.seen.count_ones() as usize != R::REQUIRED.len() {
            let missing = absent(R::REQUIRED, from.seen);
            if lenient::is_strict() {
                return Err(incomplete(R::NAME, R::REQUIRED, missing));
            }
            lenient::Noted::note_missing();
            let nulls = from.nulls;
            from.note = Some(Box::new(Note::Missing { missing, nulls }));
            self.0.set(NO_FIELD, &mut from);
        }
        Ok(())
    }

    other_kinds! { boolean number text null list }
}

/// The required fields that were not seen.
#[cold]
fn absent(required: &[&str], seen: u64) -> u64 {
    let bits = (0..required.len()).map(|number| 1_u64 << number);
    bits.fold(0, std::ops::BitOr::bitor) & !seen
}

#[cold]
fn incomplete<E: serde::de::Error>(name: &str, required: &[&str], missing: u64) -> E {
    let absent: Vec<&str> = required
        .iter()
        .enumerate()
        .filter(|(bit, _)| missing & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect();
    E::custom(format_args!(
        "{name} record without its required field {}",
        absent.join(", ")
    ))
}
