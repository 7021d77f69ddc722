//! Sorted identifiers: rank of an identifier, and identifier of a rank, also among millions.

use std::cmp::Ordering;

use crate::value::uuid::is_uuid;

/// An identifier. Those that are UUIDs take sixteen bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RecordKey {
    Uuid([u8; 16]),
    Text(Box<str>),
}

impl RecordKey {
    /// Identifiers are compared as UUIDs are: their case does not matter.
    pub(crate) fn new(id: &str) -> Self {
        if is_uuid(id)
            && let Ok(uuid) = uuid::Uuid::try_parse(id)
        {
            return Self::Uuid(*uuid.as_bytes());
        }
        Self::Text(id.to_ascii_lowercase().into())
    }

    /// The identifier as text, in lower case.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Uuid(bytes) => uuid::Uuid::from_bytes(*bytes).to_string(),
            Self::Text(text) => text.to_string(),
        }
    }
}

impl Ord for RecordKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => a.text().cmp(&b.text()),
        }
    }
}

impl PartialOrd for RecordKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The most keys of a block.
const BLOCK: usize = 512;

/// Keys with their slots, in blocks: a rank is found by adding up the sizes of the blocks before.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    blocks: Vec<Vec<(RecordKey, u32)>>,
    length: usize,
}

impl Sorted {
    /// Of keys that differ.
    pub(crate) fn of(mut keys: Vec<(RecordKey, u32)>) -> Self {
        keys.sort_unstable();
        let length = keys.len();
        let mut blocks = Vec::with_capacity(length / (BLOCK / 2) + 1);
        let mut keys = keys.into_iter();
        loop {
            let block: Vec<_> = keys.by_ref().take(BLOCK / 2).collect();
            if block.is_empty() {
                break;
            }
            blocks.push(block);
        }
        Self { blocks, length }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The block that a key belongs into, and its place in it.
    fn place(&self, key: &RecordKey) -> (usize, Result<usize, usize>) {
        let block = self
            .blocks
            .partition_point(|block| block.last().is_some_and(|(last, _)| last < key));
        match self.blocks.get(block) {
            Some(keys) => (block, keys.binary_search_by(|(known, _)| known.cmp(key))),
            None => (block, Err(0)),
        }
    }

    pub(crate) fn get(&self, key: &RecordKey) -> Option<u32> {
        let (block, place) = self.place(key);
        let entry = self.blocks.get(block)?.get(place.ok()?)?;
        Some(entry.1)
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(&mut self, key: RecordKey, slot: u32) {
        let (mut block, place) = self.place(&key);
        let mut place = place.unwrap_or_else(|place| place);
        if block == self.blocks.len() {
            match self.blocks.last() {
                Some(last) => {
                    block -= 1;
                    place = last.len();
                }
                None => self.blocks.push(Vec::new()),
            }
        }
        if let Some(keys) = self.blocks.get_mut(block) {
            keys.insert(place, (key, slot));
            self.length += 1;
            if keys.len() > BLOCK {
                let upper = keys.split_off(BLOCK / 2);
                self.blocks.insert(block + 1, upper);
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &RecordKey) -> Option<u32> {
        let (block, place) = self.place(key);
        let keys = self.blocks.get_mut(block)?;
        let (_, slot) = keys.remove(place.ok()?);
        if keys.is_empty() {
            self.blocks.remove(block);
        }
        self.length -= 1;
        Some(slot)
    }

    /// How many keys are less than this one; with `through`, or equal.
    pub(crate) fn rank(&self, key: &RecordKey, through: bool) -> usize {
        let (block, place) = self.place(key);
        let before: usize = self.blocks.iter().take(block).map(Vec::len).sum();
        before
            + match place {
                Ok(place) => place + usize::from(through),
                Err(place) => place,
            }
    }

    /// The slots from a rank on.
    pub(crate) fn from(&self, rank: usize) -> impl Iterator<Item = u32> {
        let (block, mut rest) = (0, rank);
        let mut first = block;
        while let Some(keys) = self.blocks.get(first)
            && rest >= keys.len()
        {
            rest -= keys.len();
            first += 1;
        }
        self.blocks
            .get(first..)
            .unwrap_or_default()
            .iter()
            .flatten()
            .skip(rest)
            .map(|(_, slot)| *slot)
    }

    /// The slots before a rank, the last first.
    pub(crate) fn back_from(&self, rank: usize) -> impl Iterator<Item = u32> {
        let mut end = rank.min(self.length);
        let mut blocks = 0;
        while let Some(keys) = self.blocks.get(blocks)
            && end >= keys.len()
        {
            end -= keys.len();
            blocks += 1;
        }
        let part = self
            .blocks
            .get(blocks)
            .and_then(|keys| keys.get(..end))
            .unwrap_or_default();
        let whole = self.blocks.get(..blocks).unwrap_or_default();
        part.iter()
            .rev()
            .chain(whole.iter().rev().flat_map(|block| block.iter().rev()))
            .map(|(_, slot)| *slot)
    }
}
