//! How a list by offset notices that records were deleted, or inserted, while it is read.
//!
//! When a record before the next page is deleted, all that follow move up by one, and the next page begins one record too late: that record
//! would be missed, and nobody would know. So each page begins with the last record of the page before. Where that record is not found, the
//! list is read from further back on, until there is a record that came before: all that follow it are then read, and those that came before
//! are left out.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use super::PagingStyle;

/// How many keys are remembered, 8 bytes each.
const REMEMBERED: usize = 10_000;

pub(super) struct Overlap {
    /// Whether the order holds, and a page has room for one record more than the one that is known.
    is_used: bool,
    size: u64,
    /// Where the page begins that was asked for last.
    from: u64,
    /// Whether that is before the page before ended.
    overlaps: bool,
    /// How much further back than one record it begins.
    back: u64,
    /// Whether a page that began further back than the one before ended brought what is new.
    has_worked: bool,
    /// How often the last record was where it had been, and yet the page that begins with it did not show it.
    denied: u32,
    /// The last record of the page before has a key.
    is_anchored: bool,
    /// The keys that came last, as hashes.
    keys: VecDeque<u64>,
    has_forgotten: bool,
    /// Whether the list has changed since it is read: then each record is looked for among those that came.
    has_moved: bool,
    /// How many of them are of the page before.
    previous: usize,
    hasher: RandomState,
    /// How many pages in a row brought nothing new.
    barren: usize,
}

/// What of a page came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Of each record, whether it did.
    pub(super) known: Vec<bool>,
    /// The last record of the page is the one that came last.
    pub(super) is_where_it_was: bool,
}

impl Overlap {
    pub(super) fn new(size: u32, style: PagingStyle) -> Self {
        Self {
            is_used: size > 1 && !matches!(style, PagingStyle::Search | PagingStyle::Whole),
            size: size.into(),
            from: 0,
            overlaps: false,
            back: 0,
            has_worked: false,
            denied: 0,
            is_anchored: false,
            keys: VecDeque::new(),
            has_forgotten: false,
            has_moved: false,
            previous: 0,
            hasher: RandomState::new(),
            barren: 0,
        }
    }

    /// Where the page begins by which the list goes on at `offset`.
    pub(super) fn ask(&mut self, offset: u64) -> u64 {
        self.overlaps = self.is_used && self.is_anchored && offset > 0;
        self.from = match self.overlaps {
            true => offset.saturating_sub(1 + self.back),
            false => offset,
        };
        self.from
    }

    /// Whether the page that was asked for last begins before the one before it ended.
    pub(super) fn overlaps(&self) -> bool {
        self.overlaps
    }

    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// Whether it is not known yet that pages can begin anywhere.
    pub(super) fn is_untried(&self) -> bool {
        self.back == 0 && !self.has_worked
    }

    /// The list is gone on with behind records with these keys.
    pub(super) fn begin_after(&mut self, keys: &[String]) {
        let hashes = keys.iter().map(|key| self.hasher.hash_one(key));
        self.keys.extend(hashes);
        self.is_anchored = !keys.is_empty();
        self.has_forgotten |= self.is_anchored;
    }

    /// From now on pages begin behind the one before.
    pub(super) fn give_up(&mut self) {
        self.is_used = false;
    }

    pub(super) fn is_given_up(&self) -> bool {
        !self.is_used
    }

    /// The page that begins with the last record does not show it. That may be a coincidence, where others write; or the server only knows
    /// offsets of whole pages, and never did otherwise.
    pub(super) fn deny(&mut self) {
        self.back = 0;
        self.denied += 1;
        if self.denied == 3 && !self.has_worked {
            self.give_up();
        }
    }

    /// Whether a record was on the page before.
    pub(super) fn is_repeated(&self, key: &str) -> bool {
        let hash = self.hasher.hash_one(key);
        let previous = self.keys.iter().rev().take(self.previous);
        previous.copied().any(|key| key == hash)
    }

    /// Which records of a page with these keys came before; none if the page does not follow what came.
    pub(super) fn find(&mut self, keys: &[Option<String>]) -> Option<Found> {
        let hashes: Vec<Option<u64>> = keys
            .iter()
            .map(|key| key.as_ref().map(|key| self.hasher.hash_one(key)))
            .collect();
        let last = self.keys.back().copied();
        let found = |known| Found {
            known,
            is_where_it_was: last.is_some() && hashes.last().copied().flatten() == last,
        };
        if last.is_some() && hashes.first().copied().flatten() == last && !self.has_moved {
            // As it is when nobody writes.
            return Some(found((0..keys.len()).map(|at| at == 0).collect()));
        }
        self.has_moved = true;
        let before: HashSet<u64> = self.keys.iter().copied().collect();
        let is_known = |hash: &Option<u64>| hash.is_some_and(|hash| before.contains(&hash));
        // What stands before one that came either came too, or was inserted behind our back.
        let known = hashes.iter().rposition(is_known).map_or(0, |at| at + 1);
        // If there is none, all that came before is gone, or the page begins too late.
        let follows = known > 0 || self.from == 0 && !self.has_forgotten;
        follows.then(|| found((0..keys.len()).map(|at| at < known).collect()))
    }

    /// The next page begins further back.
    pub(super) fn step_back(&mut self) -> Result<(), String> {
        self.back = self.size.max(2 * self.back);
        let remembered = self.keys.len() as u64;
        if self.from == 0 || self.has_forgotten && self.back > remembered.max(2 * self.size) {
            return Err(format!(
                "so much was deleted meanwhile that none of the last {remembered} records is where it was, and it cannot be told what was missed: read the list again, by id if it can be"
            ));
        }
        Ok(())
    }

    /// Remembers the keys of records that are new. Nothing new too often in a row means that the order does not hold.
    pub(super) fn remember(
        &mut self,
        keys: &[Option<String>],
        is_anchored: bool,
    ) -> Result<(), String> {
        self.back = 0;
        if keys.is_empty() {
            self.barren += 1;
            // After steps back there are as many pages of what came already.
            if self.barren as u64 > 10 + 4 * REMEMBERED as u64 / self.size {
                return Err("the pages bring nothing new, and no end: the server gives the list in another order each time".to_owned());
            }
            return Ok(());
        }
        self.barren = 0;
        self.denied = 0;
        self.has_worked |= self.overlaps;
        self.is_anchored = is_anchored;
        let before = self.keys.len();
        let hashes = keys.iter().flatten().map(|key| self.hasher.hash_one(key));
        self.keys.extend(hashes);
        self.previous = self.keys.len() - before;
        let most = REMEMBERED.max(2 * self.previous);
        while self.keys.len() > most {
            self.keys.pop_front();
            self.has_forgotten = true;
        }
        Ok(())
    }
}
