//! The memory of a harvest: responses wait until there is room for their pages, and requests do not.
//! The server is a service in this process, whose bodies come in pieces, on a paused clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use folio_sdk::{
    Checkpoint, Error, ErrorKind, FolioClient, Harvest, HttpBody, HttpError, HttpFuture,
    HttpRequest, HttpResponse, HttpService, RetryPolicy,
};
use http_body::{Frame, SizeHint};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep, timeout};
use url::Url;

use super::tasks::{paused, random_ids};

/// The records of one list, `/things`.
#[derive(Debug, Default)]
struct Things {
    ids: Vec<String>,
    /// The size of each record, in bytes, at least: the records take turns.
    sizes: Vec<usize>,
    latency: Duration,
    /// The number of pieces of a body, and the time between two of them.
    pieces: usize,
    pause: Duration,
    /// Bodies without a stated length.
    is_chunked: bool,
    /// The requests whose body breaks off.
    breaks: BTreeSet<usize>,
    asked: AtomicUsize,
    /// The requests whose response has not started: now and at most.
    waiting: Gauge,
    /// The bodies that were read, or are being read, of which records remain.
    pages: Gauge,
    /// The bodies that are being read.
    reading: Gauge,
    /// The bodies that were dropped before they were read.
    unread: AtomicUsize,
}

#[derive(Debug, Default)]
struct Gauge(AtomicUsize, AtomicUsize);

impl Gauge {
    fn add(&self, number: usize) {
        let now = self.0.fetch_add(number, Ordering::SeqCst) + number;
        self.1.fetch_max(now, Ordering::SeqCst);
    }

    fn sub(&self, number: usize) {
        // A run that was given up leaves some.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| {
                Some(now.saturating_sub(number))
            });
    }

    fn most(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

/// A body in pieces. Of a service, the first one is read at once, whether there is memory or not.
struct Pieces {
    things: Arc<Things>,
    rest: VecDeque<Bytes>,
    length: Option<u64>,
    polled: usize,
    is_reading: bool,
    has_records: bool,
    breaks: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if self.polled == 1 && !self.is_reading && self.has_records {
            self.is_reading = true;
            self.things.reading.add(1);
            self.things.pages.add(1);
        }
        if let Some(timer) = &mut self.timer {
            std::task::ready!(timer.as_mut().poll(context));
        }
        let pause = self.things.pause;
        self.timer = (!pause.is_zero()).then(|| Box::pin(sleep(pause)));
        self.polled += 1;
        let piece = self.rest.pop_front();
        let is_broken = self.breaks && self.polled == 3;
        if piece.is_none() || is_broken {
            if std::mem::take(&mut self.is_reading) {
                self.things.reading.sub(1);
            }
            self.polled = 100;
        }
        if is_broken {
            if self.has_records {
                self.things.pages.sub(1);
            }
            return Poll::Ready(Some(Err(HttpError::new("broken off"))));
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(_) => {
                let left = self.rest.iter().map(|piece| piece.len() as u64).sum();
                SizeHint::with_exact(left)
            }
            None => SizeHint::default(),
        }
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if self.polled < 2 {
            self.things.unread.fetch_add(1, Ordering::SeqCst);
        }
        if self.is_reading {
            self.things.reading.sub(1);
            self.things.pages.sub(1);
        }
    }
}

impl Things {
    fn new(ids: Vec<String>, size: usize) -> Self {
        Self {
            ids,
            sizes: vec![size],
            pieces: 5,
            ..Self::default()
        }
    }

