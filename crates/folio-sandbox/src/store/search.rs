//! Finds the records of a page.

use crate::cql::CqlError;
use crate::cql::compile::{Order, SortKind, Test};
use crate::cql::uuid::{Bound, UuidTest};
use crate::store::bits::Bits;
use crate::store::index;
use crate::store::page::Page;
use crate::store::rows::{Row, Rows};
use crate::store::sorted::RecordKey;

/// The slots of a page, and how many records there are in all.
pub(super) fn listed(rows: &mut Rows, page: &Page<'_>) -> Result<(Vec<u32>, usize), CqlError> {
    let sort = page.query.map_or(&[][..], |query| &query.sort);
    let by_id = matches!(sort, [only] if only.kind == SortKind::Uuid && only.field == "id");
    let descending = matches!(sort, [only] if only.descending);
    if (sort.is_empty() || by_id && !descending)
        && let Some(query) = page.query
        && let Some(mut ids) = ids(&query.test)
    {
        // A list of identifiers is looked up, not searched for.
        ids.sort();
        ids.dedup();
        let found: Vec<u32> = ids
            .iter()
            .filter_map(|id| rows.slot(&RecordKey::new(id)))
            .collect();
        let total = found.len();
        let page = found.into_iter().skip(page.offset).take(page.limit);
        return Ok((page.collect(), total));
    }
    // The conditions of a query on `id` are bounds: paging by id is fast with many records.
    let mut bounds = Bounds {
        from: 0,
        to: rows.len(),
        not: Vec::new(),
    };
    let exact = page
        .query
        .is_none_or(|query| bounds.narrow(&query.test, rows));
    let length = bounds.to.saturating_sub(bounds.from);
    if exact && bounds.not.is_empty() && by_id {
        let slots = if descending {
            let ids = rows.ids().back_from(bounds.to).take(length);
            ids.skip(page.offset).take(page.limit).collect()
        } else {
            let left = length.saturating_sub(page.offset);
            let ids = rows.ids().from(bounds.from + page.offset.min(length));
            ids.take(left.min(page.limit)).collect()
        };
        return Ok((slots, length));
    }
    let whole = exact && bounds.not.is_empty() && length == rows.len();
    if whole && sort.is_empty() {
        let slots = match rows.slots() == rows.len() {
            // No record is gone: a place is a slot.
            true => rows.numbers(page.offset, page.limit),
            false => rows
                .iter()
                .map(|(slot, _)| slot)
                .skip(page.offset)
                .take(page.limit)
                .collect(),
        };
        return Ok((slots, rows.len()));
    }
    let found = match page.query {
        Some(_) if whole => None,
        Some(query) => Some(matching(rows, &query.test, Some(&bounds))?),
        None => None,
    };
    let total = found.as_ref().map_or(rows.len(), Bits::count);
    let slots = if by_id {
        let wanted = |slot: &u32| found.as_ref().is_none_or(|found| found.has(*slot));
        if descending {
            let ids = rows.ids().back_from(bounds.to).take(length).filter(wanted);
            ids.skip(page.offset).take(page.limit).collect()
        } else {
            let ids = rows.ids().from(bounds.from).take(length).filter(wanted);
            ids.skip(page.offset).take(page.limit).collect()
        }
    } else if sort.is_empty() {
        let found = found.iter().flat_map(Bits::iter);
        found.skip(page.offset).take(page.limit).collect()
    } else {
        index::in_order(rows, sort, found.as_ref(), page.offset, page.limit)
    };
    Ok((slots, total))
}

/// The conditions of a query on `id`: ranks from and to, and excluded identifiers.
pub(super) struct Bounds {
    from: usize,
    to: usize,
    not: Vec<RecordKey>,
}

impl Bounds {
    /// Narrows the bounds by the conditions of a test on `id`; returns whether it has no others.
    fn narrow(&mut self, test: &Test, rows: &Rows) -> bool {
        match test {
            Test::All => true,
            Test::And(a, b) => {
                let a = self.narrow(a, rows);
                self.narrow(b, rows) && a
            }
            Test::Uuid(UuidTest {
                field,
                bound: Bound::Order(order, id),
            }) if field == "id" => {
                let key = RecordKey::new(id);
                let rank = |through| rows.ids().rank(&key, through);
                match order {
                    Order::Equal => {
                        self.from = self.from.max(rank(false));
                        self.to = self.to.min(rank(true));
                    }
                    Order::Differs => self.not.push(key),
                    Order::Less => self.to = self.to.min(rank(false)),
                    Order::LessOrEqual => self.to = self.to.min(rank(true)),
                    Order::Greater => self.from = self.from.max(rank(true)),
                    Order::GreaterOrEqual => self.from = self.from.max(rank(false)),
                }
                true
            }
            _ => false,
        }
    }

    /// The slots within.
    fn slots(&self, rows: &Rows) -> Bits {
        let length = self.to.saturating_sub(self.from);
        let mut bits = Bits::of(rows.slots(), rows.ids().from(self.from).take(length));
        for key in &self.not {
            if let Some(slot) = rows.slot(key) {
                bits.clear(slot);
            }
        }
        bits
    }
}

/// The records that a test holds for, of those within bounds.
pub(super) fn matching(
    rows: &mut Rows,
    test: &Test,
    bounds: Option<&Bounds>,
) -> Result<Bits, CqlError> {
    let narrow =
        bounds.filter(|bounds| bounds.from > 0 || bounds.to < rows.len() || !bounds.not.is_empty());
    // Few records by their identifiers are looked at as they are.
    let few =
        narrow.is_some_and(|bounds| bounds.to.saturating_sub(bounds.from) < index::INDEXED_FROM);
    let within = narrow.map(|bounds| bounds.slots(rows));
    let known = match few {
        true => None,
        false => index::select(rows, test),
    };
    let candidates = match known {
        Some((bits, true)) => {
            return Ok(match within {
                Some(within) => bits.and(&within),
                None => bits,
            });
        }
        Some((bits, false)) => Some(match within {
            Some(within) => bits.and(&within),
            None => bits,
        }),
        None => within,
    };
    let mut found = Bits::none(rows.slots());
    let mut look = |slot: u32, row: Row<'_>| -> Result<(), CqlError> {
        if test.holds(&row.value())? == Some(true) {
            found.set(slot);
        }
        Ok(())
    };
    match candidates {
        Some(candidates) => {
            for slot in candidates.iter() {
                if let Some(row) = rows.row(slot) {
                    look(slot, row)?;
                }
            }
        }
        None => {
            for (slot, row) in rows.iter() {
                look(slot, row)?;
            }
        }
    }
    Ok(found)
}

/// The identifiers of a query that only excludes some.
fn ids(test: &Test) -> Option<Vec<String>> {
    match test {
        Test::Or(a, b) => {
            let mut list = ids(a)?;
            list.extend(ids(b)?);
            Some(list)
        }
        Test::Uuid(UuidTest {
            field,
            bound: Bound::Order(Order::Equal, id),
        }) if field == "id" => Some(vec![id.clone()]),
        _ => None,
    }
}
