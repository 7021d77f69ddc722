//! Lists that stream: every record once, page by page, whatever the server's dialect.
//!
//! What this module rests on:
//!
//! - Without a unique order, pages repeat and miss records. Where a list is known to support it, it is read by id: each page asks for the
//!   records after the last one. Elsewhere by offset, with the id added to the order.
//! - `totalRecords` is an estimate. A list ends with an empty page: a short one may be short because the server has a limit of its own, or
//!   because it takes records out after counting them.
//! - A server may ignore what it does not know: the order, the offset, the query. A page that brings nothing new is an error, not a loop.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use crate::client::FolioClient;
use crate::cql::Cql;
use crate::error::{Error, Exchange, Result};
use crate::request::Request;
use crate::response::Response;

/// How a list of a FOLIO module is paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PagingStyle {
    /// `query` in CQL, `limit` and `offset`: most of FOLIO.
    Cql,
    /// `limit` and `offset`, without CQL.
    #[default]
    Offset,
    /// `perPage`, `offset` and `sort=field;asc`: agreements, licenses and the other ERM modules. At most 100 a page.
    Erm,
    /// mod-search: CQL over an index, at most 500 a page and 10,000 in all, ordered only by what the module lists.
    Search,
}

/// What is known of an operation's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Paging {
    /// The dialect.
    pub style: PagingStyle,
    /// The property of the answer that is the array of records; none if the answer is the array.
    pub items: Option<&'static str>,
    /// The unique field by which the list can be read, where that is known to work: mostly `id`.
    pub key: Option<&'static str>,
    /// The largest `limit` that the server takes, where it states one.
    pub max: Option<u32>,
}

impl Paging {
    /// What is known of a list: see the fields.
    pub const fn new(
        style: PagingStyle,
        items: Option<&'static str>,
        key: Option<&'static str>,
        max: Option<u32>,
    ) -> Self {
        Self {
            style,
            items,
            key,
            max,
        }
    }
}

/// Records a page if the caller does not say. FOLIO's own default is 10, mostly.
const PAGE: u32 = 500;

/// How far mod-search counts: `offset` + `limit`.
const SEARCH_WINDOW: u64 = 10_000;

/// How a list is to be read.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) style: PagingStyle,
    pub(crate) items: Option<Cow<'static, str>>,
    /// The field to read by.
    pub(crate) key: Option<Cow<'static, str>>,
    /// The field that makes the order unique when the list is read by offset.
    pub(crate) tie: Option<Cow<'static, str>>,
    pub(crate) max: Option<u32>,
}

impl From<Paging> for Plan {
    fn from(paging: Paging) -> Self {
        let key = paging.key.map(Cow::Borrowed);
        let tie = key
            .clone()
            .or(Some(Cow::Borrowed("id")))
            .filter(|_| paging.style == PagingStyle::Cql);
        Self {
            style: paging.style,
            items: paging.items.map(Cow::Borrowed),
            key,
            tie,
            max: paging.max,
        }
    }
}

/// The records of a list, as a stream: [`next`](Self::next) gives them one by one, and so do the methods of `futures`' `StreamExt` and
/// `TryStreamExt`. It holds one page in memory.
///
/// A record that cannot be read is an error of kind [`ErrorKind::Record`](crate::ErrorKind::Record) in its place, with the record as the
/// server sent it, and the stream goes on. After any other error it ends.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// # use serde_json::Value;
/// let mut loans = folio.folio_get_all::<Value>("/circulation/loans", "loans").query("status.name==Open").stream();
/// while let Some(loan) = loans.next().await {
///     match loan {
///         Ok(loan) => println!("{}", loan["id"]),
///         Err(error) if error.record_json().is_some() => eprintln!("skipped: {error}"),
///         Err(error) => return Err(error),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream asks for nothing before it is polled"]
pub struct Items<T> {
    pager: Pager,
    ready: std::vec::IntoIter<Result<T>>,
    page: Option<Pin<Box<dyn Future<Output = Result<Response>> + Send>>>,
    ended: bool,
}

impl<T> Unpin for Items<T> {}

