//! Detects deletions and inserts during the reading of a list by offset.
//!
//! When a record before the next page is deleted, all following records move up by one, and the
//! next page starts one record too late: that record would be skipped silently. So each page starts
//! with the last record of the previous page. If that record is not found, the list is read from
//! further back, until a known record is found: all records after it are then new, and known
//! records are dropped.
//!
//! Some servers have an order that is not unique and changes from request to request (calendars are
//! ordered only by their first day, recorded). So each record is compared with all received ones,
//! whether its page is as expected or not; and the number of requests without new records is
//! limited. Records that such a list has skipped are revealed by its number of records, see
//! `Pager::ends_by_offset`.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// How many keys are remembered: at most some 40 bytes each.
const REMEMBERED: usize = 1_000_000;

/// How many requests may bring nothing new, and how many more for each that does. Deletions while
/// a list is read costs one or two a page; what is beyond that is a server without an order.
const BARREN: u64 = 16;
const BARREN_FOR_EACH: u64 = 4;

pub(super) struct Overlap {
    /// Whether the order holds, and a page has room for one record more than the one that is
    /// known.
    is_used: bool,
    size: u64,
    /// The start of the last requested page.
    from: u64,
    /// Whether that is before the end of the previous page.
    overlaps: bool,
    /// The distance that it starts further back than one record.
    back: u64,
    /// Whether a page that started further back than the end of the previous one had new records.
    has_worked: bool,
    /// The number of times that the last record was at its position, but the page that starts with
    /// it did not contain it.
    denied: u32,
    /// The last record of the previous page has a key.
    is_anchored: bool,
    /// The last received keys, as hashes, in order; and for each, the number of records before it.
    /// For a record inserted among the received ones that number is unknown, and it is none.
    keys: VecDeque<u64>,
    places: HashMap<u64, Option<u64>>,
    has_forgotten: bool,
    /// The number of received keys.
    came: u64,
    /// Known records arrived in another order than before.
    is_reordered: bool,
    hasher: RandomState,
    /// The number of new records of the last page that precede a known one.
    inserted: usize,
    /// The number of records of the largest page.
    largest: usize,
    /// The maximum number of records of the last requested page.
    most: u64,
    /// The number of requested pages, and of those with new records.
    requested: u64,
    fruitful: u64,
}

/// The known part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repeats {
    /// For each record, whether it is known.
    pub(super) known: Vec<bool>,
    /// The last record of the page is the last received one.
    pub(super) is_where_it_was: bool,
    /// The page is shorter than requested and than other pages, so that the list ends with it: the
    /// server's own limit did not make it short.
    pub(super) is_short: bool,
}

impl Overlap {
    pub(super) fn new(size: u32, has_stable_order: bool) -> Self {
        Self {
            is_used: size > 1 && has_stable_order,
            size: size.into(),
            from: 0,
            overlaps: false,
            back: 0,
            has_worked: false,
            denied: 0,
            is_anchored: false,
            keys: VecDeque::new(),
            places: HashMap::new(),
            has_forgotten: false,
            came: 0,
            is_reordered: false,
            hasher: RandomState::new(),
            inserted: 0,
            largest: 0,
            most: size.into(),
            requested: 0,
            fruitful: 0,
        }
    }

    /// The start of the page with which the list continues at `offset`.
    pub(super) fn ask(&mut self, offset: u64) -> u64 {
        self.requested += 1;
        self.overlaps = self.is_used && self.is_anchored && offset > 0;
        self.from = match self.overlaps {
            true => offset.saturating_sub(1 + self.back),
            false => offset,
        };
        self.from
    }

    /// Whether the last requested page starts before the end of the previous one.
    pub(super) fn overlaps(&self) -> bool {
        self.overlaps
    }

    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// The page starts here, because the server supports pages only at some offsets.
    pub(super) fn begin_at(&mut self, from: u64, most: u32, overlaps: bool) {
        self.from = from;
        self.most = most.into();
        self.overlaps = overlaps;
    }

    /// Whether it is not known yet that pages can start anywhere.
    pub(super) fn is_untried(&self) -> bool {
        self.back == 0 && !self.has_worked
    }

    /// The list is resumed after records with these keys.
    pub(super) fn begin_after(&mut self, keys: &[String]) {
        for key in keys {
            self.note(key, true);
        }
        self.is_anchored = !keys.is_empty();
        self.has_forgotten |= self.is_anchored;
    }

    /// From now on pages start after the previous one.
    pub(super) fn give_up(&mut self) {
        self.is_used = false;
    }

    pub(super) fn is_given_up(&self) -> bool {
        !self.is_used
    }

    /// The page that should start with the last record does not contain it. That may be a
    /// coincidence of concurrent writes; or the server supports only offsets of whole pages.
    pub(super) fn deny(&mut self) -> Result<(), String> {
        self.back = 0;
        self.denied += 1;
        if self.denied == 3 && !self.has_worked {
            self.give_up();
        }
        self.bounded()
    }

