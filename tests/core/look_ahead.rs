//! Lists by id that are read two pages ahead: by a service in place of the connections, with a clock
//! of its own, so that all times are exact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use folio_sandbox::Sandbox;
use folio_sdk::{
    ErrorKind, FolioClient, FolioClientBuilder, HttpBody, HttpFuture, HttpPath, HttpRequest,
    HttpResponse, HttpService, Method, Paging, PagingStyle, RecordStream, Request, RetryPolicy,
};
use folio_test_support::sandbox::{TENANT, admin};
use folio_test_support::server::Asked;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

const SIZE: u32 = 10;
const LATENCY: Duration = Duration::from_millis(30);

fn id(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

fn number(id: &str) -> usize {
    usize::from_str_radix(&id[..8], 16).unwrap()
}

/// `totalRecords` of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Totals {
    None,
    /// As RMB counts: the records after the key.
    Rest,
    /// The whole list, with each page.
    All,
}

/// A request for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Page {
    after: Option<usize>,
    offset: usize,
}

fn after(number: usize) -> Page {
    skip(number, 0)
}

fn skip(number: usize, offset: usize) -> Page {
    Page {
        after: Some(number),
        offset,
    }
}

const FIRST: Page = Page {
    after: None,
    offset: 0,
};

#[derive(Debug, Default)]
struct State {
    numbers: BTreeSet<usize>,
    asked: Vec<Page>,
    in_flight: usize,
    most_in_flight: usize,
    /// The requests that were cancelled.
    cancelled: usize,
    /// The time that requests were in flight, together.
    area: Duration,
}

/// What a server does to its records after a page was read: its number, the records, and the page.
type Change = dyn Fn(usize, &mut BTreeSet<usize>, &[usize]) + Send + Sync;

/// Its response instead of a page: its number, and the page.
type Refuse = dyn Fn(usize, &Page) -> Option<u16> + Send + Sync;

/// A server whose list it is.
struct Server {
    state: Mutex<State>,
    workers: Semaphore,
    /// The work for a page, by the number of requests in flight.
    service: Box<dyn Fn(usize) -> Duration + Send + Sync>,
    /// The time before and after that, by the number of the request.
    latency: Box<dyn Fn(usize) -> (Duration, Duration) + Send + Sync>,
    change: Box<Change>,
    refuse: Box<Refuse>,
    most: usize,
    heeds_offset: bool,
    totals: Totals,
    /// The page sizes of the requests, in the order in which they were read.
    limits: Arc<Mutex<Vec<usize>>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Server")
    }
}

impl Server {
    /// A server that is far away, and has these records.
    fn far(count: usize) -> Self {
        Self {
            state: Mutex::new(State {
                numbers: (0..count).collect(),
                ..State::default()
            }),
            workers: Semaphore::new(100),
            service: Box::new(|_| Duration::ZERO),
            latency: Box::new(|_| (LATENCY / 2, LATENCY / 2)),
            change: Box::new(|_, _, _| {}),
            refuse: Box::new(|_, _| None),
            most: usize::MAX,
            heeds_offset: true,
            totals: Totals::Rest,
            limits: Arc::default(),
        }
    }

    /// A server nearby that works on one page at a time.
    fn busy(count: usize, service: impl Fn(usize) -> Duration + Send + Sync + 'static) -> Self {
        Self {
            workers: Semaphore::new(1),
            service: Box::new(service),
            latency: Box::new(|_| Default::default()),
            ..Self::far(count)
        }
    }

    fn changing(
        mut self,
        change: impl Fn(usize, &mut BTreeSet<usize>, &[usize]) + Send + Sync + 'static,
    ) -> Self {
        self.change = Box::new(change);
        self
    }

    fn refusing(
        mut self,
        refuse: impl Fn(usize, &Page) -> Option<u16> + Send + Sync + 'static,
    ) -> Self {
        self.refuse = Box::new(refuse);
        self
    }

