//! Writes one chunk of records: sees what is there, sends what differs, and finds out what became of it.
//!
//! What it rests on: a batch endpoint takes all records of a request or none, and an existing record only with its `_version`. So a refusal
//! means that nothing was written, and the halves can be tried. No answer means nothing: then the records are read again, and their content
//! and `_version` tell.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::{Method, StatusCode};
use serde_json::Value;

use crate::batch::{AbsentFields, Outcome, Written};
use crate::client::FolioClient;
use crate::collection::Collection;
use crate::cql;
use crate::error::{Error, ErrorKind, Result};
use crate::paging::is_without;
use crate::request::Request;
use crate::same_record::{self, Fields};

/// Makes what is written out of what is there and what came.
pub(super) type Merge = Arc<dyn Fn(&Fields, Fields) -> Result<Fields, String> + Send + Sync>;

/// How often a request that may or may not have been carried out is tried before its records are divided, and a single record in all.
const TRIES: u32 = 2;
const TRIES_OF_ONE: u32 = 5;

/// How often what is forbidden is tried: it may pass.
const TRIES_OF_FORBIDDEN: u32 = 3;

/// How often what only reads is tried again, on top of what the client's policy does.
const LOOKS: u32 = 4;

/// How often others may be faster before a record is given up.
const CONFLICTS: u32 = 8;

/// Identifiers in the URL of one request: Okapi takes 8192 bytes, and each takes 50 of them.
const IDS_OF_URL: usize = 100;

pub(super) struct Writer {
    pub(super) client: FolioClient,
    pub(super) collection: Collection,
    pub(super) max_records: usize,
    pub(super) max_bytes: AtomicUsize,
    /// The most bytes that the server has taken so far.
    pub(super) taken: AtomicUsize,
    pub(super) absent: AbsentFields,
    pub(super) overwrite: bool,
    pub(super) merge: Option<Merge>,
    /// The server has no batch endpoint after all.
    pub(super) singly: AtomicBool,
    /// The server has no endpoint that takes a query in a POST after all, or not for this user.
    pub(super) by_get: AtomicBool,
    /// Going on is of no use: nobody may write, or nobody answers.
    pub(super) stopped: AtomicBool,
}

/// A record on its way.
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) id: String,
    /// As it came, with its id and without `_version`.
    pub(super) fields: Fields,
    /// The `_version` that it came with.
    pub(super) guard: Option<i64>,
    /// Whether it was there when we first looked.
    existed: Option<bool>,
    /// What was there when we last looked.
    seen: Seen,
    /// What is to be sent.
    body: Vec<u8>,
    /// What a replacement takes away.
    dropped: Vec<String>,
    /// Whether what was sent last may have been written.
    in_doubt: bool,
    /// Whether anything that was sent may have been, also later than we looked.
    doubted: bool,
    conflicts: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Nothing,
    Version(Option<i64>),
}

impl Seen {
    fn of(stored: Option<&Fields>) -> Self {
        stored.map_or(Self::Nothing, |stored| {
            Self::Version(stored.get("_version").and_then(Value::as_i64))
        })
    }
}

impl Entry {
    pub(super) fn new(index: u64, id: String, fields: Fields, guard: Option<i64>) -> Self {
        Self {
            index,
            id,
            fields,
            guard,
            existed: None,
            seen: Seen::Nothing,
            body: Vec::new(),
            dropped: Vec::new(),
            in_doubt: false,
            doubted: false,
            conflicts: 0,
        }
    }

    fn becomes(self, what: Written) -> Outcome {
        Outcome {
            index: self.index,
            id: self.id,
            what,
        }
    }

    fn written(self) -> Outcome {
        let what = if self.existed == Some(true) {
            Written::Updated {
                dropped: self.dropped.clone(),
            }
        } else {
            Written::Created
        };
        self.becomes(what)
    }

    pub(super) fn failed(mut self, error: Error) -> Outcome {
        let error = if self.in_doubt {
            error.with_help("whether it was written is not known: read the record and compare")
        } else {
            error
        };
        if let Some(guard) = self.guard {
            self.fields.insert("_version".to_owned(), guard.into());
        }
        let record = Value::Object(std::mem::take(&mut self.fields));
        self.becomes(Written::Failed { error, record })
    }
}

/// Records that are written together.
struct Lot {
    entries: Vec<Entry>,
    tries: u32,
    state: State,
}

