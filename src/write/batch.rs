//! Requests that write records: the number of records in one, and its body.

use std::sync::atomic::Ordering;

use http::Method;

use crate::wire::error::Result;
use crate::wire::operation::Absent;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::write::entry::{Entry, Seen, SentRecord, bytes};
use crate::write::writer::Writer;

impl Writer {
    /// The records of one request: limited in number and in bytes.
    pub(super) fn packed(&self, entries: Vec<Entry>) -> Vec<Vec<Entry>> {
        let (max_records, envelope) = match self.collection.batch_endpoint() {
            Some((_, key)) if self.batches() => {
                let most = self.max_at_once.load(Ordering::Relaxed);
                (self.max_records.min(most).max(1), key.len() + 7)
            }
            _ => (1, 0),
        };
        let max_bytes = self.max_bytes.load(Ordering::Relaxed);
        let max_unnumbered = self.max_unnumbered.load(Ordering::Relaxed);
        let mut packs: Vec<Vec<Entry>> = Vec::new();
        let (mut bytes, mut unnumbered) = (0, 0);
        for entry in entries {
            let size = entry.body.len() + 1;
            let number = usize::from(entry.is_unnumbered);
            match packs.last_mut() {
                Some(pack)
                    if pack.len() < max_records
                        && bytes + size <= max_bytes
                        && unnumbered + number <= max_unnumbered =>
                {
                    bytes += size;
                    unnumbered += number;
                    pack.push(entry);
                }
                _ => {
                    bytes = envelope + size;
                    unnumbered = number;
                    packs.push(vec![entry]);
                }
            }
        }
        packs
    }

    pub(super) async fn send(&self, entries: &[Entry]) -> Result<SentRecord> {
        let (request, sent): (_, fn(Response) -> SentRecord) =
            match (self.collection.batch_endpoint(), entries) {
                (Some((path, key)), _) if self.batches() => {
                    let mut body = Vec::with_capacity(bytes(entries) + key.len() + 8);
                    body.extend_from_slice(b"{\"");
                    body.extend_from_slice(key.as_bytes());
                    body.extend_from_slice(b"\":[");
                    for (index, entry) in entries.iter().enumerate() {
                        if index > 0 {
                            body.push(b',');
                        }
                        body.extend_from_slice(&entry.body);
                    }
                    body.extend_from_slice(b"]}");
                    let request = Request::to(Method::POST, path)
                        .param("upsert", true)
                        .with_record(body);
                    (request, |_| SentRecord::Batch)
                }
                (_, [entry]) => {
                    let body = entry.body.clone();
                    if entry.seen == Seen::Nothing {
                        let request = Request::to(Method::POST, self.collection.path());
                        (request.with_record(body), |response| {
                            SentRecord::Created(Box::new(response))
                        })
                    } else {
                        // If a PUT creates a missing record, that is intended here. If it is
                        // ignored, the client detects it.
                        let request = Request::to(Method::PUT, self.collection.path_of(&entry.id));
                        let absent = self.collection.absent_records();
                        let request = match absent.unwrap_or(request.facts().absent) {
                            Absent::Created => request.with_absent(Absent::NotFound),
                            absent => request.with_absent(absent),
                        };
                        (request.with_record(body), |_| SentRecord::Replaced)
                    }
                }
                // `packed` yields them one by one.
                (_, _) => return Ok(SentRecord::Batch),
            };
        // The outcome is determined here, not by sending it again.
        self.client
            .execute(request.idempotent(false))
            .await
            .map(sent)
    }
}
