//! Whether a list is complete where it seems to end.

use super::advance::PageStep;
use super::page_body::PageSummary;
use super::pager::{Pager, UnmetTotal};
use crate::wire::error::{Error, Exchange, Result};

impl Pager {
    /// Whether there is more behind a page of a list that is read by key, by `totalRecords` of that
    /// page; `counted` of its records are among those that came.
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

    /// What it means that a page of a list that is read by key has no record: an empty one, or only
    /// nulls.
    ///
    /// `totalRecords` of this page counts. RMB gives 0 there: it never says more than `offset` of
    /// an empty page. Where this page has none, or 0, that of the page before counts, which may be
    /// an estimate.
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

    /// What it means that a list by offset seems to end at a position.
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

    /// The number of records that a page of none has. None if the server does not give such a page:
    /// Spring's modules answer 422.
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

    /// The list has ended too early, unless the exact number of records says otherwise. None if the
    /// server gives none.
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
                "the list ended too early, with {seen} records: behind {last} there is an empty page, also when it is requested again, and `totalRecords` is {total}"
            ),
            _ => format!(
                "{seen} different records came, and `totalRecords` is {total}: pages are missing, or the server gives the list in another order each time, so that some records came twice and others never"
            ),
        };
        Err(Error::paging(claim.exchange, problem)
            .with_help("records are missing. Read the list again; if the order is not unique, with a `limit` that is larger than the list, so that it comes in one page, or with a `sortBy`"))
    }

    /// What is wrong with a list that is at its end, all of whose records are null:
    /// mod-configuration gives its audits so, as many nulls as there are (recorded). It would look
    /// like an empty list.
    pub(crate) fn only_nulls(&self, nulls: u64) -> Option<Error> {
        (nulls > 0).then(|| {
            let exchange = self.request.exchange(self.client.url());
            Error::paging(exchange, "the list has records, and the server gave `null` for each of them")
                .with_help("the records exist, and the server does not show them: this is not an empty list. `folio_get` gives the response as it is")
        })
    }
}
