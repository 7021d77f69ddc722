//! The records of a collection in memory, in the order of their creation. The indexes that each
//! write updates are here, too.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde_json::Value;

use crate::facts::constraints;
use crate::facts::tables::Unique;
use crate::generate::Maker;
use crate::store::indexes::Indexes;
use crate::store::sorted::{RecordKey, Sorted};
use crate::value::raw;

/// A record in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredBody {
    Gone,
    Text(Box<str>),
    /// The record that the generator produces for this number.
    Made(u32),
}

/// A record where it is.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    Text(&'a str),
    Made(&'a dyn Maker, u32),
}

impl<'a> Row<'a> {
    pub(crate) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Made(maker, number) => Cow::Owned(maker.text(number)),
        }
    }

    pub(crate) fn value(self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_default()
    }

    /// The text of a field, as `text_at` of the record finds it.
    pub(crate) fn text_at(self, path: &str) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => raw::text_at(text, path),
            Self::Made(maker, number) => match maker.field(number, path) {
                Some(known) => known.map(Cow::Owned),
                None => raw::text_at(&maker.text(number), path)
                    .map(|text| Cow::Owned(text.into_owned())),
            },
        }
    }
}

/// Slots that have the same value, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    One(u32),
    Many(Vec<u32>),
}

impl Slots {
    pub(crate) fn all(&self) -> &[u32] {
        match self {
            Self::One(slot) => std::slice::from_ref(slot),
            Self::Many(slots) => slots,
        }
    }

    fn add(&mut self, slot: u32) {
        match self {
            Self::One(only) if *only == slot => {}
            Self::One(only) => {
                let mut slots = vec![*only, slot];
                slots.sort_unstable();
                *self = Self::Many(slots);
            }
            Self::Many(slots) => {
                if let Err(place) = slots.binary_search(&slot) {
                    slots.insert(place, slot);
                }
            }
        }
    }

    /// Whether nothing is left.
    fn remove(&mut self, slot: u32) -> bool {
        match self {
            Self::One(only) => *only == slot,
            Self::Many(slots) => {
                if let Ok(place) = slots.binary_search(&slot) {
                    slots.remove(place);
                }
                slots.is_empty()
            }
        }
    }
}

/// Slots by the hash of a value, or by an identifier.
type Lookup<K> = HashMap<K, Slots>;

fn add<K: std::hash::Hash + Eq>(lookup: &mut Lookup<K>, key: K, slot: u32) {
    lookup
        .entry(key)
        .and_modify(|slots| slots.add(slot))
        .or_insert(Slots::One(slot));
}

fn remove<K: std::hash::Hash + Eq>(lookup: &mut Lookup<K>, key: &K, slot: u32) {
    if lookup.get_mut(key).is_some_and(|slots| slots.remove(slot)) {
        lookup.remove(key);
    }
}

