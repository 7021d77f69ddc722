//! Indexes that a query makes when it first needs them: the words of a field, its values, an order. They stay as they were made; what was
//! written since is looked at record by record, until that is too much and they are made anew. So a query finds exactly what it finds
//! without them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::bits::Bits;
use super::rows::{Row, Rows};
use super::sorted::Key;
use crate::cql::collate;
use crate::cql::eval::{compare_folded, json_order};
use crate::cql::fold::{Fold, beginning};
use crate::cql::fulltext::{Lexeme, WordQuery, Words as Join, indexed};
use crate::cql::plan::{Bound, UuidTest};
use crate::cql::plan::{INDEXED, Order, SortKey, SortKind, Test, Texts};
use crate::cql::words::{parts, tokens, tokens_of_part};
use crate::tables::Table;

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
struct Built<T> {
    seen: usize,
    made: Arc<T>,
}

/// The indexes of a collection.
#[derive(Default)]
pub(crate) struct Indexes {
    /// The slots that were written, in order.
    log: Vec<u32>,
    words: HashMap<String, Built<Words>>,
    values: HashMap<String, Built<Values>>,
    present: HashMap<String, Built<Bits>>,
    orders: HashMap<String, Built<Vec<u32>>>,
}

/// The words of a field: where each is, a slot and a place in one number.
struct Words {
    vocabulary: Vec<Box<str>>,
    /// Where the places of each word begin.
    starts: Vec<usize>,
    places: Vec<u64>,
}

/// The values of a field: which records have each.
struct Values {
    text: String,
    /// Where a value ends in the text, and where its slots end.
    ends: Vec<(usize, usize)>,
    slots: Vec<u32>,
}

/// What of a query indexes can tell.
enum Plan {
    /// Exactly the records.
    Exact(Bits),
    /// Records that have to be looked at; no others.
    Some(Bits),
    /// Nothing.
    Scan,
}

impl Indexes {
    pub(super) fn changed(&mut self, slot: u32) {
        if self.is_empty() {
            self.log.clear();
        } else {
            self.log.push(slot);
        }
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty()
            && self.values.is_empty()
            && self.present.is_empty()
            && self.orders.is_empty()
    }

    /// Forgets indexes that too much was written since.
    fn age(&mut self, records: usize) {
        let oldest = self.log.len().saturating_sub(most_changes(records));
        self.words.retain(|_, index| index.seen >= oldest);
        self.values.retain(|_, index| index.seen >= oldest);
        self.present.retain(|_, index| index.seen >= oldest);
        self.orders.retain(|_, index| index.seen >= oldest);
    }
}

/// The index of a name, which is made if it is not there; and since when the records are to be looked at.
fn made<T>(
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

/// The texts of a test, from a row.
fn text_of(texts: &Texts, row: Row<'_>) -> Option<String> {
    match texts {
        Texts::Field(path) => row.text_at(path).map(|text| text.into_owned()),
        Texts::Joined(paths) => {
            let parts: Vec<_> = paths.iter().filter_map(|path| row.text_at(path)).collect();
            Some(parts.join(" "))
        }
        Texts::Isbn(..) => texts.text(&row.value()),
    }
}

impl Words {
    fn of<'a>(texts: impl Iterator<Item = (u32, Option<String>)> + 'a, unaccent: bool) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut found: Vec<(u32, u64)> = Vec::new();
        // Identifiers of types and common words come again and again: what they consist of is remembered.
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

    fn find(&self, query: &WordQuery, slots: usize) -> Bits {
        let phrases = query.words.iter().map(|phrase| self.phrase(phrase, slots));
        let none = || Bits::none(slots);
        match query.join {
            Join::Phrase if query.words.is_empty() => none(),
            Join::Phrase => self.phrase(&query.words.concat(), slots),
            Join::All => phrases.reduce(|a, b| a.and(&b)).unwrap_or_else(none),
            Join::Any => phrases.reduce(|a, b| a.or(&b)).unwrap_or_else(none),
        }
    }
}

