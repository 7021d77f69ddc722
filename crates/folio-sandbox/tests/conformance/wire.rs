//! The client of the recorder, which sends what it is told, byte for byte.

use std::time::Duration;

pub(crate) use folio_sandbox::record::{Reply, parsed};

/// Sends a request on a connection of its own; none where no answer came in time.
pub(crate) async fn exchange(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> Option<Reply> {
    let size = body.map_or(0, <[u8]>::len) + target.len();
    let timeout = Duration::from_millis(1500 + size as u64 / 500);
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
