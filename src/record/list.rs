//! Lists of records: absent, `null` and empty stay apart, and all three are used as a list.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, RangeBounds};
use std::{slice, vec};

use serde::de::{Deserialize, DeserializeSeed, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::record::lenient::Walk;
use crate::record::seeds::{Place, Present};
use crate::record::traits::Field;
use crate::record::writer::FieldWriter;

/// A list in a record. It dereferences to a slice and has the methods of [`Vec`], whether or not
/// the record has the list: no `unwrap` is needed to iterate, count, search or add.
///
/// On the wire a list is absent, `null`, `[]` or has elements, and FOLIO's modules tell these
/// apart: a PUT without a list may keep the stored one. So the list is written as follows.
///
/// | The list | is written |
/// |---|---|
/// | has elements | with them |
/// | was received as `[]`, was emptied, or was set to an empty one (`List::new()`, `vec![].into()`, `clear()`) | as `[]` |
/// | was received as `null` and not changed | as `null` |
/// | was not received and never set | not at all |
///
/// A record that the program makes begins without its optional lists. A change that adds nothing to
/// an absent list, or removes something from one, leaves it absent.
///
/// ```
/// # #[cfg(feature = "users")] {
/// use folio_sdk::users::User;
/// use folio_sdk::{Id, List};
///
/// let mut user = User::default();
/// assert!(user.departments.is_empty() && user.departments.is_absent());
/// user.departments.push(Id::from("7d1a1a5e-0000-4000-8000-000000000001"));
/// for id in &user.departments {
///     println!("{id}");
/// }
/// user.departments.clear();
/// assert_eq!(serde_json::to_string(&user)?, r#"{"departments":[]}"#);
/// user.departments = List::absent();
/// assert_eq!(serde_json::to_string(&user)?, "{}");
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct List<T>(
    /// `None` is absent, `Some(None)` is `null`. Neither needs space: they are values that no `Vec`
    /// has.
    Option<Option<Vec<T>>>,
);

impl<T> List<T> {
    /// An empty list, written as `[]`.
    pub const fn new() -> Self {
        Self(Some(Some(Vec::new())))
    }

    /// No list: the field is not written.
    pub const fn absent() -> Self {
        Self(None)
    }

    /// Whether there is no list: it was not received, or as `null`, and was not set since. An
    /// absent list is also [empty](slice::is_empty).
    pub const fn is_absent(&self) -> bool {
        !matches!(self.0, Some(Some(_)))
    }

    /// The elements.
    pub fn as_slice(&self) -> &[T] {
        self.0
            .as_ref()
            .and_then(Option::as_deref)
            .unwrap_or_default()
    }

    /// The elements, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.present().map_or(&mut [], Vec::as_mut_slice)
    }

    /// The elements as a `Vec`.
    pub fn into_vec(self) -> Vec<T> {
        self.0.flatten().unwrap_or_default()
    }

    /// The `Vec` of the elements, for what this type has no method of its own. An absent list
    /// becomes an empty one, which is written as `[]`.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        self.0.get_or_insert_default().get_or_insert_default()
    }

    fn present(&mut self) -> Option<&mut Vec<T>> {
        self.0.as_mut()?.as_mut()
    }

    /// Adds an element at the end.
    pub fn push(&mut self, element: T) {
        self.to_mut().push(element);
    }

    /// Inserts an element before the one at `index`.
    ///
    /// # Panics
    /// If `index` is greater than the number of elements.
    pub fn insert(&mut self, index: usize, element: T) {
        self.to_mut().insert(index, element);
    }

    /// Moves the elements of `other` to the end of this list.
    pub fn append(&mut self, other: &mut Vec<T>) {
        if !other.is_empty() {
            self.to_mut().append(other);
        }
    }

    /// Adds clones of the elements of a slice at the end.
    pub fn extend_from_slice(&mut self, elements: &[T])
    where
        T: Clone,
    {
        if !elements.is_empty() {
            self.to_mut().extend_from_slice(elements);
        }
    }

    /// Removes the last element.
    pub fn pop(&mut self) -> Option<T> {
        self.present()?.pop()
    }

    /// Removes the element at `index`.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, index: usize) -> T {
        self.to_mut().remove(index)
    }

    /// Removes the element at `index`; the last one takes its place.
    ///
    /// # Panics
    /// If there is none.
    pub fn swap_remove(&mut self, index: usize) -> T {
        self.to_mut().swap_remove(index)
    }

    /// Retains only the elements for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        if let Some(list) = self.present() {
            list.retain(keep);
        }
    }

    /// Removes all but the first of consecutive equal elements.
    pub fn dedup(&mut self)
    where
        T: PartialEq,
    {
        if let Some(list) = self.present() {
            list.dedup();
        }
    }

    /// Removes the elements from `len` on.
    pub fn truncate(&mut self, len: usize) {
        if let Some(list) = self.present() {
            list.truncate(len);
        }
    }

    /// Removes the elements of a range and yields them.
    ///
    /// # Panics
    /// If the range ends behind the last element.
    pub fn drain(&mut self, range: impl RangeBounds<usize>) -> impl Iterator<Item = T> {
        self.present()
            .map(|list| list.drain(range))
            .into_iter()
            .flatten()
    }

    /// Removes all elements. Then the list is written as `[]`, also if it was absent.
    pub fn clear(&mut self) {
        self.to_mut().clear();
    }
}

