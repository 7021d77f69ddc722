//! Harvests whose records are processed in several tasks: each record once, whatever fails and
//! wherever the run ends; memory bounded by bytes. The server is a service in this process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use folio_sdk::{
    Checkpoint, Error, FolioClient, ForEach, GetAllRequest, Harvest, HttpBody, HttpError,
    HttpFuture, HttpRequest, HttpResponse, HttpService, RetryPolicy,
};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// A server with one list, `/things`.
#[derive(Debug, Default)]
struct Things {
    /// In the order of their ids.
    ids: Vec<String>,
    /// The size of a record, in bytes, at least.
    size: usize,
    /// The largest latency of a request.
    latency: Duration,
    /// The number of the request that fails once, with status 500.
    fails_at: usize,
    /// The records that are null, or not readable as [`Thing`].
    nulls: BTreeSet<String>,
    bad: BTreeSet<String>,
    asked: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    /// The size of the bodies that are in memory, now and at most.
    bytes: Arc<Gauge>,
}

#[derive(Debug, Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
    largest: AtomicUsize,
}

/// A body that is counted as long as it is in memory.
struct Counted(Vec<u8>, Arc<Gauge>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.now.fetch_sub(self.0.len(), Ordering::SeqCst);
    }
}

impl Things {
    fn new(ids: Vec<String>) -> Self {
        Self {
            ids,
            fails_at: usize::MAX,
            ..Self::default()
        }
    }

    fn page(&self, uri: &http::Uri) -> String {
        let parameter = |name: &str| {
            let query = uri.query().unwrap_or_default();
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            let value = value.replace('+', " ");
            Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
        };
        let query = parameter("query").unwrap_or_default();
        let bound = |sign: &str| {
            let (_, rest) = query.split_once(sign)?;
            Some(rest.split('"').next().unwrap().to_owned())
        };
        let (after, until) = (bound("id>\""), bound("id<=\""));
        let number = |name: &str| parameter(name).and_then(|number| number.parse().ok());
        let within = |id: &&String| {
            after.as_ref().is_none_or(|after| *id > after)
                && until.as_ref().is_none_or(|until| *id <= until)
        };
        let within: Vec<&String> = self.ids.iter().filter(within).collect();
        let total = within.len();
        let padding = "x".repeat(self.size);
        let page = within
            .into_iter()
            .skip(number("offset").unwrap_or(0))
            .take(number("limit").unwrap_or(10));
        let things: Vec<Value> = page
            .map(|id| match () {
                () if self.nulls.contains(id) => Value::Null,
                () if self.bad.contains(id) => json!({"id": id, "name": 7}),
                () => json!({"id": id, "name": padding}),
            })
            .collect();
        json!({"things": things, "totalRecords": total}).to_string()
    }
}

#[derive(Debug, serde::Deserialize)]
struct Thing {
    id: String,
    #[serde(rename = "name")]
    _name: String,
}

#[derive(Debug)]
struct Server(Arc<Things>);

impl HttpService for Server {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let things = Arc::clone(&self.0);
        Box::pin(async move {
            let now = things.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            things.most_in_flight.fetch_max(now, Ordering::SeqCst);
            let number = things.asked.fetch_add(1, Ordering::SeqCst);
            if !things.latency.is_zero() {
                // Different from request to request, and the same in each run.
                let part = (number as u32 * 7 % 5 + 1) as f64 / 5.0;
                tokio::time::sleep(things.latency.mul_f64(part)).await;
            }
            let is_failure = number == things.fails_at;
            let body = things.page(request.uri()).into_bytes();
            let gauge = Arc::clone(&things.bytes);
            let bytes = gauge.now.fetch_add(body.len(), Ordering::SeqCst) + body.len();
            gauge.most.fetch_max(bytes, Ordering::SeqCst);
            gauge.largest.fetch_max(body.len(), Ordering::SeqCst);
            let body = Bytes::from_owner(Counted(body, gauge));
            let mut response = HttpResponse::new(HttpBody::from(body));
            let json = http::HeaderValue::from_static("application/json");
            response.headers_mut().insert("content-type", json);
            if is_failure {
                *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            }
            things.in_flight.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, HttpError>(response)
        })
    }
}

