//! The facts about an operation before it is called.

use std::borrow::Cow;
use std::ops::Range;

use http::Method;

use crate::value::redact::{self, REDACTED};
use crate::wire::long_running::JobFacts;
use crate::wire::paging::Paging;

/// An operation of a FOLIO module: the facts of its description and of the module descriptor.
///
/// Every generated call has one. All calls by path (`folio_get`, `request`) share one
/// with empty texts; their method and path are in the [`Request`](crate::Request), and their
/// [`Facts`] are looked up by both.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The name of the call, `list_users`; empty for a generic call.
    pub name: &'static str,
    /// The module, `mod-users`; empty for a generic call.
    pub module: &'static str,
    /// The interface and its version, `users 16.4`; empty for a generic call.
    pub interface: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path template, `/users/{userId}`.
    pub path: &'static str,
    /// The permissions that the caller needs, all of them.
    pub permissions: &'static [&'static str],
    /// The pagination of its list, if it returns a list.
    pub paging: Option<Paging>,
    /// The media types for the header `Accept`; empty for JSON and text.
    pub accept: &'static str,
    /// Whether a body is required.
    pub needs_body: bool,
    /// The names of the parameters of the query string that it has.
    pub parameters: &'static [&'static str],
    /// Status and media type of each described response; the media type is empty if there is no
    /// body.
    pub responses: &'static [(&'static str, &'static str)],
    /// The behaviour of the server: the facts that retries and confirmations depend on.
    pub facts: Facts,
}

impl Operation {
    /// An operation unknown to this SDK, for example of a custom module.
    ///
    /// Its behaviour is unknown, so it is treated conservatively: a POST is sent once, a DELETE
    /// needs a confirmation unless its path ends with a parameter. [`with_facts`](Self::with_facts)
    /// declares the behaviour.
    ///
    /// ```
    /// use folio_sdk::{Creates, Facts, Method, Operation};
    ///
    /// static GET_BADGE: Operation = Operation::new("get_badge", Method::GET, "/badges/{badgeId}");
    /// // The module stores a badge under the id that the client sends, so that the POST may be retried.
    /// static CREATE_BADGE: Operation =
    ///     Operation::new("create_badge", Method::POST, "/badges").with_facts(Facts::unknown().creates(Creates::Record));
    /// ```
    pub const fn new(name: &'static str, method: Method, path: &'static str) -> Self {
        Self {
            name,
            module: "",
            interface: "",
            method,
            path,
            permissions: &[],
            paging: None,
            accept: "",
            needs_body: false,
            parameters: &[],
            responses: &[],
            facts: Facts::unknown(),
        }
    }

    /// Declares the behaviour of the operation. Retries and confirmations depend on these facts,
    /// never on the operation's name.
    #[must_use]
    pub const fn with_facts(self, facts: Facts) -> Self {
        // A constant function cannot drop the replaced value; otherwise this equals `Self { facts,
        // ..self }`.
        let mut operation = self;
        operation.facts = facts;
        operation
    }

    /// The positions of secret parameters in a path of this operation, or in a URL with one: the
    /// key of `/oai/{apiKeyPath}`.
    pub(crate) fn secret_segments(&self, url: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let is_secret = |segment: &&str| {
            let name = segment
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'));
            name.is_some_and(redact::is_secret)
        };
        let template: Vec<&str> = match self.path.contains('{') {
            true => self.path.split('/').skip(1).collect(),
            false => Vec::new(),
        };
        if template.iter().any(is_secret) {
            let end = url.find('?').unwrap_or(url.len());
            let path = url.get(..end).unwrap_or_default();
            let mut at = 0;
            let segments: Vec<Range<usize>> = path
                .split('/')
                .map(|segment| {
                    let span = at..at + segment.len();
                    at = span.end + 1;
                    span
                })
                .collect();
            // The path may follow the address of a gateway.
            let fits = |segments: &&[Range<usize>]| {
                template
                    .iter()
                    .zip(*segments)
                    .all(|(word, span)| word.contains('{') || path.get(span.clone()) == Some(*word))
            };
            if let Some(segments) = segments.windows(template.len()).find(fits) {
                let pairs = template.iter().zip(segments);
                found.extend(
                    pairs
                        .filter(|(word, _)| is_secret(word))
                        .map(|(_, span)| span.clone()),
                );
            }
        }
        found
    }

    /// A path or URL of this operation without the values of secret parameters of its path.
    pub(crate) fn without_secrets<'a>(&self, url: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(url);
        for span in self.secret_segments(url).into_iter().rev() {
            shown.to_mut().replace_range(span, REDACTED);
        }
        shown
    }

    /// Sets the module of the operation, `mod-users`.
    #[must_use]
    pub const fn of_module(self, module: &'static str) -> Self {
        let mut operation = self;
        operation.module = module;
        operation
    }

    /// The operation of all generic calls: nothing is known about them.
    pub(crate) const fn generic() -> &'static Self {
        static GENERIC: Operation = Operation::new("", Method::GET, "");
        &GENERIC
    }
}

