//! `folio doctor`: the limits of gateways, of scripted servers and of nginx.

use std::time::Duration;

use folio_test_support::gateways::Nginx;
use folio_test_support::server::{Asked, Folio, PASSWORD, Reply};
use serde_json::json;

use crate::doctor::{examine, one};
use crate::support::program::Program;

/// The most requests that the measurements send, without confirmations of failures.
const MOST_REQUESTS: usize = 1 + 15 + 4 + 5;

/// An Okapi behind a gateway; the script may respond in place of it to measurements.
async fn behind(gateway: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static) -> Folio {
    Folio::start(move |asked, before| match asked.path() {
        "/_/version" => Some(gateway(asked, before).unwrap_or_else(|| Reply::text(200, "5.3.0"))),
        "/_/proxy/tenants/diku/modules" => Some(Reply::json(json!([{"id": "mod-users-19.6.0"}]))),
        _ => None,
    })
    .await
}

fn line(asked: &Asked) -> usize {
    format!("{} {} HTTP/1.1", asked.method, asked.target).len()
}

fn is_padded(asked: &Asked) -> bool {
    asked.param("padding").is_some()
}

/// The status and the text of a check.
async fn measured(folio: &Folio, check: &str) -> (String, String) {
    let (_, report) = examine(&Program::at(&folio.url, "ann", PASSWORD), &[]).await;
    one(&report, check)
}

/// Only GET requests, apart from the login and the logout. Returns their number.
fn only_reads(folio: &Folio) -> usize {
    let log = folio.log();
    let others: Vec<&Asked> = log
        .iter()
        .filter(|asked| !asked.path().starts_with("/authn/"))
        .collect();
    assert!(others.iter().all(|asked| asked.method == "GET"));
    folio.asked("/_/version").len()
}

#[tokio::test]
async fn the_longest_request_line_is_found() {
    for (limit, status) in [
        (700, "failed"),
        (2048, "failed"),
        (4095, "failed"),
        (4096, "ok"),
        (8190, "ok"),
        (20_000, "ok"),
    ] {
        let folio = behind(move |asked, _| {
            (line(asked) > limit).then(|| Reply::text(414, "Request-URI Too Large"))
        })
        .await;
        let (found, seen) = measured(&folio, "request line").await;
        assert_eq!(found, status, "{limit}: {seen}");
        assert!(seen.contains("414"), "{seen}");
        let words: Vec<&str> = seen.split(' ').collect();
        let accepted: usize = words[0].parse().unwrap();
        let rejected: usize = words[4].parse().unwrap();
        assert!(accepted <= limit && limit < rejected, "{limit}: {seen}");
        assert!(rejected - accepted <= 64, "{limit}: {seen}");
        // The login looks for the path with two of them.
        assert!(only_reads(&folio) <= MOST_REQUESTS + 2, "{limit}");
        let longest = folio.log().iter().map(line).max().unwrap();
        assert!(longest <= 32_768, "{longest}");
    }
    let folio = behind(|_, _| None).await;
    let (found, seen) = measured(&folio, "request line").await;
    assert_eq!(found, "ok", "{seen}");
    assert!(
        seen.starts_with("32768 bytes are accepted, the most"),
        "{seen}"
    );
    // --quick measures nothing.
    let before = only_reads(&folio);
    examine(&Program::at(&folio.url, "ann", PASSWORD), &["--quick"]).await;
    assert_eq!(only_reads(&folio) - before, 2);
}

/// Some gateways have no status for it, or one that may be a transient failure.
#[tokio::test]
async fn a_long_request_line_may_be_rejected_in_many_ways() {
    for (reply, seen_) in [
        (Reply::Drop, "rejected"),
        (Reply::text(400, "Bad Request"), "400"),
        (Reply::text(431, "Too large"), "431"),
        (Reply::text(404, "Not found"), "404"),
        (Reply::text(502, "Bad Gateway"), "502"),
    ] {
        let folio = behind(move |asked, _| (line(asked) > 3000).then(|| reply.clone())).await;
        let (found, seen) = measured(&folio, "request line").await;
        assert_eq!(found, "failed", "{seen}");
        assert!(seen.contains(seen_), "{seen}");
        assert!(!seen.contains("xxxx"), "{seen}");
    }
}

#[tokio::test]
async fn a_transient_failure_is_not_a_limit() {
    for reply in [
        Reply::Drop,
        Reply::text(503, "busy"),
        Reply::text(429, "slow down"),
    ] {
        let folio =
            behind(move |asked, before| (is_padded(asked) && before == 4).then(|| reply.clone()))
                .await;
        let (found, seen) = measured(&folio, "request line").await;
        assert_eq!(found, "ok", "{seen}");
        assert!(seen.starts_with("32768 bytes"), "{seen}");
    }
    // If it is all the time, nothing is certain.
    let folio = behind(|_, before| (before > 3).then(|| Reply::text(503, "busy"))).await;
    let (found, seen) = measured(&folio, "request line").await;
    assert_eq!(found, "warning", "{seen}");
    assert!(seen.contains("503"), "{seen}");
}

