//! Writes one chunk of records: sees what is there, sends what differs, and finds out what became of it.
//!
//! What it rests on: a batch endpoint takes all records of a request or none, and an existing record only with its `_version`. So a refusal
//! means that nothing was written, and the halves can be tried. No answer means nothing: then the records are read again, and their content
//! and `_version` tell.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::client::FolioClient;
use crate::value::splice;
use crate::wire::error::{Error, ErrorKind, Result};
use crate::wire::operation::{Absent, Creates};
use crate::wire::request::Request;
use crate::wire::same_record::{keep, version, version_number};
use crate::write::collection::Collection;
use crate::write::key::{Claim, Claims, Earlier};
use crate::write::lookup::Found;
use crate::write::{AbsentFields, Outcome, Written};

type Fields = Map<String, Value>;

/// Makes what is written out of what is there and what came.
pub(super) type Merge = Arc<dyn Fn(&Fields, Fields) -> Result<Fields, String> + Send + Sync>;

/// How often a request that may or may not have been carried out is tried before its records are divided.
const TRIES: u32 = 2;

/// How often what is forbidden is tried: it may pass.
const TRIES_OF_FORBIDDEN: u32 = 3;

/// How often others may be faster before a record is given up.
const CONFLICTS: u32 = 8;

/// How many writes may fail one after the other, with no other answer in between, before it is taken that all fail: of single records, and
/// of batches, where the search for one bad record among 10,000 takes 16. Of 500, which a module may answer for each bad record, more.
const FAILING: u32 = 10;
const FAILING_BATCHES: u32 = 20;
const FAILING_INSIDE: u32 = 100;

/// PostgreSQL takes 1,664 entries in a list, and mod-inventory-storage puts a number for each record without `hrid` into one (recorded: 1,664
/// instances fail, 1,000 pass).
pub(super) const UNNUMBERED: usize = 1_663;

pub(super) struct Writer {
    pub(super) client: FolioClient,
    pub(super) collection: Collection,
    /// The field that stored records are matched on; without one, the id.
    pub(super) match_on: Option<String>,
    pub(super) max_records: usize,
    pub(super) max_bytes: AtomicUsize,
    /// How many records without a number, and of any, the server takes at once.
    pub(super) max_unnumbered: AtomicUsize,
    pub(super) max_at_once: AtomicUsize,
    /// The most bytes that the server has taken so far.
    pub(super) taken: AtomicUsize,
    pub(super) absent: AbsentFields,
    pub(super) overwrite: bool,
    pub(super) merge: Option<Merge>,
    /// The records of this run. Never held across an await.
    pub(super) claims: Mutex<Claims>,
    /// What a POST does with the id of a record.
    pub(super) creates: Creates,
    /// The server gives new records ids of its own.
    pub(super) new_ids: AtomicBool,
    /// The server stored a record under the id that was sent.
    pub(super) keeps_ids: AtomicBool,
    /// The server has no batch endpoint after all.
    pub(super) singly: AtomicBool,
    /// The server has no endpoint that takes a query in a POST after all, or not for this user.
    pub(super) by_get: AtomicBool,
    /// Going on is of no use: nobody may write, or nobody answers.
    pub(super) stopped: AtomicBool,
    /// Why. Never held across an await.
    pub(super) reason: Mutex<Option<Error>>,
    /// How many writes failed since the last one that did not.
    pub(super) failing: AtomicU32,
    /// A record was given up after all attempts, and no write has succeeded since: until one does, others are tried only once.
    pub(super) given_up: AtomicBool,
}

/// A record on its way.
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) id: String,
    /// Whether the record came with its id.
    pub(super) id_is_given: bool,
    /// The value of the field that it is matched on.
    key: Option<String>,
    /// Records of one lane are written one after the other.
    pub(super) lane: String,
    /// A hash of what came.
    content: u32,
    /// An earlier record with the same id or key.
    pub(super) repeats: Option<u64>,
    /// As it came, with its id and without `_version`.
    pub(super) fields: Fields,
    /// As it was written, if it has numbers that `fields` does not hold digit for digit.
    text: Option<Vec<u8>>,
    /// The `_version` that it came with.
    pub(super) guard: Option<i64>,
    /// Whether it was there when we first looked.
    existed: Option<bool>,
    /// What was there when we last looked.
    seen: Seen,
    /// What is to be sent.
    body: Vec<u8>,
    /// Whether the server is to number it.
    is_unnumbered: bool,
    /// What a replacement takes away.
    dropped: Vec<String>,
    /// Whether what was sent last may have been written.
    in_doubt: bool,
    /// Whether anything that was sent may have been, also later than we looked.
    doubted: bool,
    /// Why that is not known.
    doubt: Option<Error>,
    conflicts: u32,
}