    fn page(&self, at: usize, page: &Page, limit: usize) -> HttpResponse {
        self.limits.lock().unwrap().push(limit);
        if let Some(status) = (self.refuse)(at, page) {
            return response(status, &json!({"errors": [{"message": "no"}]}));
        }
        let mut state = self.state.lock().unwrap();
        let behind: Vec<usize> = match page.after {
            Some(after) => state.numbers.range(after + 1..).copied().collect(),
            None => state.numbers.iter().copied().collect(),
        };
        let offset = if self.heeds_offset { page.offset } else { 0 };
        let found: Vec<usize> = behind
            .iter()
            .copied()
            .skip(offset)
            .take(limit.min(self.most))
            .collect();
        let things: Vec<Value> = found
            .iter()
            .map(|number| json!({"id": id(*number), "number": number}))
            .collect();
        let mut body = json!({"things": things});
        match self.totals {
            Totals::None => {}
            Totals::Rest => body["totalRecords"] = behind.len().into(),
            Totals::All => body["totalRecords"] = state.numbers.len().into(),
        }
        (self.change)(at, &mut state.numbers, &found);
        response(200, &body)
    }

    fn client(self) -> (FolioClientBuilder, Arc<Self>) {
        let server = Arc::new(self);
        let builder = FolioClient::builder("https://folio.test")
            .tenant("diku")
            .credentials("ann", "correct-horse")
            .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
            .http_service(Service(Arc::clone(&server)));
        (builder, server)
    }

    fn asked(&self) -> Vec<Page> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The number of requests with an offset.
    fn skips(&self) -> usize {
        self.asked().iter().filter(|page| page.offset > 0).count()
    }
}

fn response(status: u16, body: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body.to_string()));
    *response.status_mut() = status.try_into().unwrap();
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", json);
    response
}

fn token() -> HttpResponse {
    let body = json!({"accessTokenExpiration": "2099-01-01T00:00:00Z", "refreshTokenExpiration": "2099-01-01T00:00:00Z"});
    let mut response = response(201, &body);
    for cookie in [
        "folioAccessToken=a; Path=/",
        "folioRefreshToken=r; Path=/authn",
    ] {
        let cookie = http::HeaderValue::from_static(cookie);
        response.headers_mut().append("set-cookie", cookie);
    }
    response
}

/// A request that is in flight, until it is finished or cancelled.
struct InFlight(Arc<Server>, Instant, bool);

impl InFlight {
    fn finish(&mut self) {
        self.2 = true;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap();
        state.in_flight -= 1;
        state.area += self.1.elapsed();
        state.cancelled += usize::from(!self.2);
    }
}

#[derive(Debug)]
struct Service(Arc<Server>);

impl HttpService for Service {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        if request
            .extensions()
            .get::<HttpPath>()
            .unwrap()
            .0
            .starts_with("/authn/")
        {
            return Box::pin(async { Ok(token()) });
        }
        let target = request.uri().path_and_query().unwrap().to_string();
        let mut asked = Asked {
            method: request.method().to_string(),
            target,
            headers: BTreeMap::new(),
            body: String::new(),
        };
        if let Some(body) = request.body().as_bytes().filter(|body| !body.is_empty()) {
            // `…/retrieve`: the same in a body.
            let body: Value = serde_json::from_slice(body).unwrap();
            asked.target = format!(
                "/things?query={}&limit={}&offset={}",
                body["query"].as_str().unwrap(),
                body["limit"],
                body["offset"]
            );
        }
        if asked.target.starts_with("/other") {
            return Box::pin(async {
                sleep(Duration::from_secs(3600)).await;
                Ok(response(200, &json!({})))
            });
        }
        let server = Arc::clone(&self.0);
        let query = asked.param("query").unwrap();
        let page = Page {
            after: query.split_once("id>\"").map(|(_, rest)| number(rest)),
            offset: asked.number("offset"),
        };
        let at = {
            let mut state = server.state.lock().unwrap();
            state.asked.push(page.clone());
            state.in_flight += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            state.asked.len() - 1
        };
        let mut in_flight = InFlight(Arc::clone(&server), Instant::now(), false);
        Box::pin(async move {
            let (there, back) = (server.latency)(at);
            sleep(there).await;
            let response = {
                let _worker = server.workers.acquire().await.unwrap();
                let beside = server.state.lock().unwrap().in_flight;
                sleep((server.service)(beside)).await;
                server.page(at, &page, asked.number("limit"))
            };
            sleep(back).await;
            in_flight.finish();
            Ok(response)
        })
    }
}