enum State {
    /// It is to be found out what is there.
    Unseen,
    /// The bodies are made.
    Ready,
    /// The server spoke of a conflict.
    Conflict(Error),
}

/// What a failure means for the records of a request.
enum Verdict {
    /// None was written, and one of them is the reason.
    Refused,
    Conflict,
    /// There are too many of them, or one is too large.
    TooLarge,
    /// They may have been written.
    Unknown,
    /// They were not sent.
    Unsent,
    NoEndpoint,
    /// The gateway let none of them through: Eureka also says so when it has troubles of its own.
    Forbidden,
    /// It is of no use to go on.
    Stop,
}

fn judge(error: &Error) -> Verdict {
    match error.kind() {
        ErrorKind::ClientClosed | ErrorKind::Login | ErrorKind::Configuration => Verdict::Stop,
        ErrorKind::Timeout | ErrorKind::Transport | ErrorKind::Truncated => Verdict::Unknown,
        ErrorKind::Connect => Verdict::Unsent,
        _ => match error.status() {
            Some(StatusCode::UNAUTHORIZED) => Verdict::Stop,
            Some(StatusCode::FORBIDDEN) => Verdict::Forbidden,
            Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => Verdict::NoEndpoint,
            Some(StatusCode::CONFLICT) => Verdict::Conflict,
            Some(StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) => Verdict::Unknown,
            Some(StatusCode::PAYLOAD_TOO_LARGE) => Verdict::TooLarge,
            Some(status) if status.is_server_error() => Verdict::Unknown,
            _ => Verdict::Refused,
        },
    }
}

impl Writer {
    /// Writes the records, and says of each what became of it.
    pub(super) async fn write(
        self: Arc<Self>,
        entries: Vec<Entry>,
    ) -> (Vec<Outcome>, Option<Error>) {
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut work = vec![Lot {
            entries,
            tries: 0,
            state: State::Unseen,
        }];
        let mut reason = None;
        while let Some(mut lot) = work.pop() {
            if let Some(error) = &reason {
                fail(&mut outcomes, lot.entries, error);
                continue;
            }
            let conflict = match lot.state {
                State::Ready => None,
                State::Unseen => Some(None),
                State::Conflict(error) => Some(Some(error)),
            };
            if let Some(conflict) = conflict {
                let stored = match self.look(&lot.entries).await {
                    Ok(stored) => stored,
                    Err(error) => {
                        self.stopped.store(true, Ordering::Relaxed);
                        fail(&mut outcomes, lot.entries, &error);
                        reason = Some(error);
                        continue;
                    }
                };
                let there = |entry: &Entry| stored.get(&key(&entry.id));
                if let Some(error) = conflict
                    && !lot
                        .entries
                        .iter()
                        .any(|entry| Seen::of(there(entry)) != entry.seen)
                {
                    // Nobody was faster: the server means something else by it.
                    if let Some(entry) = only(&mut lot.entries) {
                        let stored = there(&entry);
                        outcomes.push(match self.prepare(entry, stored) {
                            Ok(entry) => entry.failed(error),
                            Err(outcome) => *outcome,
                        });
                    } else {
                        refused(&mut work, &mut outcomes, lot.entries, lot.tries, &error);
                    }
                    continue;
                }
                let mut ready = Vec::with_capacity(lot.entries.len());
                for entry in lot.entries {
                    let stored = there(&entry);
                    match self.prepare(entry, stored) {
                        Ok(entry) => ready.push(entry),
                        Err(outcome) => outcomes.push(*outcome),
                    }
                }
                lot.entries = ready;
            }
            for entries in self.packed(lot.entries) {
                if let Some(error) = &reason {
                    fail(&mut outcomes, entries, error);
                    continue;
                }
                let error = match self.send(&entries).await {
                    Ok(()) => {
                        self.taken.fetch_max(bytes(&entries), Ordering::Relaxed);
                        outcomes.extend(entries.into_iter().map(Entry::written));
                        continue;
                    }
                    Err(error) => error,
                };
                reason = self
                    .after(error, entries, lot.tries, &mut work, &mut outcomes)
                    .await;
            }
        }
        (outcomes, reason)
    }