/// A record that is done with.
pub(super) struct Done {
    pub(super) lane: String,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Nothing,
    Version(Option<i64>),
}

impl Seen {
    fn of(stored: Option<&Fields>) -> Self {
        stored.map_or(Self::Nothing, |stored| Self::Version(version(stored)))
    }
}

impl Entry {
    pub(super) fn new(index: u64, id: String, id_is_given: bool, fields: Fields) -> Self {
        Self {
            index,
            lane: lane(&id),
            id,
            id_is_given,
            key: None,
            content: 0,
            repeats: None,
            fields,
            text: None,
            guard: None,
            existed: None,
            seen: Seen::Nothing,
            body: Vec::new(),
            is_unnumbered: false,
            dropped: Vec::new(),
            in_doubt: false,
            doubted: false,
            doubt: None,
            conflicts: 0,
        }
    }

    pub(super) fn with_key(mut self, key: String) -> Self {
        self.lane = super::key::folded(&key);
        self.key = Some(key);
        self
    }

    pub(super) fn with_content(mut self, content: u32) -> Self {
        self.content = content;
        self
    }

    pub(super) fn with_text(mut self, text: Vec<u8>) -> Self {
        self.text = Some(text);
        self
    }

    /// The record as it is sent: unchanged numbers digit for digit.
    fn written_as(&self, fields: Fields) -> serde_json::Result<Vec<u8>> {
        let fields = Value::Object(fields);
        match &self.text {
            Some(text) => {
                let before = serde_json::from_slice(text)?;
                Ok(splice::rewrite(text, &before, &fields))
            }
            None => serde_json::to_vec(&fields),
        }
    }

    /// The value of the field that it is matched on.
    pub(super) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    fn becomes(self, what: Written) -> Done {
        Done {
            lane: self.lane,
            outcome: Outcome {
                index: self.index,
                id: self.id,
                what,
                repeats: self.repeats,
            },
        }
    }

    fn written(self) -> Done {
        let what = if self.existed == Some(true) {
            Written::Updated {
                dropped: self.dropped.clone(),
            }
        } else {
            Written::Created
        };
        self.becomes(what)
    }

    pub(super) fn failed(mut self, error: Error) -> Done {
        let error = if self.in_doubt {
            error
                .with_unknown_outcome()
                .with_help("whether the record was written is not known: read it and compare")
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
    /// It is not tried again: what was written is looked up.
    Last(Error),
}

/// What a failure means for the records of a request.
pub(super) enum Verdict {
    /// None was written, and one of them is the reason.
    Refused,
    Conflict,
    /// There are too many of them.
    TooMany,
    /// There are too many of them, or one is too large.
    TooLarge,
    /// They may have been written.
    Unknown,
    /// They were not written.
    Unsent,
    NoEndpoint,
    /// The gateway let none of them through: Eureka also says so when it has troubles of its own.
    Forbidden,
    /// It is of no use to go on.
    Stop,
}

pub(super) fn judge(error: &Error) -> Verdict {
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
            Some(StatusCode::PAYLOAD_TOO_LARGE) if is_of_number(error) => Verdict::TooMany,
            Some(StatusCode::PAYLOAD_TOO_LARGE) => Verdict::TooLarge,
            // PostgreSQL rejected the statement, so that nothing was written.
            Some(status) if status.is_server_error() && is_of_number(error) => Verdict::TooMany,
            Some(status) if status.is_server_error() => Verdict::Unknown,
            _ => Verdict::Refused,
        },
    }
}

/// Whether the server rejects a batch for the number of its records (recorded: `Expected a maximum of 10000 records to prevent out of
/// memory but got 10001`, `target lists can have at most 1664 entries`).
fn is_of_number(error: &Error) -> bool {
    let says = |text: &str| {
        text.contains("target lists can have at most") || text.contains("Expected a maximum of")
    };
    error.server_message().is_some_and(says)
}