fn hash(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The value of a row in a unique index, as [`constraints::value`] returns it.
fn unique_value(unique: &Unique, row: Row<'_>) -> Option<String> {
    if unique.condition.is_some() {
        return constraints::value(unique, &row.value());
    }
    let values: Option<Vec<String>> = unique
        .fields
        .iter()
        .map(|path| row.text_at(path).map(|text| unique.fold.apply(&text)))
        .collect();
    values.map(|values| values.join("\u{1f}"))
}

fn field_key(field: &str, row: Row<'_>) -> Option<RecordKey> {
    row.text_at(field).map(|text| RecordKey::new(&text))
}

/// The records of a collection.
#[derive(Default)]
pub(crate) struct Rows {
    bodies: Vec<StoredBody>,
    ids: Sorted,
    maker: Option<Arc<dyn Maker>>,
    /// Hashes of unique values, by constraint; built on first use.
    uniques: HashMap<String, (&'static Unique, Lookup<u64>)>,
    /// Identifiers in a field; built on first use.
    references: HashMap<String, Lookup<RecordKey>>,
    pub(super) indexes: Indexes,
}

impl Rows {
    /// Rows that a maker makes, the first so many.
    pub(crate) fn made(maker: Arc<dyn Maker>, count: u32) -> Self {
        let ids = (0..count)
            .map(|number| (RecordKey::Uuid(*maker.id(number).as_bytes()), number))
            .collect();
        Self {
            bodies: (0..count).map(StoredBody::Made).collect(),
            ids: Sorted::of(ids),
            maker: Some(maker),
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many slots there are, with those of records that are gone.
    pub(crate) fn slots(&self) -> usize {
        self.bodies.len()
    }

    /// Whether there are or were records that a maker makes.
    pub(crate) fn has_maker(&self) -> bool {
        self.maker.is_some()
    }

    /// The slots of a page where no record is gone.
    pub(crate) fn numbers(&self, offset: usize, limit: usize) -> Vec<u32> {
        (0_u32..)
            .zip(&self.bodies)
            .map(|(slot, _)| slot)
            .skip(offset)
            .take(limit)
            .collect()
    }

    pub(crate) fn ids(&self) -> &Sorted {
        &self.ids
    }

    pub(crate) fn slot(&self, id: &RecordKey) -> Option<u32> {
        self.ids.get(id)
    }

    fn row_of<'a>(&'a self, body: &'a StoredBody) -> Option<Row<'a>> {
        match body {
            StoredBody::Gone => None,
            StoredBody::Text(text) => Some(Row::Text(text)),
            StoredBody::Made(number) => Some(Row::Made(&**self.maker.as_ref()?, *number)),
        }
    }

    pub(crate) fn row(&self, slot: u32) -> Option<Row<'_>> {
        self.row_of(self.bodies.get(slot as usize)?)
    }

    /// All rows in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Row<'_>)> {
        (0..)
            .zip(&self.bodies)
            .filter_map(|(slot, body): (u32, _)| {
                let row = self.row_of(body)?;
                Some((slot, row))
            })
    }

    /// Stores a record in place of the one with its id, or as the last one; returns the replaced
    /// one.
    pub(crate) fn put(&mut self, id: &RecordKey, body: StoredBody) -> Option<StoredBody> {
        let slot = match self.ids.get(id) {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.bodies.len()).unwrap_or(u32::MAX);
                self.bodies.push(StoredBody::Gone);
                self.ids.insert(id.clone(), slot);
                slot
            }
        };
        self.replace(slot, body)
    }

    /// Puts a record back into a slot that it had.
    pub(crate) fn restore(&mut self, id: &RecordKey, slot: u32, body: StoredBody) {
        if self.ids.get(id).is_none() {
            self.ids.insert(id.clone(), slot);
        }
        self.replace(slot, body);
    }

    /// Deletes a record; returns its slot and its content.
    pub(crate) fn remove(&mut self, id: &RecordKey) -> Option<(u32, StoredBody)> {
        let slot = self.ids.remove(id)?;
        let before = self.replace(slot, StoredBody::Gone)?;
        Some((slot, before))
    }

    fn replace(&mut self, slot: u32, body: StoredBody) -> Option<StoredBody> {
        let before = self.bodies.get(slot as usize).cloned()?;
        self.account(&before, slot, false);
        self.account(&body, slot, true);
        if let Some(place) = self.bodies.get_mut(slot as usize) {
            *place = body;
        }
        self.indexes.changed(slot);
        (before != StoredBody::Gone).then_some(before)
    }

    /// Adds the values of a record to the existing indexes, or removes them.
    fn account(&mut self, body: &StoredBody, slot: u32, comes: bool) {
        if self.uniques.is_empty() && self.references.is_empty() {
            return;
        }
        let (mut uniques, mut references) = (
            std::mem::take(&mut self.uniques),
            std::mem::take(&mut self.references),
        );
        if let Some(row) = self.row_of(body) {
            let text = row.text();
            let row = Row::Text(&text);
            for (unique, lookup) in uniques.values_mut() {
                if let Some(value) = unique_value(unique, row) {
                    match comes {
                        true => add(lookup, hash(&value), slot),
                        false => remove(lookup, &hash(&value), slot),
                    }
                }
            }
            for (field, lookup) in &mut references {
                if let Some(key) = field_key(field, row) {
                    match comes {
                        true => add(lookup, key, slot),
                        false => remove(lookup, &key, slot),
                    }
                }
            }
        }
        (self.uniques, self.references) = (uniques, references);
    }

    /// Whether another record than that of an id has a unique value.
    pub(crate) fn taken(&mut self, unique: &'static Unique, value: &str, id: &RecordKey) -> bool {
        if !self.uniques.contains_key(&unique.constraint) {
            let mut lookup = Lookup::new();
            for (slot, row) in self.iter() {
                if let Some(value) = unique_value(unique, row) {
                    add(&mut lookup, hash(&value), slot);
                }
            }
            self.uniques
                .insert(unique.constraint.clone(), (unique, lookup));
        }
        let own = self.ids.get(id);
        let slots = self
            .uniques
            .get(&unique.constraint)
            .and_then(|(_, lookup)| lookup.get(&hash(value)));
        slots.is_some_and(|slots| {
            slots.all().iter().any(|slot| {
                // Different values can have the same hash.
                Some(*slot) != own
                    && self
                        .row(*slot)
                        .and_then(|row| unique_value(unique, row))
                        .is_some_and(|known| known == value)
            })
        })
    }

    /// The slots of a field's identifiers.
    pub(crate) fn references(&mut self, field: &str) -> &HashMap<RecordKey, Slots> {
        if !self.references.contains_key(field) {
            let mut lookup = Lookup::new();
            for (slot, row) in self.iter() {
                if let Some(key) = field_key(field, row) {
                    add(&mut lookup, key, slot);
                }
            }
            self.references.insert(field.to_owned(), lookup);
        }
        self.references.entry(field.to_owned()).or_default()
    }
}