    /// Whether repeated records arrived in different orders.
    pub(super) fn is_reordered(&self) -> bool {
        self.is_reordered
    }

    /// For each record of a page, whether it was on an earlier page.
    pub(super) fn are_known(&mut self, keys: &[Option<String>]) -> Vec<bool> {
        self.largest = self.largest.max(keys.len());
        let is_known = |key: &Option<String>| {
            key.as_ref()
                .is_some_and(|key| self.places.contains_key(&self.hasher.hash_one(key)))
        };
        keys.iter().map(is_known).collect()
    }

    fn note(&mut self, key: &str, follows: bool) {
        let hash = self.hasher.hash_one(key);
        // Duplicates on the same page are not removed.
        if self
            .places
            .insert(hash, follows.then_some(self.came))
            .is_none()
        {
            self.keys.push_back(hash);
        }
        self.came += 1;
        if self.keys.len() > REMEMBERED
            && let Some(first) = self.keys.pop_front()
        {
            self.places.remove(&first);
            self.has_forgotten = true;
        }
    }

    /// An error if too many requests had no new records.
    fn bounded(&self) -> Result<(), String> {
        let barren = self.requested.saturating_sub(self.fruitful);
        if barren <= BARREN + BARREN_FOR_EACH * self.fruitful {
            return Ok(());
        }
        Err(format!(
            "{} requests returned {} different records without reaching the end: the server returns the list in a different order each time. Set a `limit` larger than the list, so that it fits into one page",
            self.requested, self.came
        ))
    }

    /// The known records of a page with these keys; none if the page does not follow the received
    /// ones.
    pub(super) fn find(&mut self, keys: &[Option<String>]) -> Option<Repeats> {
        let hash = |key: &Option<String>| key.as_ref().map(|key| self.hasher.hash_one(key));
        let hashes: Vec<Option<u64>> = keys.iter().map(hash).collect();
        let places: Vec<Option<Option<u64>>> = hashes
            .iter()
            .map(|hash| self.places.get(hash.as_ref()?).copied())
            .collect();
        // Concurrent inserts and deletes do not change the order of the other records.
        self.is_reordered |= !places.iter().flatten().flatten().is_sorted();
        let last = self.keys.back().copied();
        let behind = places.iter().rposition(Option::is_some);
        let behind = behind.map_or(0, |at| at + 1);
        // If there is none, all known records were deleted, or the page starts too late.
        let follows = behind > 0 || self.from == 0 && !self.has_forgotten;
        // An unknown record before a known one was inserted meanwhile, or the list has no order. If
        // not all received records are remembered, it may be a known one.
        let mut known: Vec<bool> = places.iter().map(Option::is_some).collect();
        if self.has_forgotten {
            known
                .iter_mut()
                .take(behind)
                .for_each(|known| *known = true);
        }
        self.inserted = known.iter().take(behind).filter(|known| !**known).count();
        // Neither the server's own limit nor that of the request made it short.
        let is_short = keys.len() < self.largest && (keys.len() as u64) < self.most;
        self.largest = self.largest.max(keys.len());
        follows.then(|| Repeats {
            known,
            is_where_it_was: last.is_some() && hashes.last().copied().flatten() == last,
            is_short,
        })
    }

    /// The next page starts further back.
    pub(super) fn step_back(&mut self) -> Result<(), String> {
        self.bounded()?;
        self.back = self.size.max(2 * self.back);
        let remembered = self.keys.len() as u64;
        if self.from == 0 || self.has_forgotten && self.back > remembered.max(2 * self.size) {
            return Err(format!(
                "so many records were deleted meanwhile that none of the last {remembered} records was found again. Skipped records cannot be ruled out: read the list again, by id if the module supports it"
            ));
        }
        Ok(())
    }

