//! A limit for the bytes of pages in memory, and for the requests whose pages need room.

use std::time::Duration;

/// The part of the difference by which the estimate approaches a smaller page.
const SLOWLY: usize = 16;

/// More pages than fit are requested only if room for them is expected within that time after they
/// arrive.
const SOON: Duration = Duration::from_millis(250);

/// A limit for the bytes of pages in memory.
///
/// The size of a page is known when it arrives. Until then it counts as the estimate, the largest
/// recent page: it rises at once, and falls by a sixteenth of the difference with each smaller page.
/// Before the first page there is one request.
///
/// A request in flight needs no memory before its response arrives, so that a long latency and a
/// fast caller permit more requests than pages that fit: then bodies that arrive while there is no
/// room wait in the connection. Whether the caller is fast is seen from the time that pages stay in
/// memory.
#[derive(Debug)]
pub(super) struct PageBudget {
    most: usize,
    page: usize,
    /// The bytes in memory, or about to be read.
    used: usize,
    /// The number of requests whose bodies were not admitted yet.
    requested: usize,
    /// How long pages stay in memory, approximately. None before the first one was dropped.
    stay: Option<Duration>,
}

impl PageBudget {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            page: 0,
            used: 0,
            requested: 0,
            stay: None,
        }
    }

    /// A page came.
    pub(super) fn arrived(&mut self, bytes: usize) {
        self.page = match self.page.checked_sub(bytes) {
            Some(less) => self.page - less / SLOWLY,
            None => bytes,
        };
    }

    /// The number of pages that fit, at least 1: a page that exceeds the limit is requested alone.
    pub(super) fn pages(&self) -> usize {
        self.most
            .checked_div(self.page)
            .map_or(usize::MAX, |pages| pages.max(1))
    }

    /// The number of requests that may be in flight if nothing is in memory.
    pub(super) fn requests(&self) -> usize {
        match self.expects_room(usize::MAX) {
            true => usize::MAX,
            false => self.pages(),
        }
    }

    /// Whether `more` pages may be requested.
    pub(super) fn has_room(&self, more: usize) -> bool {
        if self.requested == 0 && self.used == 0 {
            return true;
        }
        let requested = self.requested.saturating_add(more);
        let estimate = self.page.saturating_mul(requested);
        self.used.saturating_add(estimate) <= self.most || self.expects_room(requested)
    }

    /// Whether there will soon be room for so many pages, also if they all arrive at once.
    fn expects_room(&self, pages: usize) -> bool {
        let pages = u32::try_from(pages.min(64) / self.pages().min(64)).unwrap_or(u32::MAX);
        self.stay
            .is_some_and(|stay| stay.saturating_mul(pages) <= SOON)
    }

    /// A page is requested.
    pub(super) fn request(&mut self) {
        self.requested += 1;
    }

    /// A request has ended without a page.
    pub(super) fn forget_request(&mut self) {
        self.requested = self.requested.saturating_sub(1);
    }

    /// The body of a requested page arrives: reserves its place, if there is one or it needs none. A
    /// page that exceeds the limit is alone.
    pub(super) fn admit(&mut self, bytes: Option<usize>, is_urgent: bool) -> Option<usize> {
        let bytes = bytes.unwrap_or(self.page);
        let used = self.used.saturating_add(bytes);
        if used > self.most && self.used > 0 && !is_urgent {
            return None;
        }
        self.used = used;
        self.forget_request();
        Some(bytes)
    }

    /// A body arrived and there was no room for it for so long.
    pub(super) fn deny(&mut self, waited: Duration) {
        self.forget_request();
        self.stayed(waited);
    }

    pub(super) fn hold(&mut self, bytes: usize) {
        self.used = self.used.saturating_add(bytes);
    }

    pub(super) fn release(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// A page was dropped after so long. A longer time counts at once.
    pub(super) fn stayed(&mut self, time: Duration) {
        let mean = self.stay.map_or(time, |stay| (3 * stay + time) / 4);
        self.stay = Some(mean.max(time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(most: usize, page: usize) -> PageBudget {
        let mut budget = PageBudget::new(most);
        budget.arrived(page);
        budget
    }

    #[test]
    fn pages_are_requested_while_they_fit() {
        assert_eq!(PageBudget::new(100).pages(), usize::MAX);
        // (requested, used, more, whether there is room)
        for (requested, used, more, expected) in [
            (0, 0, 1, true),
            (2, 0, 1, true),
            (3, 0, 1, false),
            (1, 40, 1, true),
            (1, 41, 1, false),
            (1, 0, 2, true),
            (1, 20, 2, false),
            (0, 71, 1, false),
            (0, usize::MAX, 1, false),
        ] {
            let mut budget = budget(100, 30);
            (budget.requested, budget.used) = (requested, used);
            assert_eq!(budget.pages(), 3);
            let found = budget.has_room(more);
            assert_eq!(found, expected, "{requested} {used} {more}");
        }
    }

    #[test]
    fn a_page_that_exceeds_the_limit_is_alone() {
        let mut budget = budget(100, 1_000);
        assert_eq!(budget.pages(), 1);
        assert!(budget.has_room(1));
        budget.request();
        assert!(!budget.has_room(1));
        assert_eq!(budget.admit(Some(1_000), false), Some(1_000));
        assert!(!budget.has_room(1));
        budget.request();
        assert_eq!(budget.admit(Some(10), false), None);
        assert_eq!(budget.admit(Some(10), true), Some(10));
    }

    #[test]
    fn the_estimate_rises_at_once_and_falls_slowly() {
        let mut budget = budget(1_600, 160);
        assert_eq!(budget.pages(), 10);
        budget.arrived(320);
        assert_eq!(budget.pages(), 5);
        budget.arrived(160);
        assert_eq!(budget.page, 310);
        for _ in 0..200 {
            budget.arrived(0);
        }
        assert!(budget.pages() > 100);
    }

    #[test]
    fn more_are_requested_than_fit_if_pages_do_not_stay() {
        let mut budget = budget(100, 30);
        budget.used = 90;
        assert!(!budget.has_room(1));
        budget.stayed(Duration::from_millis(10));
        assert!(budget.has_room(16));
        assert_eq!(budget.requests(), usize::MAX);
        // A caller that stops is noticed at once, and trusted again after some pages.
        budget.stayed(Duration::from_secs(10));
        assert!(!budget.has_room(16));
        assert_eq!(budget.requests(), 3);
        budget.stayed(Duration::from_millis(10));
        assert!(!budget.has_room(16));
        for _ in 0..30 {
            budget.stayed(Duration::from_millis(10));
        }
        assert!(budget.has_room(16));
    }
}
