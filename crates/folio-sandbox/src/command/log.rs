//! The log of requests, one line per request.

use std::io::Write as _;
use std::time::SystemTime;

use folio_sandbox::{Answered, Exchange};

/// The most characters of a target that the log shows.
const SHOWN: usize = 200;

/// Writes a request and its response: `10:20:30.123 GET /users?limit=10 → 200, 2.1 kB, 3.4 ms`.
pub(crate) fn write(exchange: &Exchange, answered: Answered) {
    let line = line(exchange, answered);
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let time = now.get(11..23).unwrap_or(&now);
    // An unread log is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{time} {line}");
}

fn line(exchange: &Exchange, answered: Answered) -> String {
    let query: Vec<String> = exchange
        .query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut target = exchange.path.clone();
    if !query.is_empty() {
        target.push('?');
        target.push_str(&query.join("&"));
    }
    // Input of a client must not look like other lines of the log.
    let mut target: String = target
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if target.chars().count() > SHOWN {
        target = target.chars().take(SHOWN).chain(['…']).collect();
    }
    let status = exchange
        .status
        .map_or_else(|| "no response".to_owned(), |status| status.to_string());
    let bytes = match answered.bytes {
        bytes @ 0..1_000 => format!("{bytes} B"),
        bytes @ 1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        bytes => format!("{:.1} MB", bytes as f64 / 1e6),
    };
    format!(
        "{:<6} {target} → {status}, {bytes}, {:.1} ms{}",
        exchange.method,
        answered.time.as_secs_f64() * 1e3,
        if answered.fault { ", by a fault" } else { "" }
    )
}
