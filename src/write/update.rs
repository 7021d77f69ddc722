//! Updates one record: read, change, write, and again after a conflict.

use std::fmt::Display;
use std::marker::PhantomData;
use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::FolioClient;
use crate::client::marker::erased;
use crate::engine::retry::{self, Attempts, Bounds, Failed, Retried};
use crate::value::splice;
use crate::wire::error::{Error, Result};
use crate::wire::operation::Absent;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::retry::RetryPolicy;
use crate::wire::same_record::{Effect, Fields, Kind, version};
use crate::write::collection::{Collection, Stored};

/// The maximum number of times that a record is read and changed.
const ATTEMPTS: u32 = 8;

/// An updated record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Update<T> {
    /// The record as it was sent; or as it was read, if there was nothing to change. Its `_version`
    /// is that of the record before.
    pub record: T,
    /// Whether something was written.
    pub written: bool,
    /// The number of times that it was read and changed.
    pub attempts: u32,
}

impl FolioClient {
    /// Reads a record, changes it and writes it back. After a conflict with another client it is
    /// read and changed again, at most 8 times: `change` may be called more than once. If it
    /// changes nothing, nothing is written.
    ///
    /// After a write without a response the record is read again. The fields that `change` changed,
    /// and the `_version`, show whether the write was executed: then it is not applied a second
    /// time, even if the server computes a field or another client has written since. If that
    /// cannot be determined, the call fails ([`is_outcome_unknown`](Error::is_outcome_unknown)).
    ///
    /// The body of the PUT differs from the read record only in the changed fields; the rest is
    /// sent as it was read, digit for digit. If another client deletes the record between the read
    /// and the write, that is an error, even if the server reports success (holdings) or creates
    /// the record again (loan policies): the record is read after the PUT to check.
    ///
    /// This is safe if FOLIO guards the records by `_version` (instances, holdings, items,
    /// authorities and others). Users and many other records have none: for them, changes of other
    /// clients between the read and the write are lost.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// # #[cfg(feature = "inventory-storage")] {
    /// use folio_sdk::inventory_storage::Instance;
    ///
    /// let id = "69640328-788e-43fc-9c3c-af39e243f3b7";
    /// folio.update_with(id, |instance: &mut Instance| instance.discovery_suppress = Some(true)).await?;
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_conflict`](Error::is_conflict) after 8 conflicts;
    /// [`is_outcome_unknown`](Error::is_outcome_unknown) as above; otherwise the errors of reading
    /// and writing.
    pub async fn update_with<T: Stored>(
        &self,
        id: impl Display + Send,
        change: impl FnMut(&mut T) + Send,
    ) -> Result<Update<T>> {
        let collection = T::COLLECTION;
        let id = id.to_string();
        let path = collection.path_of(&id);
        if id.is_empty() {
            return Err(Error::request(
                Request::to(Method::PUT, collection.path()).exchange(self.url()),
                "the id of the record is empty",
            ));
        }
        erased(self.change(collection, path, change)).await
    }

    /// As [`update_with`](Self::update_with), for the record at any path and of any type, including
    /// [`serde_json::Value`].
    ///
    /// A type that does not preserve unknown fields would erase them: that is detected, and nothing
    /// is written.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use serde_json::Value;
    ///
    /// let path = "/users/8c1a2a5e-0000-4000-8000-000000000000";
    /// folio.update_at(path, |user: &mut Value| user["active"] = false.into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`update_with`](Self::update_with).
    pub async fn update_at<T: Serialize + DeserializeOwned + Send>(
        &self,
        path: impl AsRef<str> + Send,
        change: impl FnMut(&mut T) + Send,
    ) -> Result<Update<T>> {
        let path = path.as_ref().to_owned();
        erased(self.change(Collection::new(path.clone(), ""), path, change)).await
    }

    async fn change<T: Serialize + DeserializeOwned + Send>(
        &self,
        collection: Collection,
        path: String,
        change: impl FnMut(&mut T) + Send,
    ) -> Result<Update<T>> {
        // With the client's waits, but with its own limit for conflicts.
        let policy = self.session().retry.clone();
        let policy = policy
            .max_attempts(ATTEMPTS)
            .deadline(Duration::MAX)
            .without_budget();
        let mut updating = Updating {
            client: self,
            collection,
            path,
            change,
            doubts: Doubts::default(),
            failed_put: None,
            waits_after: None,
            policy,
            attempts: Attempts::new(None),
            record: PhantomData,
        };
        match retry::run(&mut updating).await {
            Ok(update) => Ok(update),
            Err(error) => updating.ended(error).await,
        }
    }
}

/// An update that is repeated until there is no conflict.
struct Updating<'a, T, F> {
    client: &'a FolioClient,
    collection: Collection,
    path: String,
    change: F,
    doubts: Doubts,
    /// Whether another attempt could succeed, if the last failure was that of a PUT.
    failed_put: Option<MayRetry>,
    /// The failure after which it waits for another attempt.
    waits_after: Option<Error>,
    policy: RetryPolicy,
    attempts: Attempts,
    record: PhantomData<fn() -> T>,
}

/// Whether another attempt could succeed after a failed PUT.
#[derive(Clone, Copy, PartialEq)]
enum MayRetry {
    Yes,
    No,
}

/// The record that an update writes, and its basis.
struct Planned<T> {
    record: T,
    /// The record as it was read.
    stored: Fields,
    before: Value,
    after: Value,
    put: Request,
    absent: Absent,
}

impl<T, F> Retried for Updating<'_, T, F>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut(&mut T) + Send,
{
    type Output = Update<T>;

    async fn attempt(&mut self) -> Result<Update<T>, Failed> {
        self.waits_after = None;
        self.failed_put = None;
        let read = self.client.execute(Request::to(Method::GET, &self.path));
        let response = match read.await {
            Ok(response) => response,
            Err(error) => return Err(self.doubts.unread(error).into()),
        };
        let stored: Fields = response.json()?;
        if let Some(sent) = self.doubts.settle(&self.collection.kind(), &stored)? {
            return Ok(self.update(self.read(sent)?, true));
        }
        let planned = match self.planned(&response, stored)? {
            Ok(planned) => planned,
            Err(unchanged) => return Ok(self.update(unchanged, false)),
        };
        match self.client.execute(planned.put).await {
            Ok(_) => {
                if planned.absent == Absent::Created {
                    let path = &self.path;
                    self.client.check_not_created(path, &planned.stored).await?;
                }
                Ok(self.update(planned.record, true))
            }
            Err(error) => {
                let version = version(&planned.stored);
                Err(self.put_failed(error, planned.before, planned.after, version))
            }
        }
    }

    fn attempts(&mut self) -> &mut Attempts {
        &mut self.attempts
    }

    fn bounds(&self) -> Bounds<'_> {
        self.client.session().bounds(&self.policy)
    }

    fn will_retry(&mut self, failed: Failed, _: Option<Duration>) {
        self.waits_after = Some(failed.error);
    }
}

impl<T, F> Updating<'_, T, F>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut(&mut T) + Send,
{
    fn update(&self, record: T, written: bool) -> Update<T> {
        Update {
            record,
            written,
            attempts: self.attempts.failed() + 1,
        }
    }

    fn unfit(&self, problem: String) -> Error {
        let put = Request::to(Method::PUT, &self.path);
        Error::request(put.exchange(self.client.url()), problem)
    }

    fn read(&self, fields: Fields) -> Result<T> {
        serde_json::from_value(fields.into())
            .map_err(|error| self.unfit(format!("the written record cannot be read: {error}")))
    }

    fn fields(&self, record: &T) -> Result<Fields> {
        match serde_json::to_value(record) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Err(self.unfit("the record is not a JSON object".to_owned())),
            Err(error) => {
                Err(self.unfit(format!("the record cannot be serialized as JSON: {error}")))
            }
        }
    }

    /// Changes a record that was read; returns the record itself if nothing changes.
    fn planned(&mut self, response: &Response, stored: Fields) -> Result<Result<Planned<T>, T>> {
        let mut record: T = response.json()?;
        let before = self.fields(&record)?;
        let lost = self.collection.kind().removed(&stored, &before);
        if !lost.is_empty() {
            return Err(self.unfit(format!(
                "writing this type back would erase `{}` of the record: preserve unknown fields (`#[serde(flatten)]`), or use serde_json::Value",
                lost.join("`, `")
            )));
        }
        (self.change)(&mut record);
        let after = self.fields(&record)?;
        if before == after {
            return Ok(Err(record));
        }
        let (before, after) = (Value::from(before), Value::from(after));
        // Unchanged parts are sent as they were read, digit for digit.
        let body = splice::rewrite(response.body(), &before, &after);
        let put = Request::to(Method::PUT, &self.path).with_record(body);
        let absent = self.collection.absent_records().unwrap_or(put.absent());
        // It is not retried before its outcome is checked. The record existed just before, so it
        // need not be requested again.
        let put = put.idempotent(false).with_absent(match absent {
            Absent::Created => Absent::NotFound,
            absent => absent,
        });
        Ok(Ok(Planned {
            record,
            stored,
            before,
            after,
            put,
            absent,
        }))
    }

    fn put_failed(
        &mut self,
        error: Error,
        before: Value,
        after: Value,
        version: Option<i64>,
    ) -> Failed {
        let may_retry = error.is_retryable() || error.is_conflict();
        if error.is_outcome_unknown() {
            self.doubts.add(before, after, version, error.duplicate());
        } else if !may_retry {
            return self.doubts.mark(error).into();
        }
        if may_retry {
            self.failed_put = Some(MayRetry::Yes);
            Failed::transient(error)
        } else {
            self.failed_put = Some(MayRetry::No);
            Failed::permanent(error)
        }
    }

    /// The end without success: after a PUT, a final check of its outcome.
    async fn ended(mut self, error: Error) -> Result<Update<T>> {
        if let Some(last) = &self.waits_after {
            // The client was closed.
            return Err(self.doubts.mark(error.within_request_of(last)));
        }
        let Some(may_retry) = self.failed_put else {
            return Err(error);
        };
        match self.last_look().await? {
            Some(sent) => Ok(Update {
                record: self.read(sent)?,
                written: true,
                attempts: self.attempts.failed(),
            }),
            None if may_retry == MayRetry::Yes => Err(self.doubts.mark(error.with_help(
                "the record was read and changed again after each conflict or missing response, and each attempt failed",
            ))),
            None => Err(self.doubts.mark(error)),
        }
    }

    /// Whether a write that may have been executed was executed, after the last attempt.
    async fn last_look(&mut self) -> Result<Option<Fields>> {
        if self.doubts.0.is_empty() {
            return Ok(None);
        }
        let request = Request::to(Method::GET, &self.path);
        match self.client.execute(request).await {
            Ok(response) => {
                let now = response.json()?;
                self.doubts.settle(&self.collection.kind(), &now)
            }
            Err(error) => Err(self.doubts.unread(error)),
        }
    }
}

