//! How far a list has been read: the state of one list, which all its pages share.
//!
//! Nothing of it is generic over the records. Which request comes next is in `requests.rs`, what a
//! page means in `advance.rs`, whether the list is complete in `completeness.rs`; what differs
//! between the styles of lists is in `dialect`.

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

/// Records per page if the caller does not say. FOLIO's own default is 10, mostly.
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
    /// How many records came, those that were null or bad included.
    pub(crate) seen: u64,
    /// How many nulls pages had in place of records.
    pub(crate) nulls: u64,
    /// Where the list begins.
    pub(super) begin: u64,
    pub(super) totals: Totals,
    /// By `totalRecords` of the page before, there is more behind it.
    pub(super) has_more: bool,
    /// The list seemed to end where there should be more, and that page was requested again.
    pub(super) is_doubted: bool,
    /// What the server claims and has not given, while its exact number of records is requested.
    pub(super) claim: Option<UnmetTotal>,
    /// The keys that came, if they are not UUIDs.
    pub(super) text_keys: Option<TextKeys>,
    /// What mod-search found beyond its window.
    pub(super) ids: Option<ResourceIds>,
    has_no_jobs: bool,
    problem: Option<String>,
}

/// What does not agree when a list seems to end.
pub(super) struct UnmetTotal {
    pub(super) exchange: Exchange,
    /// By `totalRecords`. For the error, and where the server gives no exact number.
    pub(super) total: u64,
    /// How many records there are, if none is missing. None if the number is that of the records
    /// behind the last key.
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
                "a page of no records (`limit` 0) never ends the list: ask for 1 or more"
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
            has_no_jobs: false,
            problem,
            plan,
            dialect,
        }
    }

    pub(crate) fn key(&self) -> &str {
        self.plan.key.as_deref().unwrap_or("id")
    }

    /// The key after which the next page begins.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// How many records a page has at most.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Where the list begins, or the next page of one that is read by offset.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the list has pages. Otherwise one response has all records.
    pub(crate) fn has_pages(&self) -> bool {
        self.dialect.has_pages()
    }

    /// Why no other page of this list can be requested than the first. Those of mod-search can, although
    /// their order may change.
    pub(crate) fn page_problem(&self) -> Option<&'static str> {
        let problem = self.dialect.resume_problem();
        problem.filter(|_| self.dialect.window().is_none())
    }

    /// Why a list of this dialect cannot be resumed at an offset.
    pub(crate) fn resume_problem(&self) -> Option<&'static str> {
        self.dialect.resume_problem()
    }

    /// Resumes a list by offset: so many records came, the last of them with these keys.
    pub(crate) fn resume_after(&mut self, offset: u64, last: &[String]) {
        if offset > self.offset || !last.is_empty() {
            // How the list is read was settled before.
            self.fallback = Fallback::settled();
        }
        self.offset = offset;
        self.begin = offset;
        self.overlap.begin_after(last);
    }

    /// Resumes a list that is read by key behind a record. `seen` records came, of `total`: a server
    /// may count all of them again with each page, or only the rest.
    pub(super) fn resume_behind(&mut self, key: String, seen: u64, total: Option<u64>) {
        self.fallback = Fallback::settled();
        self.last = Some(key);
        self.seen = seen;
        self.totals.note(total);
    }

    /// The list from its beginning, as it is requested here.
    pub(crate) fn list(&self) -> ListRequest {
        ListRequest {
            client: self.client.clone(),
            request: self.request.clone(),
            plan: self.plan.clone(),
            limit: self.limit,
            offset: u32::try_from(self.begin).ok(),
        }
    }

    /// How many records there are, by what the server says.
    pub(super) fn total(&self) -> Option<u64> {
        self.totals.last()
    }

    /// Where the page by offset begins that was requested last.
    pub(super) fn from(&self) -> u64 {
        self.overlap.from()
    }

    /// What a response is read by; `first` records came before it.
    pub(crate) fn page(&self, response: &crate::Response, first: u64) -> PageBody {
        let key = self.plan.key.clone().unwrap_or("id".into());
        let items = self.plan.items.clone();
        let is_sequence = self.dialect.is_sequence(items.as_deref(), response.body());
        PageBody::new(response, items, key, first, is_sequence)
    }

    /// What cannot be requested.
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

    /// The first page came: how the list is read is settled.
    pub(super) fn settle(&mut self) {
        if let Some(note) = self.fallback.settle() {
            tracing::warn!(url = %self.request.shown(), "{note}");
        }
    }

    /// How this list is read otherwise than planned, and why.
    pub(super) fn note(&self) -> Option<&str> {
        self.fallback.note()
    }

    /// Requests the first page in another way after it was rejected with this error, if there is
    /// one.
    ///
    /// # Errors
    /// Otherwise the error that the caller gets.
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

    /// The same list, not begun yet, and what is added to its request.
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

    /// What mod-search must be asked by a resource job, because there is more than its window
    /// shows: the kind of record and the query. The order of such a list is not known beforehand,
    /// so one that the caller ordered is not read so.
    pub(super) fn needs_job(&self, total: Option<u64>) -> Option<(&'static str, String)> {
        let is_first = self.ids.is_none() && self.seen == 0 && self.offset == 0;
        let (kind, window) = (self.plan.job?, self.dialect.window()?);
        (is_first
            && !self.has_no_jobs
            && !self.query.is_sorted()
            && total.is_some_and(|total| total > window))
        .then(|| (kind, self.query.to_string()))
    }

    /// The request for some of the ids that a resource job found was too long: they are divided
    /// further.
    pub(super) fn divide_ids(&mut self, error: &Error) -> bool {
        request_line::is_too_long(error)
            && self.ids.as_mut().is_some_and(ResourceIds::ask_for_fewer)
    }

    /// There are no resource jobs for this user or in this release.
    pub(crate) fn without_jobs(&mut self) {
        self.has_no_jobs = true;
    }

    pub(super) fn read_ids(&mut self, ids: ResourceIds) {
        self.ids = Some(ids);
    }
}