    fn page(&self, url: &Url, number: usize) -> String {
        let find = |name: &str| {
            let mut pairs = url.query_pairs();
            let (_, value) = pairs.find(|(key, _)| key == name)?;
            Some(value.into_owned())
        };
        let query = find("query").unwrap_or_default();
        let bound = |sign: &str| {
            let (_, rest) = query.split_once(sign)?;
            Some(rest.split('"').next().unwrap().to_owned())
        };
        let (after, until) = (bound("id>\""), bound("id<=\""));
        let limit = find("limit").map_or(10, |limit| limit.parse().unwrap());
        let within = self.ids.iter().enumerate().filter(|(_, id)| {
            after.as_ref().is_none_or(|after| *id > after)
                && until.as_ref().is_none_or(|until| *id <= until)
        });
        let within: Vec<(usize, &String)> = within.collect();
        let total = within.len();
        let things: Vec<Value> = within
            .into_iter()
            .take(limit)
            .map(|(at, id)| json!({"id": id, "page": number, "name": "x".repeat(self.sizes[at % self.sizes.len()])}))
            .collect();
        json!({"things": things, "totalRecords": total}).to_string()
    }
}

#[derive(Debug)]
struct Server(Arc<Things>);

impl HttpService for Server {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let things = Arc::clone(&self.0);
        let url = Url::parse(&request.uri().to_string()).unwrap();
        Box::pin(async move {
            let number = things.asked.fetch_add(1, Ordering::SeqCst);
            struct Waiting(Arc<Things>);
            impl Drop for Waiting {
                fn drop(&mut self) {
                    self.0.waiting.sub(1);
                }
            }
            things.waiting.add(1);
            let waiting = Waiting(Arc::clone(&things));
            sleep(things.latency).await;
            drop(waiting);
            let page = things.page(&url, number);
            let length = (!things.is_chunked).then_some(page.len() as u64);
            let has_records = page.contains("[{");
            let mut page = Bytes::from(page);
            let size = page.len() / things.pieces + 1;
            let mut rest = VecDeque::new();
            while !page.is_empty() {
                rest.push_back(page.split_to(size.min(page.len())));
            }
            let body = Pieces {
                length,
                rest,
                polled: 0,
                is_reading: false,
                has_records,
                breaks: things.breaks.contains(&number),
                timer: None,
                things: Arc::clone(&things),
            };
            let mut response = HttpResponse::new(HttpBody::wrap(body));
            let json = http::HeaderValue::from_static("application/json");
            response.headers_mut().insert("content-type", json);
            Ok(response)
        })
    }
}

fn connect(things: Things, max_in_flight: usize) -> (FolioClient, Arc<Things>) {
    let things = Arc::new(things);
    let folio = FolioClient::builder("https://folio.test")
        .tenant("diku")
        .token("token")
        .retry(RetryPolicy::none())
        .timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(5))
        .max_in_flight(max_in_flight)
        .http_service(Server(Arc::clone(&things)))
        .build()
        .unwrap();
    (folio, things)
}

fn harvest(folio: &FolioClient, limit: u32) -> Harvest<Value> {
    let list = folio.folio_get_all("/things", "things");
    folio.harvest(list.by_id().limit(limit))
}

/// How a list was read.
#[derive(Debug)]
struct Run {
    time: Duration,
    waiting: usize,
    /// The most pages in memory: one more than there were, and those whose records all belong to
    /// another range, which the caller does not see.
    pages: usize,
    asked: usize,
    /// The most bodies that were read at once.
    reading: usize,
    /// The responses that were given up.
    unread: usize,
}

const PAGE: u32 = 20;

