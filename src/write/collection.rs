//! Collections of records: the paths, keys and facts that reading, writing and batches need.

use std::borrow::Cow;

use http::Method;
use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::described_lists;
use crate::wire::operation::{Absent, Creates};
use crate::wire::request::{Request, SEGMENT};
use crate::wire::same_record::Kind;

/// A collection of records: `GET` and `POST` at its path, `GET`, `PUT` and `DELETE` below it by id.
///
/// Generated records know their collection ([`Stored`]). For other types, declare it:
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
/// The behaviour of FOLIO's servers for the fields of described collections is known by path,
/// however the collection was declared.
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

    /// The collection at a path, as FOLIO's descriptions define it: the key of the records in its
    /// lists, and its endpoints for batches and long queries. The descriptions of all modules of the
    /// release are known, whether or not they are enabled. None if they describe no list of records
    /// at the path.
    ///
    /// ```
    /// use folio_sdk::Collection;
    ///
    /// let items = Collection::described("/item-storage/items").map(|items| items.items().to_owned());
    /// assert_eq!(items.as_deref(), Some("items"));
    /// assert_eq!(Collection::described("/badges"), None);
    /// ```
    pub fn described(path: &str) -> Option<Self> {
        let list = described_lists::known(path)?;
        let mut collection = Self::new(path.to_owned(), list.items?);
        if let Some((path, key)) = described_lists::batch(path) {
            collection = collection.batch(path, key);
        }
        if described_lists::is_asked_by_post(path) {
            collection = collection.retrieve(format!("{path}/retrieve"));
        }
        Some(collection)
    }

    /// The facts of generated code about a collection.
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

    /// Declares an endpoint that writes many records atomically, as mod-inventory-storage's
    /// `…/batch/synchronous` do; `key` is that of the records in its body.
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

    /// Declares an endpoint that takes the query in the body of a `POST`, so that it may be longer
    /// than a URL.
    #[must_use]
    pub fn retrieve(self, path: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retrieve: Some(path.into()),
            ..self
        }
    }

    /// Declares that the module assigns its own id to a new record and ignores the sent `id`, as
    /// mod-notes, mod-tags and mod-calendar do (recorded). So a `POST` is never retried, and
    /// [`upsert`](crate::FolioClient::upsert) needs a field to match records on
    /// ([`match_on`](crate::Upsert::match_on)). For described operations this is known
    /// ([`Creates::RecordWithNewId`](crate::Creates)).
    #[must_use]
    pub fn server_assigns_ids(self) -> Self {
        Self {
            creates: Some(Creates::RecordWithNewId),
            ..self
        }
    }

    /// Declares that the module stores a new record under the sent `id`, and rejects a second one
    /// with the same id, as modules of RAML Module Builder do. So a `POST` with an unknown outcome
    /// may be retried if no record with that id exists. For described operations this is known
    /// ([`Creates::Record`](crate::Creates)); for others it is learned from the first response.
    #[must_use]
    pub fn keeps_ids(self) -> Self {
        Self {
            creates: Some(Creates::Record),
            ..self
        }
    }

    /// Declares fields that the module sets and whose sent values it ignores: a difference in them
    /// does not count. A field is named by its path, `status.date`. `_version` and `metadata` are
    /// always included; for described collections, so are the fields that FOLIO's descriptions
    /// declare read-only, and those that recordings show.
    #[must_use]
    pub fn server_sets(self, fields: &'static [&'static str]) -> Self {
        Self {
            sets: fields,
            ..self
        }
    }

    /// Declares the effect of a PUT of a record that does not exist. For collections that FOLIO's
    /// modules describe it is known.
    ///
    /// After a PUT that would ignore a missing record, and before one that would create it, the
    /// record is read to check that it exists.
    #[must_use]
    pub const fn absent(self, absent: Absent) -> Self {
        // A constant function cannot drop the replaced value; otherwise this equals `Self { absent,
        // ..self }`.
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

    /// Whether it has an endpoint that writes many records at once.
    pub fn takes_batches(&self) -> bool {
        self.batch.is_some()
    }

    pub(crate) fn batch_endpoint(&self) -> Option<(&str, &str)> {
        self.batch
            .as_ref()
            .map(|(path, key)| (path.as_ref(), key.as_ref()))
    }

    pub(crate) fn retrieve_endpoint(&self) -> Option<&str> {
        self.retrieve.as_deref()
    }

    /// The facts about its records for comparing two of them.
    pub(crate) fn kind(&self) -> Kind<'static> {
        Kind::of(&self.path, self.sets)
    }

    /// The effect of a POST on the record's id.
    pub(crate) fn creates(&self) -> Creates {
        self.creates
            .unwrap_or_else(|| Request::to(Method::POST, self.path()).facts().creates)
    }

    /// The effect of a PUT of a missing record, if the caller declares it.
    pub(crate) fn absent_records(&self) -> Option<Absent> {
        self.absent
    }

    /// The path of one record.
    pub(crate) fn path_of(&self, id: &str) -> String {
        format!("{}/{}", self.path, utf8_percent_encode(id, SEGMENT))
    }
}

/// A record type with one known collection: the input of [`upsert`](crate::FolioClient::upsert) and
/// [`update_with`](crate::FolioClient::update_with). Generated records implement it if their module
/// lists, creates and replaces them at one path.
#[diagnostic::on_unimplemented(
    message = "the collection that stores `{Self}` is unknown to folio-sdk",
    label = "unknown collection",
    note = "to write `serde_json::Value` or your own type, name the collection: `upsert_at(Collection::new(\"/path\", \"key\"), records)` instead of `upsert(records)`, `update_at(\"/path/id\", change)` instead of `update_with(id, change)`",
    note = "generated records implement `Stored` where their module lists, creates and replaces them at one path; enable the feature of the module"
)]
pub trait Stored: Serialize + DeserializeOwned + Send + 'static {
    /// The collection that stores it.
    const COLLECTION: Collection;
}

/// Implements it for generated records.
macro_rules! __stored {
    ($($record:ident($($known:expr),*);)*) => {
        $(impl $crate::runtime::Stored for $record {
            const COLLECTION: $crate::runtime::Collection = $crate::runtime::Collection::known($($known),*);
        })*
    };
}
pub(crate) use __stored;
