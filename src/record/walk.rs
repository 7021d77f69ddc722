//! Walks through the values of records to find what does not fit.

use super::additional_fields::AdditionalFields;
use super::lenient::{PathStep, Preserved, Walk};
use super::traits::{Field, Put, Record};

impl Walk {
    /// Walks through the elements of a list.
    pub(crate) fn list<'a, T: Field + 'a>(&mut self, elements: impl Iterator<Item = &'a T>) {
        let left_out = std::mem::take(&mut self.left_out);
        let mut left_out = left_out.into_iter().peekable();
        let mut index = 0;
        for element in elements {
            while left_out.next_if_eq(&index).is_some() {
                index += 1;
            }
            self.within(&PathStep::At(index), element);
            index += 1;
        }
    }

    /// Walks through the values of a map.
    pub(crate) fn map<'a, T: Field + 'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a String, &'a T)>,
    ) {
        for (key, value) in entries {
            self.within(&PathStep::Key(key.clone()), value);
        }
    }

    fn within<T: Field>(&mut self, step: &PathStep, value: &T) {
        let length = self.path.len();
        self.step(step);
        value.walk(self);
        self.path.truncate(length);
        self.left_out.clear();
    }
}

/// Walks through a record.
#[doc(hidden)]
pub fn walk_record<R: Record>(record: &R, walk: &mut Walk) {
    struct Fields<'a, 'b> {
        walk: &'b mut Walk,
        preserved: Option<&'a Preserved>,
        required: &'static [&'static str],
    }
    impl<'a> Put<'a> for Fields<'a, '_> {
        fn extra(&mut self, extra: &'a AdditionalFields) {
            self.preserved = extra.preserved();
        }

        fn field<T: Field>(&mut self, key: &'static str, value: &'a T) {
            let length = self.walk.path.len();
            self.walk.key(key);
            if let Some(preserved) = self.preserved {
                self.walk.note(&preserved.state(key, self.required, value));
            }
            value.walk(self.walk);
            self.walk.path.truncate(length);
            self.walk.left_out.clear();
        }
    }
    walk.left_out.clear();
    let mut fields = Fields {
        walk,
        preserved: None,
        required: R::REQUIRED,
    };
    record.put(&mut fields);
}
