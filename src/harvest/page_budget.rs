//! Limits how many bytes of pages a harvest holds in memory: requested, received, or being processed.

/// The part of the difference by which the estimate approaches a smaller page.
const SLOWLY: usize = 16;

/// A limit for the bytes of pages in memory.
///
/// The size of a page is known when it has come. So each requested page counts as the estimate: the
/// largest recent page. It rises at once, and falls by a sixteenth of the difference with each
/// smaller page. Before the first page there is one request.
#[derive(Debug)]
pub(super) struct PageBudget {
    most: usize,
    page: usize,
}

impl PageBudget {
    pub(super) fn new(most: usize) -> Self {
        Self { most, page: 0 }
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

    /// Whether `more` pages may be requested while so many are in flight and `held` bytes are in
    /// memory.
    pub(super) fn has_room(&self, in_flight: usize, held: usize, more: usize) -> bool {
        if in_flight == 0 && held == 0 {
            return true;
        }
        let requested = self.page.saturating_mul(in_flight.saturating_add(more));
        held.saturating_add(requested) <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::PageBudget;

    #[test]
    fn pages_are_requested_while_they_fit() {
        let mut budget = PageBudget::new(100);
        assert_eq!(budget.pages(), usize::MAX);
        budget.arrived(30);
        assert_eq!(budget.pages(), 3);
        // (in flight, held, more, whether there is room)
        for (in_flight, held, more, expected) in [
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
            let found = budget.has_room(in_flight, held, more);
            assert_eq!(found, expected, "{in_flight} {held} {more}");
        }
    }

    #[test]
    fn a_page_that_exceeds_the_limit_is_requested_alone() {
        let mut budget = PageBudget::new(100);
        budget.arrived(1_000);
        assert_eq!(budget.pages(), 1);
        assert!(budget.has_room(0, 0, 1));
        assert!(!budget.has_room(1, 0, 1));
        assert!(!budget.has_room(0, 1, 1));
    }

    #[test]
    fn the_estimate_rises_at_once_and_falls_slowly() {
        let mut budget = PageBudget::new(1_600);
        budget.arrived(160);
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
}
