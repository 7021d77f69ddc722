//! Where records of a kind are kept: the paths and keys that reading, writing and batches of them need.

use std::borrow::Cow;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::operation::Absent;
use crate::request::SEGMENT;
use crate::same_record::Kind;

/// A collection of records: `GET` and `POST` at its path, `GET`, `PUT` and `DELETE` below it by id.
///
/// Records of the generated modules know theirs ([`Stored`]). For others, say it:
///
/// ```
/// use folio_sdk::Collection;
///
/// let groups = Collection::new("/groups", "usergroups");
/// let instances = Collection::new("/instance-storage/instances", "instances")
///     .batch("/instance-storage/batch/synchronous", "instances")
///     .retrieve("/instance-storage/instances/retrieve");
/// assert_eq!(groups.path(), "/groups");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    path: Cow<'static, str>,
    items: Cow<'static, str>,
    batch: Option<(Cow<'static, str>, Cow<'static, str>)>,
    retrieve: Option<Cow<'static, str>>,
    read_only: &'static [&'static str],
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
            read_only: &[],
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
        read_only: &'static [&'static str],
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
            read_only,
            absent: None,
        }
    }

    /// The collection has an endpoint that writes many records at once, all or none, as mod-inventory-storage's `…/batch/synchronous` do;
    /// `key` is that of the records in its body.
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

    /// The collection has an endpoint that takes a query in a `POST`, so that it can be longer than a URL.
    #[must_use]
    pub fn retrieve(self, path: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retrieve: Some(path.into()),
            ..self
        }
    }

    /// States what the server does with a PUT of a record that it does not have. Of collections that FOLIO's modules describe it is known.
    ///
    /// After a PUT where such a record is ignored, and before one where it would be created, the record is read to check that it is there.
    #[must_use]
    pub const fn absent(self, absent: Absent) -> Self {
        // A constant function cannot drop what it replaces; nothing else differs from `Self { absent, ..self }`.
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
        Kind::of(&self.path, self.read_only)
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

/// A record that is kept in one known collection: what [`upsert`](crate::FolioClient::upsert) and
/// [`update_with`](crate::FolioClient::update_with) take. Generated records implement it where their module lists, creates and replaces
/// them at one path.
pub trait Stored: Serialize + DeserializeOwned + Send + 'static {
    /// Where it is kept.
    const COLLECTION: Collection;
}

/// Says of generated records where they are kept.
#[doc(hidden)]
#[macro_export]
macro_rules! __stored {
    ($($record:ident($($known:expr),*);)*) => {
        $(impl $crate::runtime::Stored for $record {
            const COLLECTION: $crate::runtime::Collection = $crate::runtime::Collection::known($($known),*);
        })*
    };
}