/// The work of one task.
struct Run {
    work: Vec<Lot>,
    done: Vec<Done>,
    /// Why it is of no use to go on.
    reason: Option<Error>,
}

impl Run {
    fn fail(&mut self, entries: Vec<Entry>, error: &Error) {
        let failed = |entry: Entry| entry.failed(error.duplicate());
        self.done.extend(entries.into_iter().map(failed));
    }

    fn again(&mut self, entries: Vec<Entry>, tries: u32, state: State) {
        self.work.push(Lot {
            entries,
            tries,
            state,
        });
    }

    /// Each half for itself.
    fn halve(&mut self, mut entries: Vec<Entry>, tries: u32, state: impl Fn() -> State) {
        let rest = entries.split_off(entries.len() / 2);
        self.again(rest, tries, state());
        self.again(entries, tries, state());
    }

    /// One of them is the reason, and none was written: tries the halves, and of one record it says so.
    fn refused(&mut self, entries: Vec<Entry>, tries: u32, error: &Error) {
        if entries.len() > 1 {
            self.halve(entries, tries, || State::Ready);
        } else {
            self.fail(entries, error);
        }
    }
}

/// What a request that succeeded was.
enum Sent {
    Batch,
    Created(Box<crate::Response>),
    Replaced,
}

impl Writer {
    /// Writes the records, and says of each what became of it.
    pub(super) async fn write(self: Arc<Self>, entries: Vec<Entry>) -> (Vec<Done>, Option<Error>) {
        let mut run = Run {
            done: Vec::with_capacity(entries.len()),
            work: Vec::new(),
            reason: None,
        };
        run.again(entries, 0, State::Unseen);
        while let Some(lot) = run.work.pop() {
            let tries = lot.tries;
            let entries = self.ready(lot, &mut run).await;
            for entries in self.packed(entries) {
                // Another task may have found out that it is of no use.
                run.reason = run.reason.take().or_else(|| self.reason());
                if let Some(error) = &run.reason {
                    let error = error.duplicate();
                    run.fail(entries, &error);
                } else {
                    self.send_together(entries, tries, &mut run).await;
                }
            }
        }
        (run.done, run.reason)
    }

    /// Looks at what is there and decides what is to be sent. Gives the records that are.
    async fn ready(&self, lot: Lot, run: &mut Run) -> Vec<Entry> {
        let Lot {
            mut entries,
            tries,
            state,
        } = lot;
        run.reason = run.reason.take().or_else(|| self.reason());
        let conflict = match (state, &run.reason) {
            // What became of what was sent is looked up even when the run ends.
            (State::Last(error), _) => {
                self.end(entries, &error, run).await;
                return Vec::new();
            }
            (_, Some(reason)) => {
                let reason = reason.duplicate();
                run.fail(entries, &reason);
                return Vec::new();
            }
            (State::Ready, None) => return entries,
            (State::Unseen, None) => None,
            (State::Conflict(error), None) => Some(error),
        };
        let found = match self.look(&entries).await {
            Ok(found) => found,
            Err(error) => {
                self.stop(run, error.duplicate());
                run.fail(entries, &error);
                return Vec::new();
            }
        };
        if let Some(error) = conflict
            && entries
                .iter()
                .zip(&found)
                .all(|(entry, found)| Seen::of(found.record()) == entry.seen)
        {
            // Nobody was faster: the server means something else by it.
            if entries.len() > 1 {
                run.refused(entries, tries, &error);
            } else {
                for (entry, found) in entries.drain(..).zip(found) {
                    run.done.push(match self.prepare(entry, found) {
                        Ok(entry) => entry.failed(error.duplicate()),
                        Err(done) => *done,
                    });
                }
            }
            return Vec::new();
        }
        let mut ready = Vec::with_capacity(entries.len());
        for (entry, found) in entries.into_iter().zip(found) {
            match self.prepare(entry, found) {
                Ok(entry) => ready.push(entry),
                Err(done) => run.done.push(*done),
            }
        }
        ready
    }

    /// Says of records that are not sent again what became of them.
    async fn end(&self, entries: Vec<Entry>, error: &Error, run: &mut Run) {
        let Ok(found) = self.look(&entries).await else {
            run.fail(entries, error);
            return;
        };
        for (entry, found) in entries.into_iter().zip(found) {
            let has_landed = found
                .record()
                .is_some_and(|stored| self.has_landed(&entry, stored));
            run.done.push(if has_landed {
                self.known(entry, &found).written()
            } else {
                entry.failed(error.duplicate())
            });
        }
    }