    /// What follows from a failure. Gives the reason to stop, if it is one.
    async fn after(
        &self,
        error: Error,
        mut entries: Vec<Entry>,
        tries: u32,
        work: &mut Vec<Lot>,
        outcomes: &mut Vec<Outcome>,
    ) -> Option<Error> {
        let verdict = judge(&error);
        let one = entries.len() == 1;
        let again = |entries, tries, state| Lot {
            entries,
            tries,
            state,
        };
        match verdict {
            Verdict::Forbidden if tries + 1 < TRIES_OF_FORBIDDEN => {
                if let Err(closed) = self.client.backoff(tries + 1, &error).await {
                    fail(outcomes, entries, &closed);
                    return Some(closed);
                }
                work.push(again(entries, tries + 1, State::Ready));
            }
            Verdict::Stop | Verdict::Forbidden => {
                self.stopped.store(true, Ordering::Relaxed);
                fail(outcomes, entries, &error);
                return Some(error);
            }
            Verdict::NoEndpoint if self.batches() => {
                self.singly.store(true, Ordering::Relaxed);
                work.push(again(entries, tries, State::Ready));
            }
            Verdict::NoEndpoint | Verdict::Conflict => {
                // A record that is gone meanwhile is one that others have changed.
                for entry in &mut entries {
                    entry.conflicts += 1;
                }
                if entries.iter().any(|entry| entry.conflicts > CONFLICTS) {
                    refused(work, outcomes, entries, tries, &error);
                } else {
                    work.push(again(entries, tries, State::Conflict(error)));
                }
            }
            // A single call creates a record only once: that it is there already may be our own doing, or somebody else's.
            Verdict::Refused
                if one
                    && !self.batches()
                    && entries.iter().any(|entry| {
                        entry.seen == Seen::Nothing
                            && entry.conflicts < CONFLICTS
                            && (entry.doubted || says_exists(&error))
                    }) =>
            {
                for entry in &mut entries {
                    entry.conflicts += 1;
                }
                work.push(again(entries, tries, State::Conflict(error)));
            }
            Verdict::TooLarge if !one => {
                // The others need not find out as well.
                let (refused, taken) = (bytes(&entries), self.taken.load(Ordering::Relaxed));
                let most = if taken < refused {
                    taken + (refused - taken) / 2
                } else {
                    refused / 2
                };
                self.max_bytes.fetch_min(most, Ordering::Relaxed);
                let rest = entries.split_off(entries.len() / 2);
                work.push(again(rest, tries, State::Ready));
                work.push(again(entries, tries, State::Ready));
            }
            Verdict::Refused | Verdict::TooLarge => refused(work, outcomes, entries, tries, &error),
            Verdict::Unknown | Verdict::Unsent => {
                if matches!(verdict, Verdict::Unknown) {
                    for entry in &mut entries {
                        entry.in_doubt = true;
                        entry.doubted = true;
                    }
                }
                let tries = tries + 1;
                if one && tries > TRIES_OF_ONE {
                    fail(outcomes, entries, &error);
                } else if one && tries == TRIES_OF_ONE {
                    // One more look.
                    work.push(again(entries, tries, State::Conflict(error)));
                } else {
                    if let Err(closed) = self.client.backoff(tries, &error).await {
                        fail(outcomes, entries, &closed);
                        return Some(closed);
                    }
                    if !one && tries >= TRIES {
                        // It may be one record that the server trips over, or too many for its time.
                        let rest = entries.split_off(entries.len() / 2);
                        work.push(again(rest, TRIES - 1, State::Unseen));
                        work.push(again(entries, TRIES - 1, State::Unseen));
                    } else {
                        work.push(again(entries, tries, State::Unseen));
                    }
                }
            }
        }
        None
    }

    fn batches(&self) -> bool {
        self.collection.batch_endpoint().is_some() && !self.singly.load(Ordering::Relaxed)
    }

