//! The meaning of a request by the facts of its operation: the records that it reads, creates,
//! changes or deletes.

use super::value::Request;
use crate::value::uuid::is_uuid;
use crate::wire::deletion::{Bound, Delete, Deletion};
use crate::wire::headers::MODULE_ID;
use crate::wire::operation::{Absent, Creates, Deletes, Facts};
use crate::wire::same_record::{self, Fields, Kind, Landing, version_number};
use http::Method;
use serde_json::Value;
use std::borrow::Cow;

impl Request {
    /// Whether the gateway needs the id of the called module, and the request does not contain it
    /// yet.
    pub(crate) fn needs_module_id(&self) -> bool {
        self.operation.facts.is_multiple
            && !self.operation.module.is_empty()
            && !self.headers.contains_key(MODULE_ID)
    }

    /// The known behaviour of the server: see [`Facts`]. For a call by path, the facts of the
    /// described operation with this method and path.
    pub(crate) fn facts(&self) -> Facts {
        self.described
            .map_or(self.operation.facts, |described| described.facts)
    }

    /// The request as a DELETE, if it is one.
    pub(super) fn delete(&self) -> Option<Delete<'_>> {
        (self.method == Method::DELETE).then(|| Delete {
            facts: self.facts(),
            known: match self.described {
                Some(described) => Some(described.parameters),
                // The parameters of a user-defined operation are unknown.
                None => (!self.operation.module.is_empty()).then_some(self.operation.parameters),
            },
            parameters: &self.query,
            body: self
                .body
                .as_ref()
                .map(|body| body.as_bytes().map(|bytes| &bytes[..])),
            confirmed: self.deletion,
            names_a_record: (self.operation.path.ends_with('}')
                && !self.operation.path.ends_with("{+rest}"))
                || self.path.rsplit('/').next().is_some_and(is_uuid),
        })
    }

    /// The permitted number of records that match the query of this DELETE, if they have to be
    /// counted before it is sent.
    pub(crate) fn bound(&self) -> Option<Bound> {
        self.delete()?.bound()
    }

    /// The request for the number of records of the list at this path: those that match the query,
    /// or all.
    pub(crate) fn count(&self, matching: bool) -> Self {
        let mut count = self.like(Method::GET, &self.path).param("limit", 0);
        if let Some(query) = self.parameter("query").filter(|_| matching) {
            count.set_query("query", query.to_owned());
        }
        count
    }

    /// Whether the bodies contain passwords, tokens or other secrets: a fact of the operation.
    pub(crate) fn is_sensitive(&self) -> bool {
        self.facts().is_sensitive
    }

    /// Whether it changes nothing on the server.
    pub(crate) fn is_read(&self) -> bool {
        self.only_reads || self.method.is_safe() && !self.facts().has_effect
    }

    /// Whether it deletes the single record that its path names.
    pub(crate) fn deletes_a_record(&self) -> bool {
        self.method == Method::DELETE
            && (self.facts().deletes == Deletes::Record
                || self.deletion == Some(Deletion::Record)
                    && self.facts().deletes == Deletes::Unknown)
    }

    /// The effect of its PUT if the record does not exist.
    pub(crate) fn absent(&self) -> Absent {
        match self.absent {
            _ if self.method != Method::PUT => Absent::NotFound,
            Some(absent) => absent,
            None => self.facts().absent,
        }
    }

    /// Whether the body is a record guarded by optimistic locking: one with a `_version`, as it was
    /// read. (-1 disables the guard.)
    pub(crate) fn is_guarded(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Guarded {
            _version: Option<Value>,
        }
        let body = self.body_bytes().map_or(&[][..], |bytes| bytes);
        serde_json::from_slice::<Guarded>(body)
            .ok()
            .and_then(|record| version_number(&record._version?))
            .is_some_and(|version| version >= 0)
    }

    /// The client-generated id under which the server stores the record that this request creates;
    /// none if it creates none, or the server generates the id.
    pub(crate) fn created_id(&self) -> Option<uuid::Uuid> {
        #[derive(serde::Deserialize)]
        struct Identified<'a> {
            #[serde(borrow)]
            id: Option<Cow<'a, str>>,
        }
        if self.method != Method::POST || self.facts().creates != Creates::Record {
            return None;
        }
        let record: Identified<'_> = serde_json::from_slice(self.body_bytes()?).ok()?;
        uuid::Uuid::try_parse(&record.id?).ok()
    }

    /// Whether a stored record is the one that this request was meant to create.
    pub(crate) fn is_created_as(&self, stored: &[u8]) -> bool {
        match (self.record(), serde_json::from_slice(stored)) {
            (Some(sent), Ok(Value::Object(stored))) => {
                Kind::at(&self.path).is_created(&stored, &sent)
            }
            _ => false,
        }
    }

    /// The outcome of this PUT, as far as the stored record shows it.
    pub(crate) fn landing(&self, stored: &[u8]) -> Landing {
        match (self.record(), serde_json::from_slice(stored)) {
            (Some(sent), Ok(Value::Object(stored))) => {
                let before = same_record::version(&sent);
                Kind::at(&self.path).landing(&stored, &sent, before)
            }
            _ => Landing::Unknown,
        }
    }

    /// The body, if it is a record.
    fn record(&self) -> Option<Fields> {
        match serde_json::from_slice(self.body_bytes()?) {
            Ok(Value::Object(record)) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn is_idempotent(&self) -> Option<bool> {
        self.idempotent
    }
}
