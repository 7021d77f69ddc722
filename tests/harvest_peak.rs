//! The peak memory of a process that harvests a list over sockets. The client is this test program
//! in a process of its own, so that the memory of the server does not count.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::convert::Infallible;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use folio_sdk::{FolioClient, RawRecord};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const SERVER: &str = "FOLIO_TEST_HARVEST_SERVER";
const LIMIT: &str = "FOLIO_TEST_HARVEST_LIMIT";

const RECORDS: u64 = 60_000;
const PAGE: u64 = 1_000;
/// The size of a record, and of a page.
const RECORD: usize = 2_000;
const MEGABYTE: usize = 1024 * 1024;

/// The record of a number: its id is in the order of the numbers, and spread over all UUIDs.
fn record(number: u64) -> String {
    let first = number * ((1 << 32) / RECORDS);
    let padding = "x".repeat(RECORD - 55);
    format!(r#"{{"id":"{first:08x}-0000-4000-8000-000000000000","name":"{padding}"}}"#)
}

/// The number of records whose ids are less than this one, or equal.
fn up_to(id: &str) -> u64 {
    let step = (1 << 32) / RECORDS;
    let first = u64::from_str_radix(&id[..8], 16).unwrap();
    let has_part = !first.is_multiple_of(step) || id[8..] >= *"-0000-4000-8000-000000000000";
    (first / step + u64::from(has_part)).min(RECORDS)
}

fn page(uri: &hyper::Uri) -> Vec<u8> {
    let url = reqwest::Url::parse(&format!("http://localhost{uri}")).unwrap();
    let find = |name: &str| {
        let mut pairs = url.query_pairs();
        let (_, value) = pairs.find(|(key, _)| key == name)?;
        Some(value.into_owned())
    };
    let query = find("query").unwrap_or_default();
    let bound = |sign: &str| {
        let (_, rest) = query.split_once(sign)?;
        Some(up_to(&rest[..36]))
    };
    let (from, to) = (
        bound("id>\"").unwrap_or(0),
        bound("id<=\"").unwrap_or(RECORDS),
    );
    let limit: u64 = find("limit").unwrap().parse().unwrap();
    let records: Vec<String> = (from..to.max(from).min(from + limit)).map(record).collect();
    let total = to.saturating_sub(from);
    format!(
        r#"{{"things":[{}],"totalRecords":{total}}}"#,
        records.join(",")
    )
    .into_bytes()
}

/// Serves the list: with a stated length, in chunks, or compressed.
async fn serve(
    listener: TcpListener,
    latency: Duration,
    kind: usize,
    most: Arc<(AtomicUsize, AtomicUsize)>,
) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let most = Arc::clone(&most);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let most = Arc::clone(&most);
                async move {
                    let now = most.0.fetch_add(1, Ordering::SeqCst) + 1;
                    most.1.fetch_max(now, Ordering::SeqCst);
                    tokio::time::sleep(latency).await;
                    most.0.fetch_sub(1, Ordering::SeqCst);
                    let page = page(request.uri());
                    let mut response = Response::new(match kind {
                        0 => Either::Left(Full::new(Bytes::from(page))),
                        1 => {
                            let pieces: Vec<Bytes> =
                                page.chunks(50_000).map(Bytes::copy_from_slice).collect();
                            let frames = pieces
                                .into_iter()
                                .map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
                            Either::Right(StreamBody::new(futures_util::stream::iter(frames)))
                        }
                        _ => {
                            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                            encoder.write_all(&page).unwrap();
                            Either::Left(Full::new(Bytes::from(encoder.finish().unwrap())))
                        }
                    });
                    let headers = response.headers_mut();
                    headers.insert("content-type", HeaderValue::from_static("application/json"));
                    if kind == 2 {
                        headers.insert("content-encoding", HeaderValue::from_static("gzip"));
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            let http = hyper::server::conn::http1::Builder::new();
            let _ = http.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

/// The client: reads the list with a limit, and prints its peak memory in MB.
#[test]
fn client() {
    let (Ok(server), Ok(limit)) = (std::env::var(SERVER), std::env::var(LIMIT)) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let records = runtime.block_on(async {
        let folio = FolioClient::builder(server)
            .tenant("diku")
            .token("token")
            .build()
            .unwrap();
        let list = folio.folio_get_all::<RawRecord>("/things", "things");
        let harvest = folio.harvest(list.by_id().limit(PAGE as u32)).parallel(16);
        let harvest = match limit.parse() {
            Ok(bytes) => harvest.max_buffered_bytes(bytes),
            Err(_) => harvest,
        };
        let mut stream = harvest.stream();
        let mut records = 0;
        while let Some(record) = stream.next().await {
            assert_eq!(record.unwrap().get().len(), RECORD);
            records += 1;
        }
        records
    });
    assert_eq!(records, RECORDS);
    println!("peak: {}", folio_test_support::memory::peak() / 1024);
}

/// The peak memory of a client with this limit, in MB, and the requests in flight.
fn peak(kind: usize, limit: &str) -> (usize, usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let most = Arc::<(AtomicUsize, AtomicUsize)>::default();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(serve(
        listener,
        Duration::from_millis(30),
        kind,
        Arc::clone(&most),
    ));
    let mut client = Command::new(std::env::current_exe().unwrap());
    client.args(["--exact", "client", "--nocapture"]);
    client.env(SERVER, url).env(LIMIT, limit);
    let output = client.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let peak = text
        .split("peak: ")
        .nth(1)
        .unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    let peak: usize = peak.split_whitespace().next().unwrap().parse().unwrap();
    (peak / 1024, most.1.load(Ordering::SeqCst))
}

/// Memory is that of the limit and of the connections, however the bodies come. Before, buffers of
/// freed pages were not used again, and pages that grew were in memory twice.
#[test]
fn the_peak_is_that_of_the_limit() {
    for kind in [0, 1, 2] {
        let (least, _) = peak(kind, "0");
        let (bound, in_flight) = peak(kind, &(8 * MEGABYTE).to_string());
        let (default, _) = peak(kind, "default");
        println!("kind {kind}: one page {least} MB, 8 MiB {bound} MB, default {default} MB");
        assert!(
            bound <= least + 8 + 4,
            "kind {kind}: {least} MB, {bound} MB"
        );
        assert!(default <= 30 + 6, "kind {kind}: {default} MB");
        // Of four, at most three pages are read or in use at once.
        assert!(in_flight > 1, "kind {kind}: {in_flight}");
    }
}
