//! Checks whether a list is complete at its apparent end.

use super::advance::PageStep;
use super::page_body::{PageBody, PageSummary};
use super::pager::{Pager, UnmetTotal};
use super::pages_ahead::CurrentPage;
use crate::wire::error::{Error, Exchange, Result};

impl Pager {
    /// Whether there is more after a page of a list that is read by key, according to
    /// `totalRecords` of that page; `counted` of its records are among those received.
    pub(super) fn has_more_behind_key(
        &self,
        total: Option<u64>,
        of_page: u64,
        counted: u64,
    ) -> bool {
        let arrived = self.begin + self.seen;
        self.totals
            .has_more_behind_key(total, self.last.is_none(), of_page, counted, arrived)
    }

    /// The number of records from the start of a page on, according to its `totalRecords`.
    pub(super) fn rest_of(&self, page: &CurrentPage) -> Option<u64> {
        self.totals
            .rest(page.total, page.before, self.begin + page.seen)
    }

    /// Whether `totalRecords` shows that nothing follows the next page. `next` is the size of that.
    ///
    /// This only saves a superfluous request, and ends no list.
    pub(super) fn ends_within(&self, page: &CurrentPage, next: u64) -> bool {
        let rest = self.rest_of(page);
        rest.is_some_and(|rest| rest <= page.size + next)
            && page.total.is_some_and(|total| self.totals.is_exact(total))
    }

    /// The summary of a page that is read by key: `before` of the records before it are counted in
    /// its `totalRecords`.
    pub(super) fn summary_behind(&self, page: &PageBody, before: u64) -> PageSummary {
        let summary = page.summary();
        PageSummary {
            total: self.totals.behind(summary.total, before),
            ..summary
        }
    }

    /// Evaluates a page without records of a list that is read by key: an empty one, or one with
    /// only nulls.
    ///
    /// `totalRecords` of this page takes precedence. RMB states 0 there: it never states more than
    /// `offset` for an empty page. If this page states none, or 0, that of the previous page
    /// applies, which may be an estimate.
    pub(super) fn ends_by_key(&mut self, exchange: &Exchange, page: &PageSummary) -> PageStep {
        let has_more = match page.total.filter(|total| *total > 0) {
            None => self.has_more,
            total => self.has_more_behind_key(total, page.received, 0),
        };
        if !has_more {
            return PageStep::Last;
        }
        self.doubt(exchange, page.total.or(self.total()), None)
    }

    /// Evaluates the apparent end of a list by offset.
    pub(super) fn ends_by_offset(
        &mut self,
        exchange: &Exchange,
        page: &PageSummary,
        position: u64,
    ) -> PageStep {
        let has_records = page.received > page.nulls;
        let has_pages = self.dialect.has_pages();
        let has_more = self
            .totals
            .has_more_behind(page.total, has_records, has_pages, position);
        if has_more {
            let stated = self.total().filter(|_| has_pages);
            return self.doubt(exchange, page.total.or(stated), Some(position));
        }
        let arrived = self.begin + self.seen;
        match self.totals.missing(arrived, self.overlap.is_reordered()) {
            Some(total) => {
                self.is_doubted = true;
                self.doubt(exchange, Some(total), Some(arrived))
            }
            None => PageStep::Last,
        }
    }

    /// Requests a page again that ends a list too early; after that, the exact number of records.
    fn doubt(&mut self, exchange: &Exchange, total: Option<u64>, arrived: Option<u64>) -> PageStep {
        if !std::mem::replace(&mut self.is_doubted, true) {
            tracing::debug!(seen = self.seen, ?total, "the list ends too early");
            return PageStep::Retry;
        }
        self.claim = Some(UnmetTotal {
            exchange: exchange.clone(),
            total: total.unwrap_or_default(),
            arrived,
        });
        PageStep::Count
    }

    /// The number of records according to a page of size 0. None if the server does not return such
    /// a page: Spring's modules respond with 422.
    pub(crate) fn count_of(&self, response: Result<crate::Response>) -> Result<Option<u64>> {
        match response {
            Ok(response) => Ok(self
                .page(&response, 0)
                .outline()
                .ok()
                .and_then(|page| page.total)),
            Err(error)
                if error
                    .status()
                    .is_some_and(|status| status.is_client_error()) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The error of a list that ended too early, unless the exact number of records disproves it.
    /// None if the server states none.
    pub(super) fn counted(&mut self, count: Option<u64>) -> Result<()> {
        let Some(claim) = self.claim.take() else {
            return Ok(());
        };
        let has_more = match (count, claim.arrived) {
            (None, _) => true,
            (Some(0), _) => false,
            (Some(count), None) => self.has_more_behind_key(Some(count), 0, 0),
            (Some(count), Some(arrived)) => count > arrived,
        };
        if !has_more {
            return Ok(());
        }
        let total = count.unwrap_or(claim.total);
        let seen = self.seen;
        let problem = match &self.last {
            Some(last) if claim.arrived.is_none() => format!(
                "the list ended too early, after {seen} records: the page after {last} is empty, also when requested again, and `totalRecords` is {total}"
            ),
            _ => format!(
                "{seen} different records were received, and `totalRecords` is {total}: pages are missing, or the server returns the list in a different order each time, so that some records are repeated and others are skipped"
            ),
        };
        Err(Error::paging(claim.exchange, problem)
            .with_help("records are missing. Read the list again. If its order is not unique, set a `sortBy`, or a `limit` larger than the list, so that it fits into one page"))
    }

    /// The error of a complete list whose records are all null: mod-configuration returns its
    /// audits as nulls (recorded). It would otherwise look like an empty list.
    pub(crate) fn only_nulls(&self, nulls: u64) -> Option<Error> {
        (nulls > 0).then(|| {
            let exchange = self.request.exchange(self.client.url());
            Error::paging(exchange, "the list has records, but the server returned `null` for each of them")
                .with_help("the records exist, but the server does not show them: this is not an empty list. `folio_get` returns the response unchanged")
        })
    }
}
