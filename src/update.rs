//! Changing one record: read, change, write, and again if somebody else was faster.

use std::fmt::Display;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::FolioClient;
use crate::collection::{Collection, Stored};
use crate::error::{Error, ErrorKind, Result};
use crate::request::Request;
use crate::same_record::version;

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
    /// After a write without an answer the record is read again, to see whether it was written.
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
    /// [`is_conflict`](Error::is_conflict) if others were faster each time; else what reading and writing give.
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
        // What was sent without an answer, and the version that it was made of.
        let mut in_doubt: Option<(Map<String, Value>, Option<i64>)> = None;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let response = self.execute(request(Method::GET)).await?;
            let stored: Map<String, Value> = response.json()?;
            let version = version(&stored);
            if let Some((sent, before)) = in_doubt.take()
                && (version != before || version.is_none())
                && collection.kind().holds(&stored, &sent)
            {
                let record = read(Value::Object(sent), &refuse)?;
                return Ok(Update {
                    record,
                    written: true,
                    attempts,
                });
            }
            let mut record: T = response.json()?;
            let before = fields(&record, &refuse)?;
            let lost = collection.kind().removed(&stored, &before);
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
            // It is not repeated without a look at what became of it.
            let put = request(Method::PUT).json(&after).idempotent(false);
            let error = match self.execute(put).await {
                Ok(_) => {
                    return Ok(Update {
                        record,
                        written: true,
                        attempts,
                    });
                }
                Err(error) => error,
            };
            let unknown = error.is_retryable() && error.kind() != ErrorKind::Connect;
            if attempts >= ATTEMPTS {
                return Err(if unknown {
                    error.with_help("whether the last attempt was carried out is not known")
                } else {
                    error.with_help("the record was read and changed again each time, and others were faster each time")
                });
            }
            if unknown {
                in_doubt = Some((after, version));
            } else if !error.is_conflict() && !error.is_retryable() {
                return Err(error);
            }
            self.backoff(attempts, &error).await?;
        }
    }
}

fn fields(
    record: &impl Serialize,
    refuse: &impl Fn(String) -> Error,
) -> Result<Map<String, Value>> {
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
