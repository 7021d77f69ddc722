//! The state of one list, which all its pages share.
//!
//! Nothing in it is generic over the records. `requests.rs` chooses the next request, `advance.rs`
//! evaluates a page, `completeness.rs` checks whether the list is complete; the differences between
//! the styles of lists are in `dialect`.

use super::dialect::{self, Dialect, Sequence, Start};
use super::fallback::{AfterRejection, Fallback, PlannedPage};
use super::overlap::Overlap;
use super::page_body::PageBody;
use super::plan::{ListRequest, Plan};
use super::resource_job::ResourceIds;
use super::text_keys::TextKeys;
use super::totals::Totals;
use crate::client::FolioClient;
use crate::engine::request_line;
use crate::value::cql::Cql;
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::request::Request;

/// The default page size. FOLIO's own default is usually 10.
const PAGE: u32 = 500;

pub(crate) struct Pager {
    pub(crate) client: FolioClient,
    pub(super) request: Request,
    pub(super) plan: Plan,
    pub(super) dialect: &'static dyn Dialect,
    /// The page size that the caller gave.
    limit: Option<u32>,
    pub(super) size: u32,
    pub(super) query: Cql,
    pub(super) has_query: bool,
    /// Whether an order was added to the query.
    adds_order: bool,
    pub(crate) by_key: bool,
    fallback: Fallback,
    pub(super) offset: u64,
    pub(super) overlap: Overlap,
    /// The key of the last record.
    pub(super) last: Option<String>,
    /// The number of records of the page before, and its fingerprint.
    pub(super) fingerprint: Option<(u64, u64)>,
    /// The number of received records, including null and unreadable ones.
    pub(crate) seen: u64,
    /// The number of nulls in place of records.
    pub(crate) nulls: u64,
    /// The start of the list.
    pub(super) begin: u64,
    pub(super) totals: Totals,
    /// According to `totalRecords` of the previous page, there is more after it.
    pub(super) has_more: bool,
    /// The list seemed to end too early, and that page was requested again.
    pub(super) is_doubted: bool,
    /// The records that the server claims but has not returned, while its exact number of records
    /// is requested.
    pub(super) claim: Option<UnmetTotal>,
    /// The received keys, if they are not UUIDs.
    pub(super) text_keys: Option<TextKeys>,
    /// The records that mod-search found beyond its window.
    pub(super) ids: Option<ResourceIds>,
    problem: Option<String>,
}

/// The contradiction at the apparent end of a list.
pub(super) struct UnmetTotal {
    pub(super) exchange: Exchange,
    /// According to `totalRecords`. For the error, and if the server does not state an exact
    /// number.
    pub(super) total: u64,
    /// The number of records, if none is missing. None if the number is that of the records after
    /// the last key.
    pub(super) arrived: Option<u64>,
}

impl Pager {
    pub(crate) fn new(list: ListRequest) -> Self {
        let ListRequest {
            client,
            mut request,
            mut plan,
            limit,
            offset,
        } = list;
        let dialect = dialect::of(plan.style);
        if plan.items.is_none() {
            plan.items = dialect.items(&request).map(Into::into);
        }
        let Start { limit, offset } = dialect.start(&mut request, Start { limit, offset });
        let written = request.parameter("query").unwrap_or_default();
        let has_query = !written.trim().is_empty();
        let query = Cql::from(written);
        let problem = match query.problem() {
            _ if limit == Some(0) => Some(
                "pages without records (`limit` 0) never reach the end of the list: set a `limit` of 1 or more"
                    .to_owned(),
            ),
            Some(error) => Some(format!("the query is {error}")),
            None => None,
        };
        let (sequence, order) = plan.order(&query);
        let adds_order = order.is_some();
        let query = match order {
            Some(key) => query.clone().sort_by(key),
            None => query,
        };
        let most = dialect.largest_page(plan.max);
        let size = limit.unwrap_or(PAGE).min(most.max(1));
        let begin = offset.unwrap_or_default().into();
        Self {
            client,
            request,
            limit,
            size,
            query,
            has_query,
            adds_order,
            by_key: sequence == Sequence::Keyset,
            fallback: Fallback::default(),
            offset: begin,
            overlap: Overlap::new(size, dialect.has_stable_order()),
            last: None,
            fingerprint: None,
            seen: 0,
            nulls: 0,
            begin,
            totals: Totals::default(),
            has_more: false,
            is_doubted: false,
            claim: None,
            text_keys: None,
            ids: None,
            problem,
            plan,
            dialect,
        }
    }

    pub(crate) fn key(&self) -> &str {
        self.plan.key.as_deref().unwrap_or("id")
    }

    /// The key after which the next page starts.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// The maximum number of records of a page.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// The start of the list, or of the next page of one that is read by offset.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the list has pages. Otherwise one response contains all records.
    pub(crate) fn has_pages(&self) -> bool {
        self.dialect.has_pages()
    }

