//! Writes one chunk of records: looks up the stored ones, sends the differences, and determines the
//! outcome.
//!
//! It relies on these facts: a batch endpoint accepts all records of a request or none, and an
//! existing record only with its `_version`. So a rejection means that nothing was written, and the
//! halves can be tried. A missing response leaves the outcome unknown: then the records are read
//! again, and their content and `_version` determine it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use serde_json::Value;

use crate::client::FolioClient;
use crate::engine::retry;
use crate::wire::error::{Error, ErrorKind};
use crate::wire::operation::Creates;
use crate::wire::retry::is_transient;
use crate::write::collection::Collection;
use crate::write::entry::{Done, Doubt, Entry, Seen, SentRecord, bytes};
use crate::write::key::{Claim, Claims};
use crate::write::merge::{Merge, MissingFields};
use crate::write::next::{Retry, WriteSituation, WriteStep, next};
use crate::write::run::{Lot, Phase, Run};
use crate::write::verdict::{Verdict, says_exists, verdict};

/// PostgreSQL accepts 1,664 entries in a list, and mod-inventory-storage adds a number for each
/// record without `hrid` to one (recorded: 1,664 instances fail, 1,000 succeed).
pub(super) const UNNUMBERED: usize = 1_663;

pub(super) struct Writer {
    pub(super) client: FolioClient,
    pub(super) collection: Collection,
    /// The match field for stored records; without one, the id.
    pub(super) match_on: Option<String>,
    pub(super) max_records: usize,
    pub(super) max_bytes: AtomicUsize,
    /// The maximum number of records without an `hrid`, and of any records, that the server accepts
    /// at once.
    pub(super) max_unnumbered: AtomicUsize,
    pub(super) max_at_once: AtomicUsize,
    /// The largest accepted request so far, in bytes.
    pub(super) taken: AtomicUsize,
    pub(super) absent: MissingFields,
    pub(super) overwrite: bool,
    /// Nothing is written: the outcomes are those that are to be expected.
    pub(super) dry_run: bool,
    pub(super) merge: Option<Merge>,
    /// The records of this run. Never held across an await.
    pub(super) claims: Mutex<Claims>,
    /// The effect of a POST on the id of a record.
    pub(super) creates: Creates,
    /// The server assigns its own ids to new records.
    pub(super) new_ids: AtomicBool,
    /// The server stored a record under the sent id.
    pub(super) keeps_ids: AtomicBool,
    /// The server turned out to have no batch endpoint.
    pub(super) singly: AtomicBool,
    /// The server turned out to have no endpoint that takes a query in a POST, or not for this
    /// user.
    pub(super) by_get: AtomicBool,
    /// No other write would succeed: the user lacks the permission, or the server does not respond.
    pub(super) stopped: AtomicBool,
    /// The reason. Never held across an await.
    pub(super) reason: Mutex<Option<Error>>,
    /// The number of consecutive failed writes.
    pub(super) failing: AtomicU32,
    /// A record was given up after all attempts, and no write has succeeded since: until one does,
    /// others are tried only once.
    pub(super) given_up: AtomicBool,
}

pub(super) const NEW_IDS: &str = "the module assigns its own ids to new records, so this record cannot be matched later: a second run would create it again";

pub(super) const MATCH_ON: &str =
    "state the field that identifies stored records: `.match_on(\"label\")`";

