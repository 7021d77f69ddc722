//! The state of a running sandbox: its records, users, faults and settings.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::facts::documents;
use crate::facts::kinds::{RecordKind, Release, kind};
use crate::platform::auth::Auth;
use crate::platform::consortium;
use crate::platform::error::Error;
use crate::platform::exchange::{Exchange, Listener};
use crate::platform::faults::Faults;
use crate::platform::wiring::Wiring;
use crate::store::Store;
use crate::wire::message::HttpRequest;

/// The state of a running sandbox.
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
    /// The accounts as they were written down last.
    pub(crate) accounts: String,
    pub(crate) read_only: bool,
    /// Where the gateway listens.
    pub(crate) address: (std::net::IpAddr, u16),
    pub(crate) listener: Option<Listener>,
}

impl State {
    /// The special properties of a collection's records.
    pub(crate) fn kind(&self, path: &str) -> &'static RecordKind {
        kind(self.release, path)
    }

    pub(crate) fn record(&mut self, request: &HttpRequest, status: Option<StatusCode>) {
        if self.exchanges.len() < self.keep {
            self.exchanges.push(Exchange::of(request, status));
        }
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
