//! Indexes of queries: the words of a field, its values, an order, each as of its creation.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::cql::fulltext::{Lexeme, WordJoin, WordQuery, indexed};
use crate::cql::words::{parts, tokens, tokens_of_part};
use crate::store::bits::Bits;

/// From how many records on indexes are made.
pub(super) const INDEXED_FROM: usize = if cfg!(test) { 4 } else { 1_000 };

/// How many records may have been written before indexes are made anew.
fn most_changes(records: usize) -> usize {
    if cfg!(test) {
        return 6;
    }
    200 + records / 500
}

/// How many parts of texts are remembered while an index of words is made.
const MOST_PARTS: usize = 200_000;

/// An index, and how much had been written when it was made.
pub(super) struct Built<T> {
    pub(super) seen: usize,
    pub(super) made: Arc<T>,
}

/// The indexes of a collection.
#[derive(Default)]
pub(crate) struct Indexes {
    /// The slots that were written, in order.
    pub(super) log: Vec<u32>,
    pub(super) words: HashMap<String, Built<WordIndex>>,
    pub(super) values: HashMap<String, Built<Values>>,
    pub(super) present: HashMap<String, Built<Bits>>,
    pub(super) orders: HashMap<String, Built<Vec<u32>>>,
}

/// The words of a field: where each is, a slot and a place in one number.
pub(super) struct WordIndex {
    vocabulary: Vec<Box<str>>,
    /// Where the places of each word begin.
    starts: Vec<usize>,
    places: Vec<u64>,
}

/// The values of a field: which records have each.
pub(super) struct Values {
    text: String,
    /// Where a value ends in the text, and where its slots end.
    ends: Vec<(usize, usize)>,
    slots: Vec<u32>,
}

impl Indexes {
    pub(super) fn changed(&mut self, slot: u32) {
        if self.is_empty() {
            self.log.clear();
        } else {
            self.log.push(slot);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
            && self.values.is_empty()
            && self.present.is_empty()
            && self.orders.is_empty()
    }

    /// Forgets indexes that too much was written since.
    pub(super) fn age(&mut self, records: usize) {
        let oldest = self.log.len().saturating_sub(most_changes(records));
        self.words.retain(|_, index| index.seen >= oldest);
        self.values.retain(|_, index| index.seen >= oldest);
        self.present.retain(|_, index| index.seen >= oldest);
        self.orders.retain(|_, index| index.seen >= oldest);
    }
}

/// The index of a name, which is made if it is not there; and since when the records are to be
/// looked at.
pub(super) fn made<T>(
    indexes: &mut HashMap<String, Built<T>>,
    name: String,
    now: usize,
    since: &mut usize,
    make: impl FnOnce() -> T,
) -> Arc<T> {
    let index = indexes.entry(name).or_insert_with(|| Built {
        seen: now,
        made: Arc::new(make()),
    });
    *since = (*since).min(index.seen);
    Arc::clone(&index.made)
}

impl WordIndex {
    pub(super) fn of<'a>(
        texts: impl Iterator<Item = (u32, Option<String>)> + 'a,
        unaccent: bool,
    ) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut found: Vec<(u32, u64)> = Vec::new();
        // Identifiers of types and common words recur often: their parts are cached.
        let mut known: HashMap<(bool, String), Vec<u32>> = HashMap::new();
        let mut number = |token: String| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(token).or_insert(next)
        };
        for (slot, text) in texts {
            let Some(text) = text else { continue };
            let text = indexed(&text, unaccent);
            let mut place = u64::from(slot) << 32;
            let mut add = |number: u32| {
                found.push((number, place));
                place += 1;
            };
            let Some(parts) = parts(&text) else {
                tokens(&text)
                    .into_iter()
                    .for_each(|token| add(number(token)));
                continue;
            };
            let mut key = (false, String::new());
            for (part, first) in parts {
                key.0 = first;
                key.1.clear();
                key.1.push_str(part);
                if let Some(own) = known.get(&key) {
                    own.iter().copied().for_each(&mut add);
                    continue;
                }
                let own: Vec<u32> = tokens_of_part(part, first)
                    .into_iter()
                    .map(&mut number)
                    .collect();
                own.iter().copied().for_each(&mut add);
                if known.len() < MOST_PARTS {
                    known.insert(key.clone(), own);
                }
            }
        }
        let mut words: Vec<(String, u32)> = numbers.into_iter().collect();
        words.sort_unstable();
        let mut counts = vec![0_usize; words.len()];
        for (number, _) in &found {
            if let Some(count) = counts.get_mut(*number as usize) {
                *count += 1;
            }
        }
        let mut starts = Vec::with_capacity(words.len() + 1);
        let mut next = vec![0_usize; words.len()];
        let mut start = 0;
        for (_, number) in &words {
            starts.push(start);
            if let (Some(next), Some(count)) =
                (next.get_mut(*number as usize), counts.get(*number as usize))
            {
                *next = start;
                start += count;
            }
        }
        starts.push(start);
        let mut places = vec![0; found.len()];
        for (number, place) in found {
            if let Some(next) = next.get_mut(number as usize) {
                if let Some(own) = places.get_mut(*next) {
                    *own = place;
                }
                *next += 1;
            }
        }
        Self {
            vocabulary: words.into_iter().map(|(word, _)| word.into()).collect(),
            starts,
            places,
        }
    }

    /// Where a word is, in order.
    fn places(&self, lexeme: &Lexeme) -> Vec<u64> {
        let wanted = lexeme.text.as_str();
        let from = self.vocabulary.partition_point(|word| &**word < wanted);
        let many = self
            .vocabulary
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|word| match lexeme.prefix {
                true => word.starts_with(wanted),
                false => ***word == *wanted,
            })
            .count();
        let bound = |index: usize| self.starts.get(index).copied().unwrap_or_default();
        let mut places = self
            .places
            .get(bound(from)..bound(from + many))
            .unwrap_or_default()
            .to_vec();
        if many > 1 {
            places.sort_unstable();
        }
        places
    }

    fn phrase(&self, phrase: &[Lexeme], slots: usize) -> Bits {
        let mut lexemes = phrase.iter();
        let mut places = lexemes
            .next()
            .map(|first| self.places(first))
            .unwrap_or_default();
        for lexeme in lexemes {
            let next = self.places(lexeme);
            let mut at = 0;
            places = places
                .into_iter()
                .filter_map(|place| {
                    while next.get(at).is_some_and(|next| *next < place + 1) {
                        at += 1;
                    }
                    (next.get(at) == Some(&(place + 1))).then_some(place + 1)
                })
                .collect();
        }
        Bits::of(slots, places.into_iter().map(|place| (place >> 32) as u32))
    }

    pub(super) fn find(&self, query: &WordQuery, slots: usize) -> Bits {
        let phrases = query.words.iter().map(|phrase| self.phrase(phrase, slots));
        let none = || Bits::none(slots);
        match query.join {
            WordJoin::Phrase if query.words.is_empty() => none(),
            WordJoin::Phrase => self.phrase(&query.words.concat(), slots),
            WordJoin::All => phrases.reduce(|a, b| a.and(&b)).unwrap_or_else(none),
            WordJoin::Any => phrases.reduce(|a, b| a.or(&b)).unwrap_or_else(none),
        }
    }
}

