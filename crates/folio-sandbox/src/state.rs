//! What a running sandbox is: its records, users, faults and settings.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::auth::Auth;
use crate::faults::Faults;
use crate::http::Asked;
use crate::kinds::{Kind, Release, kind};
use crate::store::Store;
use crate::wiring::Wiring;
use crate::{consortium, documents};

/// Why a sandbox could not be started or filled.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No port to listen on, or no thread.
    Io(std::io::Error),
    /// SQLite said no.
    Store(String),
    /// The canonical documents describe no list of that path.
    NoCollection(String),
    /// A record without the identifier that it is stored by, or one that is no object.
    Record(String),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(out, "the sandbox cannot listen: {error}"),
            Self::Store(error) => write!(out, "the sandbox cannot store: {error}"),
            Self::NoCollection(path) => write!(
                out,
                "the sandbox has no collection {path}: expected a path such as /users"
            ),
            Self::Record(problem) => write!(out, "the sandbox cannot take the record: {problem}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}

/// A request that came, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The pairs of the query string.
    pub query: Vec<(String, String)>,
    /// The headers; tokens and cookies show only that they were there.
    pub headers: Vec<(String, String)>,
    /// The body, unless it held a password.
    pub body: Vec<u8>,
    /// The answer; none where the connection was dropped.
    pub status: Option<u16>,
}

impl Exchange {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

pub(crate) struct State {
    pub(crate) auth: Auth,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) latency: Duration,
    pub(crate) base: String,
    pub(crate) cross_tenant: bool,
    pub(crate) max_body: usize,
    pub(crate) max_batch: usize,
    pub(crate) suppress_locking: bool,
    pub(crate) eureka: bool,
    pub(crate) release: Release,
    pub(crate) consortium: Option<consortium::Consortium>,
    pub(crate) rules: Vec<consortium::Rule>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) keep: usize,
    pub(crate) wiring: Wiring,
}

impl State {
    /// What is particular to the records of a collection.
    pub(crate) fn kind(&self, path: &str) -> &'static Kind {
        kind(self.release, path)
    }

    pub(crate) fn record(&mut self, asked: &Asked, status: Option<StatusCode>) {
        if self.exchanges.len() >= self.keep {
            return;
        }
        let headers = asked
            .headers
            .iter()
            .map(|(name, value)| {
                let secret = matches!(name.as_str(), "x-okapi-token" | "authorization" | "cookie");
                let value = if secret {
                    "(secret)"
                } else {
                    value.to_str().unwrap_or("(not text)")
                };
                (name.as_str().to_owned(), value.to_owned())
            })
            .collect();
        let secret = asked.path.contains("/authn/") || asked.path.contains("/bl-users/");
        self.exchanges.push(Exchange {
            method: asked.method.clone(),
            path: asked.path.clone(),
            query: asked.query.clone(),
            headers,
            body: if secret {
                b"(secret)".to_vec()
            } else {
                asked.body.to_vec()
            },
            status: status.map(|status| status.as_u16()),
        });
    }

    /// Puts records into a collection as they are.
    pub(crate) fn load(
        &mut self,
        tenant: &str,
        path: &str,
        records: Vec<Value>,
    ) -> Result<(), Error> {
        let collection = documents::routes()
            .collection(path)
            .ok_or_else(|| Error::NoCollection(path.to_owned()))?;
        let mut rows = Vec::with_capacity(records.len());
        for mut record in records {
            let Some(fields) = record.as_object_mut() else {
                return Err(Error::Record(format!("expected an object, found {record}")));
            };
            let id = match fields.get("id") {
                None => uuid::Uuid::new_v4().to_string(),
                Some(Value::String(id)) => id.clone(),
                Some(other) => {
                    return Err(Error::Record(format!(
                        "expected a string as id, found {other}"
                    )));
                }
            };
            fields.entry("id").or_insert_with(|| id.clone().into());
            if collection.locking {
                fields.entry("_version").or_insert_with(|| 1.into());
            }
            rows.push((id, record));
        }
        // A tenant without users: users of others may have an affiliation with it.
        self.auth.tenants.entry(tenant.to_owned()).or_default();
        Ok(self
            .store
            .load(tenant, documents::stored_at(&collection.path), &rows)?)
    }
}
