//! Indexes that a query builds when it first needs them: the words of a field, its values, an
//! order. They are immutable; newer records are checked one by one, until there are too many of
//! them and the indexes are rebuilt. So a query finds exactly its result without indexes.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::Value;

use crate::cql::eval::{compare_folded, json_order};
use crate::cql::plan::{Bound, INDEXED, Order, SortKey, SortKind, Test, Texts, UuidTest};
use crate::facts::tables::Table;
use crate::store::bits::Bits;
pub(super) use crate::store::indexes::INDEXED_FROM;
use crate::store::indexes::{Built, Indexes, Values, WordIndex, made};
use crate::store::rows::{Row, Rows};
use crate::store::sorted::RecordKey;
use crate::value::collate;
use crate::value::fold::{Fold, beginning};

/// The parts of a query that indexes can answer.
enum Plan {
    /// Exactly the records.
    Exact(Bits),
    /// Records that have to be looked at; no others.
    Some(Bits),
    /// Nothing.
    Scan,
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

    fn words(&mut self, texts: &Texts, unaccent: bool) -> Arc<WordIndex> {
        let rows = &*self.rows;
        let make = || {
            WordIndex::of(
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
                let found = ids
                    .iter()
                    .filter_map(|id| self.rows.slot(&RecordKey::new(id)));
                Plan::Exact(Bits::of(slots, found))
            }
            Test::In(field, ids) => {
                let lookup = self.rows.references(field);
                let mut found = Bits::none(slots);
                for id in ids {
                    if let Some(own) = lookup.get(&RecordKey::new(id)) {
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
        let rank = |id: &str, through| ids.rank(&RecordKey::new(id), through);
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
            let own = lookup.get(&RecordKey::new(id));
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

/// The candidates for a test, as far as indexes can determine them, and whether the result is
/// certain. Records written since an index was built are included after a check. None if no index
/// applies.
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

/// The sort key of a record.
enum SortValue {
    Text(Box<str>),
    Id(RecordKey),
    Json(Value),
    Absent,
}

fn sort_value(key: &SortKey, row: Row<'_>) -> SortValue {
    match key.kind {
        SortKind::Uuid => row
            .text_at(&key.field)
            .map_or(SortValue::Absent, |id| SortValue::Id(RecordKey::new(&id))),
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
    // Most pairs differ in their beginnings, which are stored together here.
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

/// Fewer records than these are sorted on demand.
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

/// Builds the indexes of the words of some fields, and their orders, in advance.
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
                    WordIndex::of(texts, unaccent)
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