impl Values {
    pub(super) fn of(texts: impl Iterator<Item = (u32, Option<String>)>) -> Self {
        let mut by_value: HashMap<String, Vec<u32>> = HashMap::new();
        for (slot, text) in texts {
            if let Some(text) = text {
                by_value.entry(text).or_default().push(slot);
            }
        }
        let sorted: BTreeMap<String, Vec<u32>> = by_value.into_iter().collect();
        let (mut text, mut ends, mut slots) = (String::new(), Vec::new(), Vec::new());
        for (value, own) in sorted {
            text.push_str(&value);
            slots.extend(own);
            ends.push((text.len(), slots.len()));
        }
        Self { text, ends, slots }
    }

    /// The slots of the values for which something holds.
    pub(super) fn find(&self, slots: usize, mut holds: impl FnMut(&str) -> bool) -> Bits {
        let mut found = Bits::none(slots);
        let (mut from, mut first) = (0, 0);
        for (end, last) in &self.ends {
            if holds(self.text.get(from..*end).unwrap_or_default()) {
                let own = self.slots.get(first..*last).unwrap_or_default();
                own.iter().for_each(|slot| found.set(*slot));
            }
            (from, first) = (*end, *last);
        }
        found
    }

    /// The slots of one value.
    pub(super) fn equal(&self, slots: usize, value: &str) -> Bits {
        let at = |index: usize| {
            let before = index
                .checked_sub(1)
                .and_then(|before| self.ends.get(before));
            let (from, first) = before.copied().unwrap_or_default();
            let (end, last) = self.ends.get(index).copied().unwrap_or((from, first));
            (
                self.text.get(from..end).unwrap_or_default(),
                self.slots.get(first..last).unwrap_or_default(),
            )
        };
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match at(middle).0.cmp(value) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Bits::of(slots, at(middle).1.iter().copied()),
                Ordering::Greater => high = middle,
            }
        }
        Bits::none(slots)
    }
}
