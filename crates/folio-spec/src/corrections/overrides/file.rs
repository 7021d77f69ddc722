//! The form of `specs/overrides/<module>.toml`.

use serde::Deserialize;

use super::describe::Describe;
use super::fix::Fix;
use crate::canonical::facts::{Absent, Creates, Deletes, Facts};
use crate::canonical::long_running::LongRunning;
use crate::canonical::route::path_template;

/// The overrides of a module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) paging: Option<Paging>,
    #[serde(rename = "read-only")]
    pub(super) read_only: Option<ReadOnly>,
    #[serde(default)]
    pub(super) fix: Vec<Fix>,
    #[serde(default)]
    pub(super) describe: Vec<Describe>,
    #[serde(default)]
    pub(super) fact: Vec<Fact>,
    #[serde(default)]
    pub(super) list: Vec<List>,
    #[serde(default)]
    pub(super) name: Vec<StatedName>,
}

/// Facts about a name that its rule cannot derive from method and path.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatedName {
    /// Method and path as in the canonical document, `POST /things`.
    pub(super) operation: String,
    /// Why the rule's own name would be wrong.
    pub(crate) reason: String,
    /// The verb; the last segment is a noun.
    pub(crate) verb: Option<String>,
    /// The whole name.
    pub(crate) name: Option<String>,
}

/// How a list may be read, as recordings or the module's source show it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// Method and path as in the canonical document, `GET /things`.
    pub(super) operation: String,
    #[allow(dead_code, reason = "read by people")]
    pub(super) reason: String,
    /// `false`: the server rejects `sortBy`.
    pub(crate) sort: Option<bool>,
    /// `false`: the server knows no `cql.allRecords`.
    pub(crate) all: Option<bool>,
    /// `false`: the list has no query.
    pub(crate) query: Option<bool>,
    /// The largest page that the server returns.
    pub(crate) max: Option<u64>,
    /// The style of its pages, where its parameters do not show it: `whole` for one that takes no
    /// `limit`, `browse` for one of one page.
    pub(crate) style: Option<String>,
    /// The kind of record that a resource job of mod-search lists the ids of, where a list shows
    /// only some of its records.
    pub(crate) job: Option<String>,
    /// `false`: it cannot be read to its end, regardless of its parameters.
    pub(crate) paged: Option<bool>,
}

/// The server's behaviour according to recordings or the module's source: it corrects the derived
/// facts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact {
    /// Method and path as in the canonical document, `DELETE /things`.
    pub(super) operation: Option<String>,
    /// Several of them.
    #[serde(default)]
    pub(super) operations: Vec<String>,
    pub(super) reason: String,
    pub(super) deletes: Option<Deletes>,
    pub(super) creates: Option<Creates>,
    pub(super) absent: Option<Absent>,
    pub(super) effect: Option<bool>,
    pub(super) sensitive: Option<bool>,
    pub(super) versioned: Option<bool>,
    /// Replaces the derived list; an empty list if the server accepts all fields.
    pub(super) omits: Option<Vec<String>>,
    /// The states of the job that a GET shows.
    #[serde(rename = "long-running")]
    pub(super) long_running: Option<LongRunning>,
}

impl Fact {
    pub(super) fn operations(&self) -> impl Iterator<Item = &String> {
        self.operation.iter().chain(&self.operations)
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            deletes: self.deletes.clone(),
            creates: self.creates,
            absent: self.absent,
            effect: self.effect,
            sensitive: self.sensitive,
            versioned: self.versioned,
            omits: self.omits.clone(),
            long_running: self.long_running.clone(),
        }
    }
}

/// How the lists of a module are paged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    pub(super) style: String,
    #[allow(dead_code, reason = "read by people")]
    pub(super) reason: String,
}

/// The treatment of the read-only properties of the module's bodies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadOnly {
    /// `false`: the module ignores their sent values, and they are not sent.
    pub(super) sent: bool,
    #[allow(dead_code, reason = "read by people")]
    pub(super) reason: String,
}

/// Whether an operation of an override, `GET /things`, is the one of this method and path.
pub(super) fn is_operation(stated: &str, method: &str, path: &str) -> bool {
    stated.split_once(' ').is_some_and(|(verb, other)| {
        verb.eq_ignore_ascii_case(method) && path_template(other) == path_template(path)
    })
}