    /// Remembers the keys of new records. Too many requests without new ones mean that the order is
    /// not stable.
    pub(super) fn remember(
        &mut self,
        keys: &[Option<String>],
        is_anchored: bool,
    ) -> Result<(), String> {
        self.back = 0;
        if keys.is_empty() {
            return self.bounded();
        }
        self.fruitful += 1;
        self.denied = 0;
        self.has_worked |= self.overlaps;
        self.is_anchored = is_anchored;
        let inserted = std::mem::take(&mut self.inserted);
        for (at, key) in keys.iter().enumerate() {
            if let Some(key) = key {
                self.note(key, at >= inserted);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    fn keys(text: &str) -> Vec<Option<String>> {
        let key = |key: char| (key != '_').then(|| key.to_string());
        text.chars().map(key).collect()
    }

    /// Pages of five, of which the first one was received: `abcde`.
    fn begun() -> Overlap {
        let mut overlap = Overlap::new(5, true);
        assert_eq!(overlap.ask(0), 0);
        assert!(!overlap.overlaps());
        overlap.remember(&keys("abcde"), true).unwrap();
        overlap
    }

    fn known(found: Option<Repeats>) -> Option<String> {
        let sign = |known: &bool| if *known { '+' } else { '-' };
        found.map(|found| found.known.iter().map(sign).collect())
    }

    #[test]
    fn a_page_begins_with_the_last_record_where_that_has_a_key_and_the_order_holds() {
        assert_eq!(begun().ask(5), 4);
        for (size, has_order, is_anchored) in [(5, false, true), (5, true, false), (1, true, true)]
        {
            let mut overlap = Overlap::new(size, has_order);
            overlap.ask(0);
            overlap.remember(&keys("abcde"), is_anchored).unwrap();
            assert_eq!(overlap.ask(5), 5, "{size} {has_order} {is_anchored}");
            assert!(!overlap.overlaps());
        }
    }

    #[test]
    fn of_a_page_it_is_known_what_came_before() {
        for (page, expected, is_where_it_was) in [
            ("efghi", Some("+----"), false),
            // Only the last record remains.
            ("e", Some("+"), true),
            // Some were deleted: no known record is left.
            ("fghij", None, false),
            ("", None, false),
            // Others were inserted before and among the known ones.
            ("xyefg", Some("--+--"), false),
            ("dexfg", Some("++---"), false),
            // Records without keys are new.
            ("e_fg", Some("+---"), false),
        ] {
            let mut overlap = begun();
            overlap.ask(5);
            let found = overlap.find(&keys(page));
            let is_last = found.as_ref().is_some_and(|found| found.is_where_it_was);
            assert_eq!(known(found).as_deref(), expected, "{page}");
            assert_eq!(is_last, is_where_it_was, "{page}");
        }
    }

    #[test]
    fn a_page_that_does_not_follow_is_requested_from_further_back() {
        let mut overlap = begun();
        overlap.ask(5);
        overlap.remember(&keys("fghij"), true).unwrap();
        overlap.ask(10);
        overlap.remember(&keys("klmno"), true).unwrap();
        let mut froms = Vec::new();
        for _ in 0..2 {
            froms.push(overlap.ask(15));
            overlap.step_back().unwrap();
        }
        froms.push(overlap.ask(15));
        assert_eq!(froms, [14, 9, 4]);
        // All known records were deleted, and the list starts with new ones, which follow.
        overlap.step_back().unwrap();
        assert_eq!(overlap.ask(15), 0);
        assert_eq!(known(overlap.find(&keys("pq"))).as_deref(), Some("--"));
    }

    #[test]
    fn where_keys_were_forgotten_a_gap_is_an_error() {
        // Resumed: only the last keys are known.
        let mut overlap = Overlap::new(5, true);
        overlap.begin_after(&["d".to_owned(), "e".to_owned()]);
        assert_eq!(overlap.ask(5), 4);
        assert!(overlap.find(&keys("fghij")).is_none());
        overlap.step_back().unwrap();
        assert_eq!(overlap.ask(5), 0);
        assert!(overlap.find(&keys("fghij")).is_none());
        let error = overlap.step_back().unwrap_err();
        assert!(error.contains("so many records were deleted"), "{error}");
    }

    #[test]
    fn what_stands_before_a_known_record_came_where_not_all_keys_are_known() {
        let mut overlap = Overlap::new(5, true);
        overlap.begin_after(&["e".to_owned()]);
        overlap.ask(5);
        assert_eq!(
            known(overlap.find(&keys("cdefg"))).as_deref(),
            Some("+++--")
        );
    }

    #[test]
    fn a_server_that_knows_only_whole_pages_is_read_behind_each_other() {
        let mut overlap = begun();
        for _ in 0..3 {
            assert!(!overlap.is_given_up());
            overlap.ask(5);
            overlap.deny().unwrap();
        }
        assert!(overlap.is_given_up());
        assert_eq!(overlap.ask(5), 5);
    }

    #[test]
    fn requests_that_bring_nothing_are_bounded() {
        let mut overlap = begun();
        let mut requests = 0;
        let error = loop {
            overlap.ask(5);
            requests += 1;
            match overlap.remember(&[], true) {
                Ok(()) => assert!(requests < 100),
                Err(error) => break error,
            }
        };
        assert_eq!(requests, BARREN + BARREN_FOR_EACH + 1);
        assert!(error.contains("a different order each time"), "{error}");
    }

    #[test]
    fn records_that_come_again_in_another_order_are_noticed() {
        for (page, expected) in [("dexfg", false), ("edfgh", true)] {
            let mut overlap = begun();
            overlap.ask(5);
            overlap.find(&keys(page));
            assert_eq!(overlap.is_reordered(), expected, "{page}");
        }
    }
}