impl FolioClient {
    /// After a PUT whose server creates a missing record: whether it did so, because another client
    /// deleted the record after it was read. A created record gets a new creation date; a replaced
    /// one keeps it, regardless of the sent value (recorded: `put metadata of another time, read
    /// back`).
    async fn check_not_created(&self, path: &str, before: &Fields) -> Result<()> {
        let response = match self.execute(Request::to(Method::GET, path)).await {
            Ok(response) => response,
            Err(error) => {
                return Err(error.with_unknown_outcome().with_help(
                    "this is the response to a GET after the PUT, which reported success: this server's PUT re-creates a record that others deleted meanwhile",
                ));
            }
        };
        let now: Fields = response.json()?;
        match (created(before), created(&now)) {
            (Some(before), Some(now)) if before != now => Err(Error::conflict(
                response.exchange().clone(),
                "the record was deleted after it was read, and this update re-created it"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

/// Writes that may have been executed.
#[derive(Default)]
struct Doubts(Vec<VersionDoubt>);

/// A write that may have been executed.
struct VersionDoubt {
    before: Fields,
    after: Fields,
    /// The `_version` that it replaces.
    version: Option<i64>,
    error: Error,
}

impl VersionDoubt {
    /// Whether the written record was deleted since, and another was created under its id.
    fn is_of_another_record(&self, now: &Fields) -> bool {
        let is_older =
            matches!((version(now), self.version), (Some(now), Some(before)) if now < before);
        let is_created = matches!((created(&self.before), created(now)), (Some(before), Some(now)) if before != now);
        is_older || is_created
    }
}

/// The creation date of a record. The server ignores sent values.
fn created(record: &Fields) -> Option<&Value> {
    record.get("metadata")?.get("createdDate")
}

impl Doubts {
    fn add(&mut self, before: Value, after: Value, version: Option<i64>, error: Error) {
        if let (Value::Object(before), Value::Object(after)) = (before, after) {
            self.0.push(VersionDoubt {
                before,
                after,
                version,
                error,
            });
        }
    }

    /// Determines the outcome of the writes from the current record. Returns the sent record if it
    /// was written; an error if that cannot be determined: then the change must not be repeated.
    fn settle(&mut self, kind: &Kind<'_>, now: &Fields) -> Result<Option<Fields>> {
        // The server may still execute one: as long as the version is unchanged, it would accept
        // it.
        let is_pending =
            |doubt: &VersionDoubt| doubt.version.is_some() && version(now) == doubt.version;
        let (pending, decided): (Vec<VersionDoubt>, Vec<VersionDoubt>) =
            self.0.drain(..).partition(is_pending);
        self.0 = pending;
        let mut unclear = None;
        for doubt in decided {
            let effect = if doubt.is_of_another_record(now) {
                Effect::Unclear
            } else {
                kind.effect(&doubt.before, &doubt.after, now)
            };
            match effect {
                Effect::Held | Effect::Invisible => return Ok(Some(doubt.after)),
                // Only a version prevents the server from still executing it.
                Effect::Absent if doubt.version.is_none() => self.0.push(doubt),
                Effect::Absent => {}
                Effect::Unclear => unclear = Some(doubt.error),
            }
        }
        match unclear {
            Some(error) => Err(error.with_help(
                "the record was read again: the changed fields have neither their old nor their new values. The change was not repeated, because it may already have been applied: read the record and compare",
            )),
            None => Ok(None),
        }
    }

    /// An error that makes further checks impossible.
    fn mark(&self, error: Error) -> Error {
        if self.0.is_empty() {
            error
        } else {
            error.with_unknown_outcome()
        }
    }

    /// The record could not be read.
    fn unread(&mut self, error: Error) -> Error {
        match self.0.pop() {
            Some(doubt) => doubt
                .error
                .with_help(format!("reading the record to find out failed: {error}")),
            None => error,
        }
    }
}
