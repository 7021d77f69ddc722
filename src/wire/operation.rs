//! What is known of an operation before it is called.

use std::borrow::Cow;
use std::ops::Range;

use http::Method;

use crate::value::redact::{self, REDACTED};
use crate::wire::long_running::JobFacts;
use crate::wire::paging::Paging;

/// An operation of a FOLIO module: the facts of its description and of the module descriptor.
///
/// Every generated call has one as a constant. All calls by path (`folio_get`, `request`) share one
/// whose texts are empty; their method and path are in the [`Request`](crate::Request), and their
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
    /// How its list is paged, where it gives a list.
    pub paging: Option<Paging>,
    /// The media types that it is asked for, as the header `Accept`; empty where JSON and text
    /// are.
    pub accept: &'static str,
    /// Whether it is not sent without a body.
    pub needs_body: bool,
    /// The names of the parameters of the query string that it has.
    pub parameters: &'static [&'static str],
    /// Status and media type of each response that is described; the media type is empty where
    /// there is no body.
    pub responses: &'static [(&'static str, &'static str)],
    /// What the server does: the facts that retries and confirmations depend on.
    pub facts: Facts,
}

impl Operation {
    /// An operation that this SDK does not have, for instance of one's own module.
    ///
    /// Nothing is known of what it does, so it is treated conservatively: a POST is sent once, a
    /// DELETE needs a confirmation unless its path ends with a parameter.
    /// [`with_facts`](Self::with_facts) states what it does.
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

    /// States what the operation does. Retries and confirmations depend on these facts, never on
    /// the operation's name.
    #[must_use]
    pub const fn with_facts(self, facts: Facts) -> Self {
        // A constant function cannot drop what it replaces; nothing else differs from `Self {
        // facts, ..self }`.
        let mut operation = self;
        operation.facts = facts;
        operation
    }

    /// Where in a path of this operation, or in a URL with one, the values of secret parameters
    /// are: of `/oai/{apiKeyPath}` the key.
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

    /// Names the module that the operation is of, `mod-users`.
    #[must_use]
    pub const fn of_module(self, module: &'static str) -> Self {
        let mut operation = self;
        operation.module = module;
        operation
    }

    /// What all generic calls share: nothing is known of them.
    pub(crate) const fn generic() -> &'static Self {
        static GENERIC: Operation = Operation::new("", Method::GET, "");
        &GENERIC
    }
}

/// What a server does when an operation is called, as far as it is known. Retries and confirmations
/// depend on it.
///
/// The importer derives these facts from FOLIO's descriptions (parameters, bodies, responses,
/// collections); recordings and module sources correct them. `folio-spec routes` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// What a DELETE deletes.
    pub deletes: Deletes,
    /// What a POST stores.
    pub creates: Creates,
    /// What a PUT does where there is no such record.
    pub absent: Absent,
    /// A GET changes something on the server: `/orders-storage/po-number` takes a number from a
    /// sequence. It is not retried.
    pub has_effect: bool,
    /// Request or response holds passwords, tokens or other secrets: errors and logs never show
    /// the bodies.
    pub is_sensitive: bool,
    /// A PUT with an outdated `_version` is rejected (optimistic locking).
    pub is_versioned: bool,
    /// Several modules provide its interface at the same paths (`interfaceType` `multiple` in the
    /// module descriptor: custom-fields, dashboard). The header `X-Okapi-Module-Id` then says
    /// which one is called; the client sends it.
    pub is_multiple: bool,
    /// Fields that only responses contain, by their paths in the body (`childOf`,
    /// `holdingsRecords[].holdingsItems`): the server rejects or ignores them. They are left
    /// out of JSON bodies that are made of records, by typed calls, calls by path and batches
    /// alike; of bodies that are given as bytes nothing is left out.
    pub omits: &'static [&'static str],
    /// Of a GET: its response shows the status of a job.
    pub job: Option<&'static JobFacts>,
}

impl Facts {
    /// Nothing is known: the operation is treated conservatively.
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

    /// States which fields of the body are not sent, by their paths: `childOf`, `items[].added`.
    #[must_use]
    pub const fn omits(self, omits: &'static [&'static str]) -> Self {
        Self { omits, ..self }
    }

    /// States that several modules provide the interface.
    #[must_use]
    pub const fn is_multiple(self) -> Self {
        Self {
            is_multiple: true,
            ..self
        }
    }

    /// States what a DELETE deletes.
    #[must_use]
    pub const fn deletes(self, deletes: Deletes) -> Self {
        Self { deletes, ..self }
    }

    /// States what a POST stores.
    #[must_use]
    pub const fn creates(self, creates: Creates) -> Self {
        Self { creates, ..self }
    }

    /// States what a PUT does where there is no such record.
    #[must_use]
    pub const fn absent(self, absent: Absent) -> Self {
        Self { absent, ..self }
    }

    /// States that a GET changes something on the server.
    #[must_use]
    pub const fn has_effect(self) -> Self {
        Self {
            has_effect: true,
            ..self
        }
    }

    /// States that the bodies hold secrets.
    #[must_use]
    pub const fn is_sensitive(self) -> Self {
        Self {
            is_sensitive: true,
            ..self
        }
    }

    /// States that `_version` protects the record.
    #[must_use]
    pub const fn is_versioned(self) -> Self {
        Self {
            is_versioned: true,
            ..self
        }
    }
}

/// What a DELETE deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Deletes {
    /// Not known, or not a DELETE.
    #[default]
    Unknown,
    /// The one thing that its path names.
    Record,
    /// The records that match its parameter `query`.
    Matching,
    /// The records that these query parameters select; each list of names separated by `&` is one
    /// way to select, and all of its parameters are needed.
    SelectedBy(&'static [&'static str]),
    /// The records that its body selects.
    SelectedByBody,
    /// All records of the collection, whatever parameters it is sent.
    All,
}

/// What a POST stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Creates {
    /// Not known, or nothing that the `id` in its body identifies. It is sent once.
    #[default]
    Nothing,
    /// The record that is its body, under the `id` that the client sends; a second POST with the
    /// same id is rejected. It may be retried.
    Record,
    /// The record that is its body, but under an `id` of the server's, whatever the client sends.
    /// Sent twice, it makes two records.
    RecordWithNewId,
}

/// What a PUT does where there is no record with the id in its path. The client looks for the
/// record where the server does not report that it is absent: so this is known of a PUT only if the
/// path can be read with GET, and, for [`Created`](Self::Created), if there is a POST to create the
/// record with. A PUT that is how a record is made (`PUT /ldp/config/{key}`) is sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Absent {
    /// The server reports an error, mostly 404.
    #[default]
    NotFound,
    /// The server reports success (204) and stores nothing: holdings of mod-inventory-storage.
    Ignored,
    /// The server creates the record: loan policies of mod-circulation-storage.
    Created,
}
