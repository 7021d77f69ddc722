//! Which page comes next, and what a page that came means for it. Nothing here is generic: all lists share it.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use http::Method;

use super::Plan;
use super::fallback::Fallback;
use super::overlap::Overlap;
use super::page::{Page, Shape};
use super::resources::ResourceIds;
use crate::client::FolioClient;
use crate::engine::request_line;
use crate::value::cql::{self, Cql};
use crate::value::uuid::{is_after, is_uuid};
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::paging::PagingStyle;
use crate::wire::request::Request;

/// Records a page if the caller does not say. FOLIO's own default is 10, mostly.
const PAGE: u32 = 500;

/// How far mod-search counts: `offset` + `limit`.
const SEARCH_WINDOW: u64 = 10_000;

/// Of how many records the order is looked at one by one. A server that does not sort is found out among the first.
const WATCHED: u64 = 1_000;

/// How many keys that are no UUIDs are remembered, some 10 bytes each.
const TEXT_KEYS: usize = 1_000_000;

pub(crate) struct Pager {
    pub(crate) client: FolioClient,
    pub(super) request: Request,
    pub(crate) plan: Plan,
    /// The size of a page that the caller gave.
    pub(super) limit: Option<u32>,
    pub(super) size: u32,
    pub(crate) query: Cql,
    pub(super) has_query: bool,
    /// Whether an order was added to the query.
    pub(super) adds_order: bool,
    pub(crate) by_key: bool,
    pub(super) fallback: Fallback,
    offset: u64,
    overlap: Overlap,
    /// The key of the last record.
    last: Option<String>,
    /// What the page before was like.
    fingerprint: Option<(u64, u64)>,
    /// How many records came, those that were null or bad included.
    pub(crate) seen: u64,
    /// How many nulls pages had in place of records.
    pub(crate) nulls: u64,
    total: Option<u64>,
    /// Where the list begins.
    begin: u64,
    /// `totalRecords` of the first page that has one; the smallest and the largest of all.
    first_total: Option<u64>,
    totals: Option<(u64, u64)>,
    /// By `totalRecords` of the page before, there is more behind it.
    has_more: bool,
    /// The list seemed to end where there should be more, and that page was requested again.
    is_doubted: bool,
    /// What the server claims and has not given, while its exact number of records is asked for.
    claim: Option<Claim>,
    /// The keys that came, if they are no UUIDs. Their order is not known, so each may come once.
    text_keys: Option<HashSet<u64>>,
    hasher: RandomState,
    /// What mod-search found beyond its window.
    ids: Option<ResourceIds>,
    jobs_are_refused: bool,
    problem: Option<String>,
}

pub(super) enum Turn {
    More,
    /// The page is the last one.
    Last,
    /// All of the page came before: there are no others.
    Again,
    /// Nothing of the page is used: another one tells how to go on.
    Retry,
    /// The list seems to end, and by `totalRecords`, which may be an estimate, there is more: the exact number is asked for.
    Count,
}

/// What does not agree when a list seems to end.
struct Claim {
    exchange: Exchange,
    /// By `totalRecords`. For the error, and where the server gives no exact number.
    total: u64,
    /// How many records there are, if none is missing. None if the number is that of the records behind the last key.
    come: Option<u64>,
}

/// Which records of a page by offset are new: those that are not said to be repeated.
#[derive(Default)]
pub(super) struct New {
    repeated: Vec<bool>,
}

impl New {
    pub(super) fn has(&self, at: usize) -> bool {
        !self.repeated.get(at).is_some_and(|repeated| *repeated)
    }
}

/// The query, the size of a page and where to begin, as the body of a `POST …/retrieve` has them: each page has a body of its own.
fn asked_by_body(
    request: &mut Request,
    limit: Option<u32>,
    offset: Option<u32>,
) -> (Option<u32>, Option<u32>) {
    let body = request
        .body_bytes()
        .and_then(|body| serde_json::from_slice::<serde_json::Value>(body).ok());
    let Some(body) = body else {
        return (limit, offset);
    };
    let number = |name: &str| u32::try_from(body.get(name)?.as_u64()?).ok();
    let (size, begin) = (number("limit"), number("offset"));
    if let Some(query) = body.get("query").and_then(serde_json::Value::as_str) {
        request.set_query("query", query.to_owned());
    }
    (limit.or(size), offset.or(begin))
}