fn connect(things: Things) -> (FolioClient, Arc<Things>) {
    let things = Arc::new(things);
    let folio = FolioClient::builder("https://folio.test")
        .tenant("diku")
        .token("token")
        .retry(RetryPolicy::none())
        .max_in_flight(64)
        .http_service(Server(Arc::clone(&things)))
        .build()
        .unwrap();
    (folio, things)
}

fn list<T: serde::de::DeserializeOwned + Send + 'static>(
    folio: &FolioClient,
    limit: u32,
) -> GetAllRequest<T> {
    folio
        .folio_get_all("/things", "things")
        .by_id()
        .limit(limit)
}

pub(super) fn random_ids(seed: u64, count: usize) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let id = |bytes: u128| uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid();
    let ids: BTreeSet<String> = (0..count)
        .map(|_| id(random.u128(..)).to_string())
        .collect();
    ids.into_iter().collect()
}

/// Ids in a tiny part of the space of UUIDs.
fn dense_ids(count: usize) -> Vec<String> {
    let id = |number| format!("5bf370e0-8cca-4d9c-82e4-{number:012x}");
    (0..count).map(id).collect()
}

/// Text keys.
fn text_ids(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("key-{number:06}"))
        .collect()
}

/// One thread, with a clock that advances when all tasks wait.
pub(super) fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

fn threads(count: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(count).enable_all().build().unwrap()
}

#[derive(Clone, Debug)]
struct Case {
    kind: usize,
    count: usize,
    limit: u32,
    parallel: usize,
    n: usize,
    ordered: bool,
    by_id: bool,
    latency: u64,
    /// The latency of the closure; that of a record depends on its id.
    work: u64,
    seed: u64,
    threads: bool,
    bytes: usize,
}

fn case() -> impl Strategy<Value = Case> {
    let list = (0_usize..3, 0_usize..260, 1_u32..60, any::<bool>(), 0_u64..3);
    let run = (
        1_usize..9,
        1_usize..12,
        any::<bool>(),
        0_u64..4,
        any::<u64>(),
    );
    let limits = (prop::bool::weighted(0.2), 0_usize..20_000);
    (list, run, limits).prop_map(|(list, run, limits)| {
        let (kind, count, limit, by_id, latency) = list;
        let (parallel, n, ordered, work, seed) = run;
        let (threads, bytes) = limits;
        Case {
            kind,
            count,
            limit,
            parallel,
            n,
            ordered,
            by_id,
            latency: latency * 10,
            work,
            seed,
            threads,
            bytes,
        }
    })
}

impl Case {
    fn ids(&self) -> Vec<String> {
        match self.kind {
            0 => random_ids(self.seed, self.count),
            1 => dense_ids(self.count),
            _ => text_ids(self.count),
        }
    }

    fn things(&self, random: &mut fastrand::Rng) -> Things {
        let ids = self.ids();
        // What remains, or a page, of nulls alone is an error of the list.
        let nulls = match self.by_id && self.limit > 1 {
            true => ids
                .iter()
                .rev()
                .skip(1)
                .step_by(2)
                .filter(|_| random.usize(..100) < 4)
                .cloned()
                .collect(),
            false => BTreeSet::new(),
        };
        let mut is_good = |id: &&String| nulls.contains(*id) || random.usize(..100) >= 4;
        let bad = ids.iter().filter(|id| !is_good(id)).cloned().collect();
        Things {
            size: 40,
            latency: Duration::from_millis(self.latency),
            nulls,
            bad,
            ..Things::new(ids)
        }
    }

    fn harvest(&self, folio: &FolioClient, from: Option<&str>) -> Harvest<Thing> {
        let list = list(folio, self.limit);
        let list = if self.by_id { list } else { list.by_offset() };
        let mut harvest = folio
            .harvest(list)
            .parallel(self.parallel)
            .max_buffered_bytes(self.bytes);
        if self.ordered {
            harvest = harvest.ordered();
        }
        match from {
            Some(text) => harvest.resume(serde_json::from_str::<Checkpoint>(text).unwrap()),
            None => harvest,
        }
    }

    fn runtime(&self) -> Runtime {
        if self.threads { threads(2) } else { paused() }
    }
}

