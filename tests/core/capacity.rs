//! A harvest adapts its concurrency to the capacity of the server. The server is a service of the
//! client: so many workers, behind a network with a latency, by the paused clock of tokio.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use folio_sdk::{
    FolioClient, HttpBody, HttpFuture, HttpRequest, HttpResponse, HttpService, RecordStream,
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const PAGE: usize = 10;

#[derive(Debug)]
struct Server {
    ids: Arc<Vec<Uuid>>,
    workers: Arc<Semaphore>,
    service: Duration,
    latency: Duration,
    /// How many requests are in flight, and how many there were at most.
    load: Arc<(AtomicUsize, AtomicUsize)>,
}

/// The bound of a query such as `id>"…"`.
fn bound(query: &str, relation: &str) -> Option<Uuid> {
    let (_, rest) = query.split_once(relation)?;
    let (id, _) = rest.strip_prefix('"')?.split_once('"')?;
    id.parse().ok()
}

impl HttpService for Server {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let url = url::Url::parse(&request.uri().to_string()).unwrap();
        let find = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let query = find("query").unwrap_or_default();
        let limit: usize = find("limit").map_or(10, |limit| limit.parse().unwrap());
        let (after, until) = (bound(&query, "id>"), bound(&query, "id<="));
        let within = |id: &&Uuid| {
            after.is_none_or(|after| **id > after) && until.is_none_or(|until| **id <= until)
        };
        let total = self.ids.iter().filter(within).count();
        let records: Vec<Value> = self
            .ids
            .iter()
            .filter(within)
            .take(limit)
            .map(|id| json!({"id": id.to_string(), "group": "a"}))
            .collect();
        let found = records.len() as u32;
        let page = json!({"usergroups": records, "totalRecords": total}).to_string();
        let (workers, load) = (Arc::clone(&self.workers), Arc::clone(&self.load));
        let (service, latency) = (self.service, self.latency);
        Box::pin(async move {
            let now = 1 + load.0.fetch_add(1, Ordering::Relaxed);
            load.1.fetch_max(now, Ordering::Relaxed);
            sleep(latency / 2).await;
            let worker = workers.acquire().await.unwrap();
            // A tenth of the time is that of the request, the rest that of the records.
            sleep(service / 10 + service * 9 / 10 * found / PAGE as u32).await;
            drop(worker);
            sleep(latency / 2).await;
            load.0.fetch_sub(1, Ordering::Relaxed);
            let mut response = HttpResponse::new(HttpBody::from(page));
            let kind = http::HeaderValue::from_static("application/json");
            response.headers_mut().insert("content-type", kind);
            Ok(response)
        })
    }
}

/// How long it takes to read all records, and how many requests were in flight at most during
/// the second half.
async fn read(
    workers: usize,
    (service, latency): (u64, u64),
    pages: usize,
    parallel: Option<usize>,
) -> (Duration, usize) {
    let mut rng = fastrand::Rng::with_seed(5);
    let mut ids: Vec<Uuid> = (0..pages * PAGE)
        .map(|_| Uuid::from_u128(rng.u128(..)))
        .collect();
    ids.sort_unstable();
    let load = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let count = ids.len();
    let folio = FolioClient::builder("https://folio.test")
        .tenant("diku")
        .token("a-token")
        .http_service(Server {
            ids: Arc::new(ids),
            workers: Arc::new(Semaphore::new(workers)),
            service: Duration::from_millis(service),
            latency: Duration::from_millis(latency),
            load: Arc::clone(&load),
        })
        .build()
        .unwrap();
    let list = || -> RecordStream<Value> {
        let list = folio.folio_get_all("/groups", "usergroups");
        list.by_id().limit(PAGE as u32).stream()
    };
    let started = Instant::now();
    let mut seen = 0;
    let mut records = match parallel {
        None => list().boxed(),
        Some(parallel) => folio.harvest(list()).parallel(parallel).stream().boxed(),
    };
    while let Some(record) = records.next().await {
        record.unwrap();
        seen += 1;
        if seen == count / 2 {
            load.1.store(0, Ordering::Relaxed);
        }
    }
    assert_eq!(seen, count);
    (started.elapsed(), load.1.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn a_saturated_server_takes_no_longer_and_keeps_spare_capacity() {
    for pages in [20, 200] {
        let (one, _) = read(1, (50, 0), pages, None).await;
        let (harvest, most) = read(1, (50, 0), pages, Some(16)).await;
        assert!(
            harvest.as_secs_f64() <= 1.05 * one.as_secs_f64(),
            "{pages} pages: {harvest:?}, one stream {one:?}"
        );
        assert!(most <= 2, "{most} requests at a server with one worker");
    }
}

#[tokio::test(start_paused = true)]
async fn two_workers_get_two_or_three_requests() {
    let (one, _) = read(2, (50, 0), 200, None).await;
    let (harvest, most) = read(2, (50, 0), 200, Some(16)).await;
    assert!(
        harvest.as_secs_f64() <= 0.55 * one.as_secs_f64(),
        "{harvest:?}, one stream {one:?}"
    );
    assert!(most <= 4, "{most} requests at a server with two workers");
}

#[tokio::test(start_paused = true)]
async fn sixteen_workers_far_away_are_used_in_full() {
    let (one, _) = read(16, (5, 30), 400, None).await;
    let (harvest, most) = read(16, (5, 30), 400, Some(16)).await;
    assert!(
        harvest.as_secs_f64() <= one.as_secs_f64() / 12.0,
        "{harvest:?}, one stream {one:?}"
    );
    assert_eq!(most, 16);
}

#[tokio::test(start_paused = true)]
async fn few_requests_are_the_bound_of_the_caller() {
    let (_, most) = read(16, (5, 30), 100, Some(3)).await;
    assert_eq!(most, 3);
}