    async fn send_together(&self, entries: Vec<Entry>, tries: u32, run: &mut Run) {
        match self.send(&entries).await {
            Ok(sent) => {
                self.works();
                self.taken.fetch_max(bytes(&entries), Ordering::Relaxed);
                for entry in entries {
                    self.note_sent(entry, &sent, run);
                }
            }
            Err(error) => self.after(error, entries, tries, run).await,
        }
    }

    /// What a success means for a record.
    fn note_sent(&self, mut entry: Entry, sent: &Sent, run: &mut Run) {
        match sent {
            Sent::Created(response) => {
                let id = response.json::<Value>().ok();
                let id = id.as_ref().and_then(|record| record.get("id")?.as_str());
                match id {
                    Some(id) if id.eq_ignore_ascii_case(&entry.id) => {
                        self.keeps_ids.store(true, Ordering::Relaxed);
                    }
                    Some(id) => {
                        let was_known = self.new_ids.swap(true, Ordering::Relaxed);
                        if entry.key.is_none() && !was_known {
                            let problem = format!(
                                "the server stored the record under the id {id}, and not under {}, which was sent: a second run would create it again",
                                entry.id
                            );
                            let error = Error::request(response.exchange().clone(), problem)
                                .with_help(MATCH_ON);
                            self.stop(run, error);
                        }
                        entry.id = id.to_owned();
                        let _ = self.claim(Claim::Stored, &entry);
                    }
                    None => {}
                }
            }
            Sent::Batch | Sent::Replaced => {}
        }
        run.done.push(entry.written());
    }

    /// What follows from a failure.
    async fn after(&self, error: Error, mut entries: Vec<Entry>, tries: u32, run: &mut Run) {
        let verdict = judge(&error);
        let one = entries.len() == 1;
        if !matches!(verdict, Verdict::Unknown | Verdict::Unsent) {
            self.works();
        }
        match verdict {
            Verdict::Forbidden if tries + 1 < TRIES_OF_FORBIDDEN && self.may_retry(tries + 1) => {
                if let Err(closed) = self.client.backoff(tries + 1, &error).await {
                    run.fail(entries, &closed);
                    run.reason = Some(closed);
                } else {
                    run.again(entries, tries + 1, State::Ready);
                }
            }
            Verdict::Stop | Verdict::Forbidden => {
                self.stop(run, error.duplicate());
                run.fail(entries, &error);
            }
            Verdict::NoEndpoint if self.batches() => {
                self.singly.store(true, Ordering::Relaxed);
                run.again(entries, tries, State::Ready);
            }
            Verdict::NoEndpoint | Verdict::Conflict => {
                // A record that is gone meanwhile is one that others have changed.
                for entry in &mut entries {
                    entry.conflicts += 1;
                }
                if entries.iter().any(|entry| entry.conflicts > CONFLICTS) {
                    run.refused(entries, tries, &error);
                } else {
                    run.again(entries, tries, State::Conflict(error));
                }
            }
            // A single call creates a record only once: that it is there already may be our own doing, or somebody else's.
            Verdict::Refused
                if one
                    && entries.iter().any(|entry| {
                        entry.seen == Seen::Nothing
                            && entry.conflicts < CONFLICTS
                            && (!self.batches() || entry.key.is_some())
                            && (entry.doubted || says_exists(&error))
                    }) =>
            {
                for entry in &mut entries {
                    entry.conflicts += 1;
                }
                run.again(entries, tries, State::Conflict(error));
            }
            Verdict::TooMany if !one => {
                // The others need not find out as well.
                let unnumbered = entries.iter().filter(|entry| entry.is_unnumbered).count();
                if unnumbered > 0 {
                    self.max_unnumbered
                        .fetch_min((unnumbered / 2).max(1), Ordering::Relaxed);
                } else {
                    self.max_at_once
                        .fetch_min(entries.len() / 2, Ordering::Relaxed);
                }
                run.halve(entries, tries, || State::Ready);
            }
            Verdict::TooLarge if !one => {
                let (refused, taken) = (bytes(&entries), self.taken.load(Ordering::Relaxed));
                let most = if taken < refused {
                    taken + (refused - taken) / 2
                } else {
                    refused / 2
                };
                self.max_bytes.fetch_min(most, Ordering::Relaxed);
                run.halve(entries, tries, || State::Ready);
            }
            Verdict::Refused | Verdict::TooMany | Verdict::TooLarge => {
                run.refused(entries, tries, &error);
            }
            Verdict::Unknown => {
                for entry in &mut entries {
                    entry.in_doubt = true;
                    entry.doubted = true;
                    entry.doubt = Some(error.duplicate());
                }
                self.after_no_answer(error, entries, tries + 1, run).await;
            }
            Verdict::Unsent => self.after_no_answer(error, entries, tries + 1, run).await,
        }
    }