impl<T> Default for List<T> {
    /// An empty list, written as `[]`: what is taken out of a record by [`std::mem::take`] leaves
    /// an empty list there.
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T> AsRef<[T]> for List<T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T> From<Vec<T>> for List<T> {
    #[inline]
    fn from(elements: Vec<T>) -> Self {
        Self(Some(Some(elements)))
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(elements: [T; N]) -> Self {
        Vec::from(elements).into()
    }
}

impl<T: Clone> From<&[T]> for List<T> {
    fn from(elements: &[T]) -> Self {
        elements.to_vec().into()
    }
}

impl<T> From<Option<Vec<T>>> for List<T> {
    /// `None` is an absent list.
    fn from(elements: Option<Vec<T>>) -> Self {
        elements.map_or_else(Self::absent, Self::from)
    }
}

impl<T> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        list.into_vec()
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Vec::from_iter(elements).into()
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        let mut elements = elements.into_iter().peekable();
        if elements.peek().is_some() {
            self.to_mut().extend(elements);
        }
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> vec::IntoIter<T> {
        self.into_vec().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> slice::Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut List<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> slice::IterMut<'a, T> {
        self.iter_mut()
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    /// Whether both are written alike: an absent list, `null` and an empty one differ. The elements
    /// alone are compared with those of a slice or a `Vec`.
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Eq> Eq for List<T> {}

/// Compares the elements alone.
macro_rules! compared {
    ($([$($generics:tt)*] $other:ty;)*) => {$(
        impl<T: PartialEq<U>, U, $($generics)*> PartialEq<$other> for List<T> {
            fn eq(&self, other: &$other) -> bool {
                self.as_slice() == &other[..]
            }
        }
    )*};
}

compared! {
    [] [U];
    [] &[U];
    [] Vec<U>;
    [const N: usize] [U; N];
    [const N: usize] &[U; N];
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => out.write_str("absent"),
            Some(None) => out.write_str("null"),
            Some(Some(list)) => list.fmt(out),
        }
    }
}

impl<T: Field> Place<Vec<T>> for List<T> {
    fn make(&mut self) -> &mut Vec<T> {
        self.0.insert(None).insert(Vec::new())
    }
}

impl<T: Field> Field for List<T> {
    const HAS_NULL: bool = true;

    fn blank() -> Self {
        Self::absent()
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        let is_there = Present::<Vec<T>, _>(self, PhantomData).deserialize(deserializer)?;
        if !is_there {
            self.0 = Some(None);
        }
        Ok(())
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(Some(list)) => list.encode(serializer),
            Some(None) | None => serializer.serialize_none(),
        }
    }

    fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    fn walk(&self, walk: &mut Walk) {
        walk.list(self.iter());
    }
}

impl<T: Field> Serialize for List<T> {
    /// An absent list is `null` where it is no field of a record.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FieldWriter(self).serialize(serializer)
    }
}

impl<'de, T: Field> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::record::decode::decode_field(deserializer)
    }
}