    /// Decides what is to be sent of a record, if anything.
    fn prepare(&self, mut entry: Entry, stored: Option<&Fields>) -> Result<Entry, Box<Outcome>> {
        let seen = Seen::of(stored);
        // What is there now may be our own doing.
        if !entry.doubted {
            entry.existed = Some(stored.is_some());
        }
        if entry.doubted
            && let Some(stored) = stored
            && (seen != entry.seen || seen == Seen::Version(None))
            && let Ok(Value::Object(sent)) = serde_json::from_slice(&entry.body)
            && self.collection.kind().holds(stored, &sent)
        {
            return Err(Box::new(entry.written()));
        }
        entry.seen = seen;
        let mut fields = entry.fields.clone();
        if let Some(stored) = stored {
            self.collection.kind().take_generated(stored, &mut fields);
            if self.absent == AbsentFields::Keep {
                same_record::keep(stored, &mut fields);
            }
            if let Some(merge) = &self.merge {
                fields = match merge(stored, fields) {
                    Ok(fields) => fields,
                    Err(problem) => return Err(Box::new(self.unfit(entry, problem))),
                };
            }
            if self.collection.kind().is_unchanged(stored, &fields) {
                let outcome = if entry.doubted {
                    entry.written()
                } else {
                    entry.becomes(Written::Unchanged)
                };
                return Err(Box::new(outcome));
            }
            let version = stored.get("_version").cloned();
            if let Some(guard) = entry.guard
                && !self.overwrite
                && self.merge.is_none()
                && version.as_ref().and_then(Value::as_i64) != Some(guard)
            {
                let version = version.map_or_else(|| "none".to_owned(), |v| v.to_string());
                let problem = format!(
                    "the record was changed since it was read: its `_version` was {guard}, and now is {version}"
                );
                let error = Error::conflict(self.exchange(&entry), problem);
                entry.in_doubt = entry.doubted;
                return Err(Box::new(entry.failed(error)));
            }
            entry.dropped = self.collection.kind().removed(stored, &fields);
            if self.absent == AbsentFields::Refuse && !entry.dropped.is_empty() {
                let problem = format!(
                    "replacing the record would take away what it has in `{}`",
                    entry.dropped.join("`, `")
                );
                return Err(Box::new(self.unfit(entry, problem)));
            }
            match version {
                Some(version) => _ = fields.insert("_version".to_owned(), version),
                None => _ = fields.remove("_version"),
            }
            // As the server has it: a client may write a UUID in capitals.
            if let Some(id) = stored.get("id") {
                fields.insert("id".to_owned(), id.clone());
            }
        }
        entry.in_doubt = false;
        match serde_json::to_vec(&fields) {
            Ok(body) => entry.body = body,
            Err(error) => return Err(Box::new(self.unfit(entry, error.to_string()))),
        }
        Ok(entry)
    }

    fn exchange(&self, entry: &Entry) -> crate::error::Exchange {
        Request::to(Method::PUT, self.collection.path_of(&entry.id)).exchange(self.client.url())
    }

    fn unfit(&self, entry: Entry, problem: String) -> Outcome {
        let error = Error::request(self.exchange(&entry), problem);
        entry.failed(error)
    }

    /// The records that go together into one request: no more than there may be, and no more bytes.
    fn packed(&self, entries: Vec<Entry>) -> Vec<Vec<Entry>> {
        let (max_records, envelope) = match self.collection.batch_endpoint() {
            Some((_, key)) if self.batches() => (self.max_records.max(1), key.len() + 7),
            _ => (1, 0),
        };
        let max_bytes = self.max_bytes.load(Ordering::Relaxed);
        let mut packs: Vec<Vec<Entry>> = Vec::new();
        let mut bytes = 0;
        for entry in entries {
            let size = entry.body.len() + 1;
            match packs.last_mut() {
                Some(pack) if pack.len() < max_records && bytes + size <= max_bytes => {
                    bytes += size;
                    pack.push(entry);
                }
                _ => {
                    bytes = envelope + size;
                    packs.push(vec![entry]);
                }
            }
        }
        packs
    }

