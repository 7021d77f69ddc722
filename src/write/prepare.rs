//! Decides how a record is sent, depending on the stored one.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use http::Method;
use serde_json::Value;

use crate::wire::error::{Error, Exchange, Result};
use crate::wire::operation::Creates;
use crate::wire::request::Request;
use crate::wire::same_record::{Landing, keep, version_number};
use crate::write::entry::{Done, Entry, Fields, FoundRecord, Seen};
use crate::write::key::{Claim, Earlier, lane};
use crate::write::merge::MissingFields;
use crate::write::report::WriteResult;
use crate::write::writer::{MATCH_ON, NEW_IDS, Writer};

impl Writer {
    /// Whether a record that may have been created may be created again: the server rejects a
    /// second record with the same id, or replaces it.
    pub(super) fn may_create_again(&self) -> bool {
        !self.new_ids.load(Ordering::Relaxed)
            && (self.batches()
                || self.creates == Creates::Record
                || self.keeps_ids.load(Ordering::Relaxed))
    }

    /// Registers the record of the run to which a stored one belongs, and returns the earlier one,
    /// if there is one with other content.
    pub(super) fn claim(&self, claim: Claim, entry: &Entry) -> Option<Earlier> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let id = lane(&entry.id);
        claims
            .claim(claim, &id, (entry.index, entry.content), false)
            .filter(|earlier| !earlier.same)
    }

    pub(super) fn has_landed(&self, entry: &Entry, stored: &Fields) -> bool {
        let kind = self.collection.kind();
        let Ok(Value::Object(sent)) = serde_json::from_slice(&entry.body) else {
            return false;
        };
        !entry.doubt.is_none()
            && match entry.seen {
                Seen::Nothing => kind.is_created(stored, &sent),
                Seen::Version(before) => kind.landing(stored, &sent, before) == Landing::Yes,
            }
    }

    /// A record that exists: under its stored id.
    pub(super) fn known(&self, mut entry: Entry, found: &FoundRecord) -> Entry {
        let id = found.record().and_then(|stored| stored.get("id")?.as_str());
        match id {
            Some(id) if entry.key.is_some() => id.clone_into(&mut entry.id),
            Some(_) if entry.seen == Seen::Nothing && !entry.doubt.is_none() => {
                self.keeps_ids.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
        entry
    }

    /// Decides how a record is sent, if at all.
    pub(super) fn prepare(&self, entry: Entry, found: FoundRecord) -> Result<Entry, Box<Done>> {
        let mut entry = self.known(entry, &found);
        if let FoundRecord::Problem(problem) = found {
            let error = self.unfit(&entry, problem);
            return Err(Box::new(entry.failed(error)));
        }
        let stored = found.record();
        if entry.key.is_some()
            && stored.is_some()
            && let Some(earlier) = self.claim(Claim::Stored, &entry)
        {
            let problem = format!(
                "not written: it matches the stored record {}, as does record {} of this run (counted from 0), which has other content",
                entry.id, earlier.index
            );
            entry.repeats = Some(earlier.index);
            let error = self.unfit(&entry, problem);
            return Err(Box::new(entry.failed(error)));
        }
        let seen = Seen::of(stored);
        // The stored record may result from this client's own write.
        if entry.doubt.is_none() {
            entry.existed = stored.is_some();
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
                let done = if entry.doubt.is_none() {
                    entry.becomes(WriteResult::Unchanged)
                } else {
                    entry.written()
                };
                return Err(Box::new(done));
            }
            Err(error) => return Err(Box::new(entry.failed(error))),
        };
        entry.seen = seen;
        entry.doubt.outlived();
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

    /// The request for a record that does not exist.
    pub(super) fn creating(&self, entry: &mut Entry) -> Result<Fields> {
        let new_ids = self.new_ids.load(Ordering::Relaxed);
        if !entry.doubt.is_none() && !self.may_create_again() {
            // It may have been created under an id assigned by the server, or may still be created.
            entry.doubt.revived();
            return Err(match entry.doubt.error() {
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
            // If sent with the id of a stored record, mod-tags and mod-notes would replace that one
            // (recorded).
            fields.remove("id");
        }
        Ok(fields)
    }

    /// The replacement of a stored record; nothing if it would not change.
    pub(super) fn replacing(&self, entry: &mut Entry, stored: &Fields) -> Result<Option<Fields>> {
        let kind = self.collection.kind();
        let mut fields = entry.fields.clone();
        if self.absent == MissingFields::Keep {
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
            entry.doubt.revived();
            return Err(Error::conflict(self.exchange(entry), problem));
        }
        entry.dropped = kind.removed(stored, &fields);
        if self.absent == MissingFields::Reject && !entry.dropped.is_empty() {
            let problem = format!(
                "replacing the record would remove its values of `{}`",
                entry.dropped.join("`, `")
            );
            return Err(self.unfit(entry, problem));
        }
        kind.take_generated(stored, &mut fields);
        match version {
            Some(version) => _ = fields.insert("_version".to_owned(), version),
            None => _ = fields.remove("_version"),
        }
        // In the server's form: a client may write a UUID in capitals.
        if let Some(id) = stored.get("id") {
            fields.insert("id".to_owned(), id.clone());
        }
        Ok(Some(fields))
    }

    pub(super) fn exchange(&self, entry: &Entry) -> Exchange {
        Request::to(Method::PUT, self.collection.path_of(&entry.id)).exchange(self.client.url())
    }

    pub(super) fn unfit(&self, entry: &Entry, problem: String) -> Error {
        Error::request(self.exchange(entry), problem)
    }
}
