//! Evaluates the `totalRecords` of a list's pages: whether records are missing.
//!
//! It is an estimate in RMB from 1,000 records on, and it changes during concurrent writes. So
//! nothing here ends a list: a contradiction leads to a repeated request.

/// From this number of records on, RMB estimates `totalRecords` (`exactCount`); below it counts.
pub(crate) const ESTIMATED: u64 = 1_000;

/// The values of `totalRecords` so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    last: Option<u64>,
    /// The value of the first page that has one.
    first: Option<u64>,
    least: u64,
    most: u64,
}

impl Totals {
    pub(super) fn note(&mut self, total: Option<u64>) {
        let Some(total) = total else {
            return;
        };
        self.least = self.last.map_or(total, |_| self.least.min(total));
        self.most = self.most.max(total);
        self.last = Some(total);
        self.first.get_or_insert(total);
    }

    /// The latest value.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Whether pages had different values.
    fn is_changing(&self) -> bool {
        self.least != self.most
    }

    /// Whether there is more after a page of a list that is read by key, according to
    /// `totalRecords` of that page. The page has `of_page` records, of which `counted` are among
    /// the `arrived` ones.
    ///
    /// RMB counts the matches of the query, which are the records after a key. A server that counts
    /// the whole list each time states the number of the first page again.
    pub(super) fn has_more_behind_key(
        &self,
        total: Option<u64>,
        is_first: bool,
        of_page: u64,
        counted: u64,
        arrived: u64,
    ) -> bool {
        let Some(total) = total else {
            return false;
        };
        match is_first || self.is_of_all(total) {
            true => total > arrived + of_page - counted,
            false => total > of_page,
        }
    }

    /// Whether the server counts the whole list with each page, rather than the records after a
    /// key.
    fn is_of_all(&self, total: u64) -> bool {
        self.first.is_some_and(|first| total >= first)
    }

    /// `totalRecords` of a page that was requested by a key `before` records earlier, as the page
    /// after the last key would state it.
    pub(super) fn behind(&self, total: Option<u64>, before: u64) -> Option<u64> {
        let total = total?;
        Some(match self.is_of_all(total) {
            true => total,
            false => total.saturating_sub(before),
        })
    }

    /// The number of records from the start of a page that is read by key, according to its
    /// `totalRecords`. `seen` records were received before the page.
    pub(super) fn rest(&self, total: Option<u64>, before: u64, seen: u64) -> Option<u64> {
        let total = total?;
        Some(total.saturating_sub(match self.is_of_all(total) {
            true => seen,
            false => before,
        }))
    }

    /// Whether this value is exact: a small one, or one that no page changed. RMB's minimum for an
    /// estimate may be the same for each page.
    pub(super) fn is_exact(&self, total: u64) -> bool {
        total < ESTIMATED || total > ESTIMATED && self.last == Some(total) && !self.is_changing()
    }

    /// Whether there is more after the apparent end of a list that is read by offset. `total` is
    /// the value of the page, and `has_records` states whether the page has any.
    ///
    /// A page that shows the last record and nothing after it is complete; during concurrent
    /// writes, its number may be slightly newer. An empty page of RMB states the offset as its
    /// number, if that is less than the actual one.
    pub(super) fn has_more_behind(
        &self,
        total: Option<u64>,
        has_records: bool,
        has_pages: bool,
        position: u64,
    ) -> bool {
        match total {
            _ if has_records && self.is_changing() => false,
            Some(total) if total >= position => total > position,
            _ => has_pages && self.last.is_some_and(|last| last > position),
        }
    }

    /// The minimum number of records, if that is more than `arrived` although every position was
    /// read: others were repeated instead. A changed number shows this only for a list whose
    /// records changed their order.
    pub(super) fn missing(&self, arrived: u64, is_reordered: bool) -> Option<u64> {
        self.last?;
        let is_certain = !self.is_changing() || is_reordered;
        (self.least > arrived && is_certain).then_some(self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(all: &[u64]) -> Totals {
        let mut totals = Totals::default();
        for total in all {
            totals.note(Some(*total));
        }
        totals
    }

    #[test]
    fn behind_a_key_the_number_is_of_the_rest_or_of_all() {
        // First page of 10 of 25; RMB then counts the rest, others count all again.
        for (before, total, is_first, of_page, counted, arrived, expected) in [
            (&[][..], Some(25), true, 10, 10, 10, true),
            (&[], Some(10), true, 10, 10, 10, false),
            (&[], None, true, 10, 10, 10, false),
            (&[25], Some(15), false, 10, 10, 20, true),
            (&[25], Some(5), false, 5, 5, 25, false),
            (&[25], Some(25), false, 10, 10, 20, true),
            (&[25], Some(25), false, 5, 5, 25, false),
            // A page that is not counted yet: its records follow the received ones.
            (&[25], Some(25), false, 3, 0, 20, true),
            (&[25], Some(25), false, 5, 0, 20, false),
        ] {
            let found =
                totals(before).has_more_behind_key(total, is_first, of_page, counted, arrived);
            assert_eq!(found, expected, "{before:?} {total:?} {of_page} {counted}");
        }
    }

    #[test]
    fn behind_an_offset_the_number_of_the_page_counts_and_else_the_last_one() {
        for (before, total, has_records, has_pages, position, expected) in [
            (&[25][..], Some(25), false, true, 20, true),
            (&[25], Some(25), false, true, 25, false),
            // Less than the position: an empty page of RMB states its offset as the number.
            (&[25], Some(0), false, true, 20, true),
            (&[20], Some(0), false, true, 20, false),
            (&[25], None, false, true, 20, true),
            (&[25], None, false, false, 20, false),
            (&[], None, false, true, 20, false),
            // While others write, a page with records is trusted.
            (&[25, 24], Some(25), true, true, 24, false),
            (&[25, 24], Some(25), false, true, 24, true),
        ] {
            let found = totals(before).has_more_behind(total, has_records, has_pages, position);
            assert_eq!(found, expected, "{before:?} {total:?} {position}");
        }
    }

    #[test]
    fn records_are_missing_if_the_number_is_certain() {
        for (all, arrived, is_reordered, expected) in [
            (&[][..], 5, true, None),
            (&[5, 5], 5, false, None),
            (&[6, 6], 5, false, Some(6)),
            (&[6, 7], 5, false, None),
            (&[7, 6], 5, true, Some(6)),
            (&[5, 7], 5, true, None),
            // 0 is a number as well.
            (&[0, 7], 5, true, None),
        ] {
            let found = totals(all).missing(arrived, is_reordered);
            assert_eq!(found, expected, "{all:?} {arrived}");
        }
    }
}