    async fn send(&self, entries: &[Entry]) -> Result<()> {
        let request = match (self.collection.batch_endpoint(), entries) {
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
                Request::to(Method::POST, path)
                    .param("upsert", true)
                    .body(body, "application/json")
            }
            (_, [entry]) => {
                let (method, path) = if entry.seen == Seen::Nothing {
                    (Method::POST, self.collection.path().to_owned())
                } else {
                    (Method::PUT, self.collection.path_of(&entry.id))
                };
                Request::to(method, path).body(entry.body.clone(), "application/json")
            }
            // `packed` gives them one by one.
            (_, _) => return Ok(()),
        };
        // What became of it is found out here, and not by sending it again.
        self.client
            .execute(request.idempotent(false))
            .await
            .map(drop)
    }

    /// The records that are there, by their ids.
    async fn look(&self, entries: &[Entry]) -> Result<HashMap<String, Fields>> {
        let (uuids, others): (Vec<&str>, Vec<&str>) = entries
            .iter()
            .map(|entry| entry.id.as_str())
            .partition(|id| uuid::Uuid::try_parse(id).is_ok());
        let mut stored = HashMap::with_capacity(entries.len());
        // A query for what is no UUID is refused as a whole.
        for id in others {
            match self
                .patiently(|| Request::to(Method::GET, self.collection.path_of(id)))
                .await
            {
                Ok(response) => note(&mut stored, response.json()?),
                Err(error)
                    if error
                        .status()
                        .is_some_and(|status| status.is_client_error())
                        && !matches!(
                            judge(&error),
                            Verdict::Stop | Verdict::Forbidden | Verdict::Unknown
                        ) => {}
                Err(error) => return Err(error),
            }
        }
        let mut rest = &uuids[..];
        while !rest.is_empty() {
            let retrieve = self
                .collection
                .retrieve_endpoint()
                .filter(|_| !self.by_get.load(Ordering::Relaxed));
            let most = retrieve.map_or(IDS_OF_URL, |_| self.max_records.max(1));
            let (ids, others) = rest.split_at(rest.len().min(most));
            let query = cql::field("id").one_of(ids);
            let response = self.patiently(|| match retrieve {
                Some(path) => {
                    let body = serde_json::json!({"query": query.to_string(), "offset": 0, "limit": ids.len()});
                    Request::to(Method::POST, path).json(&body).only_reads()
                }
                None => Request::to(Method::GET, self.collection.path())
                    .query(query.clone())
                    .param("limit", ids.len()),
            });
            let response = match response.await {
                Err(error) if retrieve.is_some() && is_without(&error) => {
                    self.by_get.store(true, Ordering::Relaxed);
                    continue;
                }
                response => response?,
            };
            rest = others;
            let mut answer: Fields = response.json()?;
            let Some(Value::Array(records)) = answer.remove(self.collection.items()) else {
                let keys: Vec<String> = answer.keys().cloned().collect();
                return Err(crate::paging::missing_key(
                    response.exchange(),
                    Some(self.collection.items()),
                    &keys,
                    response.body(),
                ));
            };
            for record in records {
                note(&mut stored, record);
            }
        }
        Ok(stored)
    }

    /// Sends what only reads, and does not give up where the client does: records may be in doubt.
    async fn patiently(&self, request: impl Fn() -> Request) -> Result<crate::Response> {
        let mut tries = 0;
        loop {
            match self.client.execute(request()).await {
                Err(error) if may_pass(&error) && tries < LOOKS => {
                    tries += 1;
                    self.client.backoff(tries, &error).await?;
                }
                done => return done,
            }
        }
    }
}

/// One of them is the reason, and none was written: tries the halves, and of one record it says so.
fn refused(
    work: &mut Vec<Lot>,
    outcomes: &mut Vec<Outcome>,
    mut entries: Vec<Entry>,
    tries: u32,
    error: &Error,
) {
    if entries.len() > 1 {
        let rest = entries.split_off(entries.len() / 2);
        for entries in [rest, entries] {
            work.push(Lot {
                entries,
                tries,
                state: State::Ready,
            });
        }
    } else {
        fail(outcomes, entries, error);
    }
}

/// The record of a lot that has only one.
fn only(entries: &mut Vec<Entry>) -> Option<Entry> {
    if entries.len() == 1 {
        entries.pop()
    } else {
        None
    }
}

/// How many bytes records take in a body.
fn bytes(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.body.len() + 1).sum()
}

fn fail(outcomes: &mut Vec<Outcome>, entries: Vec<Entry>, error: &Error) {
    outcomes.extend(
        entries
            .into_iter()
            .map(|entry| entry.failed(error.duplicate())),
    );
}

fn note(stored: &mut HashMap<String, Fields>, record: Value) {
    if let Value::Object(fields) = record
        && let Some(id) = fields.get("id").and_then(Value::as_str)
    {
        stored.insert(key(id), fields);
    }
}

/// UUIDs are the same in capitals.
pub(super) fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

fn may_pass(error: &Error) -> bool {
    error.is_retryable()
        || error
            .status()
            .is_some_and(|status| status.is_server_error())
}

/// Whether a server says that a record of this id is there. There is no status of its own for it: RMB answers 422, others 400 or 409.
fn says_exists(error: &Error) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("exist") || text.contains("duplicate")
    };
    error.server_message().is_some_and(says)
}