/// Reads 300 pages of about 20 kB from a server that is 40 ms away, with a caller that takes `each`
/// for a page.
fn read(bytes: usize, each: Duration, mode: usize) -> Run {
    let runtime = paused();
    let _context = runtime.enter();
    let things = Things {
        latency: Duration::from_millis(40),
        ..Things::new(random_ids(1, 300 * PAGE as usize), 950)
    };
    let (folio, things) = connect(things, 64);
    let harvest = harvest(&folio, PAGE).parallel(16).max_buffered_bytes(bytes);
    let start = Instant::now();
    runtime.block_on(async {
        let page = Arc::new(AtomicUsize::new(usize::MAX));
        // The page before this one is not in memory any more.
        let taken = move |thing: &Value, things: &Things| {
            let number = thing["page"].as_u64().unwrap() as usize;
            let before = page.swap(number, Ordering::SeqCst);
            if before != number && before != usize::MAX {
                things.pages.sub(1);
            }
            // The time of a page is spent at its first record.
            if before != number {
                each
            } else {
                Duration::ZERO
            }
        };
        match mode {
            0 | 1 => {
                let harvest = if mode == 1 {
                    harvest.ordered()
                } else {
                    harvest
                };
                let mut stream = harvest.stream();
                while let Some(thing) = stream.next().await {
                    let pause = taken(&thing.unwrap(), &things);
                    sleep(pause).await;
                }
            }
            _ => {
                let things = Arc::clone(&things);
                let run = harvest.for_each_concurrent(1, move |thing| {
                    let thing = thing.unwrap();
                    let pause = taken(&thing, &things);
                    async move {
                        sleep(pause).await;
                        Ok::<_, Error>(())
                    }
                });
                run.await.unwrap();
            }
        }
    });
    Run {
        time: start.elapsed(),
        waiting: things.waiting.most(),
        pages: things.pages.most(),
        asked: things.asked.load(Ordering::SeqCst),
        reading: things.reading.most(),
        unread: things.unread.load(Ordering::SeqCst),
    }
}

/// The limit costs no throughput: while five pages are in memory, the requests for others wait for
/// the server.
#[test]
fn the_latency_is_hidden_by_requests_without_memory() {
    for mode in [0, 2] {
        let each = Duration::from_millis(4);
        let free = read(usize::MAX, each, mode);
        let bound = read(5 * 22_000, each, mode);
        // More requests than pages in memory.
        assert!(bound.waiting > 6, "{mode}: {bound:?} {free:?}");
        assert!(bound.pages <= 6, "{mode}: {bound:?}");
        assert!(free.pages >= 7, "{mode}: {free:?}");
        let times = bound.time.as_secs_f64() / free.time.as_secs_f64();
        assert!(times < 1.05, "{mode}: {bound:?} {free:?}");
    }
    // In order, ranges are small, and there is room for a page of them.
    let each = Duration::from_millis(4);
    let free = read(usize::MAX, each, 1);
    let bound = read(20 * 22_000, each, 1);
    // Some of them have no record that belongs to their range.
    assert!(bound.pages <= 30, "{bound:?} {free:?}");
    // Pages wait in memory for those before them, so that a small limit costs throughput here.
    assert!(bound.time < Duration::from_millis(300 * 40), "{bound:?}");
}

/// A slow caller causes no requests that wait: the server does not hold responses that nobody reads.
#[test]
fn a_slow_caller_has_no_responses_waiting() {
    for mode in [0, 1, 2] {
        let run = read(5 * 22_000, Duration::from_secs(60), mode);
        assert!(run.pages <= 6, "{mode}: {run:?}");
        let free = read(usize::MAX, Duration::from_secs(60), mode);
        // In order, a few that wait for the page before them.
        let most = if mode == 1 { run.asked / 20 } else { 0 };
        assert!(run.unread <= most, "{mode}: {run:?} {free:?}");
        assert!(run.asked < free.asked * 12 / 10, "{mode}: {run:?} {free:?}");
    }
}

/// A limit that is smaller than a page lets them pass one by one.
#[test]
fn pages_that_exceed_the_limit_come_one_by_one() {
    for mode in [0, 1, 2] {
        for bytes in [0, 1, 10_000] {
            let run = read(bytes, Duration::ZERO, mode);
            let pages = if mode == 1 { 2 } else { 1 };
            assert!(run.reading <= pages, "{mode}: {run:?}");
            assert!(run.pages <= pages + 3, "{mode}: {run:?}");
        }
    }
}

