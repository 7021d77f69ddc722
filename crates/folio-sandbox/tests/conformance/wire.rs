//! The client of the recorder, which sends its input byte for byte.

use std::cell::Cell;
use std::time::Duration;

use serde_json::Value;

pub(crate) use folio_sandbox::record::{Reply, parsed};

thread_local! {
    /// How long an answer is waited for. Each replay has a thread of its own.
    static PATIENCE: Cell<Duration> = const { Cell::new(Duration::from_secs(20)) };
}

/// Waits for the answer of a row as is due: not for long where the server never gave one.
pub(crate) fn expect(row: &Value) {
    let seconds = if row["status"].is_null() { 2 } else { 20 };
    PATIENCE.set(Duration::from_secs(seconds));
}

/// Sends a request on a connection of its own; none where no answer came in time.
pub(crate) async fn exchange(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> Option<Reply> {
    let timeout = PATIENCE.get();
    folio_sandbox::record::exchange(address, method, target, headers, body, timeout)
        .await
        .ok()
        .flatten()
}

/// Sends bytes that may be no HTTP; the responses that came, in their order.
pub(crate) async fn raw(address: &str, bytes: &[u8]) -> (Vec<Reply>, bool) {
    let quiet = Duration::from_millis(300);
    let Ok((read, closed)) = folio_sandbox::record::raw(address, bytes, quiet).await else {
        return (Vec::new(), true);
    };
    let (mut replies, mut at) = (Vec::new(), 0);
    while let Some((reply, length)) = parsed(&read[at..], false, closed) {
        at += length;
        replies.push(reply);
    }
    (replies, closed)
}