impl<T: DeserializeOwned + Send + 'static> Items<T> {
    /// The records of the list that `request` asks for, which may have a `query`. `limit` is the number of records a page; `offset` is
    /// how many records are passed over.
    pub fn new(
        client: FolioClient,
        request: Request,
        paging: Paging,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Self {
        Self::planned(client, request, paging.into(), limit, offset)
    }

    pub(crate) fn planned(
        client: FolioClient,
        request: Request,
        plan: Plan,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Self {
        Self {
            pager: Pager::new(client, request, plan, limit, offset),
            ready: Vec::new().into_iter(),
            page: None,
            ended: false,
        }
    }

    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn turn(&mut self, response: &Response) -> Result<()> {
        let page = decode::<T>(
            response,
            self.pager.plan.items.as_deref(),
            self.pager.seen,
            self.pager.id_field(),
        )?;
        match self.pager.advance(response, &page.shape)? {
            Turn::More => {}
            Turn::Last => self.ended = true,
            Turn::Again => {
                self.ended = true;
                return Ok(());
            }
        }
        self.ready = page.records.into_iter();
        Ok(())
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        loop {
            if let Some(record) = this.ready.next() {
                return Poll::Ready(Some(record));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let outcome = match &mut this.page {
                Some(page) => {
                    let response = ready!(page.as_mut().poll(context));
                    this.page = None;
                    response.and_then(|response| this.turn(&response))
                }
                None => this.pager.next().map(|page| match page {
                    Some(page) => this.page = Some(page),
                    None => this.ended = true,
                }),
            };
            if let Err(error) = outcome {
                this.ended = true;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Items")
            .field("request", &self.pager.request)
            .field("paging", &self.pager.plan)
            .field("read", &self.pager.seen)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Which page comes next. Not generic: all lists share it.
struct Pager {
    client: FolioClient,
    request: Request,
    plan: Plan,
    size: u32,
    query: Cql,
    by_key: bool,
    offset: u64,
    /// The key of the last record.
    last: Option<String>,
    previous: Option<Fingerprint>,
    /// How many records came, those that were null or bad included.
    seen: u64,
    total: Option<u64>,
    problem: Option<&'static str>,
}

enum Turn {
    More,
    /// The page is the last one.
    Last,
    /// The page is the one before once more: there are no others.
    Again,
}

/// What two pages that are the same have in common.
#[derive(Clone, Copy, PartialEq)]
struct Fingerprint {
    received: u64,
    ends: u64,
}

impl Pager {
    fn new(
        client: FolioClient,
        request: Request,
        plan: Plan,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Self {
        let most = plan.max.unwrap_or(u32::MAX).min(match plan.style {
            PagingStyle::Erm => 100,
            PagingStyle::Search => 500,
            PagingStyle::Cql | PagingStyle::Offset => u32::MAX,
        });
        let query = Cql::from(request.parameter("query").unwrap_or_default());
        // The caller's order is kept; then only the offset can tell how far we are.
        let by_key =
            plan.style == PagingStyle::Cql && plan.key.is_some() && query.order().is_none();
        let query = match (&plan.key, &plan.tie, query.order()) {
            (Some(key), _, None) if by_key => query.ordered(key.clone()),
            (_, Some(tie), None) => query.ordered(tie.clone()),
            (_, Some(tie), Some(order)) if !sorts_by(order, tie) => {
                let order = format!("{order} {tie}");
                query.ordered(order)
            }
            _ => query,
        };
        Self {
            client,
            request,
            size: limit.unwrap_or(PAGE).min(most.max(1)),
            query,
            by_key,
            offset: offset.unwrap_or_default().into(),
            last: None,
            previous: None,
            seen: 0,
            total: None,
            problem: (limit == Some(0)).then_some(
                "a page of no records (`limit` 0) never ends the list: ask for 1 or more",
            ),
            plan,
        }
    }

    fn id_field(&self) -> &str {
        self.plan.key.as_deref().unwrap_or("id")
    }

    /// Asks for the next page. None if the list ended.
    #[expect(clippy::type_complexity, reason = "a future without a name")]
    fn next(&mut self) -> Result<Option<Pin<Box<dyn Future<Output = Result<Response>> + Send>>>> {
        if let Some(problem) = self.problem {
            return Err(Error::request(
                self.request.exchange(self.client.url()),
                problem,
            ));
        }
        let mut request = self.request.clone();
        let mut size = self.size;
        match self.plan.style {
            PagingStyle::Cql => {
                let query = match (&self.last, self.plan.key.as_deref()) {
                    (Some(last), Some(key)) if self.by_key => self.query.after(key, last),
                    _ => self.query.clone(),
                };
                request.set_query("query", query.to_string());
            }
            PagingStyle::Search => {
                request.set_query("query", self.query.to_string());
                let room = SEARCH_WINDOW.saturating_sub(self.offset);
                size = size.min(u32::try_from(room).unwrap_or(u32::MAX));
                if size == 0 {
                    if self.total.is_some_and(|total| total <= SEARCH_WINDOW) {
                        return Ok(None);
                    }
                    return Err(Error::paging(
                        request.exchange(self.client.url()),
                        format!(
                            "mod-search gives the first {SEARCH_WINDOW} records only, and there are more: divide the query"
                        ),
                    ));
                }
            }
            PagingStyle::Erm if request.parameter("sort").is_none() => {
                request.set_query("sort", "id;asc".to_owned())
            }
            PagingStyle::Erm | PagingStyle::Offset => {}
        }
        let limit = if self.plan.style == PagingStyle::Erm {
            "perPage"
        } else {
            "limit"
        };
        request.set_query(limit, size.to_string());
        if self.offset > 0 {
            request.set_query("offset", self.offset.to_string());
        }
        Ok(Some(Box::pin(self.client.execute(request))))
    }

    /// What a page means for the next.
    fn advance(&mut self, response: &Response, page: &Shape) -> Result<Turn> {
        let stuck = |message: String| Err(Error::paging(response.exchange().clone(), message));
        if page.received == 0 {
            return Ok(Turn::Last);
        }
        self.total = page.total.or(self.total);
        let fingerprint = Fingerprint {
            received: page.received,
            ends: page.ends,
        };
        let same = self.previous.replace(fingerprint) == Some(fingerprint);
        self.seen += page.received;
        if self.by_key {
            let key = self.id_field();
            let Some(last) = &page.last else {
                return stuck(format!(
                    "no record of the page has a `{key}` that is text or a number, and the list is read by it"
                ));
            };
            if let Some(before) = &self.last
                && !is_after(last, before)
            {
                return stuck(format!(
                    "the server ignores `{key}>…` or the order by `{key}`: after {before} came a page that ends with {last}; read this list by offset (give a `sortBy` of your own)"
                ));
            }
            self.last = Some(last.clone());
            // An offset is for the first page only.
            self.offset = 0;
            return Ok(Turn::More);
        }
        if same {
            if page.received < u64::from(self.size) {
                // All of it came at once, and once more: this endpoint does not page.
                return Ok(Turn::Again);
            }
            return stuck(format!(
                "the server ignores `offset`: the page at {} is the one before it once more",
                self.offset
            ));
        }
        let first = self.seen == page.received;
        self.offset += page.received;
        // More than was asked for: this endpoint does not page, and that is all of it.
        Ok(if first && page.received > u64::from(self.size) {
            Turn::Last
        } else {
            Turn::More
        })
    }
}

/// Whether an order has a field in it.
fn sorts_by(order: &str, field: &str) -> bool {
    order
        .split_whitespace()
        .filter_map(|key| key.split('/').next())
        .any(|key| key.trim_matches('"') == field)
}

/// Whether an id comes after another. Of UUIDs the order is known; other text is ordered as the database pleases.
fn is_after(id: &str, before: &str) -> bool {
    let is_uuid = |id: &str| {
        id.len() == 36
            && id
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    if is_uuid(id) && is_uuid(before) {
        id.to_ascii_lowercase() > before.to_ascii_lowercase()
    } else {
        id != before
    }
}

/// What came of a page.
struct Page<T> {
    records: Vec<Result<T>>,
    shape: Shape,
}

/// A page but for its records.
#[derive(Default)]
struct Shape {
    received: u64,
    /// The key of the last record that has one.
    last: Option<String>,
    /// A hash of the first and the last record.
    ends: u64,
    total: Option<u64>,
}

/// Reads the records of a page in one pass, each on its own, so that a bad one stands alone.
fn decode<T: DeserializeOwned>(
    response: &Response,
    items: Option<&str>,
    first: u64,
    key: &str,
) -> Result<Page<T>> {
    let body: &[u8] = response.body();
    let mut records = Vec::new();
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut received = 0;
    let total = walk(response.exchange(), body, items, &mut |start| {
        let json = body.get(start..)?;
        let index = first + received;
        received += 1;
        let length = match read::<Option<T>>(json) {
            Some(Ok((record, length))) => {
                // FOLIO's lists may have null for a record: it is none.
                if let Some(record) = record {
                    records.push(Ok(record));
                }
                length
            }
            Some(Err(error)) => {
                let (error, length) = bad_record(response.exchange(), json, index, key, error)?;
                records.push(Err(error));
                length
            }
            None => return None,
        };
        spans.push(start..start + length);
        Some(start + length)
    })?;
    let part = |span: Option<&Range<usize>>| {
        span.and_then(|span| body.get(span.clone()))
            .unwrap_or_default()
    };
    let mut hasher = DefaultHasher::new();
    (part(spans.first()), part(spans.last())).hash(&mut hasher);
    let last = spans
        .iter()
        .rev()
        .find_map(|span| key_of(part(Some(span)), key));
    Ok(Page {
        records,
        shape: Shape {
            received,
            last,
            ends: hasher.finish(),
            total,
        },
    })
}

fn bad_record(
    exchange: &Exchange,
    json: &[u8],
    index: u64,
    key: &str,
    error: serde_json::Error,
) -> Option<(Error, usize)> {
    let (raw, length) = read::<&RawValue>(json)?.ok()?;
    let raw = raw.get().as_bytes();
    Some((
        Error::record(exchange.clone(), index, key_of(raw, key), raw, error),
        length,
    ))
}

/// The first JSON value of `json` and where it ends.
fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<Result<(T, usize), serde_json::Error>> {
    let mut stream = serde_json::Deserializer::from_slice(json).into_iter::<T>();
    let value = stream.next()?;
    Some(value.map(|value| (value, stream.byte_offset())))
}

/// The key of a record, text or number.
fn key_of(json: &[u8], key: &str) -> Option<String> {
    let record: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_slice(json).ok()?;
    let value = record.get(key)?.get();
    match serde_json::from_str(value).ok()? {
        serde_json::Value::String(text) if !text.is_empty() => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Goes through an answer to the array of records and calls `each` with where one begins; it says where the record ends, or nothing if
/// there is no JSON. Gives `totalRecords`.
fn walk(
    exchange: &Exchange,
    body: &[u8],
    items: Option<&str>,
    each: &mut dyn FnMut(usize) -> Option<usize>,
) -> Result<Option<u64>> {
    let mut found = None;
    let mut keys = Vec::new();
    let mut total = None;
    let end = (|| {
        let at = blank(body, 0);
        match body.get(at)? {
            b'[' => {
                found = Some(true);
                return elements(body, at + 1, each);
            }
            b'{' => {}
            _ => return None,
        }
        let mut at = blank(body, at + 1);
        if body.get(at) == Some(&b'}') {
            return Some(at + 1);
        }
        loop {
            let (key, length) = read::<String>(body.get(at..)?)?.ok()?;
            at = blank(body, at + length);
            (body.get(at) == Some(&b':')).then_some(())?;
            at = blank(body, at + 1);
            let wanted = items == Some(key.as_str());
            at = if wanted && body.get(at) == Some(&b'[') {
                found = Some(true);
                elements(body, at + 1, each)?
            } else if key == "totalRecords" {
                let (value, length) = read::<serde_json::Value>(body.get(at..)?)?.ok()?;
                total = value.as_u64();
                at + length
            } else {
                let (value, length) = read::<IgnoredAnyOrNull>(body.get(at..)?)?.ok()?;
                if wanted {
                    // A list that is null is empty.
                    found = Some(value.0.is_none());
                }
                at + length
            };
            if keys.len() < 30 {
                keys.push(key);
            }
            at = blank(body, at);
            match body.get(at)? {
                b',' => at = blank(body, at + 1),
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    })();
    let whole = end.is_some_and(|end| blank(body, end) == body.len());
    if !whole {
        // Broken JSON. serde_json says where.
        return Err(match serde_json::from_slice::<IgnoredAny>(body) {
            Err(error) => Error::decode(exchange.clone(), None, body, error),
            Ok(_) => Error::unexpected(
                exchange.clone(),
                "the answer is no list: expected a JSON object or array".to_owned(),
                body,
            ),
        });
    }
    match (found, items) {
        (Some(true), _) => Ok(total),
        (Some(false), Some(items)) => Err(Error::unexpected(
            exchange.clone(),
            format!("`{items}` of the answer is no array"),
            body,
        )),
        (_, items) => Err(missing_key(exchange, items, &keys, body)),
    }
}

/// The answer has other keys than the one that was asked for.
pub(crate) fn missing_key(
    exchange: &Exchange,
    items: Option<&str>,
    keys: &[String],
    body: &[u8],
) -> Error {
    let keys = if keys.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{}`", keys.join("`, `"))
    };
    let message = match items {
        Some(items) => format!("the answer has no `{items}`; it has {keys}"),
        None => format!(
            "the answer is an object and not an array; give the key of the list in it: it has {keys}"
        ),
    };
    Error::unexpected(exchange.clone(), message, body)
}

/// Any value, passed over; tells null from others.
#[derive(Deserialize)]
struct IgnoredAnyOrNull(Option<IgnoredAny>);

fn elements(
    body: &[u8],
    mut at: usize,
    each: &mut dyn FnMut(usize) -> Option<usize>,
) -> Option<usize> {
    at = blank(body, at);
    if body.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        at = blank(body, each(at)?);
        match body.get(at)? {
            b',' => at = blank(body, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Where the white space from `at` on ends.
fn blank(body: &[u8], mut at: usize) -> usize {
    while matches!(body.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}