    /// The server did not do what it was asked to, or nobody knows. `tries` is how often it was tried.
    async fn after_no_answer(&self, error: Error, entries: Vec<Entry>, tries: u32, run: &mut Run) {
        let one = entries.len() == 1;
        let status = error.status();
        let is_inside = status.is_some_and(|status| {
            status.is_server_error() && !crate::wire::retry::is_transient(status)
        });
        // The server does not work at all: fewer records at once are no help.
        let is_down = error.kind() == ErrorKind::Connect
            || matches!(
                status,
                Some(
                    StatusCode::TOO_MANY_REQUESTS
                        | StatusCode::BAD_GATEWAY
                        | StatusCode::SERVICE_UNAVAILABLE
                )
            );
        let failing = self.failing.fetch_add(1, Ordering::Relaxed) + 1;
        let most = if is_inside {
            FAILING_INSIDE
        } else if self.batches() && !is_down {
            FAILING_BATCHES
        } else {
            FAILING
        };
        if failing >= most {
            let help = format!(
                "{failing} writes failed one after the other, so the run was stopped: run it again when the server works, it writes only what is missing"
            );
            self.stop(run, error.duplicate().with_help(help));
            run.fail(entries, &error);
            return;
        }
        // One record may be the reason, or they are too many for the server's time.
        let may_be_one = !one && tries >= TRIES && !is_down;
        let may = if may_be_one {
            // The module works, and is asked about fewer records each time.
            is_inside || self.may_retry(1)
        } else {
            !self.given_up.load(Ordering::Relaxed) && self.may_retry(tries)
        };
        let is_unsent = entries.iter().all(|entry| !entry.in_doubt);
        if !may {
            self.given_up.store(true, Ordering::Relaxed);
            if is_unsent {
                run.fail(entries, &error);
            } else {
                run.again(entries, tries, State::Last(error));
            }
            return;
        }
        if let Err(closed) = self.client.backoff(tries, &error).await {
            run.fail(entries, &closed);
            run.reason = Some(closed);
            return;
        }
        if may_be_one {
            run.halve(entries, TRIES - 1, || State::Unseen);
        } else if is_unsent {
            run.again(entries, tries, State::Ready);
        } else {
            run.again(entries, tries, State::Unseen);
        }
    }

    /// The server carried a write out, or rejected it for a reason.
    fn works(&self) {
        self.failing.store(0, Ordering::Relaxed);
        self.given_up.store(false, Ordering::Relaxed);
    }

    /// Ends the run: no more records are taken.
    fn stop(&self, run: &mut Run, error: Error) {
        let mut reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        reason.get_or_insert_with(|| error.duplicate());
        self.stopped.store(true, Ordering::Relaxed);
        run.reason.get_or_insert(error);
    }

    fn reason(&self) -> Option<Error> {
        if !self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        reason.as_ref().map(Error::duplicate)
    }

    /// Whether what was tried `tries` times may be sent again, by the client's retry policy and its budget.
    pub(super) fn may_retry(&self, tries: u32) -> bool {
        let session = self.client.session();
        session.retry.delay(tries, Duration::ZERO, None).is_some()
            && (!session.retry.has_budget() || session.allowance.spend())
    }

    fn batches(&self) -> bool {
        self.collection.batch_endpoint().is_some() && !self.singly.load(Ordering::Relaxed)
    }

    /// Whether a record that may have been created may be created again: the server rejects a second record of the same id, or replaces it.
    fn may_create_again(&self) -> bool {
        !self.new_ids.load(Ordering::Relaxed)
            && (self.batches()
                || self.creates == Creates::Record
                || self.keeps_ids.load(Ordering::Relaxed))
    }