impl Values {
    fn of(texts: impl Iterator<Item = (u32, Option<String>)>) -> Self {
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
    fn find(&self, slots: usize, mut holds: impl FnMut(&str) -> bool) -> Bits {
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
    fn equal(&self, slots: usize, value: &str) -> Bits {
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

/// Whether a test compares numbers, which can fail for records that an index would not look at.
fn has_numbers(test: &Test) -> bool {
    match test {
        Test::And(a, b) | Test::Or(a, b) | Test::Not(a, b) => has_numbers(a) || has_numbers(b),
        Test::Number { .. } => true,
        _ => false,
    }
}

/// A query being planned.
struct Planner<'a> {
    rows: &'a mut Rows,
    indexes: &'a mut Indexes,
    /// Since when records that were written have to be looked at.
    since: usize,
}

impl Planner<'_> {
    fn values(&mut self, texts: &Texts, fold: Option<Fold>, truncates: bool) -> Arc<Values> {
        let rows = &*self.rows;
        let make = || {
            Values::of(rows.iter().map(|(slot, row)| {
                let text = text_of(texts, row).map(|text| {
                    let folded = fold.map_or_else(|| text.clone(), |fold| fold.apply(&text));
                    match truncates {
                        true => beginning(&folded, INDEXED).to_owned(),
                        false => folded,
                    }
                });
                (slot, text)
            }))
        };
        let name = format!("{texts:?} {fold:?} {truncates}");
        let now = self.indexes.log.len();
        made(&mut self.indexes.values, name, now, &mut self.since, make)
    }

    fn words(&mut self, texts: &Texts, unaccent: bool) -> Arc<Words> {
        let rows = &*self.rows;
        let make = || {
            Words::of(
                rows.iter().map(|(slot, row)| (slot, text_of(texts, row))),
                unaccent,
            )
        };
        let name = format!("{texts:?} {unaccent}");
        let now = self.indexes.log.len();
        made(&mut self.indexes.words, name, now, &mut self.since, make)
    }

    fn plan(&mut self, test: &Test) -> Plan {
        let slots = self.rows.slots();
        match test {
            Test::All => Plan::Exact(Bits::of(slots, self.rows.ids().from(0))),
            Test::Nothing => Plan::Exact(Bits::none(slots)),
            Test::And(a, b) => match (self.plan(a), self.plan(b)) {
                (Plan::Exact(a), Plan::Exact(b)) => Plan::Exact(a.and(&b)),
                (Plan::Scan, Plan::Scan) => Plan::Scan,
                (Plan::Scan, Plan::Exact(some) | Plan::Some(some))
                | (Plan::Exact(some) | Plan::Some(some), Plan::Scan) => Plan::Some(some),
                (Plan::Exact(a) | Plan::Some(a), Plan::Exact(b) | Plan::Some(b)) => {
                    Plan::Some(a.and(&b))
                }
            },
            Test::Or(a, b) => match (self.plan(a), self.plan(b)) {
                (Plan::Exact(a), Plan::Exact(b)) => Plan::Exact(a.or(&b)),
                (Plan::Scan, _) | (_, Plan::Scan) => Plan::Scan,
                (Plan::Exact(a) | Plan::Some(a), Plan::Exact(b) | Plan::Some(b)) => {
                    Plan::Some(a.or(&b))
                }
            },
            Test::Not(a, b) => match (self.plan(a), self.plan(b)) {
                (Plan::Exact(a), Plan::Exact(b)) => Plan::Exact(a.without(&b)),
                (Plan::Scan, _) => Plan::Scan,
                (Plan::Exact(a) | Plan::Some(a), _) => Plan::Some(a),
            },
            Test::Uuid(test) if test.field == "id" => Plan::Exact(self.ids(test)),
            Test::Uuid(test) => Plan::Exact(self.references(test)),
            Test::In(field, ids) if field == "id" => {
                let found = ids.iter().filter_map(|id| self.rows.slot(&Key::new(id)));
                Plan::Exact(Bits::of(slots, found))
            }
            Test::In(field, ids) => {
                let lookup = self.rows.references(field);
                let mut found = Bits::none(slots);
                for id in ids {
                    if let Some(own) = lookup.get(&Key::new(id)) {
                        own.all().iter().for_each(|slot| found.set(*slot));
                    }
                }
                Plan::Exact(found)
            }
            Test::Present(path) => {
                let rows = &*self.rows;
                let make = || {
                    let present = rows
                        .iter()
                        .filter(|(_, row)| row.text_at(path).is_some())
                        .map(|(slot, _)| slot);
                    Bits::of(slots, present)
                };
                let now = self.indexes.log.len();
                let index = made(
                    &mut self.indexes.present,
                    path.clone(),
                    now,
                    &mut self.since,
                    make,
                );
                Plan::Exact((*index).clone())
            }
            Test::Words {
                field,
                query,
                unaccent,
            } => Plan::Exact(self.words(field, *unaccent).find(query, slots)),
            Test::Like {
                field,
                fold,
                pattern,
                differs,
                truncates,
            } => {
                if *truncates && pattern.length() > INDEXED {
                    return Plan::Scan;
                }
                let values = self.values(field, Some(*fold), *truncates);
                Plan::Exact(match pattern.plain() {
                    Some(value) if !differs => values.equal(slots, &value),
                    _ => values.find(slots, |value| pattern.matches(value) != *differs),
                })
            }
            Test::Compare {
                field,
                fold,
                relation,
                term,
            } => {
                if fold.is_some() && term.chars().count() > INDEXED {
                    return Plan::Scan;
                }
                let field = Texts::Field(field.clone());
                let values = self.values(&field, *fold, fold.is_some());
                Plan::Exact(
                    values.find(slots, |value| relation.holds(collate::compare(value, term))),
                )
            }
            Test::Number { .. } | Test::Element { .. } | Test::Foreign(..) => Plan::Scan,
        }
    }

    fn ids(&self, test: &UuidTest) -> Bits {
        let (slots, ids) = (self.rows.slots(), self.rows.ids());
        let between =
            |from: usize, to: usize| Bits::of(slots, ids.from(from).take(to.saturating_sub(from)));
        let rank = |id: &str, through| ids.rank(&Key::new(id), through);
        match &test.bound {
            Bound::Order(Order::Equal, id) => between(rank(id, false), rank(id, true)),
            Bound::Order(Order::Differs, id) => {
                between(0, ids.len()).without(&between(rank(id, false), rank(id, true)))
            }
            Bound::Order(Order::Less, id) => between(0, rank(id, false)),
            Bound::Order(Order::LessOrEqual, id) => between(0, rank(id, true)),
            Bound::Order(Order::Greater, id) => between(rank(id, true), ids.len()),
            Bound::Order(Order::GreaterOrEqual, id) => between(rank(id, false), ids.len()),
            Bound::Within(from, to) => between(rank(from, false), rank(to, true)),
            Bound::Outside(from, to) => {
                between(0, ids.len()).without(&between(rank(from, false), rank(to, true)))
            }
        }
    }

    fn references(&mut self, test: &UuidTest) -> Bits {
        let slots = self.rows.slots();
        let lookup = self.rows.references(&test.field);
        if let Bound::Order(Order::Equal, id) = &test.bound {
            let own = lookup.get(&Key::new(id));
            return Bits::of(
                slots,
                own.into_iter().flat_map(|own| own.all().iter().copied()),
            );
        }
        let mut found = Bits::none(slots);
        for (key, own) in lookup {
            if test.holds(&key.text()) {
                own.all().iter().for_each(|slot| found.set(*slot));
            }
        }
        found
    }
}

/// The records for which a test holds, as far as indexes can tell: those to look at, and whether it is certain of them. Records that were
/// written since an index was made have been looked at. None where indexes tell nothing.
pub(super) fn select(rows: &mut Rows, test: &Test) -> Option<(Bits, bool)> {
    if rows.len() < INDEXED_FROM || has_numbers(test) {
        return None;
    }
    let mut indexes = std::mem::take(&mut rows.indexes);
    indexes.age(rows.len());
    let now = indexes.log.len();
    let mut planner = Planner {
        rows,
        indexes: &mut indexes,
        since: now,
    };
    let plan = planner.plan(test);
    let since = planner.since;
    let found = match plan {
        Plan::Scan => None,
        Plan::Exact(mut bits) => {
            look_again(rows, indexes.log.get(since..), test, &mut bits);
            Some((bits, true))
        }
        Plan::Some(mut bits) => {
            look_again(rows, indexes.log.get(since..), test, &mut bits);
            Some((bits, false))
        }
    };
    rows.indexes = indexes;
    found
}

fn look_again(rows: &Rows, written: Option<&[u32]>, test: &Test, bits: &mut Bits) {
    let mut written = written.unwrap_or_default().to_vec();
    written.sort_unstable();
    written.dedup();
    for slot in written {
        bits.clear(slot);
        if let Some(row) = rows.row(slot)
            && matches!(test.holds(&row.value()), Ok(Some(true)))
        {
            bits.set(slot);
        }
    }
}

/// What a record is sorted by.
enum SortValue {
    Text(Box<str>),
    Id(Key),
    Json(Value),
    Absent,
}

fn sort_value(key: &SortKey, row: Row<'_>) -> SortValue {
    match key.kind {
        SortKind::Uuid => row
            .text_at(&key.field)
            .map_or(SortValue::Absent, |id| SortValue::Id(Key::new(&id))),
        SortKind::Json => key
            .field
            .split('.')
            .try_fold(row.value(), |value, name| value.get(name).cloned())
            .map_or(SortValue::Absent, SortValue::Json),
        SortKind::Text(fold) => row.text_at(&key.field).map_or(SortValue::Absent, |text| {
            SortValue::Text(fold.apply(&text).into())
        }),
    }
}

fn compare(keys: &[SortKey], a: &[SortValue], b: &[SortValue]) -> Ordering {
    keys.iter()
        .zip(a.iter().zip(b))
        .map(|(key, (a, b))| {
            let order = match (a, b) {
                (SortValue::Absent, SortValue::Absent) => Ordering::Equal,
                (SortValue::Absent, _) => Ordering::Greater,
                (_, SortValue::Absent) => Ordering::Less,
                (SortValue::Text(a), SortValue::Text(b)) => compare_folded(a, b),
                (SortValue::Id(a), SortValue::Id(b)) => a.cmp(b),
                (SortValue::Json(a), SortValue::Json(b)) => json_order(a, b),
                _ => Ordering::Equal,
            };
            match key.descending {
                true => order.reverse(),
                false => order,
            }
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn sort_values(keys: &[SortKey], row: Row<'_>) -> Vec<SortValue> {
    keys.iter().map(|key| sort_value(key, row)).collect()
}

/// Sorts slots by their records.
fn sorted(rows: &Rows, keys: &[SortKey], slots: impl Iterator<Item = u32>) -> Vec<u32> {
    let descending = keys.first().is_some_and(|key| key.descending);
    // Most pairs differ in their beginnings, which stand here together.
    let mut list: Vec<(Option<u128>, u32, Vec<SortValue>)> = slots
        .filter_map(|slot| {
            let values = sort_values(keys, rows.row(slot)?);
            let beginning = match values.first() {
                Some(SortValue::Text(text)) => collate::beginning(text),
                _ => None,
            };
            Some((beginning, slot, values))
        })
        .collect();
    list.sort_unstable_by(|(first, own, a), (second, other, b)| {
        let order = match (first, second) {
            (Some(first), Some(second)) if descending => second.cmp(first),
            (Some(first), Some(second)) => first.cmp(second),
            _ => Ordering::Equal,
        };
        order
            .then_with(|| compare(keys, a, b))
            .then_with(|| own.cmp(other))
    });
    list.into_iter().map(|(_, slot, _)| slot).collect()
}

/// Fewer records than these are sorted when they are asked for.
const FEW: usize = if cfg!(test) { 2 } else { 500 };

/// The slots of a set in the order of keys, those of the page only.
pub(super) fn in_order(
    rows: &mut Rows,
    keys: &[SortKey],
    set: Option<&Bits>,
    offset: usize,
    limit: usize,
) -> Vec<u32> {
    let count = set.map_or(rows.len(), Bits::count);
    if rows.len() < INDEXED_FROM || count <= FEW {
        let all = match set {
            Some(set) => sorted(rows, keys, set.iter()),
            None => sorted(rows, keys, rows.iter().map(|(slot, _)| slot)),
        };
        return all.into_iter().skip(offset).take(limit).collect();
    }
    let mut indexes = std::mem::take(&mut rows.indexes);
    indexes.age(rows.len());
    let (now, mut since) = (indexes.log.len(), indexes.log.len());
    let index = {
        let rows = &*rows;
        let make = || sorted(rows, keys, rows.iter().map(|(slot, _)| slot));
        made(
            &mut indexes.orders,
            format!("{keys:?}"),
            now,
            &mut since,
            make,
        )
    };
    let mut written: Vec<u32> = indexes.log.get(since..).unwrap_or_default().to_vec();
    rows.indexes = indexes;
    written.sort_unstable();
    written.dedup();
    let wanted = |slot: u32| set.is_none_or(|set| set.has(slot));
    if written.is_empty() {
        return index
            .iter()
            .copied()
            .filter(|slot| wanted(*slot))
            .skip(offset)
            .take(limit)
            .collect();
    }
    let changed = Bits::of(rows.slots(), written.iter().copied());
    let same: Vec<u32> = index
        .iter()
        .copied()
        .filter(|slot| !changed.has(*slot))
        .collect();
    // Each record that was written, and before which of the others it belongs.
    let new = sorted(rows, keys, written.into_iter().filter(|slot| wanted(*slot)));
    let mut places = Vec::with_capacity(new.len());
    for slot in new {
        let Some(row) = rows.row(slot) else { continue };
        let own = sort_values(keys, row);
        let place = same.partition_point(|other| {
            rows.row(*other).is_some_and(|row| {
                compare(keys, &sort_values(keys, row), &own)
                    .then_with(|| other.cmp(&slot))
                    .is_lt()
            })
        });
        places.push((place, slot));
    }
    let mut new = places.into_iter().peekable();
    let mut merged = Vec::with_capacity(limit.min(count));
    let mut seen = 0;
    let mut take = |slot: u32| {
        if seen >= offset && merged.len() < limit {
            merged.push(slot);
        }
        seen += 1;
        merged.len() < limit
    };
    for (place, slot) in same.iter().copied().enumerate() {
        while let Some((_, own)) = new.next_if(|(before, _)| *before <= place) {
            take(own);
        }
        if wanted(slot) && !take(slot) {
            break;
        }
    }
    new.for_each(|(_, slot)| {
        take(slot);
    });
    merged
}

/// Makes the indexes of the words of some fields, and their orders, before they are asked for.
pub(super) fn prepare_fields(rows: &mut Rows, table: Option<&Table>, fields: &[&str]) {
    let mut indexes = std::mem::take(&mut rows.indexes);
    let now = indexes.log.len();
    let shared = &*rows;
    std::thread::scope(|scope| {
        let (mut words, mut orders) = (Vec::new(), Vec::new());
        for field in fields {
            let entry = table.and_then(|table| table.fields.get(*field));
            let unaccent = entry.is_none_or(|searched| searched.words.fold.unaccent);
            let texts = Texts::Field((*field).to_owned());
            words.push((
                format!("{texts:?} {unaccent}"),
                scope.spawn(move || {
                    let texts = shared
                        .iter()
                        .map(|(slot, row)| (slot, text_of(&texts, row)));
                    Words::of(texts, unaccent)
                }),
            ));
            let keys = [SortKey {
                field: (*field).to_owned(),
                descending: false,
                kind: SortKind::Text(Fold::BOTH),
                beyond: None,
            }];
            orders.push((
                format!("{:?}", &keys[..]),
                scope.spawn(move || sorted(shared, &keys, shared.iter().map(|(slot, _)| slot))),
            ));
        }
        for (name, thread) in words {
            if let Ok(made) = thread.join() {
                let made = Arc::new(made);
                indexes.words.insert(name, Built { seen: now, made });
            }
        }
        for (name, thread) in orders {
            if let Ok(made) = thread.join() {
                let made = Arc::new(made);
                indexes.orders.insert(name, Built { seen: now, made });
            }
        }
    });
    rows.indexes = indexes;
}