/// The behaviour of the server for an operation, as far as it is known. Retries and confirmations
/// depend on it.
///
/// The importer derives these facts from FOLIO's descriptions (parameters, bodies, responses,
/// collections); recordings and module sources correct them. `folio-spec routes` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The records that a DELETE deletes.
    pub deletes: Deletes,
    /// The record that a POST stores.
    pub creates: Creates,
    /// The effect of a PUT if the record does not exist.
    pub absent: Absent,
    /// A GET changes something on the server: `/orders-storage/po-number` takes a number from a
    /// sequence. It is not retried.
    pub has_effect: bool,
    /// Request or response contain passwords, tokens or other secrets: errors and logs never show
    /// the bodies.
    pub is_sensitive: bool,
    /// A PUT with an outdated `_version` is rejected (optimistic locking).
    pub is_versioned: bool,
    /// Several modules provide its interface at the same paths (`interfaceType` `multiple` in the
    /// module descriptor: custom-fields, dashboard). The header `X-Okapi-Module-Id` then selects
    /// the module; the client sends it.
    pub is_multiple: bool,
    /// Fields that only responses contain, as paths in the body (`childOf`,
    /// `holdingsRecords[].holdingsItems`): the server rejects or ignores them in requests. They are
    /// removed from JSON bodies that are made of records, by typed calls, calls by path and batches
    /// alike; bodies passed as bytes are unchanged.
    pub omits: &'static [&'static str],
    /// Of a GET: its response shows the status of a job.
    pub job: Option<&'static JobFacts>,
}

impl Facts {
    /// Unknown behaviour: the operation is treated conservatively.
    pub const fn unknown() -> Self {
        Self {
            deletes: Deletes::Unknown,
            creates: Creates::Nothing,
            absent: Absent::NotFound,
            has_effect: false,
            is_sensitive: false,
            is_versioned: false,
            is_multiple: false,
            omits: &[],
            job: None,
        }
    }

    /// States how the response shows the status of a job.
    #[must_use]
    pub const fn job(self, job: &'static JobFacts) -> Self {
        Self {
            job: Some(job),
            ..self
        }
    }

    /// Declares the fields of the body that are not sent, as paths: `childOf`, `items[].added`.
    #[must_use]
    pub const fn omits(self, omits: &'static [&'static str]) -> Self {
        Self { omits, ..self }
    }

    /// Declares that several modules provide the interface.
    #[must_use]
    pub const fn is_multiple(self) -> Self {
        Self {
            is_multiple: true,
            ..self
        }
    }

    /// Declares the records that a DELETE deletes.
    #[must_use]
    pub const fn deletes(self, deletes: Deletes) -> Self {
        Self { deletes, ..self }
    }

    /// Declares the record that a POST stores.
    #[must_use]
    pub const fn creates(self, creates: Creates) -> Self {
        Self { creates, ..self }
    }

    /// Declares the effect of a PUT if the record does not exist.
    #[must_use]
    pub const fn absent(self, absent: Absent) -> Self {
        Self { absent, ..self }
    }

    /// Declares that a GET changes something on the server.
    #[must_use]
    pub const fn has_effect(self) -> Self {
        Self {
            has_effect: true,
            ..self
        }
    }

    /// Declares that the bodies contain secrets.
    #[must_use]
    pub const fn is_sensitive(self) -> Self {
        Self {
            is_sensitive: true,
            ..self
        }
    }

    /// Declares that `_version` protects the record.
    #[must_use]
    pub const fn is_versioned(self) -> Self {
        Self {
            is_versioned: true,
            ..self
        }
    }
}

/// The records that a DELETE deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Deletes {
    /// Unknown, or not a DELETE.
    #[default]
    Unknown,
    /// The single record that its path names.
    Record,
    /// The records that match its parameter `query`.
    Matching,
    /// The records that these query parameters select; each list of names separated by `&` is one
    /// way to select, and requires all of its parameters.
    SelectedBy(&'static [&'static str]),
    /// The records that its body selects.
    SelectedByBody,
    /// All records of the collection, regardless of the parameters.
    All,
}

/// The record that a POST stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Creates {
    /// Unknown, or nothing that the `id` in its body identifies. It is sent once.
    #[default]
    Nothing,
    /// The record in its body, under the `id` that the client sends; a second POST with the same id
    /// is rejected. It may be retried.
    Record,
    /// The record in its body, but under an `id` that the server assigns, regardless of the
    /// client's. Sent twice, it creates two records.
    RecordWithNewId,
}

/// The effect of a PUT if no record has the id in its path. The client checks whether the record
/// exists if the server does not report its absence: so this is known only for a PUT whose path can
/// be read with GET, and, for [`Created`](Self::Created), if a POST creates the record. A PUT that
/// is the regular way to create a record (`PUT /ldp/config/{key}`) is sent unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Absent {
    /// The server reports an error, usually 404.
    #[default]
    NotFound,
    /// The server reports success (204) and stores nothing: holdings of mod-inventory-storage.
    Ignored,
    /// The server creates the record: loan policies of mod-circulation-storage.
    Created,
}
