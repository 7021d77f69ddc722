//! Where records of a kind are stored: the paths, keys and facts that reading, writing and batches
//! of them need.

use std::borrow::Cow;

use http::Method;
use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::operation::{Absent, Creates};
use crate::wire::request::{Request, SEGMENT};
use crate::wire::same_record::Kind;

/// A collection of records: `GET` and `POST` at its path, `GET`, `PUT` and `DELETE` below it by id.
///
/// Records of the generated modules know theirs ([`Stored`]). For others, state it:
///
/// ```
/// use folio_sdk::Collection;
///
/// let groups = Collection::new("/groups", "usergroups");
/// let instances = Collection::new("/instance-storage/instances", "instances")
///     .batch("/instance-storage/batch/synchronous", "instances")
///     .retrieve("/instance-storage/instances/retrieve");
/// // A module that gives records ids of its own, and sets the field `number`.
/// let badges = Collection::new("/badges", "badges").server_assigns_ids().server_sets(&["number"]);
/// assert_eq!(groups.path(), "/groups");
/// ```
///
/// What FOLIO's servers do to the fields of described collections is known by their paths,
/// whichever way the collection is stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    path: Cow<'static, str>,
    items: Cow<'static, str>,
    batch: Option<(Cow<'static, str>, Cow<'static, str>)>,
    retrieve: Option<Cow<'static, str>>,
    creates: Option<Creates>,
    sets: &'static [&'static str],
    absent: Option<Absent>,
}

impl Collection {
    /// The collection at a path; `items` is the key of the records in its lists.
    pub fn new(path: impl Into<Cow<'static, str>>, items: impl Into<Cow<'static, str>>) -> Self {
        Self {
            path: path.into(),
            items: items.into(),
            batch: None,
            retrieve: None,
            creates: None,
            sets: &[],
            absent: None,
        }
    }

    /// What generated code knows of a collection.
    #[doc(hidden)]
    pub const fn known(
        path: &'static str,
        items: &'static str,
        batch: Option<(&'static str, &'static str)>,
        retrieve: Option<&'static str>,
    ) -> Self {
        Self {
            path: Cow::Borrowed(path),
            items: Cow::Borrowed(items),
            batch: match batch {
                Some((path, key)) => Some((Cow::Borrowed(path), Cow::Borrowed(key))),
                None => None,
            },
            retrieve: match retrieve {
                Some(path) => Some(Cow::Borrowed(path)),
                None => None,
            },
            creates: None,
            sets: &[],
            absent: None,
        }
    }

    /// The collection has an endpoint that writes many records at once, all or none, as
    /// mod-inventory-storage's `…/batch/synchronous` do; `key` is that of the records in its body.
    #[must_use]
    pub fn batch(
        self,
        path: impl Into<Cow<'static, str>>,
        key: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            batch: Some((path.into(), key.into())),
            ..self
        }
    }

    /// The collection has an endpoint that takes a query in a `POST`, so that it can be longer than
    /// a URL.
    #[must_use]
    pub fn retrieve(self, path: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retrieve: Some(path.into()),
            ..self
        }
    }

    /// The module gives a new record an id of its own, whatever `id` is sent, as mod-notes,
    /// mod-tags and mod-calendar do (recorded). So a `POST` is never repeated, and
    /// [`upsert`](crate::FolioClient::upsert) needs a field to match records on
    /// ([`match_on`](crate::Upsert::match_on)). Of described operations this is known
    /// ([`Creates::RecordWithNewId`](crate::Creates)).
    #[must_use]
    pub fn server_assigns_ids(self) -> Self {
        Self {
            creates: Some(Creates::RecordWithNewId),
            ..self
        }
    }

    /// The module stores a new record under the `id` that is sent, and rejects a second one of the
    /// same id, as modules of RAML Module Builder do. So a `POST` whose outcome is unknown may be
    /// repeated if no record of that id is there. Of described operations this is known
    /// ([`Creates::Record`](crate::Creates)); of others it is learned from the first response.
    #[must_use]
    pub fn keeps_ids(self) -> Self {
        Self {
            creates: Some(Creates::Record),
            ..self
        }
    }

    /// Fields that the module sets, whatever is sent: a difference in them is none. A field is
    /// named by its path, `status.date`. `_version` and `metadata` are always among them; of
    /// described collections, so are the fields that FOLIO's descriptions declare read-only, and
    /// those that recordings show.
    #[must_use]
    pub fn server_sets(self, fields: &'static [&'static str]) -> Self {
        Self {
            sets: fields,
            ..self
        }
    }

    /// States what the server does with a PUT of a record that it does not have. Of collections
    /// that FOLIO's modules describe it is known.
    ///
    /// After a PUT where such a record is ignored, and before one where it would be created, the
    /// record is read to check that it is there.
    #[must_use]
    pub const fn absent(self, absent: Absent) -> Self {
        // A constant function cannot drop what it replaces; nothing else differs from `Self {
        // absent, ..self }`.
        let mut collection = self;
        collection.absent = Some(absent);
        collection
    }

    /// The path of the collection.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The key of the records in a list.
    pub fn items(&self) -> &str {
        &self.items
    }

    pub(crate) fn batch_endpoint(&self) -> Option<(&str, &str)> {
        self.batch
            .as_ref()
            .map(|(path, key)| (path.as_ref(), key.as_ref()))
    }

    pub(crate) fn retrieve_endpoint(&self) -> Option<&str> {
        self.retrieve.as_deref()
    }

    /// What is known of its records when two are compared.
    pub(crate) fn kind(&self) -> Kind<'static> {
        Kind::of(&self.path, self.sets)
    }

    /// What a POST of a record does with the record's id.
    pub(crate) fn creates(&self) -> Creates {
        self.creates
            .unwrap_or_else(|| Request::to(Method::POST, self.path()).facts().creates)
    }

    /// What the server does with a PUT of an absent record, if the caller states it.
    pub(crate) fn absent_records(&self) -> Option<Absent> {
        self.absent
    }

    /// The path of one record.
    pub(crate) fn path_of(&self, id: &str) -> String {
        format!("{}/{}", self.path, utf8_percent_encode(id, SEGMENT))
    }
}

/// A record that is stored in one known collection: what [`upsert`](crate::FolioClient::upsert) and
/// [`update_with`](crate::FolioClient::update_with) take. Generated records implement it where
/// their module lists, creates and replaces them at one path.
#[diagnostic::on_unimplemented(
    message = "the collection that stores `{Self}` is unknown to folio-sdk",
    label = "unknown collection",
    note = "to write `serde_json::Value` or your own type, name the collection: `upsert_at(Collection::new(\"/path\", \"key\"), records)` instead of `upsert(records)`, `update_at(\"/path/id\", change)` instead of `update_with(id, change)`",
    note = "generated records implement `Stored` where their module lists, creates and replaces them at one path; enable the feature of the module"
)]
pub trait Stored: Serialize + DeserializeOwned + Send + 'static {
    /// Where it is stored.
    const COLLECTION: Collection;
}

/// States of generated records where they are stored.
macro_rules! __stored {
    ($($record:ident($($known:expr),*);)*) => {
        $(impl $crate::runtime::Stored for $record {
            const COLLECTION: $crate::runtime::Collection = $crate::runtime::Collection::known($($known),*);
        })*
    };
}
pub(crate) use __stored;
