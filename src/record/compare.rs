//! Compares and clones records, field by field.

use std::any::Any;

use crate::record::additional_fields::AdditionalFields;
use crate::record::field_text::FieldText;
use crate::record::lenient::{FieldState, Preserved};
use crate::record::traits::{Field, NO_FIELD, Put, Record, Source};

/// The fields of a record, in their order.
#[derive(Default)]
struct Values<'a> {
    extra: Option<&'a AdditionalFields>,
    fields: Vec<&'a dyn Any>,
}

impl<'a> Put<'a> for Values<'a> {
    fn extra(&mut self, extra: &'a AdditionalFields) {
        self.extra = Some(extra);
    }

    #[inline]
    fn field<T: Field>(&mut self, _: &'static str, value: &'a T) {
        self.fields.push(value);
    }
}

/// Whether all fields are the same as those of another record.
struct Same<'a> {
    is_same: bool,
    other: Values<'a>,
    /// How many fields were compared.
    compared: usize,
    preserved: [Option<&'a Preserved>; 2],
    required: &'static [&'static str],
}

impl<'a> Same<'a> {
    /// The field of the other record to compare with the next one.
    fn next_of_other(&mut self) -> &'a dyn Any {
        let other = self.other.fields.get(self.compared).copied();
        self.compared += 1;
        other.unwrap_or(&())
    }

    /// Whether two fields that are equal are written alike, if something did not fit in either
    /// record when it was read.
    #[cold]
    fn is_preserved_alike(
        &self,
        key: &'static str,
        value: &dyn FieldText,
        other: &dyn FieldText,
    ) -> bool {
        let [one, two] =
            [(self.preserved[0], value), (self.preserved[1], other)].map(|(preserved, value)| {
                match preserved.map(|preserved| preserved.state(key, self.required, value)) {
                    Some(FieldState::Missing { is_null }) => Some(Err(is_null)),
                    Some(FieldState::Odd(odd)) => Some(Ok(odd.sent())),
                    _ => None,
                }
            });
        one == two
    }
}

impl<'a> Put<'a> for Same<'a> {
    fn extra(&mut self, extra: &'a AdditionalFields) {
        self.is_same = self.other.extra.is_some_and(|it| extra.has_fields_of(it));
        self.preserved = [Some(extra), self.other.extra].map(|it| it?.preserved());
    }

    fn field<T: Field>(&mut self, key: &'static str, value: &'a T) {
        if !self.is_same {
            return;
        }
        let other = self.next_of_other();
        // Without closures: each would be compiled for each type.
        self.is_same = match other.downcast_ref::<T>() {
            Some(other) => {
                value == other
                    && (matches!(self.preserved, [None, None])
                        || self.is_preserved_alike(key, value, other))
            }
            None => false,
        };
    }
}

/// Compares two records: the one implementation of `PartialEq` for all records.
#[doc(hidden)]
pub fn same<R: Record>(record: &R, other: &R) -> bool {
    let mut values = Values::default();
    other.put(&mut values);
    let mut same = Same {
        is_same: true,
        other: values,
        compared: 0,
        preserved: [None, None],
        required: R::REQUIRED,
    };
    record.put(&mut same);
    same.is_same
}

/// A record of any type whose fields are set. Otherwise each field would be compiled once for each
/// record that has one of its type.
trait CopyTarget {
    fn copy_field(&mut self, key: &str, from: &mut Copied<'_>);
}

impl<R: Record> CopyTarget for R {
    fn copy_field(&mut self, key: &str, from: &mut Copied<'_>) {
        self.set(key, from);
    }
}

/// Sets the fields of a record to those of another one.
struct Copying<'r>(&'r mut dyn CopyTarget);

impl<'a> Put<'a> for Copying<'_> {
    fn extra(&mut self, extra: &'a AdditionalFields) {
        self.0.copy_field(NO_FIELD, &mut Copied(extra));
    }

    fn field<T: Field>(&mut self, key: &'static str, value: &'a T) {
        // What is absent is blank, and so is the other record: most fields of most records.
        if !value.is_absent() {
            self.0.copy_field(key, &mut Copied(value));
        }
    }
}

/// The value of one field, from which another one is set.
struct Copied<'v>(&'v dyn Any);

impl Copied<'_> {
    fn copy_to<T: Clone + 'static>(&self, field: &mut T) {
        if let Some(value) = self.0.downcast_ref::<T>() {
            field.clone_from(value);
        }
    }
}

impl Source for Copied<'_> {
    fn optional<T: Field>(&mut self, field: &mut T) {
        self.copy_to(field);
    }

    fn required<T: Field>(&mut self, field: &mut T, _: u32) {
        self.copy_to(field);
    }

    fn unknown(&mut self, extra: &mut AdditionalFields, _: &str) {
        self.copy_to(extra);
    }
}

/// Clones a record: the one implementation of `Clone` for all records.
#[doc(hidden)]
pub fn copy<R: Record>(record: &R) -> R {
    let mut copy = R::blank();
    record.put(&mut Copying(&mut copy));
    copy
}
