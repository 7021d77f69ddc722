//! The limits of the gateway that GET requests show, and its latency.

use std::time::{Duration, Instant};

use folio_sdk::FolioClient;

use super::check::{Check, Report};
use super::session::{Session, get};

/// The longest request line of the SDK: Okapi's limit (recorded), in bytes.
const LINE: usize = 4096;

/// The requests of which the latency is measured.
const SAMPLES: usize = 5;

/// A slower gateway is a warning.
const SLOW: Duration = Duration::from_secs(1);

pub(super) async fn examine(folio: &FolioClient, session: &Session, report: &mut Report) {
    request_line(folio, session, report).await;
    let software = session
        .gateway
        .as_ref()
        .and_then(|gateway| gateway.software.as_deref());
    let known = match software {
        Some(software) => format!("{software}; its limits of bodies and times"),
        None => "the gateway does not state its software; limits of bodies and times".to_owned(),
    };
    report.add(Check::skipped("body, timeouts", format!(
        "{known} cannot be seen with GET requests (nginx by default: 1 MB, 60 s; the page about gateways lists more)"
    )));
    latency(folio, session, report).await;
}

/// Whether a request line of the greatest length that the SDK sends is accepted.
async fn request_line(folio: &FolioClient, session: &Session, report: &mut Report) {
    let path = &session.path;
    let base = url::Url::parse(folio.url()).map(|url| url.path().trim_end_matches('/').len());
    let separator = if path.contains('?') { '&' } else { '?' };
    // Modules ignore unknown parameters (recorded).
    let start = format!("{path}{separator}padding=");
    let used = "GET  HTTP/1.1".len() + base.unwrap_or_default() + start.len();
    let long = format!("{start}{}", "x".repeat(LINE.saturating_sub(used)));
    let status = |outcome: Result<folio_sdk::Response, folio_sdk::Error>| match outcome {
        Ok(response) => (Some(response.status()), String::new()),
        Err(error) => (error.status(), error.to_string()),
    };
    let (usual, _) = status(get(folio, path).await);
    let (padded, problem) = status(get(folio, &long).await);
    report.add(match padded == usual {
        true => Check::ok("request line", format!("{LINE} bytes are accepted, the most that this program sends")),
        false => Check::failed("request line", format!("a request line of {LINE} bytes is rejected: {}", shortened(&problem)))
            .advice("long queries and lookups of many ids fail: raise the limit of the gateway (nginx: large_client_header_buffers)"),
    });
}

/// Without the padding.
fn shortened(text: &str) -> String {
    text.replace(&"x".repeat(64), "").replace("xx", "")
}

async fn latency(folio: &FolioClient, session: &Session, report: &mut Report) {
    let mut times = Vec::new();
    for _ in 0..SAMPLES {
        let started = Instant::now();
        if let Err(error) = get(folio, &session.path).await
            && error.status().is_none()
        {
            report.add(
                Check::failed(
                    "latency",
                    format!("one of several requests failed: {error}"),
                )
                .advice("the connection is unstable"),
            );
            return;
        }
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    let seen = format!(
        "{} ms for GET {} (median of {SAMPLES}; {} to {} ms)",
        at(SAMPLES / 2).as_millis(),
        session.path,
        at(0).as_millis(),
        at(SAMPLES - 1).as_millis()
    );
    report.add(match at(SAMPLES / 2) > SLOW {
        true => Check::warning("latency", seen)
            .advice("the network or the system is slow: reading many records takes long"),
        false => Check::ok("latency", seen),
    });
}