/// A caller that stops for a long time: responses that wait are given up, and requested again. The
/// timeouts of the client, 5 s, do not apply to the wait.
#[test]
fn a_caller_that_stops_loses_nothing() {
    for pause in [3, 10, 100] {
        let runtime = paused();
        let _context = runtime.enter();
        let things = Things {
            latency: Duration::from_millis(40),
            ..Things::new(random_ids(2, 200 * PAGE as usize), 950)
        };
        let (folio, things) = connect(things, 64);
        let mut stream = harvest(&folio, PAGE)
            .parallel(16)
            .max_buffered_bytes(5 * 22_000)
            .stream();
        let mut came = BTreeSet::new();
        runtime.block_on(async {
            while let Some(thing) = stream.next().await {
                let is_new = came.insert(thing.unwrap()["id"].as_str().unwrap().to_owned());
                assert!(is_new);
                sleep(Duration::from_micros(200)).await;
                if came.len().is_multiple_of(990) {
                    sleep(Duration::from_secs(pause)).await;
                }
            }
        });
        assert_eq!(came.len(), things.ids.len());
        // Those that waited for more than 20 s.
        let unread = things.unread.load(Ordering::SeqCst);
        assert_eq!(unread > 0, pause > 20, "{pause} s: {unread}");
        assert!(unread < 4 * 16, "{pause} s: {unread}");
    }
}