fn id_of(thing: &Result<Thing, Error>) -> String {
    match thing {
        Ok(thing) => thing.id.clone(),
        Err(error) => error.record_id().unwrap().to_owned(),
    }
}

/// The wait of the closure for a record.
async fn wait(id: &str, most: u64) {
    let sum: u64 = id.bytes().map(u64::from).sum();
    let wait = sum % (most + 1);
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

fn save(checkpoint: &Checkpoint) -> String {
    serde_json::to_string(checkpoint).unwrap()
}

type Seen = Arc<Mutex<BTreeMap<String, usize>>>;

#[derive(Debug)]
enum Failure {
    Folio(Error),
    Closure,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Folio(error)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Pages and closures fail, and the run is dropped anywhere. It resumes from each checkpoint.
    #[test]
    fn each_record_is_processed_once(case in case()) {
        let mut random = fastrand::Rng::with_seed(case.seed);
        let runtime = case.runtime();
        let _context = runtime.enter();
        let mut things = case.things(&mut random);
        things.fails_at = random.usize(0..20);
        let (folio, things) = connect(things);
        let seen = Seen::default();
        let at_once = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let (mut from, mut rounds) = (None, 0);
        // Where groups are processed concurrently, or keys have no order, some are repeated.
        let is_exact = case.by_id && case.kind != 2;
        loop {
            rounds += 1;
            prop_assert!(rounds < 60);
            let fails_after = Arc::new(AtomicUsize::new(random.usize(0..150)));
            let ends_after = random.u64(0..120);
            let harvest = case.harvest(&folio, from.as_deref());
            let work = case.work;
            let (seen_here, at_once_here) = (Arc::clone(&seen), Arc::clone(&at_once));
            let mut run = harvest.for_each_concurrent(case.n, move |thing| {
                let (seen, fails_after) = (Arc::clone(&seen_here), Arc::clone(&fails_after));
                let at_once = Arc::clone(&at_once_here);
                async move {
                    let id = id_of(&thing);
                    let now = at_once.0.fetch_add(1, Ordering::SeqCst) + 1;
                    at_once.1.fetch_max(now, Ordering::SeqCst);
                    wait(&id, work).await;
                    at_once.0.fetch_sub(1, Ordering::SeqCst);
                    if fails_after.fetch_sub(1, Ordering::SeqCst) == 0 {
                        return Err(Failure::Closure);
                    }
                    *seen.lock().unwrap().entry(id).or_default() += 1;
                    Ok(())
                }
            });
            let is_dropped = rounds % 2 == 0 && !case.threads;
            let outcome = runtime.block_on(async {
                if is_dropped {
                    let end = Duration::from_millis(ends_after);
                    return tokio::time::timeout(end, &mut run).await.ok();
                }
                Some((&mut run).await)
            });
            let checkpoint = run.checkpoint();
            let progress = run.progress();
            drop(run);
            at_once.0.store(0, Ordering::SeqCst);
            if is_exact {
                let all = seen.lock().unwrap();
                let good = all.keys().filter(|id| !things.bad.contains(*id)).count();
                prop_assert_eq!(checkpoint.records(), good as u64);
            }
            prop_assert_eq!(progress.is_complete, matches!(outcome, Some(Ok(()))));
            match outcome {
                Some(Ok(())) => {
                    prop_assert!(checkpoint.is_finished());
                    break;
                }
                Some(Err(Failure::Folio(error))) => {
                    prop_assert_eq!(error.status().map(|status| status.as_u16()), Some(500), "{}", error);
                }
                Some(Err(Failure::Closure)) | None => {}
            }
            prop_assert!(!checkpoint.is_finished());
            from = Some(save(&checkpoint));
        }
        let seen = seen.lock().unwrap();
        let expected: BTreeSet<&String> =
            things.ids.iter().filter(|id| !things.nulls.contains(*id)).collect();
        prop_assert_eq!(seen.keys().collect::<BTreeSet<_>>(), expected);
        if is_exact {
            prop_assert!(seen.values().all(|times| *times == 1), "{:?}", seen);
        }
        prop_assert!(at_once.1.load(Ordering::SeqCst) <= case.n);
    }

    /// The results of `map`, taken in part, are exact from checkpoint to checkpoint.
    #[test]
    fn each_result_is_returned_once(case in case()) {
        let mut random = fastrand::Rng::with_seed(case.seed);
        let runtime = case.runtime();
        let _context = runtime.enter();
        let mut things = case.things(&mut random);
        things.fails_at = random.usize(0..20);
        let (folio, things) = connect(things);
        let mut came = Vec::new();
        let (mut from, mut rounds) = (None, 0);
        loop {
            rounds += 1;
            prop_assert!(rounds < 60);
            let fails_after = Arc::new(AtomicUsize::new(random.usize(0..200)));
            let harvest = case.harvest(&folio, from.as_deref());
            let work = case.work;
            let mut stream = harvest.map(case.n, move |thing| {
                let fails_after = Arc::clone(&fails_after);
                async move {
                    let id = id_of(&thing);
                    wait(&id, work).await;
                    match fails_after.fetch_sub(1, Ordering::SeqCst) {
                        0 => Err(Failure::Closure),
                        _ => Ok(id),
                    }
                }
            });
            let begun = came.len();
            let end = runtime.block_on(async {
                for _ in 0..random.usize(0..200) {
                    match stream.next().await {
                        Some(Ok(id)) => came.push(id),
                        other => return Some(other),
                    }
                }
                None
            });
            let checkpoint = stream.checkpoint();
            if let Some(Some(Err(Failure::Folio(error)))) = &end {
                prop_assert_eq!(error.status().map(|status| status.as_u16()), Some(500), "{}", error);
            }
            if end.is_some() {
                prop_assert!(runtime.block_on(stream.next()).is_none());
            }
            let is_end = matches!(end, Some(None));
            let good = came.iter().filter(|id| !things.bad.contains(*id)).count();
            prop_assert_eq!(checkpoint.records(), good as u64);
            if case.ordered || case.kind == 2 || !case.by_id {
                prop_assert!(came[begun..].is_sorted());
            }
            prop_assert_eq!(is_end, stream.progress().is_complete);
            if is_end {
                prop_assert!(checkpoint.is_finished());
                break;
            }
            prop_assert!(!checkpoint.is_finished());
            from = Some(save(&checkpoint));
        }
        let expected: BTreeSet<&String> =
            things.ids.iter().filter(|id| !things.nulls.contains(*id)).collect();
        prop_assert_eq!(came.iter().collect::<BTreeSet<_>>(), expected.clone());
        prop_assert_eq!(came.len(), expected.len());
        if case.ordered || case.kind == 2 || !case.by_id {
            prop_assert!(came.is_sorted());
        }
    }

    /// The bodies in memory stay within the limit, also if the caller is slow; a larger page passes
    /// alone.
    #[test]
    fn pages_in_memory_are_bounded_by_bytes(
        limit in 1_u32..40,
        bytes in 0_usize..60_000,
        parallel in 1_usize..20,
        ordered: bool,
        mode in 0_usize..3,
        slow: bool,
    ) {
        check_memory(Limited {
            limit,
            bytes,
            parallel,
            ordered,
            mode,
            slow,
        })?;
    }
}

/// A harvest whose memory is limited.
#[derive(Clone, Copy, Debug)]
struct Limited {
    /// Records per page.
    limit: u32,
    bytes: usize,
    parallel: usize,
    ordered: bool,
    mode: usize,
    slow: bool,
}

fn check_memory(run: Limited) -> Result<(), TestCaseError> {
    let runtime = paused();
    let _context = runtime.enter();
    let things = Things {
        size: 200,
        latency: Duration::from_millis(10),
        ..Things::new(random_ids(u64::from(run.limit), 400))
    };
    let (folio, things) = connect(things);
    let harvest = folio
        .harvest(list::<Value>(&folio, run.limit))
        .parallel(run.parallel)
        .max_buffered_bytes(run.bytes);
    let harvest = if run.ordered {
        harvest.ordered()
    } else {
        harvest
    };
    let pause = Duration::from_millis(if run.slow { 3 } else { 0 });
    let came = runtime.block_on(async {
        let mut came = 0;
        match run.mode {
            0 => {
                let mut stream = harvest.stream();
                while let Some(thing) = stream.next().await {
                    thing.unwrap();
                    came += 1;
                    tokio::time::sleep(pause).await;
                }
            }
            1 => {
                let mut stream = harvest.map(3, |thing| async move { thing.map(drop) });
                while let Some(thing) = stream.next().await {
                    thing.unwrap();
                    came += 1;
                    tokio::time::sleep(pause).await;
                }
            }
            _ => {
                let count = Arc::new(AtomicUsize::new(0));
                let counted = Arc::clone(&count);
                let ended = harvest.for_each_concurrent(3, move |thing| {
                    let count = Arc::clone(&counted);
                    async move {
                        tokio::time::sleep(pause).await;
                        count.fetch_add(1, Ordering::SeqCst);
                        thing.map(drop)
                    }
                });
                ended.await.unwrap();
                came = count.load(Ordering::SeqCst);
            }
        }
        came
    });
    prop_assert_eq!(came, 400);
    let most = things.bytes.most.load(Ordering::SeqCst);
    let largest = things.bytes.largest.load(Ordering::SeqCst);
    // One page is being read when the next one is requested in the order of the list.
    let page = if run.ordered { 2 * largest } else { largest };
    prop_assert!(
        most <= run.bytes.max(page),
        "{} of {}, pages of {}",
        most,
        run.bytes,
        largest
    );
    let in_flight = things.most_in_flight.load(Ordering::SeqCst);
    prop_assert!(in_flight <= run.parallel, "{}", in_flight);
    Ok(())
}

/// Pages become smaller towards the ends of ranges, and then are full again.
#[test]
fn small_pages_do_not_lower_the_expected_size() {
    let harvest = Limited {
        limit: 20,
        bytes: 14_876,
        parallel: 3,
        ordered: false,
        mode: 0,
        slow: true,
    };
    check_memory(harvest).unwrap();
}

/// A checkpoint after the last record of a page, when what follows it was read or is empty.
#[test]
fn a_stream_is_resumed_after_each_record() {
    let runtime = paused();
    let _context = runtime.enter();
    for (ids, ordered) in [
        (random_ids(9, 70), false),
        (random_ids(9, 70), true),
        (dense_ids(70), false),
        (text_ids(70), false),
    ] {
        for taken in 0..=ids.len() {
            let things = Things {
                latency: Duration::from_millis(10),
                ..Things::new(ids.clone())
            };
            let (folio, _) = connect(things);
            let harvest = || {
                let harvest = folio.harvest(list::<Thing>(&folio, 5)).parallel(6);
                if ordered { harvest.ordered() } else { harvest }
            };
            let mut stream = harvest().stream();
            let mut came = Vec::new();
            runtime.block_on(async {
                for _ in 0..taken {
                    came.push(stream.next().await.unwrap().unwrap().id);
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                let left = stream.checkpoint();
                if !left.is_finished() {
                    let mut rest = harvest().resume(left).stream();
                    while let Some(thing) = rest.next().await {
                        came.push(thing.unwrap().id);
                    }
                }
            });
            came.sort();
            assert_eq!(came, ids, "{taken}");
        }
    }
}

/// A run of `n` at once whose records take 10 ms each; how many were processed at once, and the
/// time in ms.
fn timed(runtime: &Runtime, count: usize, limit: u32, n: usize) -> (usize, u128) {
    let _context = runtime.enter();
    let (folio, _) = connect(Things::new(random_ids(1, count)));
    let most = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let counted = Arc::clone(&most);
    let list = list::<Value>(&folio, limit);
    let run = folio.harvest(list).for_each_concurrent(n, move |thing| {
        let most = Arc::clone(&counted);
        async move {
            let now = most.0.fetch_add(1, Ordering::SeqCst) + 1;
            most.1.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            most.0.fetch_sub(1, Ordering::SeqCst);
            thing.map(drop)
        }
    });
    let took = runtime.block_on(async {
        let start = tokio::time::Instant::now();
        run.await.unwrap();
        start.elapsed()
    });
    (most.1.load(Ordering::SeqCst), took.as_millis())
}

#[test]
fn closures_that_wait_run_n_at_once_whatever_the_size_of_pages() {
    for (limit, n) in [(500, 20), (10, 20), (3, 20), (500, 1), (7, 100)] {
        let (most, took) = timed(&paused(), 500, limit, n);
        assert_eq!(most, n, "pages of {limit}");
        let best = 500 * 10 / n as u128;
        assert!(
            took < best * 13 / 10 + 50,
            "{took} ms of {best}, pages of {limit}"
        );
    }
    for runtime in [threads(1), threads(2), threads(4)] {
        assert_eq!(timed(&runtime, 300, 500, 20).0, 20);
    }
}

fn count_drops(dropped: &Arc<AtomicUsize>) -> impl Drop + Send + use<> {
    struct Guard(Arc<AtomicUsize>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    Guard(Arc::clone(dropped))
}

#[test]
fn dropping_a_run_aborts_its_tasks_and_requests() {
    let runtime = threads(2);
    let _context = runtime.enter();
    let (folio, things) = connect(Things::new(random_ids(2, 300)));
    let (begun, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begun_here, dropped_here) = (Arc::clone(&begun), Arc::clone(&dropped));
    let mut run: ForEach<Error> = folio
        .harvest(list::<Value>(&folio, 20))
        .for_each_concurrent(6, move |_| {
            let guard = count_drops(&dropped_here);
            begun_here.fetch_add(1, Ordering::SeqCst);
            async move {
                let _guard = guard;
                std::future::pending().await
            }
        });
    runtime.block_on(async {
        let start = std::time::Instant::now();
        while begun.load(Ordering::SeqCst) < 6 && start.elapsed() < Duration::from_secs(20) {
            let _ = tokio::time::timeout(Duration::from_millis(20), &mut run).await;
        }
    });
    assert_eq!(begun.load(Ordering::SeqCst), 6);
    let left = run.checkpoint();
    assert_eq!((left.records(), left.is_finished()), (0, false));
    drop(run);
    runtime.block_on(async {
        let start = std::time::Instant::now();
        while (dropped.load(Ordering::SeqCst) < 6 || things.bytes.now.load(Ordering::SeqCst) > 0)
            && start.elapsed() < Duration::from_secs(20)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert_eq!(dropped.load(Ordering::SeqCst), 6);
    assert_eq!(things.bytes.now.load(Ordering::SeqCst), 0);
}

#[test]
fn a_panic_of_the_closure_is_one_of_the_run_and_its_record_remains() {
    for runtime in [paused(), threads(2)] {
        let _context = runtime.enter();
        let ids = random_ids(3, 100);
        let culprit = ids[41].clone();
        let (folio, _) = connect(Things::new(ids));
        let mut run = folio
            .harvest(list::<Thing>(&folio, 10))
            .for_each_concurrent(3, move |thing| {
                let id = thing.map(|thing| thing.id);
                assert_ne!(id.as_deref().ok(), Some(&*culprit), "the culprit");
                async move { id.map(drop) }
            });
        let poll = std::panic::AssertUnwindSafe(|| runtime.block_on(&mut run));
        let panic = std::panic::catch_unwind(poll).unwrap_err();
        assert!(
            panic
                .downcast_ref::<String>()
                .unwrap()
                .contains("the culprit")
        );
        // What remains contains the record.
        let rest = run.checkpoint();
        assert!(!rest.is_finished());
        let done = rest.records();
        let mut rest = folio
            .harvest(list::<Thing>(&folio, 10))
            .resume(rest)
            .stream();
        let (mut came, mut has_culprit) = (0, false);
        runtime.block_on(async {
            while let Some(thing) = rest.next().await {
                has_culprit |= thing.unwrap().id == random_ids(3, 100)[41];
                came += 1;
            }
        });
        assert!(has_culprit);
        assert_eq!(done + came, 100);
    }
}

/// An error of one record cancels no other: what was begun is finished.
#[test]
fn an_error_of_the_closure_lets_the_others_finish() {
    let runtime = paused();
    let _context = runtime.enter();
    let (folio, _) = connect(Things::new(random_ids(4, 200)));
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begun_here, ended_here) = (Arc::clone(&begun), Arc::clone(&ended));
    let mut run = folio
        .harvest(list::<Value>(&folio, 25))
        .for_each_concurrent(8, move |_| {
            let number = begun_here.fetch_add(1, Ordering::SeqCst);
            let ended = Arc::clone(&ended_here);
            async move {
                tokio::time::sleep(Duration::from_millis(if number == 50 { 1 } else { 20 })).await;
                if number == 50 {
                    return Err(Failure::Closure);
                }
                ended.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        });
    let outcome = runtime.block_on(&mut run);
    assert!(matches!(outcome, Err(Failure::Closure)), "{outcome:?}");
    let (begun, ended) = (begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst));
    assert_eq!(begun, ended + 1);
    assert!(begun < 70, "{begun}");
    assert_eq!(run.checkpoint().records(), ended as u64);
    assert_eq!(run.progress().records, ended as u64);
    assert!(!run.progress().is_complete);
}

#[test]
fn unreadable_records_are_errors_in_their_place() {
    let runtime = paused();
    let _context = runtime.enter();
    let ids = random_ids(5, 100);
    let bad = ids[17].clone();
    let things = Things {
        bad: [bad.clone()].into(),
        ..Things::new(ids)
    };
    let (folio, _) = connect(things);
    let failed = Arc::new(Mutex::new(Vec::new()));
    let failed_here = Arc::clone(&failed);
    let mut run = folio
        .harvest(list::<Thing>(&folio, 10))
        .for_each_concurrent(4, move |thing| {
            let failed = Arc::clone(&failed_here);
            async move {
                if let Err(error) = thing {
                    failed
                        .lock()
                        .unwrap()
                        .push(error.record_id().unwrap().to_owned());
                }
                Ok::<_, Error>(())
            }
        });
    let mut watch = run.watch(Duration::from_millis(1));
    runtime.block_on(&mut run).unwrap();
    assert_eq!(*failed.lock().unwrap(), vec![bad.clone()]);
    let progress = run.progress();
    assert_eq!(
        (progress.records, progress.bad, progress.is_complete),
        (99, 1, true)
    );
    let watched = runtime.block_on(watch.next()).unwrap();
    assert_eq!((watched.records, watched.bad), (99, 1));
    // A closure that passes it on ends the harvest, and the record remains.
    let mut run = folio
        .harvest(list::<Thing>(&folio, 10))
        .for_each_concurrent(4, |thing| async move { thing.map(drop) });
    let error = runtime.block_on(&mut run).unwrap_err();
    assert_eq!(error.record_id(), Some(&*bad));
    assert!(!run.checkpoint().is_finished());
}

/// A server that does not sort is noticed before a record is processed twice or not at all.
#[test]
fn a_server_that_does_not_sort_is_an_error_before_anything_is_processed() {
    let runtime = paused();
    let _context = runtime.enter();
    let mut ids = random_ids(6, 60);
    ids.swap(10, 30);
    let (folio, _) = connect(Things::new(ids));
    let called = Arc::new(AtomicBool::new(false));
    let called_here = Arc::clone(&called);
    let mut run: ForEach<Error> = folio
        .harvest(list::<Value>(&folio, 50))
        .for_each_concurrent(4, move |_| {
            called_here.store(true, Ordering::SeqCst);
            async { Ok(()) }
        });
    let error = runtime.block_on(&mut run).unwrap_err();
    assert!(error.to_string().contains("was received after"), "{error}");
    assert!(!called.load(Ordering::SeqCst));
    assert_eq!(
        run.checkpoint(),
        folio.harvest(list::<Value>(&folio, 50)).checkpoint()
    );
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let (folio, _) = connect(Things::new(random_ids(7, 10)));
    let mut run = folio
        .harvest(list::<Value>(&folio, 10))
        .for_each_concurrent(2, |thing| async move { thing.map(drop) });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::pin::Pin::new(&mut run).poll(&mut context);
    let std::task::Poll::Ready(Err(error)) = polled else {
        panic!("{polled:?}");
    };
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

/// The blocking twins: closures block, on so many threads, and may use the client.
#[test]
fn blocking_closures_run_on_threads() {
    let things = Arc::new(Things::new(random_ids(8, 300)));
    let folio = folio_sdk::blocking::FolioClient::builder("https://folio.test")
        .tenant("diku")
        .token("token")
        .http_service(Server(Arc::clone(&things)))
        .build()
        .unwrap();
    let list = || {
        let list = folio.folio_get_all::<Thing>("/things", "things");
        folio.harvest(list.by_id().limit(20))
    };
    let at_once = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let seen = Seen::default();
    let (seen_here, at_once_here) = (Arc::clone(&seen), Arc::clone(&at_once));
    let (client, calls) = (folio.clone(), AtomicUsize::new(0));
    let mut run = list().for_each_concurrent(3, move |thing| {
        let thing = thing?;
        let now = at_once_here.0.fetch_add(1, Ordering::SeqCst) + 1;
        at_once_here.1.fetch_max(now, Ordering::SeqCst);
        let call = calls.fetch_add(1, Ordering::SeqCst);
        if call == 150 {
            return Err(Failure::Closure);
        }
        // The first one waits for a second thread, which may start late on a busy machine.
        let began = std::time::Instant::now();
        while call == 0
            && at_once_here.1.load(Ordering::SeqCst) < 2
            && began.elapsed() < Duration::from_secs(20)
        {
            std::thread::yield_now();
        }
        let found: Vec<Value> = client.folio_get("/things", "things").limit(1).send()?;
        assert_eq!(found.len(), 1);
        *seen_here.lock().unwrap().entry(thing.id).or_default() += 1;
        at_once_here.0.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    });
    // It ends with the error, also if it is asked piece by piece.
    let outcome = loop {
        if let Some(outcome) = run.run_for(Duration::from_millis(5)) {
            break outcome;
        }
    };
    assert!(matches!(outcome, Err(Failure::Closure)), "{outcome:?}");
    let left = run.checkpoint();
    assert_eq!(left.records(), seen.lock().unwrap().len() as u64);
    assert_eq!(run.progress().records, left.records());
    // One of them failed, and so was not counted down.
    let most = at_once.1.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most}");
    let seen_here = Arc::clone(&seen);
    let mut run = list().resume(left).for_each_concurrent(3, move |thing| {
        *seen_here.lock().unwrap().entry(thing?.id).or_default() += 1;
        Ok::<_, Error>(())
    });
    run.run().unwrap();
    assert!(run.checkpoint().is_finished());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 300);
    assert!(seen.values().all(|times| *times == 1));
    let ids: Result<Vec<String>, Error> = list().ordered().map(3, |thing| Ok(thing?.id)).collect();
    assert_eq!(ids.unwrap(), things.ids);
    let mut run = list().for_each_concurrent::<Error, _>(2, |_| panic!("of the closure"));
    let poll = std::panic::AssertUnwindSafe(|| run.run());
    assert!(std::panic::catch_unwind(poll).is_err());
}

/// The last record of a range that ends with it was returned, and nothing more: the end of the list
/// was not reached, so that a program that resumes reads no record again.
#[test]
fn a_checkpoint_after_the_last_record_is_not_finished() {
    let runtime = paused();
    let _context = runtime.enter();
    let ids = dense_ids(10);
    let (folio, _things) = connect(Things::new(ids.clone()));
    let whole = folio.harvest(list::<Thing>(&folio, 20)).stream();
    let mut part = serde_json::to_value(whole.checkpoint()).unwrap();
    part["remaining"] = json!([{"after": ids[0], "until": ids[9]}]);
    let part: Checkpoint = serde_json::from_value(part).unwrap();
    let saved = |text: &str| serde_json::from_str::<Checkpoint>(text).unwrap();
    let resume = |from: Checkpoint| folio.harvest(list::<Thing>(&folio, 20)).resume(from);

    let of_stream = runtime.block_on(async {
        let mut stream = resume(part.clone()).stream();
        for id in &ids[1..] {
            assert_eq!(stream.next().await.unwrap().unwrap().id, *id);
        }
        save(&stream.checkpoint())
    });
    let of_map = runtime.block_on(async {
        let mut ids_of = resume(part).map(1, |thing| async move { Ok::<_, Error>(id_of(&thing)) });
        for id in &ids[1..] {
            assert_eq!(ids_of.next().await.unwrap().unwrap(), *id);
        }
        save(&ids_of.checkpoint())
    });
    for checkpoint in [of_stream, of_map] {
        assert!(!saved(&checkpoint).is_finished());
        runtime.block_on(async {
            let mut rest = resume(saved(&checkpoint)).stream();
            assert!(rest.next().await.is_none(), "{checkpoint}");
            assert!(rest.checkpoint().is_finished());
        });
    }
}