/// The size of a page and where to begin, as the dialect of ERM says it in the request: `perPage` or `max`, `page` (from 1) or `offset`. They are
/// taken out of it, since each page has its own. What is no number stays, for the server to refuse.
fn erm_page(
    request: &mut Request,
    limit: Option<u32>,
    offset: Option<u32>,
) -> (Option<u32>, Option<u32>) {
    let mut take = |name: &str| {
        let number = request.parameter(name)?.trim().parse::<u32>().ok()?;
        request.remove_query(name);
        Some(number)
    };
    let (per_page, max) = (take("perPage"), take("max"));
    let (page, begin) = (take("page"), take("offset"));
    let limit = limit.or(per_page).or(max);
    // Without a size a page has ten records.
    let pages = page.map(|page| page.saturating_sub(1).saturating_mul(limit.unwrap_or(10)));
    (limit, offset.or(begin).or(pages))
}

/// Where a page of ERM begins that has the record at an offset, and how large it is.
///
/// web-toolkit makes of an offset the number of a page of this size, and cuts off what is between (`RestfulController.doTheLookup`): with
/// pages of 100, an offset of 150 gives the records from 100 on. So the size is chosen such that a page begins at the offset; or, where what
/// came before may come again, shortly before it, with as many as possible behind.
fn erm_window(from: u64, most: u32, may_repeat: bool) -> (u64, u32) {
    let sizes =
        (1..=most.max(1)).filter(|size| may_repeat || from.is_multiple_of(u64::from(*size)));
    let size = sizes.max_by_key(|size| (u64::from(*size) - from % u64::from(*size), *size));
    let size = size.unwrap_or(1);
    (from - from % u64::from(size), size)
}

