//! The limits of the gateway that GET requests show, and its latency.
//!
//! The probes differ from an ordinary GET in the length of their query string or of their body. They
//! change nothing: a GET has no use for a body, and modules ignore unknown parameters (recorded).
//! Their number is limited: one usual request, at most 14 request lines, [`BODIES`] and [`SAMPLES`],
//! each of them up to four times if a failure has to be confirmed.

use std::time::{Duration, Instant};

use folio_sdk::FolioClient;

use super::check::{Check, Report};
use super::probe::{Outcome, Probe, Times};
use super::session::Session;

/// The checks of this file.
pub(super) const CHECKS: [&str; 4] = ["request line", "body", "timeouts", "latency"];

/// The longest request line that the SDK sends: Okapi's limit (recorded), in bytes.
const LINE: usize = 4096;

/// The lengths of request lines, in bytes, until one is rejected.
const LINES: [usize; 6] = [1024, 2048, LINE, 8192, 16_384, LONGEST_LINE];

/// The longest request line of a probe, in bytes.
pub(super) const LONGEST_LINE: usize = 32_768;

/// How exactly the limit of the request line is determined, in bytes.
const EXACT: usize = 64;

/// After this time the limit is not determined more exactly.
const PATIENCE: Duration = Duration::from_secs(8);

/// The sizes of bodies, in bytes, until one is rejected.
const BODIES: [usize; 4] = [1024, 256 * 1024, NGINX_BODY, 4 * NGINX_BODY];

/// nginx's default limit of bodies, in bytes.
const NGINX_BODY: usize = 1024 * 1024;

/// The requests of which the latency is measured.
const SAMPLES: usize = 5;

/// A slower gateway is a warning.
const SLOW: Duration = Duration::from_secs(1);

/// The SDK does not reuse connections that were idle for longer, in seconds.
const IDLE: u64 = 45;

pub(super) async fn examine(folio: &FolioClient, session: &Session, report: &mut Report) {
    let mut probe = match Probe::start(folio, &session.path).await {
        Ok(probe) => probe,
        Err(error) => {
            report.add(
                Check::failed("request line", format!("no response: {error}"))
                    .advice("the connection is unstable"),
            );
            return report.skip(&CHECKS[1..], "the gateway does not respond");
        }
    };
    request_line(&mut probe, report).await;
    body(&mut probe, report).await;
    let latency = latency(&mut probe, &session.path).await;
    let software = session
        .gateway
        .as_ref()
        .and_then(|gateway| gateway.software.as_deref());
    report.add(timeouts(&probe.times, software));
    report.add(latency);
}

/// The longest request line that is accepted.
async fn request_line(probe: &mut Probe<'_>, report: &mut Report) {
    let started = Instant::now();
    let mut accepted = probe.shortest();
    let mut rejected = None;
    for bytes in LINES {
        match probe.line(bytes).await {
            Outcome::Accepted => accepted = bytes,
            Outcome::Rejected(reason) => {
                rejected = Some((bytes, reason));
                break;
            }
            Outcome::Unknown(problem) => {
                return report.add(unknown(
                    "request line",
                    &format!("a request line of {bytes} bytes"),
                    &problem,
                ));
            }
        }
    }
    while let Some((bytes, _)) = rejected
        && bytes - accepted > EXACT
        && started.elapsed() < PATIENCE
    {
        let between = accepted + (bytes - accepted) / 2;
        match probe.line(between).await {
            Outcome::Accepted => accepted = between,
            Outcome::Rejected(reason) => rejected = Some((between, reason)),
            Outcome::Unknown(_) => break,
        }
    }
    let seen = match rejected {
        None => format!("{accepted} bytes are accepted, the most that is tried"),
        Some((bytes, reason)) => {
            format!("{accepted} bytes are accepted, {bytes} bytes are rejected: {reason}")
        }
    };
    report.add(match accepted >= LINE {
        true => Check::ok("request line", seen),
        false => Check::failed("request line", format!("{seen}; this program sends {LINE} bytes"))
            .advice("long queries and lookups of many ids fail: raise the limit of the gateway (nginx: large_client_header_buffers)"),
    });
}