impl Writer {
    /// Writes the records, and reports the outcome of each.
    pub(super) async fn write(self: Arc<Self>, entries: Vec<Entry>) -> (Vec<Done>, Option<Error>) {
        let mut run = Run {
            done: Vec::with_capacity(entries.len()),
            work: Vec::new(),
            reason: None,
            forbidden: 0,
        };
        run.again(entries, 0, Phase::Unseen);
        while let Some(lot) = run.work.pop() {
            let tries = lot.tries;
            let entries = self.ready(lot, &mut run).await;
            if self.dry_run {
                run.done.extend(entries.into_iter().map(Entry::expected));
                continue;
            }
            for entries in self.packed(entries) {
                // Another task may have found that no other write would succeed.
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

    /// Looks up the stored records and decides what is to be sent. Returns the records to be sent.
    async fn ready(&self, lot: Lot, run: &mut Run) -> Vec<Entry> {
        let Lot {
            mut entries,
            tries,
            phase,
        } = lot;
        run.reason = run.reason.take().or_else(|| self.reason());
        let conflict = match (phase, &run.reason) {
            // The outcome of sent records is determined even when the run ends.
            (Phase::Last(error), _) => {
                self.end(entries, &error, run).await;
                return Vec::new();
            }
            (_, Some(reason)) => {
                let reason = reason.duplicate();
                run.fail(entries, &reason);
                return Vec::new();
            }
            (Phase::Ready, None) => return entries,
            (Phase::Unseen, None) => None,
            (Phase::Conflict(error), None) => Some(error),
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
            // There was no concurrent change: the server's conflict has another meaning.
            if entries.len() > 1 {
                run.reject(entries, tries, &error);
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

    /// Reports the outcome of records that are not sent again.
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
                run.forbidden = 0;
                self.taken.fetch_max(bytes(&entries), Ordering::Relaxed);
                for entry in entries {
                    self.note_sent(entry, &sent, run);
                }
            }
            Err(error) => self.after(error, entries, tries, run).await,
        }
    }

    /// The result of a successful write of a record.
    fn note_sent(&self, mut entry: Entry, sent: &SentRecord, run: &mut Run) {
        match sent {
            SentRecord::Created(response) => {
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
                                "the server stored the record under the id {id}, not under {}, which was sent: a second run would create it again",
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
            SentRecord::Batch | SentRecord::Replaced => {}
        }
        run.done.push(entry.written());
    }

    /// Handles a failed request.
    async fn after(&self, error: Error, mut entries: Vec<Entry>, tries: u32, run: &mut Run) {
        let mut situation = self.situation(&error, &mut entries, tries);
        if situation.verdict == Verdict::Forbidden {
            situation.tries = situation.tries.max(run.forbidden);
            run.forbidden += 1;
        } else {
            run.forbidden = 0;
        }
        let mut step = next(&situation);
        if let Some(retry) = step.permission()
            && !self.may_retry(retry)
        {
            step = next(&WriteSituation {
                is_retry_denied: true,
                ..situation
            });
        }
        match step {
            WriteStep::Again(retry) => {
                if let Some(entries) = self.backoff(retry, &error, entries, run).await {
                    let phase = match retry.looks {
                        true => Phase::Unseen,
                        false => Phase::Ready,
                    };
                    run.again(entries, retry.tries, phase);
                }
            }
            WriteStep::Divide(retry) => {
                if let Some(entries) = self.backoff(retry, &error, entries, run).await {
                    run.halve(entries, retry.tries, || Phase::Unseen);
                }
            }
            WriteStep::DivideForNumber => {
                self.note_too_many(&entries);
                run.halve(entries, tries, || Phase::Ready);
            }
            WriteStep::DivideForSize => {
                self.note_too_large(&entries);
                run.halve(entries, tries, || Phase::Ready);
            }
            WriteStep::Reject => run.reject(entries, tries, &error),
            WriteStep::Singly => {
                self.singly.store(true, Ordering::Relaxed);
                run.again(entries, tries, Phase::Ready);
            }
            WriteStep::Compare => {
                for entry in &mut entries {
                    entry.conflicts += 1;
                }
                run.again(entries, tries, Phase::Conflict(error));
            }
            WriteStep::LookLast => {
                self.given_up.store(true, Ordering::Relaxed);
                run.again(entries, tries, Phase::Last(error));
            }
            WriteStep::Fail => {
                self.given_up.store(true, Ordering::Relaxed);
                run.fail(entries, &error);
            }
            WriteStep::Stop => {
                self.stop(run, error.duplicate());
                run.fail(entries, &error);
            }
            WriteStep::StopFailing(failing) => {
                let help = format!(
                    "the run was stopped after {failing} consecutive failures: run it again when the server works; it writes only the missing records"
                );
                self.stop(run, error.duplicate().with_help(help));
                run.fail(entries, &error);
            }
        }
    }

    /// The inputs of the decision after a failed request. Records what the failure shows.
    fn situation(&self, error: &Error, entries: &mut [Entry], tries: u32) -> WriteSituation {
        let verdict = verdict(error);
        let status = error.status();
        let failing = match verdict {
            Verdict::Unknown | Verdict::Unsent => self.failing.fetch_add(1, Ordering::Relaxed) + 1,
            _ => {
                self.works();
                0
            }
        };
        if verdict == Verdict::Unknown {
            for entry in &mut *entries {
                entry.doubt = Doubt::Last(error.duplicate());
            }
        }
        // A single call creates a record only once: if it already exists, this client or another
        // one may have created it.
        let may_exist = |entry: &Entry| {
            entry.seen == Seen::Nothing
                && (!self.batches() || entry.key.is_some())
                && (!entry.doubt.is_none() || says_exists(error))
        };
        WriteSituation {
            verdict,
            is_one: entries.len() == 1,
            tries,
            is_batched: self.batches(),
            conflicts: entries
                .iter()
                .map(|entry| entry.conflicts)
                .max()
                .unwrap_or_default(),
            may_exist: entries.iter().any(may_exist),
            is_in_doubt: entries.iter().any(|entry| entry.doubt.is_of_last()),
            failing,
            is_inside: status
                .is_some_and(|status| status.is_server_error() && !is_transient(status)),
            is_down: error.kind() == ErrorKind::Connect
                || matches!(
                    status,
                    Some(
                        StatusCode::TOO_MANY_REQUESTS
                            | StatusCode::BAD_GATEWAY
                            | StatusCode::SERVICE_UNAVAILABLE
                    )
                ),
            has_given_up: self.given_up.load(Ordering::Relaxed),
            is_retry_denied: false,
        }
    }

    /// Waits before another try. If the client is closed meanwhile, the records fail.
    async fn backoff(
        &self,
        retry: Retry,
        error: &Error,
        entries: Vec<Entry>,
        run: &mut Run,
    ) -> Option<Vec<Entry>> {
        match self.client.backoff(retry.backoff, error).await {
            Ok(()) => Some(entries),
            Err(closed) => {
                run.fail(entries, &closed);
                run.reason = Some(closed);
                None
            }
        }
    }

    /// Whether the client's policy and budget permit the `number`-th retry.
    fn may_retry(&self, number: u32) -> bool {
        let session = self.client.session();
        retry::is_allowed(session.bounds(&session.retry), number)
    }

    /// The server accepts fewer records at once: other requests respect that limit.
    fn note_too_many(&self, entries: &[Entry]) {
        let unnumbered = entries.iter().filter(|entry| entry.is_unnumbered).count();
        if unnumbered > 0 {
            self.max_unnumbered
                .fetch_min((unnumbered / 2).max(1), Ordering::Relaxed);
        } else {
            self.max_at_once
                .fetch_min(entries.len() / 2, Ordering::Relaxed);
        }
    }

    /// The server accepts fewer bytes at once.
    fn note_too_large(&self, entries: &[Entry]) {
        let (rejected, taken) = (bytes(entries), self.taken.load(Ordering::Relaxed));
        let most = if taken < rejected {
            taken + (rejected - taken) / 2
        } else {
            rejected / 2
        };
        self.max_bytes.fetch_min(most, Ordering::Relaxed);
    }

    /// The server executed a write, or rejected it for a reason.
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

    pub(super) fn batches(&self) -> bool {
        self.collection.batch_endpoint().is_some() && !self.singly.load(Ordering::Relaxed)
    }
}