#[tokio::test]
async fn the_largest_body_is_found() {
    let size = |asked: &Asked| asked.body.len();
    for (limit, status, expected) in [
        (
            100,
            "warning",
            "0 KiB are accepted, 1 KiB are rejected: 413",
        ),
        (
            1 << 16,
            "warning",
            "1 KiB are accepted, 256 KiB are rejected: 413",
        ),
        (1 << 20, "ok", "1 MiB are accepted, 4 MiB are rejected: 413"),
        (1 << 23, "ok", "4 MiB are accepted, the most"),
    ] {
        let folio = behind(move |asked, _| {
            (size(asked) > limit).then(|| Reply::text(413, "Request Entity Too Large"))
        })
        .await;
        let (found, seen) = measured(&folio, "body").await;
        assert_eq!(found, status, "{limit}: {seen}");
        assert!(seen.starts_with(expected), "{limit}: {seen}");
        only_reads(&folio);
    }
    // A gateway that permits no body of a GET.
    let folio = behind(move |asked, _| (size(asked) > 0).then(|| Reply::text(403, "no"))).await;
    let (found, seen) = measured(&folio, "body").await;
    assert_eq!(found, "skipped", "{seen}");
    assert!(seen.contains("403"), "{seen}");
    // Eureka's sidecars permit none; the gateway before them has a limit.
    let folio = behind(move |asked, _| match size(asked) {
        0 => None,
        1..300_000 => Some(Reply::text(400, "GET requests should not have a body")),
        _ => Some(Reply::text(413, "Request Entity Too Large")),
    })
    .await;
    let (found, seen) = measured(&folio, "body").await;
    assert_eq!(found, "warning", "{seen}");
    assert!(
        seen.starts_with("256 KiB are accepted, 1 MiB are rejected: 413"),
        "{seen}"
    );
}

#[tokio::test]
async fn timeouts_are_those_that_were_seen() {
    let folio = behind(|asked, _| {
        let late = Reply::text(504, "Gateway Time-out").after(Duration::from_millis(500));
        (line(asked) > 6000).then_some(late)
    })
    .await;
    let (found, seen) = measured(&folio, "timeouts").await;
    assert_eq!(found, "failed", "{seen}");
    assert!(
        seen.starts_with("a request was ended after 0.") && seen.contains("504"),
        "{seen}"
    );
    for (header, status) in [("timeout=20", "warning"), ("max=100, Timeout=75", "ok")] {
        let folio =
            behind(move |_, _| Some(Reply::text(200, "5.3.0").with("keep-alive", header))).await;
        let (found, seen) = measured(&folio, "timeouts").await;
        assert_eq!(found, status, "{seen}");
        assert!(seen.contains("idle connections stay open for"), "{seen}");
    }
    let folio = behind(|_, _| None).await;
    let (found, seen) = measured(&folio, "timeouts").await;
    assert_eq!(found, "ok", "{seen}");
    assert!(seen.starts_with("no response was cut off"), "{seen}");
}

/// Some firewalls drop long requests without a response.
#[tokio::test]
async fn a_long_request_without_a_response_ends_soon() {
    let folio = behind(|asked, _| (line(asked) > 5000).then_some(Reply::Stall)).await;
    let started = std::time::Instant::now();
    let (found, seen) = measured(&folio, "request line").await;
    assert_eq!(found, "ok", "{seen}");
    assert!(
        seen.starts_with("4096 bytes are accepted, 8192 bytes are rejected: "),
        "{seen}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(25),
        "{:?}",
        started.elapsed()
    );
}

/// A real nginx, over HTTP/1.1 and HTTP/2.
#[tokio::test]
async fn limits_of_nginx_are_measured() {
    for listen in ["ssl", "ssl http2"] {
        let slow = |asked: &Asked| {
            asked
                .param("padding")
                .is_some_and(|padding| padding.len() > 2800)
        };
        let folio = behind(move |asked, _| {
            slow(asked).then(|| Reply::text(200, "5.3.0").after(Duration::from_millis(2500)))
        })
        .await;
        let nginx = Nginx {
            server: "large_client_header_buffers 4 3k; client_max_body_size 300k; keepalive_timeout 75s 30s;",
            location: "proxy_read_timeout 1s;",
            listen: Some(listen),
            ..Nginx::default()
        };
        let Some(gateway) = nginx.start(&folio.url) else {
            return;
        };
        let roots = gateway.process.folder.0.join("ca.pem");
        let program = Program::at(&gateway.url(), "ann", PASSWORD)
            .with("SSL_CERT_FILE", roots.to_str().unwrap());
        let (_, report) = examine(&program, &[]).await;
        let (found, seen) = one(&report, "request line");
        assert_eq!(found, "failed", "{listen}: {report:#}");
        let accepted: usize = seen.split(' ').next().unwrap().parse().unwrap();
        assert!((2500..3072).contains(&accepted), "{listen}: {seen}");
        let (found, seen) = one(&report, "body");
        assert_eq!(found, "warning", "{listen}: {report:#}");
        assert!(
            seen.starts_with("256 KiB are accepted, 1 MiB are rejected"),
            "{listen}: {seen}"
        );
        let (found, seen) = one(&report, "timeouts");
        assert_eq!(found, "failed", "{listen}: {report:#}");
        assert!(
            seen.starts_with("a request was ended after 1."),
            "{listen}: {seen}"
        );
        only_reads(&folio);
    }
}