/// The largest body that is accepted, approximately. Gateways compare the header `Content-Length`
/// with their limit, whatever the method is (nginx: `client_max_body_size`). Eureka's sidecars reject
/// any GET with a body with 400 (`GET requests should not have a body`): behind a gateway with a
/// lower limit, larger bodies get 413.
async fn body(probe: &mut Probe<'_>, report: &mut Report) {
    let mut accepted = 0;
    let mut unmeasurable = None;
    for bytes in BODIES {
        match probe.body(bytes).await {
            Outcome::Accepted => accepted = bytes,
            Outcome::Rejected(reason) if is_unmeasurable(&reason, accepted, &unmeasurable) => {
                unmeasurable = Some(reason);
                accepted = bytes;
            }
            Outcome::Rejected(reason) => {
                let seen = format!(
                    "{} are accepted, {} are rejected: {reason}",
                    size(accepted),
                    size(bytes)
                );
                return report.add(match accepted >= NGINX_BODY {
                    true => Check::ok("body", seen),
                    false => Check::warning("body", seen).advice(
                        "batches of records and uploads fail: raise the limit of the gateway (nginx: client_max_body_size)",
                    ),
                });
            }
            Outcome::Unknown(problem) => {
                let what = format!("a body of {}", size(bytes));
                return report.add(unknown("body", &what, &problem));
            }
        }
    }
    report.add(match unmeasurable {
        None => Check::ok(
            "body",
            format!("{} are accepted, the most that is tried", size(accepted)),
        ),
        Some(reason) => Check::skipped(
            "body",
            format!("the system rejects GET requests with any body ({reason}): a limit below {} was not seen", size(accepted)),
        ),
    });
}

/// Whether the reason is not the size: the smallest body is rejected in the same way.
fn is_unmeasurable(reason: &str, accepted: usize, before: &Option<String>) -> bool {
    match before {
        Some(before) => before == reason,
        None => accepted == 0 && !reason.starts_with("413"),
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        bytes if bytes < NGINX_BODY => format!("{} KiB", bytes / 1024),
        bytes => format!("{} MiB", bytes / NGINX_BODY),
    }
}

fn unknown(check: &'static str, what: &str, problem: &str) -> Check {
    Check::warning(check, format!("{what}: no certain result: {problem}"))
        .advice("the gateway is unstable, or limits the rate: run the check again")
}

/// What the responses show about the timeouts of the gateway. A long wait is not provoked: it would
/// be load for the system.
fn timeouts(times: &Times, software: Option<&str>) -> Check {
    if let Some((status, after)) = times.cut_off {
        let seen = format!(
            "a request was ended after {:.1} s: {status}",
            after.as_secs_f64()
        );
        return Check::failed("timeouts", seen).advice(
            "raise the timeout of the gateway (nginx: proxy_read_timeout; Kong: read_timeout), or find out why the system is slow",
        );
    }
    let mut seen = format!(
        "no response was cut off; the longest took {} ms",
        times.slowest.as_millis()
    );
    let software = software.unwrap_or("the gateway does not state its software");
    match times.idle_seconds() {
        Some(seconds) => {
            seen.push_str(&format!("; idle connections stay open for {seconds} s"));
            if seconds < IDLE {
                return Check::warning("timeouts", seen).advice(format!(
                    "this program uses connections again that were idle for up to {IDLE} s: raise the limit (nginx: keepalive_timeout)"
                ));
            }
        }
        None => seen.push_str(&format!(
            "; {software} (nginx by default: 60 s until the response starts)"
        )),
    }
    Check::ok("timeouts", seen)
}

async fn latency(probe: &mut Probe<'_>, path: &str) -> Check {
    let mut times = Vec::new();
    for _ in 0..SAMPLES {
        match probe.time().await {
            Ok(time) => times.push(time),
            Err(error) => {
                return Check::failed(
                    "latency",
                    format!("one of several requests failed: {error}"),
                )
                .advice("the connection is unstable");
            }
        }
    }
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    let seen = format!(
        "{} ms for GET {path} (median of {SAMPLES}; {} to {} ms)",
        at(SAMPLES / 2).as_millis(),
        at(0).as_millis(),
        at(SAMPLES - 1).as_millis()
    );
    match at(SAMPLES / 2) > SLOW {
        true => Check::warning("latency", seen)
            .advice("the network or the system is slow: reading many records takes long"),
        false => Check::ok("latency", seen),
    }
}
