//! Changing one record: read, change, write, and again if somebody else was faster.

use std::fmt::Display;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::FolioClient;
use crate::value::splice;
use crate::wire::error::{Error, Result};
use crate::wire::operation::Absent;
use crate::wire::request::Request;
use crate::wire::same_record::{Effect, Fields, Kind, version};
use crate::write::collection::{Collection, Stored};

/// How often a record is read and changed at most.
const ATTEMPTS: u32 = 8;

/// A record that was changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Update<T> {
    /// The record as it was sent; where nothing was to change, as it was read. Its `_version` is that of the record before.
    pub record: T,
    /// Whether something was written.
    pub written: bool,
    /// How often it was read and changed.
    pub attempts: u32,
}

impl FolioClient {
    /// Reads a record, changes it and writes it back. If somebody else has changed it meanwhile, it is read and changed again, 8 times at
    /// most: `change` may be called more than once. If it changes nothing, nothing is written.
    ///
    /// After a write without a response the record is read again. What `change` changed, and the `_version`, show whether it was carried
    /// out: then it is not applied a second time, also where the server computes a field or another client has written since. Where that
    /// cannot be told, the call fails ([`is_outcome_unknown`](Error::is_outcome_unknown)).
    ///
    /// Only what `change` changed differs in the body of the PUT; the rest is sent as it was read, digit for digit. A record that another
    /// client deletes between reading and writing is an error, also where the server reports success (holdings) or creates the record again
    /// (loan policies): the record is read after the PUT to check.
    ///
    /// It is safe where FOLIO guards records by `_version` (instances, holdings, items, authorities and others). Users and many others have
    /// none: there, what others write between the reading and the writing is lost.
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
    /// [`is_conflict`](Error::is_conflict) if others were faster each time; [`is_outcome_unknown`](Error::is_outcome_unknown) as above; else
    /// what reading and writing give.
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
        self.change(collection, path, change).await
    }

    /// As [`update_with`](Self::update_with), of the record at any path and of any type, also [`serde_json::Value`].
    ///
    /// A type that does not keep the fields which it does not know would erase them: that is found out, and nothing is written.
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
        self.change(Collection::new(path.clone(), ""), path, change)
            .await
    }

    async fn change<T: Serialize + DeserializeOwned + Send>(
        &self,
        collection: Collection,
        path: String,
        mut change: impl FnMut(&mut T) + Send,
    ) -> Result<Update<T>> {
        let request = |method| Request::to(method, &path);
        let refuse =
            |problem: String| Error::request(request(Method::PUT).exchange(self.url()), problem);
        let kind = collection.kind();
        let mut doubts = Doubts::default();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let response = match self.execute(request(Method::GET)).await {
                Ok(response) => response,
                Err(error) => return Err(doubts.unread(error)),
            };
            let stored: Fields = response.json()?;
            if let Some(sent) = doubts.settle(&kind, &stored)? {
                return Ok(Update {
                    record: read(sent.into(), &refuse)?,
                    written: true,
                    attempts,
                });
            }
            let mut record: T = response.json()?;
            let before = fields(&record, &refuse)?;
            let lost = kind.removed(&stored, &before);
            if !lost.is_empty() {
                return Err(refuse(format!(
                    "writing this type back would erase `{}`, which the record has: keep unknown fields (`#[serde(flatten)]`), or use serde_json::Value",
                    lost.join("`, `")
                )));
            }
            change(&mut record);
            let after = fields(&record, &refuse)?;
            if before == after {
                return Ok(Update {
                    record,
                    written: false,
                    attempts,
                });
            }
            let (before, after) = (Value::from(before), Value::from(after));
            // All that was not changed is sent as it was read, digit for digit.
            let body = splice::rewrite(response.body(), &before, &after);
            let put = request(Method::PUT).with_record(body);
            let absent = collection.absent_records().unwrap_or(put.absent());
            // It is not repeated without a look at what became of it. And the record was there just now: it need not be asked for again.
            let put = put.idempotent(false).with_absent(match absent {
                Absent::Created => Absent::NotFound,
                absent => absent,
            });
            let error = match self.execute(put).await {
                Ok(_) => {
                    if absent == Absent::Created {
                        self.check_not_created(&path, &stored).await?;
                    }
                    return Ok(Update {
                        record,
                        written: true,
                        attempts,
                    });
                }
                Err(error) => error,
            };
            let may_pass = error.is_retryable() || error.is_conflict();
            if error.is_outcome_unknown() {
                doubts.add(before, after, version(&stored), error.duplicate());
            } else if !may_pass {
                return Err(doubts.mark(error));
            }
            if attempts >= ATTEMPTS || !may_pass {
                return match self.last_look(&kind, &path, &mut doubts).await? {
                    Some(sent) => Ok(Update {
                        record: read(sent.into(), &refuse)?,
                        written: true,
                        attempts,
                    }),
                    None if may_pass => Err(doubts.mark(error.with_help(
                        "the record was read and changed again each time, and each time others were faster or the server did not answer",
                    ))),
                    None => Err(doubts.mark(error)),
                };
            }
            if let Err(closed) = self.backoff(attempts, &error).await {
                return Err(doubts.mark(closed.within_request_of(&error)));
            }
        }
    }

    /// Whether something that may have been written was, after the last attempt.
    async fn last_look(
        &self,
        kind: &Kind<'_>,
        path: &str,
        doubts: &mut Doubts,
    ) -> Result<Option<Fields>> {
        if doubts.0.is_empty() {
            return Ok(None);
        }
        match self.execute(Request::to(Method::GET, path)).await {
            Ok(response) => doubts.settle(kind, &response.json()?),
            Err(error) => Err(doubts.unread(error)),
        }
    }

    /// After a PUT where the server creates a record that is not there: whether it has done so, since another client has deleted the
    /// record after it was read. A record that is created gets a new date of creation; one that is replaced keeps it, whatever is sent
    /// (recorded: `put metadata of another time, read back`).
    async fn check_not_created(&self, path: &str, before: &Fields) -> Result<()> {
        let response = match self.execute(Request::to(Method::GET, path)).await {
            Ok(response) => response,
            Err(error) => {
                return Err(error.with_unknown_outcome().with_help(
                    "this was asked after the PUT, which reported success: this server creates a record that others have deleted meanwhile",
                ));
            }
        };
        let now: Fields = response.json()?;
        match (created(before), created(&now)) {
            (Some(before), Some(now)) if before != now => Err(Error::conflict(
                response.exchange().clone(),
                "the record was deleted after it was read, and this update has created it again"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

/// Writes that may have been carried out.
#[derive(Default)]
struct Doubts(Vec<Doubt>);

/// A write that may have been carried out.
struct Doubt {
    before: Fields,
    after: Fields,
    /// The `_version` that it replaces.
    version: Option<i64>,
    error: Error,
}

impl Doubt {
    /// Whether the record that was written was deleted since, and another was created under its id.
    fn is_of_another_record(&self, now: &Fields) -> bool {
        let is_older =
            matches!((version(now), self.version), (Some(now), Some(before)) if now < before);
        let is_created = matches!((created(&self.before), created(now)), (Some(before), Some(now)) if before != now);
        is_older || is_created
    }
}

/// When a record was created. The server keeps it, whatever is sent.
fn created(record: &Fields) -> Option<&Value> {
    record.get("metadata")?.get("createdDate")
}

impl Doubts {
    fn add(&mut self, before: Value, after: Value, version: Option<i64>, error: Error) {
        if let (Value::Object(before), Value::Object(after)) = (before, after) {
            self.0.push(Doubt {
                before,
                after,
                version,
                error,
            });
        }
    }

    /// Finds out, by the record as it is now, what became of them. Gives what was sent, if it was written; an error, if that cannot be told:
    /// then the change must not be made again.
    fn settle(&mut self, kind: &Kind<'_>, now: &Fields) -> Result<Option<Fields>> {
        // The server may carry one out yet: as long as the version is the same, it would accept it.
        let is_pending = |doubt: &Doubt| doubt.version.is_some() && version(now) == doubt.version;
        let (pending, decided): (Vec<Doubt>, Vec<Doubt>) = self.0.drain(..).partition(is_pending);
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
                // Nothing but a version keeps the server from carrying it out yet.
                Effect::Absent if doubt.version.is_none() => self.0.push(doubt),
                Effect::Absent => {}
                Effect::Unclear => unclear = Some(doubt.error),
            }
        }
        match unclear {
            Some(error) => Err(error.with_help(
                "the record was read again: what was to be changed is neither as it was before nor as it was to be. The change was not made again, since it may have been made already: read the record and compare",
            )),
            None => Ok(None),
        }
    }

    /// An error after which nothing more is found out.
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

fn fields(record: &impl Serialize, refuse: &impl Fn(String) -> Error) -> Result<Fields> {
    match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(refuse("the record is no JSON object".to_owned())),
        Err(error) => Err(refuse(format!(
            "the record cannot be written as JSON: {error}"
        ))),
    }
}

fn read<T: DeserializeOwned>(value: Value, refuse: &impl Fn(String) -> Error) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|error| refuse(format!("what was written cannot be read: {error}")))
}