fn list(folio: &FolioClient, style: PagingStyle, size: u32) -> RecordStream<Value> {
    let request = Request::to(Method::GET, "/things");
    let paging = Paging::new(style, Some("things"), Some("id"), None);
    RecordStream::new(folio.clone(), request, paging, Some(size), None)
}

async fn numbers(mut list: RecordStream<Value>) -> Vec<usize> {
    let mut numbers = Vec::new();
    while let Some(record) = list.next().await {
        numbers.push(usize::try_from(record.unwrap()["number"].as_u64().unwrap()).unwrap());
    }
    numbers
}

/// Reads a list, and measures it.
async fn read(server: Server) -> (Vec<usize>, Arc<Server>, Duration) {
    let (builder, server) = server.client();
    let folio = builder.build().unwrap();
    let start = Instant::now();
    let numbers = numbers(list(&folio, PagingStyle::Cql, SIZE)).await;
    (numbers, server, start.elapsed())
}

/// The time for the same list with a client that sends one request at a time.
async fn one_by_one(server: Server) -> Duration {
    let (builder, server) = server.client();
    let folio = builder.max_in_flight(1).build().unwrap();
    let start = Instant::now();
    numbers(list(&folio, PagingStyle::Cql, SIZE)).await;
    assert_eq!(
        (server.skips(), server.state.lock().unwrap().most_in_flight),
        (0, 1)
    );
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_distant_list_takes_little_more_than_half_the_time() {
    for totals in [Totals::Rest, Totals::All, Totals::None] {
        let of = |pages: usize| Server {
            totals,
            ..Server::far(pages * SIZE as usize)
        };
        let (records, server, took) = read(of(20)).await;
        assert_eq!(records, (0..200).collect::<Vec<_>>());
        let before = one_by_one(of(20)).await;
        // 20 pages, and the empty one behind them.
        assert_eq!(before, 21 * LATENCY);
        // Without a total the end costs one more request.
        let most = if totals == Totals::None { 0.63 } else { 0.58 };
        assert!(
            took.as_secs_f64() <= most * before.as_secs_f64(),
            "{totals:?} {took:?}"
        );
        assert_eq!(server.state.lock().unwrap().most_in_flight, 2);
        let (_, _, took) = read(of(200)).await;
        let before = one_by_one(of(200)).await;
        assert!(
            took.as_secs_f64() <= 0.53 * before.as_secs_f64(),
            "{totals:?} {took:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn pages_ahead_begin_with_the_last_record_of_the_page_before() {
    for style in [PagingStyle::Cql, PagingStyle::Retrieve] {
        let (builder, server) = Server::far(75).client();
        let folio = builder.build().unwrap();
        let records = numbers(list(&folio, style, SIZE)).await;
        assert_eq!(records, (0..75).collect::<Vec<_>>());
        assert_eq!(
            server.asked(),
            [
                FIRST,
                after(9),
                // Two whole pages came: the next one, and the one behind it.
                after(19),
                skip(19, 9),
                skip(29, 9),
                skip(39, 9),
                skip(49, 9),
                // Record 69 and five more. According to `totalRecords`, nothing follows.
                skip(59, 9),
                after(74),
            ],
            "{style:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_two_pages_and_one_whose_total_is_known_cause_no_superfluous_request() {
    for count in [0, 1, 9, 10, 11, 19, 20, 21, 29, 30, 35, 60, 90] {
        for totals in [Totals::Rest, Totals::All, Totals::None] {
            let server = Server {
                totals,
                ..Server::far(count)
            };
            let (builder, server) = server.client();
            let folio = builder.build().unwrap();
            let mut records = list(&folio, PagingStyle::Cql, SIZE);
            let mut came = 0;
            while let Some(record) = records.next().await {
                assert_eq!(record.unwrap()["number"], came);
                came += 1;
                // Requests ahead are sent while the caller works.
                sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(came, count);
            let pages = count.div_ceil(SIZE as usize);
            let most = match totals {
                _ if count < 20 => pages + 1,
                Totals::Rest | Totals::All => pages + 1,
                Totals::None => pages + 3,
            };
            let asked = server.asked().len();
            assert!(asked <= most, "{count} {totals:?}: {asked}");
            assert!(count >= 20 || server.skips() == 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_of_one_worker_gets_one_request_at_a_time() {
    let of = || Server::busy(2000, |_| Duration::from_millis(50));
    let (records, server, took) = read(of()).await;
    assert_eq!(records.len(), 2000);
    let before = one_by_one(of()).await;
    assert!(
        took.as_secs_f64() <= 1.02 * before.as_secs_f64(),
        "{took:?} {before:?}"
    );
    let state = server.state.lock().unwrap();
    let mean = state.area.as_secs_f64() / took.as_secs_f64();
    assert!(mean < 1.15, "{mean}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_two_requests_slow_down_gets_one_at_a_time() {
    // Two at once take three times as long, each.
    let service = |beside: usize| Duration::from_millis(if beside > 1 { 60 } else { 20 });
    let of = || Server {
        workers: Semaphore::new(2),
        ..Server::busy(2000, service)
    };
    let (records, _, took) = read(of()).await;
    assert_eq!(records.len(), 2000);
    let before = one_by_one(of()).await;
    assert!(
        took.as_secs_f64() <= 1.05 * before.as_secs_f64(),
        "{took:?} {before:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_slower_than_the_server_and_pages_get_no_second_page_ahead() {
    let (builder, server) = Server::far(300).client();
    let folio = builder.build().unwrap();
    let mut records = list(&folio, PagingStyle::Cql, SIZE);
    let mut count = 0;
    while let Some(record) = records.next().await {
        record.unwrap();
        count += 1;
        sleep(Duration::from_millis(4)).await;
    }
    assert_eq!((count, server.skips()), (300, 0));

    let (builder, server) = Server::far(300).client();
    let folio = builder.build().unwrap();
    let mut pages = list(&folio, PagingStyle::Cql, SIZE).pages();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += page.unwrap().len();
    }
    assert_eq!((count, server.skips()), (300, 0));
    assert_eq!(server.state.lock().unwrap().most_in_flight, 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_becomes_slow_gets_one_page_ahead_again() {
    let (builder, server) = Server::far(600).client();
    let folio = builder.build().unwrap();
    let mut records = list(&folio, PagingStyle::Cql, SIZE);
    let mut skips = Vec::new();
    for record in 0..600 {
        records.next().await.unwrap().unwrap();
        if (200..400).contains(&record) {
            sleep(Duration::from_millis(10)).await;
        }
        if record % 100 == 99 {
            skips.push(server.skips());
        }
    }
    assert!(skips[1] > 15, "{skips:?}");
    // Slow from 200 to 400, and then fast again.
    assert!(skips[3] - skips[1] < 8, "{skips:?}");
    assert!(skips[5] - skips[3] > 14, "{skips:?}");
}

/// A change of the records, where a page ended with this one.
type Seam = fn(&mut BTreeSet<usize>, usize);

const SEAMS: [(&str, Seam); 6] = [
    ("the last one is deleted", |numbers, last| {
        numbers.remove(&last);
    }),
    ("the one before it is deleted", |numbers, last| {
        numbers.remove(&(last - 10));
    }),
    ("the one behind it is deleted", |numbers, last| {
        numbers.remove(&(last + 10));
    }),
    ("one appears before it", |numbers, last| {
        numbers.insert(last - 1);
    }),
    ("one appears behind it", |numbers, last| {
        numbers.insert(last + 1);
    }),
    ("some disappear, others appear", |numbers, last| {
        numbers.remove(&last);
        numbers.remove(&(last - 10));
        numbers.extend([last - 15, last - 5, last + 1, last + 2]);
    }),
];

#[tokio::test(start_paused = true)]
async fn changes_at_the_seams_of_pages_cause_no_gap_and_no_repetition() {
    for (name, seam) in SEAMS {
        for every in [1, 2, 3, 5, 7] {
            let all: BTreeSet<usize> = (10..=310).map(|number| number * 10).collect();
            let gone = Arc::new(Mutex::new(BTreeSet::new()));
            let deleted = Arc::clone(&gone);
            let server = Server::far(0).changing(move |at, numbers, page| {
                // Not at the end, where records would be inserted for ever.
                let last = page.last().filter(|last| **last < 3_000);
                if let Some(last) = last.filter(|_| at % every == 0) {
                    let before = numbers.clone();
                    seam(numbers, *last);
                    deleted.lock().unwrap().extend(before.difference(numbers));
                }
            });
            server.state.lock().unwrap().numbers = all.clone();
            let (records, server, _) = read(server).await;
            let gone = gone.lock().unwrap().clone();
            in_order_and_once(&records);
            for number in all.difference(&gone) {
                let is_there = records.binary_search(number).is_ok();
                assert!(is_there, "{name}, every {every}: {number} is missing");
            }
            assert!(server.skips() > 0, "{name}, every {every}");
        }
    }
}

fn in_order_and_once(records: &[usize]) {
    let is_ascending = |pair: &[usize]| pair[0] < pair[1];
    assert!(records.windows(2).all(is_ascending), "{records:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_join_is_requested_by_key() {
    // The last record of the third page is deleted before the page behind it is read.
    let server = Server::far(200).changing(|at, numbers, _| {
        if at == 2 {
            numbers.remove(&29);
        }
    });
    let (records, server, _) = read(server).await;
    assert_eq!(records, (0..200).collect::<Vec<_>>());
    assert_eq!(
        server.asked()[..6],
        [
            FIRST,
            after(9),
            after(19),
            skip(19, 9),
            after(29),
            after(39)
        ]
    );
    // A record is inserted among those of the third page: the page behind it begins one earlier.
    let server = Server::far(0).changing(|at, numbers, _| {
        if at == 2 {
            numbers.insert(45);
        }
    });
    let all: Vec<usize> = (0..200).map(|number| number * 2).collect();
    server.state.lock().unwrap().numbers = all.iter().copied().collect();
    let (records, server, _) = read(server).await;
    assert_eq!(records, all);
    assert_eq!(
        server.asked()[..6],
        [
            FIRST,
            after(18),
            after(38),
            skip(38, 9),
            after(76),
            skip(76, 9)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_with_a_smaller_page_of_its_own_is_not_asked_for_more() {
    let server = Server {
        most: 7,
        ..Server::far(200)
    };
    let (records, server, _) = read(server).await;
    assert_eq!(records, (0..200).collect::<Vec<_>>());
    assert_eq!(server.skips(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_returns_no_more_than_the_page_size_is_asked_for_no_more() {
    // It returns less without a word, or rejects the request.
    let server = Server {
        most: SIZE as usize,
        ..Server::far(1000)
    };
    let limits = Arc::clone(&server.limits);
    let (records, server, took) = read(server).await;
    assert_eq!(records, (0..1000).collect::<Vec<_>>());
    let of = |limit: usize| {
        limits
            .lock()
            .unwrap()
            .iter()
            .filter(|of| **of == limit)
            .count()
    };
    assert!(of(11) <= 2, "{}", of(11));
    assert!(server.skips() > 80, "{}", server.skips());
    assert!(took < 63 * LATENCY, "{took:?}");

    let server = Server::far(1000);
    let limits = Arc::clone(&server.limits);
    let of_limits = Arc::clone(&server.limits);
    let server =
        server.refusing(move |_, _| (of_limits.lock().unwrap().last() == Some(&11)).then_some(400));
    let (records, server, _) = read(server).await;
    assert_eq!(records, (0..1000).collect::<Vec<_>>());
    assert_eq!(
        limits
            .lock()
            .unwrap()
            .iter()
            .filter(|of| **of == 11)
            .count(),
        1
    );
    assert!(server.skips() > 60, "{}", server.skips());
    // A limit that the documents state is not exceeded.
    let (builder, server) = Server::far(200).client();
    let folio = builder.build().unwrap();
    let request = Request::to(Method::GET, "/things");
    let paging = Paging::new(PagingStyle::Cql, Some("things"), Some("id"), Some(SIZE));
    let all = RecordStream::new(folio, request, paging, None, None);
    assert_eq!(numbers(all).await, (0..200).collect::<Vec<_>>());
    assert!(
        server
            .limits
            .lock()
            .unwrap()
            .iter()
            .all(|limit| *limit == 10)
    );
    assert!(server.skips() > 10);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_offset_is_asked_once() {
    for totals in [Totals::Rest, Totals::None] {
        let server = Server {
            heeds_offset: false,
            totals,
            ..Server::far(1000)
        };
        let (records, server, _) = read(server).await;
        assert_eq!(records, (0..1000).collect::<Vec<_>>());
        assert_eq!(server.skips(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_page_ahead_costs_only_its_request() {
    for status in [400, 403, 500, 503] {
        let server = Server::far(1000).refusing(move |_, page| (page.offset > 0).then_some(status));
        let (builder, server) = server.client();
        let folio = builder.retry(RetryPolicy::none()).build().unwrap();
        let records = numbers(list(&folio, PagingStyle::Cql, SIZE)).await;
        assert_eq!(records, (0..1000).collect::<Vec<_>>());
        // After 3, 16 more, 32 more. After a 503, requests have a pace: none is sent ahead of it.
        let expected = if status == 503 { 1 } else { 3 };
        assert_eq!(server.skips(), expected, "{status}");
    }
    // Only one of them fails, and is retried like any request.
    let server = Server::far(300).refusing(|at, page| (at == 3 && page.offset > 0).then_some(503));
    let (records, server, _) = read(server).await;
    assert_eq!(records, (0..300).collect::<Vec<_>>());
    assert_eq!(server.asked()[3..5], [skip(19, 9), skip(19, 9)]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_next_page_ends_the_list_whatever_came_of_the_page_behind_it() {
    let server = Server::far(300).refusing(|_, page| (*page == after(19)).then_some(400));
    let (builder, server) = server.client();
    let folio = builder.build().unwrap();
    let mut records = list(&folio, PagingStyle::Cql, SIZE);
    for _ in 0..20 {
        records.next().await.unwrap().unwrap();
    }
    let error = records.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Status, 400)
    );
    assert!(records.next().await.is_none());
    assert_eq!(server.asked(), [FIRST, after(9), after(19), skip(19, 9)]);
    tokio::time::sleep(LATENCY).await;
    assert_eq!(server.state.lock().unwrap().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn who_drops_the_list_cancels_both_requests() {
    let (builder, server) = Server::far(300).client();
    let folio = builder.build().unwrap();
    let mut records = list(&folio, PagingStyle::Cql, SIZE);
    for _ in 0..41 {
        records.next().await.unwrap().unwrap();
    }
    // One more, of which the page is there: two others are in flight.
    records.next().await.unwrap().unwrap();
    tokio::task::yield_now().await;
    let in_flight = server.state.lock().unwrap().in_flight;
    assert!(in_flight > 0);
    drop(records);
    tokio::task::yield_now().await;
    let state = server.state.lock().unwrap();
    assert_eq!((state.in_flight, state.cancelled), (0, in_flight));
}

#[tokio::test(start_paused = true)]
async fn other_requests_of_the_client_take_precedence() {
    // Two places, of which another request holds one: the list gets the other.
    let (builder, server) = Server::far(300).client();
    let folio = builder.max_in_flight(2).build().unwrap();
    let other = tokio::spawn({
        let folio = folio.clone();
        async move { folio.folio_get::<Value>("/other", None).await }
    });
    tokio::task::yield_now().await;
    let records = numbers(list(&folio, PagingStyle::Cql, SIZE)).await;
    assert_eq!((records.len(), server.skips()), (300, 0));
    other.abort();
    _ = other.await;
    let records = numbers(list(&folio, PagingStyle::Cql, SIZE)).await;
    assert_eq!(records.len(), 300);
    assert!(server.skips() > 10);
    assert_eq!(server.state.lock().unwrap().most_in_flight, 2);
}

#[tokio::test(start_paused = true)]
async fn the_callers_order_is_read_as_before() {
    let (builder, server) = Server::far(100).client();
    let folio = builder.build().unwrap();
    let request = Request::to(Method::GET, "/things").query("cql.allRecords=1 sortBy name");
    let paging = Paging::new(PagingStyle::Cql, Some("things"), Some("id"), None);
    let sorted = RecordStream::new(folio.clone(), request, paging, Some(SIZE), None);
    assert_eq!(numbers(sorted).await, (0..100).collect::<Vec<_>>());
    assert_eq!(server.state.lock().unwrap().most_in_flight, 1);
}

#[tokio::test(start_paused = true)]
async fn small_pages_are_joined_as_well() {
    for size in 1..6 {
        for count in 0..40 {
            let (builder, server) = Server::far(count).client();
            let folio = builder.build().unwrap();
            let records = numbers(list(&folio, PagingStyle::Cql, size)).await;
            assert_eq!(records, (0..count).collect::<Vec<_>>(), "pages of {size}");
            // A page of one record, or two, would bring nothing new, or almost nothing.
            assert!(size > 1 || server.skips() == 0);
        }
    }
}

/// What a change after a page is: to a record at this distance from its last one.
#[derive(Clone, Copy, Debug)]
enum Write {
    Delete(isize),
    Insert(isize),
    Nothing,
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => Just(Write::Nothing),
        2 => (-6_isize..7).prop_map(Write::Delete),
        2 => (-60_isize..70).prop_map(Write::Insert),
    ]
}

/// The number of pages that were requested ahead with an offset, in all cases.
static SKIPS: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone, Debug)]
struct Case {
    count: usize,
    size: u32,
    writes: Vec<Vec<Write>>,
    /// Milliseconds before and after each page is read: any order.
    latencies: Vec<(u64, u64)>,
    /// Which requests fail once, with 503.
    failures: BTreeSet<usize>,
    totals: Totals,
}

fn case() -> impl Strategy<Value = Case> {
    (
        0_usize..160,
        2_u32..14,
        prop::collection::vec(prop::collection::vec(write(), 0..4), 1..30),
        prop::collection::vec((0_u64..40, 0_u64..40), 1..30),
        prop::collection::btree_set(0_usize..60, 0..4),
        prop_oneof![Just(Totals::None), Just(Totals::Rest)],
    )
        .prop_map(|(count, size, writes, latencies, failures, totals)| Case {
            count,
            size,
            writes,
            latencies,
            failures,
            totals,
        })
}

async fn check(case: Case) -> Result<(), TestCaseError> {
    let all: BTreeSet<usize> = (1..=case.count).map(|number| number * 10).collect();
    let gone = Arc::new(Mutex::new(BTreeSet::new()));
    let deleted = Arc::clone(&gone);
    let Case {
        writes, latencies, ..
    } = case.clone();
    let failures = case.failures.clone();
    let end = case.count * 10;
    let server = Server {
        latency: Box::new(move |at| {
            let (there, back) = latencies[at % latencies.len()];
            (Duration::from_millis(there), Duration::from_millis(back))
        }),
        totals: case.totals,
        ..Server::far(0)
    }
    .refusing(move |at, _| failures.contains(&at).then_some(503))
    .changing(move |at, numbers, page| {
        let last = page.last().copied().unwrap_or_default();
        let near = |by: isize| last.saturating_add_signed(by * 10);
        for write in &writes[at % writes.len()] {
            match *write {
                Write::Nothing => {}
                Write::Delete(by) => {
                    if numbers.remove(&near(by)) {
                        deleted.lock().unwrap().insert(near(by));
                    }
                }
                // Not behind the end: the list would have none.
                Write::Insert(by) if last.saturating_add_signed(by) < end => {
                    numbers.insert(last.saturating_add_signed(by));
                }
                Write::Insert(_) => {}
            }
        }
    });
    server.state.lock().unwrap().numbers = all.clone();
    let (builder, server) = server.client();
    let folio = builder.build().unwrap();
    let mut records = list(&folio, PagingStyle::Cql, case.size);
    let mut came = Vec::new();
    while let Some(record) = records.next().await {
        match record {
            Ok(record) => came.push(usize::try_from(record["number"].as_u64().unwrap()).unwrap()),
            Err(error) => return Err(TestCaseError::fail(format!("{error:#}"))),
        }
    }
    prop_assert!(came.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", came);
    let gone = gone.lock().unwrap();
    for number in all.difference(&gone) {
        prop_assert!(
            came.binary_search(number).is_ok(),
            "{} is missing in {:?}",
            number,
            came
        );
    }
    SKIPS.fetch_add(server.skips(), Ordering::Relaxed);
    Ok(())
}

/// Each record that exists throughout comes once, in the order of the ids, whatever is written
/// between any two reads of pages, and in whatever order the server reads them.
#[test]
fn whatever_is_written_meanwhile_each_record_that_stays_comes_once() {
    let config = ProptestConfig {
        cases: 400,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = proptest::test_runner::TestRunner::new(config).run(&case(), |case| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(check(case))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let skips = SKIPS.load(Ordering::Relaxed);
    assert!(skips > 400, "only {skips} pages were requested two ahead");
}

#[tokio::test]
async fn the_sandbox_is_read_two_pages_ahead_while_others_write() {
    const GROUPS: &str = "/groups";
    let sandbox = Sandbox::builder()
        .latency(Duration::from_millis(20))
        .start()
        .await
        .unwrap();
    let group = |number: usize| json!({"id": id(number), "group": format!("group {number}")});
    let all: Vec<usize> = (1..=600).map(|number| number * 4).collect();
    let records = all.iter().map(|number| group(*number)).collect();
    sandbox.load(TENANT, GROUPS, records).unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    let groups = folio.folio_get_all::<Value>(GROUPS, "usergroups");
    let mut groups = groups.by_id().limit(20).stream();
    let mut came = Vec::new();
    let read = async {
        while let Some(group) = groups.next().await {
            came.push(number(group.unwrap()["id"].as_str().unwrap()));
        }
    };
    // Every third one is deleted, in any order, and others are created between those that stay.
    let write = async |first: usize| {
        for step in (first..200).step_by(4) {
            let of = step * 71 % 200;
            let doomed = folio.folio_delete(format!("{GROUPS}/{}", id(all[of * 3])));
            doomed.await.unwrap();
            let new = group(all[of * 3 + 1] + 1 + step % 3);
            folio.folio_post(GROUPS, &new).await.unwrap();
        }
    };
    let writes = async { tokio::join!(write(0), write(1), write(2), write(3)) };
    tokio::select! {
        () = read => {}
        _ = async { writes.await; std::future::pending::<()>().await } => {}
    }
    in_order_and_once(&came);
    for stays in all.iter().enumerate().filter(|(at, _)| at % 3 != 0) {
        assert!(
            came.binary_search(stays.1).is_ok(),
            "{} is missing",
            stays.1
        );
    }
    let is_ahead = |exchange: &&folio_sandbox::Exchange| {
        exchange.method == "GET" && exchange.query.iter().any(|(name, _)| name == "offset")
    };
    let exchanges = sandbox.exchanges();
    assert!(exchanges.iter().filter(is_ahead).count() > 0);
    assert!(exchanges.iter().any(|exchange| exchange.method == "DELETE"));
}