    /// The reason why only the first page of this list can be requested. Those of mod-search can be
    /// requested, although their order may change.
    pub(crate) fn page_problem(&self) -> Option<&'static str> {
        let problem = self.dialect.resume_problem();
        problem.filter(|_| self.dialect.window().is_none())
    }

    /// The reason why a list of this dialect cannot be resumed at an offset.
    pub(crate) fn resume_problem(&self) -> Option<&'static str> {
        self.dialect.resume_problem()
    }

    /// Resumes a list by offset: so many records were received, the last of them with these keys.
    pub(crate) fn resume_after(&mut self, offset: u64, last: &[String]) {
        if offset > self.offset || !last.is_empty() {
            // The way of reading was determined before.
            self.fallback = Fallback::settled();
        }
        self.offset = offset;
        self.begin = offset;
        self.overlap.begin_after(last);
    }

    /// Resumes a list that is read by key after a record. `seen` records of `total` were received: a
    /// server may count all of them again with each page, or only the rest.
    pub(super) fn resume_behind(&mut self, key: String, seen: u64, total: Option<u64>) {
        self.fallback = Fallback::settled();
        self.last = Some(key);
        self.seen = seen;
        self.totals.note(total);
    }

    /// The list from its start, with this request.
    pub(crate) fn list(&self) -> ListRequest {
        ListRequest {
            client: self.client.clone(),
            request: self.request.clone(),
            plan: self.plan.clone(),
            limit: self.limit,
            offset: u32::try_from(self.begin).ok(),
        }
    }

    /// The number of records that the server states.
    pub(super) fn total(&self) -> Option<u64> {
        self.totals.last()
    }

    /// The start of the last requested page by offset.
    pub(super) fn from(&self) -> u64 {
        self.overlap.from()
    }

    /// The parameters for reading a response; `first` records were received before it.
    pub(crate) fn page(&self, response: &crate::Response, first: u64) -> PageBody {
        let key = self.plan.key.clone().unwrap_or("id".into());
        let items = self.plan.items.clone();
        let is_sequence = self.dialect.is_sequence(items.as_deref(), response.body());
        PageBody::new(response, items, key, first, is_sequence)
    }

    /// The reason why a list cannot be requested.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.problem {
            Some(problem) => Err(self.invalid(problem.clone())),
            None => Ok(()),
        }
    }

    /// The error of a list that cannot be requested.
    pub(crate) fn invalid(&self, problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::request(self.request.exchange(self.client.url()), problem)
    }

    /// The first page was received: the way of reading is determined.
    pub(super) fn settle(&mut self) {
        if let Some(note) = self.fallback.settle() {
            tracing::warn!(url = %self.request.shown(), "{note}");
        }
    }

    /// The difference from the planned way of reading, and the reason.
    pub(super) fn note(&self) -> Option<&str> {
        self.fallback.note()
    }

    /// Requests the first page in another way after it was rejected with this error, if there is a
    /// fallback.
    ///
    /// # Errors
    /// Otherwise the error for the caller.
    pub(super) fn fall_back(&mut self, error: Error) -> Result<()> {
        let mut fallback = std::mem::take(&mut self.fallback);
        let next = fallback.next(error, self.seen == 0, || self.planned());
        let (list, outcome) = match next {
            AfterRejection::Request(list) => (Some(list), Ok(())),
            AfterRejection::GiveUp(error, list) => (list, Err(error)),
        };
        if let Some(list) = list {
            *self = Self::new(*list);
        }
        self.fallback = fallback;
        outcome
    }

    /// The same list, from its start, and the additions to its request.
    fn planned(&self) -> PlannedPage {
        PlannedPage {
            list: ListRequest {
                offset: u32::try_from(self.offset()).ok(),
                ..self.list()
            },
            has_query: self.has_query,
            adds_order: self.adds_order,
            size: self.size,
        }
    }

    /// The kind of record and the query of a resource job of mod-search, if there are more records
    /// than its window contains. The order of such a list is not known beforehand, so a list with
    /// an order of the caller is not read this way.
    pub(super) fn needs_job(&self, total: Option<u64>) -> Option<(&'static str, String)> {
        let is_first = self.ids.is_none() && self.seen == 0 && self.offset == 0;
        let (kind, window) = (self.plan.job?, self.dialect.window()?);
        (is_first && !self.query.is_sorted() && total.is_some_and(|total| total > window))
            .then(|| (kind, self.query.to_string()))
    }

    /// The request for some of the ids that a resource job found was too long: they are split
    /// further.
    pub(super) fn divide_ids(&mut self, error: &Error) -> bool {
        request_line::is_too_long(error)
            && self.ids.as_mut().is_some_and(ResourceIds::ask_for_fewer)
    }

    /// Reads the list without a resource job, also after a fallback.
    pub(crate) fn without_jobs(&mut self) {
        self.plan.job = None;
    }

    pub(super) fn read_ids(&mut self, ids: ResourceIds) {
        self.ids = Some(ids);
    }
}