impl Pager {
    pub(super) fn new(
        client: FolioClient,
        mut request: Request,
        mut plan: Plan,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Self {
        let most = match plan.style {
            PagingStyle::Erm => plan.max.unwrap_or(100).min(100),
            PagingStyle::Search | PagingStyle::Browse => plan.max.unwrap_or(500),
            _ => plan.max.unwrap_or(u32::MAX),
        };
        if plan.style == PagingStyle::Erm
            && plan.items.is_none()
            && request.parameter("stats") == Some("true")
        {
            // With figures around it the list is the property `results`.
            plan.items = Some("results".into());
        }
        let (limit, offset) = match plan.style {
            PagingStyle::Erm => erm_page(&mut request, limit, offset),
            _ => (limit, offset),
        };
        let (limit, offset) = match plan.style {
            PagingStyle::Retrieve => asked_by_body(&mut request, limit, offset),
            _ => (limit, offset),
        };
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
        // The caller's order is kept; then only the offset can tell how far we are.
        let by_key = matches!(plan.style, PagingStyle::Cql | PagingStyle::Retrieve)
            && plan.key.is_some()
            && !query.is_sorted();
        let order = match (&plan.key, &plan.tie) {
            (Some(key), _) if by_key => Some(key),
            (_, Some(tie)) if !query.sorts_by(tie) => Some(tie),
            _ => None,
        };
        let adds_order = order.is_some();
        let query = match order {
            Some(key) => query.sort_by(&**key),
            None => query,
        };
        let size = limit.unwrap_or(PAGE).min(most.max(1));
        let overlap = Overlap::new(size, plan.style);
        Self {
            client,
            request,
            limit,
            size,
            query,
            has_query,
            adds_order,
            by_key,
            fallback: Fallback::default(),
            offset: offset.unwrap_or_default().into(),
            overlap,
            last: None,
            fingerprint: None,
            seen: 0,
            nulls: 0,
            total: None,
            begin: offset.unwrap_or_default().into(),
            first_total: None,
            totals: None,
            has_more: false,
            is_doubted: false,
            claim: None,
            text_keys: None,
            hasher: RandomState::new(),
            ids: None,
            jobs_are_refused: false,
            problem,
            plan,
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

    /// A list by offset is gone on with: so many records came, the last of them with these keys.
    pub(crate) fn go_on_after(&mut self, offset: u64, last: &[String]) {
        if offset > self.offset || !last.is_empty() {
            self.goes_on_as_settled();
        }
        self.offset = offset;
        self.begin = offset;
        self.overlap.begin_after(last);
    }

    /// How many records there are, by what the server says.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// What an answer is read by; `first` records came before it.
    pub(crate) fn page(&self, response: &crate::Response, first: u64) -> Page {
        let key = self.plan.key.clone().unwrap_or("id".into());
        let is_sequence = match self.plan.style {
            PagingStyle::Stream => true,
            PagingStyle::Whole => {
                let first = response
                    .body()
                    .iter()
                    .find(|byte| !byte.is_ascii_whitespace());
                self.plan.items.is_none() && first != Some(&b'[')
            }
            _ => false,
        };
        Page::new(response, self.plan.items.clone(), key, first, is_sequence)
    }

    /// What cannot be asked for.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.problem {
            Some(problem) => Err(self.refusal(problem.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn refusal(&self, problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::request(self.request.exchange(self.client.url()), problem)
    }

    /// The request for the next page. None if the list ended.
    pub(super) fn next(&mut self) -> Result<Option<Request>> {
        self.check()?;
        if self.by_key {
            return Ok(Some(self.after(self.last.as_deref())));
        }
        if let Some(ids) = &mut self.ids {
            let base = &self.request;
            return ids.next(&self.client, self.size, |ids| {
                let mut request = base.clone();
                request.set_query("query", cql::field("id").one_of(ids).to_string());
                request.set_query("limit", ids.len().to_string());
                request
            });
        }
        let mut size = self.size;
        if self.plan.style == PagingStyle::Browse && self.seen > 0 {
            return match self.total {
                Some(total) if total <= self.seen => Ok(None),
                _ => Err(self.refusal(
                    "a browse list has one page, which shows what stands around the value of its query: go on with a query for what the answer gives as `next` or `prev`",
                )),
            };
        }
        if self.plan.style == PagingStyle::Search {
            let room = SEARCH_WINDOW.saturating_sub(self.offset);
            size = size.min(u32::try_from(room).unwrap_or(u32::MAX));
            if size == 0 {
                if self.total.is_some_and(|total| total <= SEARCH_WINDOW) {
                    return Ok(None);
                }
                return Err(Error::paging(
                    self.request.exchange(self.client.url()),
                    format!(
                        "mod-search gives the first {SEARCH_WINDOW} records only, and there are more: divide the query{}",
                        if self.query.is_sorted() {
                            ", or leave out `sortBy`: without it all are read by a resource job"
                        } else {
                            ""
                        }
                    ),
                ));
            }
        }
        let mut from = self.overlap.ask(self.offset);
        if self.plan.style == PagingStyle::Erm {
            let mut window = erm_window(from, size, self.overlap.overlaps());
            if self.overlap.overlaps() && window.0 + u64::from(window.1) <= from + 1 {
                // No page of this size or less has the last record and the one behind it: with pages of three, the records 5 and 6.
                self.overlap.begin_behind();
                window = erm_window(self.offset, size, false);
            }
            (from, size) = window;
            self.overlap.begin_at(from);
        }
        Ok(Some(self.asking(&self.query, size, from)))
    }

    /// The request for the page after a record of a list that is read by key.
    pub(super) fn after(&self, last: Option<&str>) -> Request {
        match last {
            Some(last) => self.range(Some(last), None),
            // An offset is for the first page only.
            None => self.asking(&self.query, self.size, self.offset),
        }
    }

    /// The request for the first page of the records whose keys are greater than one and at most another.
    pub(crate) fn range(&self, after: Option<&str>, until: Option<&str>) -> Request {
        let query = self.query.within(self.key(), after, until);
        self.asking(&query, self.size, 0)
    }

    fn asking(&self, query: &Cql, size: u32, offset: u64) -> Request {
        let mut request = self.request.clone();
        match self.plan.style {
            PagingStyle::Whole => return request,
            PagingStyle::Retrieve => return by_post(request, query, size, offset),
            PagingStyle::Cql | PagingStyle::Search | PagingStyle::Browse
                if self.has_query || self.plan.asks_for_all =>
            {
                request.set_query("query", query.to_string());
            }
            PagingStyle::Erm if self.plan.is_sorted && request.parameter("sort").is_none() => {
                request.set_query("sort", "id;asc".to_owned());
            }
            PagingStyle::Stream
                if self.plan.is_sorted && request.parameter("orderBy").is_none() =>
            {
                request.set_query("orderBy", "id,ASC".to_owned());
            }
            _ => {}
        }
        let limit = match self.plan.style {
            PagingStyle::Erm => "perPage",
            _ => "limit",
        };
        request.set_query(limit, size.to_string());
        if offset > 0 {
            request.set_query("offset", offset.to_string());
        }
        request
    }

    /// How many values one request may ask for, whatever its length.
    pub(super) fn most_values(&self) -> usize {
        let most = if self.takes_body() { 1_000 } else { 200 };
        usize::try_from(self.size).unwrap_or(usize::MAX).min(most)
    }

    /// Whether the query may stand in a body.
    fn takes_body(&self) -> bool {
        match self.plan.style {
            PagingStyle::Retrieve => true,
            PagingStyle::Cql => self.has_post(),
            _ => false,
        }
    }

    /// The request for the records that have one of some values in a field, and how many of the values it asks for: as many as go into one
    /// request. `is_key` says that each has one record at most; of others there may be more than a page, in an order if `sorted`.
    pub(super) fn some_of(
        &self,
        field: &str,
        values: &[&str],
        is_key: bool,
        offset: u64,
        sorted: bool,
    ) -> (Request, usize) {
        let base = &self.request;
        let takes_body = self.takes_body();
        let asking = |count: usize| {
            let wanted = cql::field(field).one_of(values.get(..count).unwrap_or(values));
            let wanted = match base.parameter("query") {
                Some(query) if self.has_query => wanted.and(Cql::from(query).unsorted()),
                _ => wanted,
            };
            let wanted = match &self.plan.tie {
                Some(tie) if sorted => wanted.sort_by(&**tie),
                _ => wanted,
            };
            let size = match is_key {
                true => u32::try_from(count).unwrap_or(u32::MAX),
                false => self.size,
            };
            if takes_body {
                return by_post(base.clone(), &wanted, size, offset);
            }
            let mut request = base.clone();
            request.set_query("query", wanted.to_string());
            request.set_query("limit", size.to_string());
            if offset > 0 {
                request.set_query("offset", offset.to_string());
            }
            request
        };
        self.client
            .divide(values.len().min(self.most_values()), asking)
    }

    /// Whether the list can also be asked for by POST, with the query in the body, where it may be of any length.
    fn has_post(&self) -> bool {
        *self.request.method() == Method::GET && self.client.has_retrieve(self.request.own_path())
    }

    /// Whether an error says that there is no `…/retrieve`, in this release or for this user: then it is not asked again.
    pub(super) fn refuses_post(&self, error: &Error) -> bool {
        let is_of_post = error
            .exchange()
            .is_some_and(|exchange| exchange.method == Method::POST);
        self.plan.style == PagingStyle::Cql
            && is_of_post
            && self.client.lacks_retrieve(self.request.own_path(), error)
    }

    /// Whether the order of a record must be looked at.
    pub(super) fn watches(&self, received: u64) -> bool {
        self.by_key && (self.seen + received <= WATCHED || self.has_text_keys())
    }

    /// Whether keys came that are no UUIDs.
    pub(crate) fn has_text_keys(&self) -> bool {
        self.text_keys.is_some()
    }

    /// What is wrong with a key that is no UUID and came before. Of those the order is as the database pleases, so that only this shows that
    /// a server ignores the key or the order.
    pub(crate) fn repeats(&mut self, exchange: &Exchange, key: &str) -> Option<Error> {
        if is_uuid(key) {
            return None;
        }
        let hash = self.hasher.hash_one(key);
        let keys = self.text_keys.get_or_insert_default();
        if keys.len() < TEXT_KEYS && keys.insert(hash) || !keys.contains(&hash) {
            return None;
        }
        let name = self.key();
        Some(Error::paging(
            exchange.clone(),
            format!(
                "the server ignores `{name}>…` or the order by `{name}`: {key} came before; read this list by offset (give a `sortBy` of your own)"
            ),
        ))
    }

    /// What is wrong with a key that came after another.
    pub(crate) fn out_of_order(
        &self,
        exchange: &Exchange,
        before: &str,
        key: &str,
    ) -> Option<Error> {
        (!is_after(key, before)).then(|| {
            let name = self.key();
            Error::paging(
                exchange.clone(),
                format!(
                    "the server ignores `{name}>…` or the order by `{name}`: after {before} came {key}; read this list by offset (give a `sortBy` of your own)"
                ),
            )
        })
    }

    /// What is wrong with a page of a list that is read by key, of which no record has one. A page of nulls that could have had more is the
    /// last one.
    pub(crate) fn without_keys(&self, exchange: &Exchange, page: &Shape) -> Option<Error> {
        if page.received == 0 || page.nulls == page.received && page.received < u64::from(self.size)
        {
            return None;
        }
        let key = self.key();
        Some(Error::paging(
            exchange.clone(),
            format!(
                "no record of the page has a `{key}` that is text or a number, and the list is read by it"
            ),
        ))
    }

    /// Whether a page of a list that is read by key comes after the one before.
    pub(super) fn goes_on(&self, page: &Page, first: Option<&str>) -> Result<()> {
        match (&self.last, first) {
            (Some(before), Some(first)) if self.by_key => self
                .out_of_order(page.exchange(), before, first)
                .map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }

    /// Where the page by offset begins that was asked for last.
    pub(super) fn from(&self) -> u64 {
        self.overlap.from()
    }

    /// What a page of a list that is read by key means for the next.
    pub(super) fn advance(&mut self, exchange: &Exchange, page: &Shape) -> Result<Turn> {
        self.nulls += page.nulls;
        let Some(last) = &page.last else {
            if let Some(error) = self.without_keys(exchange, page) {
                return Err(error);
            }
            let turn = self.ends_by_key(exchange, page);
            if matches!(turn, Turn::Last | Turn::Count) {
                self.seen += page.received;
            }
            return Ok(turn);
        };
        self.seen += page.received;
        self.note_total(page.total);
        self.has_more = self.has_more_behind(page.total, page.received, page.received);
        self.is_doubted = false;
        if let Some(before) = &self.last
            && let Some(error) = self.out_of_order(exchange, before, last)
        {
            return Err(error);
        }
        self.last = Some(last.clone());
        Ok(Turn::More)
    }

    /// What a page of another list means for the next, and which of its records are new. `keys` are those of its records; of nulls there
    /// are none. `ends_so` says that the last one ends the page.
    pub(super) fn advance_by_offset(
        &mut self,
        exchange: &Exchange,
        page: &Shape,
        keys: &[Option<String>],
        ends_so: bool,
    ) -> Result<(Turn, New)> {
        self.nulls += page.nulls;
        if let Some(ids) = &self.ids {
            let turn = if ids.is_empty() {
                Turn::Last
            } else {
                Turn::More
            };
            self.seen += page.received;
            return Ok((turn, New::default()));
        }
        if self.overlap.overlaps() {
            return self.advance_by_overlap(exchange, page, keys, ends_so);
        }
        if page.received == 0 {
            let turn = self.ends_by_offset(exchange, page, self.offset);
            return Ok((turn, New::default()));
        }
        if page.nulls == page.received
            && !self.is_doubted
            && page
                .total
                .is_some_and(|total| total > self.offset + page.received)
        {
            // Nulls for all records of a page are one record that cannot be read, where a page has one; else a page that went wrong.
            self.is_doubted = true;
            return Ok((Turn::Retry, New::default()));
        }
        self.note_total(page.total);
        let new = New {
            repeated: self.overlap.are_known(keys),
        };
        let nothing = !keys.is_empty() && new.repeated.iter().all(|repeated| *repeated);
        if self.is_same(page) || nothing {
            // A server that takes the offset for a number of whole pages gives the last one again.
            let is_end = self.overlap.is_given_up()
                && self.seen > page.received
                && page.received < u64::from(self.size);
            if is_end {
                let turn = match self.ends_by_offset(exchange, page, self.offset) {
                    Turn::Last => Turn::Again,
                    turn => turn,
                };
                return Ok((turn, new));
            }
            if self.is_all(page) {
                // All of it came at once, and once more: this endpoint does not page.
                return Ok((Turn::Again, new));
            }
            return Err(Error::paging(
                exchange.clone(),
                format!(
                    "the server ignores `offset`, or gives the list in another order each time: the page at {} has only records that came before",
                    self.offset
                ),
            ));
        }
        let is_first = self.seen == 0;
        let repeated = new.repeated.iter().filter(|repeated| **repeated).count() as u64;
        self.seen += page.received - repeated;
        self.is_doubted = false;
        self.go_on(exchange, page, keys, ends_so)?;
        // More than was asked for: this endpoint does not page, and that is all of it.
        let is_whole = self.plan.style == PagingStyle::Whole
            || is_first && page.received - page.nulls > u64::from(self.size);
        let arrived = self.begin + self.seen;
        if self.plan.style == PagingStyle::Whole
            && let Some(total) = self.total.filter(|total| *total > arrived)
        {
            return Err(Error::paging(
                exchange.clone(),
                format!(
                    "the server gave {arrived} records, and `totalRecords` is {total}: it is not known how to request the others"
                ),
            )
            .with_help("records are missing. If the server takes `limit` and `offset`, read the list with `style(PagingStyle::Offset)`"));
        }
        let turn = if is_whole { Turn::Last } else { Turn::More };
        Ok((turn, new))
    }

    /// The same of a page that begins with records of the one before.
    fn advance_by_overlap(
        &mut self,
        exchange: &Exchange,
        page: &Shape,
        keys: &[Option<String>],
        ends_so: bool,
    ) -> Result<(Turn, New)> {
        let again = Ok((Turn::Retry, New::default()));
        if self.is_same(page) && self.overlap.is_untried() {
            if self.is_all(page) {
                return Ok((Turn::Again, New::default()));
            }
            // It ignores the offset, or takes it for a number of whole pages.
            self.overlap
                .deny()
                .map_err(|problem| Error::paging(exchange.clone(), problem))?;
            return again;
        }
        let Some(found) = self.overlap.find(keys) else {
            tracing::debug!(offset = self.offset, "the list moved while it is read");
            self.overlap
                .step_back()
                .map_err(|problem| Error::paging(exchange.clone(), problem))?;
            return again;
        };
        self.note_total(page.total);
        let from = self.overlap.from();
        let is_nothing_new = !found.known.contains(&false);
        // Others may insert and delete while the end is looked at: then there is more than one record that came before.
        let is_end = page.received <= 1 || found.is_where_it_was && found.is_short && ends_so;
        if is_nothing_new && is_end {
            let turn = match self.ends_by_offset(exchange, page, from + page.received) {
                Turn::Last => Turn::Again,
                turn => turn,
            };
            return Ok((turn, New::default()));
        }
        self.is_doubted = false;
        if is_nothing_new && found.is_where_it_was && from + page.received == self.offset {
            // The last record is where it was; the server did not show it there.
            self.overlap
                .deny()
                .map_err(|problem| Error::paging(exchange.clone(), problem))?;
            return again;
        }
        let new = New {
            repeated: found.known,
        };
        let of_new = keys.iter().enumerate().filter(|(at, _)| new.has(*at));
        let of_new: Vec<Option<String>> = of_new.map(|(_, key)| key.clone()).collect();
        self.seen += of_new.len() as u64;
        self.go_on(exchange, page, &of_new, ends_so)?;
        Ok((Turn::More, new))
    }

    /// The list goes on behind a page, of whose records these are new.
    fn go_on(
        &mut self,
        exchange: &Exchange,
        page: &Shape,
        new: &[Option<String>],
        ends_so: bool,
    ) -> Result<()> {
        self.fingerprint = Some((page.received, page.ends));
        // A null may stand beside the records rather than for one.
        let passed = page
            .received
            .min(u64::from(self.size).max(page.received - page.nulls));
        self.offset = self.overlap.from() + passed;
        let is_anchored = ends_so && new.last().is_some_and(Option::is_some);
        self.overlap
            .remember(new, is_anchored)
            .map_err(|problem| Error::paging(exchange.clone(), problem))
    }

    fn note_total(&mut self, total: Option<u64>) {
        let Some(total) = total else {
            return;
        };
        self.total = Some(total);
        self.first_total.get_or_insert(total);
        let (least, most) = self.totals.unwrap_or((total, total));
        self.totals = Some((least.min(total), most.max(total)));
    }

    /// Whether there is more behind a page of a list that is read by key, by `totalRecords` of that page, `received` of whose records are the
    /// last ones of those that came; `of_page` is how many it has.
    ///
    /// RMB counts what the query finds, which is what comes after a key. A server that counts the whole list each time gives the number of
    /// the first page again.
    fn has_more_behind(&self, total: Option<u64>, of_page: u64, received: u64) -> bool {
        let Some(total) = total else {
            return false;
        };
        let is_of_all = self.last.is_none() || self.first_total.is_some_and(|first| total >= first);
        if is_of_all {
            total > self.begin + self.seen + of_page - received
        } else {
            total > of_page
        }
    }

    /// What it means that a page of a list that is read by key has no record: an empty one, or only nulls.
    ///
    /// `totalRecords` of this page counts. RMB gives 0 there: it never says more than `offset` of an empty page. Where this page has none, or
    /// 0, that of the page before counts, which may be an estimate.
    fn ends_by_key(&mut self, exchange: &Exchange, page: &Shape) -> Turn {
        let has_more = match page.total.filter(|total| *total > 0) {
            None => self.has_more,
            total => self.has_more_behind(total, page.received, 0),
        };
        if !has_more {
            return Turn::Last;
        }
        self.doubt(exchange, page.total.or(self.total), None)
    }

    /// What it means that a list by offset seems to end at a position.
    fn ends_by_offset(&mut self, exchange: &Exchange, page: &Shape, position: u64) -> Turn {
        let told = self.total.filter(|_| self.plan.style != PagingStyle::Whole);
        // A page that shows the last record and nothing behind it is where it should be; while others write, its number may be of a moment
        // later.
        let is_changing = self.totals.is_some_and(|(least, most)| least != most);
        let has_more = match page.total {
            _ if page.received > page.nulls && is_changing => false,
            // An empty page of RMB has the offset for its number, if that is less than there are.
            Some(total) if total >= position => total > position,
            _ => told.is_some_and(|told| told > position),
        };
        if has_more {
            return self.doubt(exchange, page.total.or(told), Some(position));
        }
        // Every position was read, and fewer records came than there are: others came twice instead.
        let arrived = self.begin + self.seen;
        match self.totals {
            Some((least, most))
                if least > arrived && (least == most || self.overlap.is_reordered()) =>
            {
                self.is_doubted = true;
                self.doubt(exchange, Some(least), Some(arrived))
            }
            _ => Turn::Last,
        }
    }

    /// Requests a page again that ends a list too early; after that, the exact number of records.
    fn doubt(&mut self, exchange: &Exchange, total: Option<u64>, come: Option<u64>) -> Turn {
        if !std::mem::replace(&mut self.is_doubted, true) {
            tracing::debug!(seen = self.seen, ?total, "the list ends too early");
            return Turn::Retry;
        }
        self.claim = Some(Claim {
            exchange: exchange.clone(),
            total: total.unwrap_or_default(),
            come,
        });
        Turn::Count
    }

    /// The request for the exact number of records: a page of none. RMB counts then, where it else estimates. None where no such page is
    /// known to be possible.
    pub(super) fn counting(&self) -> Option<Request> {
        match self.plan.style {
            PagingStyle::Cql | PagingStyle::Retrieve | PagingStyle::Offset => {}
            _ => return None,
        }
        if self.by_key
            && let Some(last) = &self.last
        {
            return Some(self.count_of_range(Some(last), None));
        }
        Some(self.asking(&self.query, 0, 0))
    }

    /// The request for the exact number of records whose keys are greater than one and at most another.
    pub(crate) fn count_of_range(&self, after: Option<&str>, until: Option<&str>) -> Request {
        let query = self.query.within(self.key(), after, until);
        self.asking(&query, 0, 0)
    }

    /// The number of records that a page of none has. None if the server does not give such a page: Spring's modules answer 422.
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

    /// The list has ended too early, unless the exact number of records says otherwise. None if the server gives none.
    pub(super) fn counted(&mut self, count: Option<u64>) -> Result<()> {
        let Some(claim) = self.claim.take() else {
            return Ok(());
        };
        let has_more = match (count, claim.come) {
            (None, _) => true,
            (Some(0), _) => false,
            (Some(count), None) => self.has_more_behind(Some(count), 0, 0),
            (Some(count), Some(come)) => count > come,
        };
        if !has_more {
            return Ok(());
        }
        let told = count.unwrap_or(claim.total);
        let seen = self.seen;
        let problem = match &self.last {
            Some(last) if claim.come.is_none() => format!(
                "the list ended too early, with {seen} records: behind {last} there is an empty page, also when it is requested again, and `totalRecords` is {told}"
            ),
            _ => format!(
                "{seen} different records came, and `totalRecords` is {told}: pages are missing, or the server gives the list in another order each time, so that some records came twice and others never"
            ),
        };
        Err(Error::paging(claim.exchange, problem)
            .with_help("records are missing. Read the list again; if the order is not unique, with a `limit` that is larger than the list, so that it comes in one page, or with a `sortBy`"))
    }

    /// What is wrong with a list that is at its end, all of whose records are null: mod-configuration gives its audits so, as many nulls as
    /// there are (recorded). It would look like an empty list.
    pub(crate) fn only_nulls(&self, nulls: u64) -> Option<Error> {
        (nulls > 0).then(|| {
            let exchange = self.request.exchange(self.client.url());
            Error::paging(exchange, "the list has records, and the server gave `null` for each of them")
            .with_help("the records exist, and the server does not show them: this is not an empty list. `folio_get` gives the response as it is")
        })
    }

    fn is_same(&self, page: &Shape) -> bool {
        self.fingerprint == Some((page.received, page.ends))
    }

    /// Whether a page that came once more is the whole list.
    fn is_all(&self, page: &Shape) -> bool {
        page.received < u64::from(self.size)
            && self.seen == page.received
            && self.total.is_none_or(|total| total <= self.seen)
    }

    /// What mod-search has to be asked by a resource job, because there is more than its window shows: the kind of record and the query.
    /// The order of such a list is not known beforehand, so one that the caller ordered is not read so.
    pub(super) fn needs_job(&self, page: &Shape) -> Option<(&'static str, String)> {
        let is_first = self.ids.is_none() && self.seen == 0 && self.offset == 0;
        let kind = self.plan.job?;
        (is_first
            && self.plan.style == PagingStyle::Search
            && !self.jobs_are_refused
            && !self.query.is_sorted()
            && page.total.is_some_and(|total| total > SEARCH_WINDOW))
        .then(|| (kind, self.query.to_string()))
    }

    /// The request for some of the ids that a resource job found was too long: they are divided further.
    pub(super) fn asks_for_fewer(&mut self, error: &Error) -> bool {
        request_line::is_too_long(error)
            && self.ids.as_mut().is_some_and(ResourceIds::ask_for_fewer)
    }

    pub(super) fn refuse_jobs(&mut self) {
        self.jobs_are_refused = true;
    }

    pub(super) fn read_ids(&mut self, ids: ResourceIds) {
        self.ids = Some(ids);
    }
}

/// The same list by POST, with limit, offset and query in the body. It only reads, so it may be sent again.
fn by_post(request: Request, query: &Cql, size: u32, offset: u64) -> Request {
    let mut request = match request.path().ends_with("/retrieve") {
        true => request.with_method(Method::POST),
        false => request.under("/retrieve").with_method(Method::POST),
    };
    for name in ["query", "limit", "offset"] {
        request.remove_query(name);
    }
    let body = serde_json::json!({"query": query.to_string(), "limit": size, "offset": offset});
    request.set_json("application/json", &body);
    request.only_reads()
}
