//! A real rate limiter: nginx's `limit_req`.
//!
//! nginx counts by the time of the machine, so these tests take real time. By default they say that
//! all is complete, and that few requests are rejected on the way; which share of the rate is used
//! is a test of `src/pace.rs`, by a clock of its own. With `FOLIO_SDK_LIMITER=full` in the
//! environment this is a measurement: 100 calls, a harvest of 25,000 records and an upsert of 500,
//! each complete and at 90 % of the allowed rate.

use std::time::{Duration, Instant};

use folio_sdk::testing::Sandbox;
use folio_test_support::sandbox::{ADMIN, ADMIN_PASSWORD, id};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use folio_sdk::{Collection, FolioClient, RetryPolicy};
use folio_test_support::gateways::{Gateway, Nginx};

const RATE: f64 = 20.0;

fn is_full() -> bool {
    std::env::var("FOLIO_SDK_LIMITER").is_ok_and(|size| size == "full")
}

/// nginx that lets 20 requests a second through to a sandbox. `burst` is what it lets through at
/// once.
async fn limited(burst: &str, status: u16) -> Option<(Gateway, Sandbox, FolioClient)> {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let zone = "limit_req_zone $binary_remote_addr zone=all:1m rate=20r/s;";
    let location = format!("limit_req zone=all {burst}; limit_req_status {status};");
    let nginx = Nginx {
        http: zone,
        location: &location,
        ..Nginx::default()
    };
    let gateway = nginx.start(sandbox.url())?;
    let folio = gateway
        .builder()
        .credentials(ADMIN, ADMIN_PASSWORD)
        .retry(RetryPolicy::default())
        .connect()
        .await
        .unwrap();
    // Until the bucket of the limiter is full again: real time, by which nginx counts.
    tokio::time::sleep(Duration::from_millis(200)).await;
    Some((gateway, sandbox, folio))
}

/// How many requests nginx let through, of how many, by its own log.
fn counted(gateway: &Gateway) -> (usize, usize) {
    let log = std::fs::read_to_string(gateway.process.folder.0.join("access.log")).unwrap();
    let rejected = log
        .lines()
        .filter(|line| line.contains("\" 429 ") || line.contains("\" 503 "))
        .count();
    let all = log.lines().count();
    (all - rejected, all)
}

/// What came through in a time, as a part of what the limiter lets through in it. At least `least`
/// of it in a measurement; otherwise no more were rejected than came through.
fn report(what: &str, gateway: &Gateway, before: (usize, usize), started: Instant, least: f64) {
    let after = counted(gateway);
    let elapsed = started.elapsed().as_secs_f64();
    let (passed, all) = (after.0 - before.0, after.1 - before.1);
    let share = passed as f64 / elapsed / RATE;
    println!(
        "{what}: {passed} requests in {elapsed:.1} s, {:.0} % of the allowed rate; {} rejected on the way",
        share * 100.0,
        all - passed
    );
    assert!(
        all - passed <= passed,
        "{} of {all} were rejected",
        all - passed
    );
    assert!(!is_full() || share >= least, "{share}");
}

async fn calls(burst: &str, status: u16) {
    let Some((gateway, _sandbox, folio)) = limited(burst, status).await else {
        return;
    };
    let count = if is_full() { 100 } else { 60 };
    let (before, started) = (counted(&gateway), Instant::now());
    let all = join_all((0..count).map(|_| {
        let folio = folio.clone();
        async move { folio.folio_get::<Value>("/groups", "usergroups").await }
    }))
    .await;
    report(
        &format!("{count} calls, {burst:?}, {status}"),
        &gateway,
        before,
        started,
        // Without a burst, the half second in which the rate is found counts for much in five.
        0.85,
    );
    let failed: Vec<_> = all.into_iter().filter_map(Result::err).collect();
    assert!(
        failed.is_empty(),
        "{} of {count} failed: {:#}",
        failed.len(),
        failed[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_all_end_well_behind_a_limiter_with_a_burst() {
    calls("burst=20 nodelay", 429).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_all_end_well_behind_a_limiter_without_a_burst() {
    calls("", 429).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_all_end_well_behind_a_limiter_that_answers_503() {
    calls("burst=5 nodelay", 503).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harvest_is_complete_behind_a_limiter() {
    let Some((gateway, sandbox, folio)) = limited("", 429).await else {
        return;
    };
    // Small pages: as many requests as the goal is about.
    let (records, page) = if is_full() { (25_000, 50) } else { (600, 10) };
    let users: Vec<Value> = (0..records)
        .map(|number| json!({"id": id(number), "username": format!("user{number}")}))
        .collect();
    sandbox.load("diku", "/users", users).unwrap();
    let (before, started) = (counted(&gateway), Instant::now());
    let harvest = folio
        .folio_get_all::<Value>("/users", "users")
        .limit(page)
        .stream();
    let ids: std::collections::BTreeSet<String> = harvest
        .map_ok(|user| user["id"].as_str().unwrap().to_owned())
        .try_collect()
        .await
        .unwrap();
    report(
        &format!("harvest of {records}"),
        &gateway,
        before,
        started,
        0.9,
    );
    assert_eq!(ids.len(), records);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_is_complete_behind_a_limiter() {
    let Some((gateway, sandbox, folio)) = limited("", 429).await else {
        return;
    };
    let records = if is_full() { 500 } else { 60 };
    let users: Vec<Value> = (0..records)
        .map(
            |number| json!({"id": id(number), "username": format!("user{number}"), "active": true}),
        )
        .collect();
    let (before, started) = (counted(&gateway), Instant::now());
    let outcome = folio
        .upsert_at(Collection::new("/users", "users"), users)
        .run()
        .await;
    report(
        &format!("upsert of {records}"),
        &gateway,
        before,
        started,
        0.9,
    );
    outcome.ok().unwrap();
    assert_eq!(sandbox.records("diku", "/users").unwrap().len(), records);
}

/// The error of a short timeout names the setting that helps.
#[tokio::test(flavor = "multi_thread")]
async fn the_error_names_the_setting() {
    let Some((_gateway, _sandbox, folio)) = limited("", 429).await else {
        return;
    };
    let all = join_all((0..20).map(|_| {
        let folio = folio.clone();
        async move {
            folio
                .folio_get::<Value>("/groups", "usergroups")
                .retry(RetryPolicy::none())
                .await
        }
    }))
    .await;
    let error = all.into_iter().find_map(Result::err).unwrap();
    let shown = format!("{error:#}");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(429));
    assert!(shown.contains("rate_limit"), "{shown}");
}