/// The timeout of the client applies to the time in which a body is read.
#[test]
fn a_body_that_takes_too_long_is_an_error() {
    let runtime = paused();
    let _context = runtime.enter();
    for (pieces, pause, message) in [(8, 1, "no complete response within 5 s"), (2, 7, "after")] {
        let things = Things {
            pieces,
            pause: Duration::from_secs(pause),
            ..Things::new(random_ids(3, 100), 950)
        };
        let (folio, _) = connect(things, 16);
        let mut stream = harvest(&folio, PAGE).stream();
        let error = runtime.block_on(stream.next()).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// Closures that make calls, while responses wait for the memory of their pages.
#[test]
fn closures_that_make_calls_do_not_wait_for_ever() {
    for max_in_flight in [1, 2, 3, 8, 16] {
        let runtime = paused();
        let _context = runtime.enter();
        let things = Things {
            latency: Duration::from_millis(40),
            ..Things::new(random_ids(4, 300 * PAGE as usize), 950)
        };
        let (folio, things) = connect(things, max_in_flight);
        let client = folio.clone();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let run = harvest(&folio, PAGE)
            .parallel(16)
            .max_buffered_bytes(5 * 22_000)
            .for_each_concurrent(8, move |thing| {
                let (client, count) = (client.clone(), Arc::clone(&counted));
                async move {
                    let number = count.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_millis(2)).await;
                    // First none of them, so that many requests wait; then each page has some.
                    if number > 2_000 && number % 10 == 0 {
                        let list = client.folio_get::<Vec<Value>>("/things", "things");
                        list.limit(1).send().await?;
                    }
                    thing.map(drop)
                }
            });
        let start = Instant::now();
        runtime.block_on(async {
            let run = timeout(Duration::from_secs(3_600), run).await;
            run.unwrap().unwrap();
        });
        assert_eq!(count.load(Ordering::SeqCst), things.ids.len());
        // One by one, a call takes 40 ms, and so does a page.
        let longest = Duration::from_millis(40 * (400 + 400));
        assert!(
            start.elapsed() < longest,
            "{max_in_flight}: {:?}",
            start.elapsed()
        );
    }
}

#[derive(Clone, Debug)]
struct Case {
    count: usize,
    limit: u32,
    parallel: usize,
    max_in_flight: usize,
    bytes: usize,
    ordered: bool,
    mode: usize,
    is_chunked: bool,
    pieces: usize,
    latency: u64,
    pause: u64,
    work: u64,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let list = (0_usize..400, 1_u32..40, any::<bool>(), 1_usize..8, 0_u64..3);
    let run = (1_usize..20, 1_usize..20, 0_usize..60_000, any::<bool>());
    let work = (0_usize..3, 0_u64..3, any::<u64>(), 0_u64..3);
    (list, run, work).prop_map(|(list, run, work)| {
        let (count, limit, is_chunked, pieces, latency) = list;
        let (parallel, max_in_flight, bytes, ordered) = run;
        let (mode, work, seed, pause) = work;
        Case {
            count,
            limit,
            parallel,
            max_in_flight,
            bytes,
            ordered,
            mode,
            is_chunked,
            pieces,
            latency: latency * 20,
            pause,
            work,
            seed,
        }
    })
}

type Seen = Arc<Mutex<BTreeMap<String, usize>>>;

impl Case {
    /// One run, which may end with an error or is dropped; what is left.
    async fn run(
        &self,
        folio: &FolioClient,
        from: Option<&str>,
        seen: &Seen,
        end: u64,
    ) -> Option<String> {
        let harvest = harvest(folio, self.limit)
            .parallel(self.parallel)
            .max_buffered_bytes(self.bytes);
        let harvest = if self.ordered {
            harvest.ordered()
        } else {
            harvest
        };
        let harvest = match from {
            Some(from) => harvest.resume(serde_json::from_str::<Checkpoint>(from).unwrap()),
            None => harvest,
        };
        let work = Duration::from_millis(self.work);
        let see = |thing: Value, seen: &Seen| {
            let id = thing["id"].as_str().unwrap().to_owned();
            *seen.lock().unwrap().entry(id).or_default() += 1;
        };
        let end = Duration::from_millis(end);
        let left = match self.mode {
            0 => {
                let mut stream = harvest.stream();
                let reading = async {
                    while let Some(thing) = stream.next().await {
                        let Ok(thing) = thing else { break };
                        see(thing, seen);
                        if !work.is_zero() {
                            sleep(work).await;
                        }
                    }
                };
                let _ = timeout(end, reading).await;
                stream.checkpoint()
            }
            1 => {
                let mut stream = harvest.map(4, move |thing| async move {
                    if !work.is_zero() {
                        sleep(work).await;
                    }
                    thing
                });
                let reading = async {
                    while let Some(thing) = stream.next().await {
                        let Ok::<_, Error>(thing) = thing else { break };
                        see(thing, seen);
                    }
                };
                let _ = timeout(end, reading).await;
                stream.checkpoint()
            }
            _ => {
                let seen = Arc::clone(seen);
                let mut run = harvest.for_each_concurrent(4, move |thing| {
                    let seen = Arc::clone(&seen);
                    async move {
                        if !work.is_zero() {
                            sleep(work).await;
                        }
                        see(thing?, &seen);
                        Ok::<_, Error>(())
                    }
                });
                let _ = timeout(end, &mut run).await;
                run.checkpoint()
            }
        };
        (!left.is_finished()).then(|| serde_json::to_string(&left).unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Records of any size, bodies that break off, runs that are dropped anywhere: each record comes
    /// once, and nothing waits for ever.
    #[test]
    fn each_record_comes_once_whatever_the_memory(case in case()) {
        let mut random = fastrand::Rng::with_seed(case.seed);
        let runtime = paused();
        let _context = runtime.enter();
        let things = Things {
            sizes: (0..7).map(|_| random.usize(0..4_000)).collect(),
            latency: Duration::from_millis(case.latency),
            pieces: case.pieces,
            pause: Duration::from_millis(case.pause),
            is_chunked: case.is_chunked,
            breaks: (0..8).map(|_| random.usize(0..60)).collect(),
            ..Things::new(random_ids(case.seed, case.count), 0)
        };
        let (folio, things) = connect(things, case.max_in_flight);
        let seen = Seen::default();
        let (mut from, mut rounds) = (None, 0);
        loop {
            rounds += 1;
            prop_assert!(rounds < 60);
            let hour = 3_600_000;
            let end = if rounds < 10 && random.bool() { random.u64(0..400) } else { hour };
            let start = runtime.block_on(async { Instant::now() });
            let left = runtime.block_on(case.run(&folio, from.as_deref(), &seen, end));
            let took = start.elapsed();
            // Far longer than everything takes one by one.
            prop_assert!(took < Duration::from_secs(600), "{:?}", took);
            match left {
                Some(left) => from = Some(left),
                None => break,
            }
        }
        let seen = seen.lock().unwrap();
        prop_assert_eq!(seen.keys().collect::<Vec<_>>(), things.ids.iter().collect::<Vec<_>>());
        prop_assert!(seen.values().all(|times| *times == 1), "{:?}", seen);
    }
}
