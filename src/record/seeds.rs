//! Places for the values of fields, as serde's seeds.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use crate::record::traits::Field;

/// Reads a [`Field`] into its place where serde wants a seed.
pub(super) struct InPlace<'a, T>(pub(super) &'a mut T);

impl<'de, T: Field> DeserializeSeed<'de> for InPlace<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.read(deserializer)
    }
}

/// Reads the next element of a list, whatever it is.
pub(super) struct Next<'a, T>(pub(super) &'a mut Vec<T>);

impl<'de, T: Field> DeserializeSeed<'de> for Next<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Place::make(self.0).read(deserializer)
    }
}

/// Reads a [`Field`], if it is not `null`, into the place that is made for it then; says whether it
/// was there.
pub(super) struct Present<'a, T, P>(pub(super) &'a mut P, pub(super) PhantomData<T>);

/// Where a value goes that may be `null`.
pub(super) trait Place<T> {
    /// Makes the place.
    fn make(&mut self) -> &mut T;
}

/// A required field.
pub(super) struct Required<'a, T>(pub(super) &'a mut T);

impl<T> Place<T> for Required<'_, T> {
    fn make(&mut self) -> &mut T {
        self.0
    }
}

impl<T: Field> Place<T> for Option<T> {
    fn make(&mut self) -> &mut T {
        self.insert(T::blank())
    }
}

impl<T: Field> Place<T> for Vec<T> {
    fn make(&mut self) -> &mut T {
        let index = self.len();
        self.push(T::blank());
        &mut self[index]
    }
}

impl<'de, T: Field, P: Place<T>> DeserializeSeed<'de> for Present<'_, T, P> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: Field, P: Place<T>> Visitor<'de> for Present<'_, T, P> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value or null")
    }

    fn visit_none<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        self.0.make().read(deserializer)?;
        Ok(true)
    }
}