    /// Notes which record of the run a stored one belongs to, and gives the earlier one, if there is one with other content.
    fn claim(&self, claim: Claim, entry: &Entry) -> Option<Earlier> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let id = lane(&entry.id);
        claims
            .claim(claim, &id, (entry.index, entry.content), false)
            .filter(|earlier| !earlier.same)
    }

    fn has_landed(&self, entry: &Entry, stored: &Fields) -> bool {
        let kind = self.collection.kind();
        let Ok(Value::Object(sent)) = serde_json::from_slice(&entry.body) else {
            return false;
        };
        entry.doubted
            && match entry.seen {
                Seen::Nothing => kind.is_created(stored, &sent),
                Seen::Version(before) => {
                    kind.landing(stored, &sent, before) == crate::wire::same_record::Landing::Yes
                }
            }
    }

    /// A record that is stored: under the id that it has there.
    fn known(&self, mut entry: Entry, found: &Found) -> Entry {
        let id = found.record().and_then(|stored| stored.get("id")?.as_str());
        match id {
            Some(id) if entry.key.is_some() => id.clone_into(&mut entry.id),
            Some(_) if entry.seen == Seen::Nothing && entry.doubted => {
                self.keeps_ids.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
        entry
    }

    /// Decides what is to be sent of a record, if anything.
    fn prepare(&self, entry: Entry, found: Found) -> Result<Entry, Box<Done>> {
        let mut entry = self.known(entry, &found);
        if let Found::Problem(problem) = found {
            let error = self.unfit(&entry, problem);
            return Err(Box::new(entry.failed(error)));
        }
        let stored = found.record();
        if entry.key.is_some()
            && stored.is_some()
            && let Some(earlier) = self.claim(Claim::Stored, &entry)
        {
            let problem = format!(
                "it matches the stored record {}, and so does record {} of this run (counted from 0), with other content: it was not written",
                entry.id, earlier.index
            );
            entry.repeats = Some(earlier.index);
            let error = self.unfit(&entry, problem);
            return Err(Box::new(entry.failed(error)));
        }
        let seen = Seen::of(stored);
        // What is there now may be our own doing.
        if !entry.doubted {
            entry.existed = Some(stored.is_some());
        }
        if stored.is_some_and(|stored| self.has_landed(&entry, stored)) {
            return Err(Box::new(entry.written()));
        }
        let fields = match stored {
            Some(stored) => self.replacing(&mut entry, stored),
            None => self.creating(&mut entry).map(Some),
        };
        let fields = match fields {
            Ok(Some(fields)) => fields,
            Ok(None) => {
                let done = if entry.doubted {
                    entry.written()
                } else {
                    entry.becomes(Written::Unchanged)
                };
                return Err(Box::new(done));
            }
            Err(error) => return Err(Box::new(entry.failed(error))),
        };
        entry.seen = seen;
        entry.in_doubt = false;
        let kind = self.collection.kind();
        entry.is_unnumbered = kind.numbers() && fields.get("hrid").is_none_or(Value::is_null);
        match entry.written_as(fields) {
            Ok(body) => entry.body = body,
            Err(error) => {
                let error = self.unfit(&entry, error.to_string());
                return Err(Box::new(entry.failed(error)));
            }
        }
        Ok(entry)
    }

    /// What is sent of a record that is not there.
    fn creating(&self, entry: &mut Entry) -> Result<Fields> {
        let new_ids = self.new_ids.load(Ordering::Relaxed);
        if entry.doubted && !self.may_create_again() {
            // It may have been created under an id of the server's, or be created yet.
            entry.in_doubt = true;
            return Err(match &entry.doubt {
                Some(error) => error.duplicate(),
                None => self.unfit(entry, "it may have been created".to_owned()),
            });
        }
        if new_ids && entry.key.is_none() {
            return Err(self.unfit(entry, NEW_IDS.to_owned()).with_help(MATCH_ON));
        }
        if entry.key.is_some() && !new_ids {
            let _ = self.claim(Claim::Stored, entry);
        }
        let mut fields = entry.fields.clone();
        self.collection.kind().remove_shown(&mut fields);
        if new_ids {
            // With the id of a stored record, mod-tags and mod-notes would replace that one (recorded).
            fields.remove("id");
        }
        Ok(fields)
    }

    /// What replaces a stored record; nothing if it would not change.
    fn replacing(&self, entry: &mut Entry, stored: &Fields) -> Result<Option<Fields>> {
        let kind = self.collection.kind();
        let mut fields = entry.fields.clone();
        if self.absent == AbsentFields::Keep {
            keep(stored, &mut fields);
        }
        if let Some(merge) = &self.merge {
            fields = merge(stored, fields).map_err(|problem| self.unfit(entry, problem))?;
        }
        kind.remove_shown(&mut fields);
        if kind.is_unchanged(stored, &fields) {
            return Ok(None);
        }
        let version = stored.get("_version").cloned();
        if let Some(guard) = entry.guard
            && !self.overwrite
            && self.merge.is_none()
            && version.as_ref().and_then(version_number) != Some(guard)
        {
            let version = version.map_or_else(|| "none".to_owned(), |v| v.to_string());
            let problem = format!(
                "the record was changed since it was read: its `_version` was {guard}, and now is {version}"
            );
            entry.in_doubt = entry.doubted;
            return Err(Error::conflict(self.exchange(entry), problem));
        }
        entry.dropped = kind.removed(stored, &fields);
        if self.absent == AbsentFields::Refuse && !entry.dropped.is_empty() {
            let problem = format!(
                "replacing the record would take away what it has in `{}`",
                entry.dropped.join("`, `")
            );
            return Err(self.unfit(entry, problem));
        }
        kind.take_generated(stored, &mut fields);
        match version {
            Some(version) => _ = fields.insert("_version".to_owned(), version),
            None => _ = fields.remove("_version"),
        }
        // As the server has it: a client may write a UUID in capitals.
        if let Some(id) = stored.get("id") {
            fields.insert("id".to_owned(), id.clone());
        }
        Ok(Some(fields))
    }

    fn exchange(&self, entry: &Entry) -> crate::wire::error::Exchange {
        Request::to(Method::PUT, self.collection.path_of(&entry.id)).exchange(self.client.url())
    }

    fn unfit(&self, entry: &Entry, problem: String) -> Error {
        Error::request(self.exchange(entry), problem)
    }

    /// The records that go together into one request: no more than there may be, and no more bytes.
    fn packed(&self, entries: Vec<Entry>) -> Vec<Vec<Entry>> {
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

    async fn send(&self, entries: &[Entry]) -> Result<Sent> {
        let (request, sent): (_, fn(crate::Response) -> Sent) =
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
                    (request, |_| Sent::Batch)
                }
                (_, [entry]) => {
                    let body = entry.body.clone();
                    if entry.seen == Seen::Nothing {
                        let request = Request::to(Method::POST, self.collection.path());
                        (request.with_record(body), |response| {
                            Sent::Created(Box::new(response))
                        })
                    } else {
                        // Where a PUT creates a record that is not there, that is what is wanted here. Where it is ignored, the client finds out.
                        let request = Request::to(Method::PUT, self.collection.path_of(&entry.id));
                        let absent = self.collection.absent_records();
                        let request = match absent.unwrap_or(request.facts().absent) {
                            Absent::Created => request.with_absent(Absent::NotFound),
                            absent => request.with_absent(absent),
                        };
                        (request.with_record(body), |_| Sent::Replaced)
                    }
                }
                // `packed` gives them one by one.
                (_, _) => return Ok(Sent::Batch),
            };
        // What became of it is found out here, and not by sending it again.
        self.client
            .execute(request.idempotent(false))
            .await
            .map(sent)
    }
}

pub(super) const NEW_IDS: &str = "the module gives new records ids of its own, so this record cannot be recognized later: a second run would create it again";

pub(super) const MATCH_ON: &str =
    "state by which field stored records are recognized: `.match_on(\"label\")`";

/// How many bytes records take in a body.
fn bytes(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.body.len() + 1).sum()
}

/// UUIDs are the same in capitals.
pub(super) fn lane(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// Whether a server says that a record of this id is there. There is no status of its own for it: RMB answers 422, others 400 or 409.
fn says_exists(error: &Error) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("exist") || text.contains("duplicate") || text.contains("already been taken")
    };
    error.server_message().is_some_and(says)
}
