//! Reference data: the lists of types, codes and locations that records reference by identifier.
//! They are short, rarely change and are needed often, so they are read completely and cached with
//! a TTL.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::call::mode::Mode;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::client::FolioClient;
use crate::client::marker::{Async, erased};
use crate::engine::cache::CacheKey;
use crate::paging::RecordStream;
use crate::record::scalar::Id;
use crate::tenant::reference_lists::reference_lists;
use crate::wire::error::{Error, ErrorKind, Result};
use crate::wire::paging::Paging;
use crate::wire::paging::PagingStyle;
use crate::wire::request::Request;

/// The default TTL of a cached list.
const MAX_AGE: Duration = Duration::from_secs(600);

/// A list of reference data: its path, and the key of its records. The lists of FOLIO's modules are
/// constants of [`ReferenceData`]; others can be created.
///
/// ```
/// use folio_sdk::ReferenceList;
///
/// static PROXY_RULES: ReferenceList = ReferenceList::new("/my-module/rules", "rules");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReferenceList {
    path: &'static str,
    items: &'static str,
    by_id: bool,
}

impl ReferenceList {
    /// The list at a path, whose records are in the array with the key `items`. It is read by
    /// offset, in the order of `id`.
    pub const fn new(path: &'static str, items: &'static str) -> Self {
        Self {
            path,
            items,
            by_id: false,
        }
    }

    /// Declares that the list can be read by `id>…`, as the lists of the storage modules can.
    #[must_use]
    pub const fn by_id(mut self) -> Self {
        self.by_id = true;
        self
    }

    /// The path, `/identifier-types`.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The key of the records, `identifierTypes`.
    pub const fn items(&self) -> &'static str {
        self.items
    }
}

/// The records of a list; dereferences to a slice.
pub struct ReferenceRecords<T> {
    records: Vec<T>,
    errors: Vec<Error>,
}

impl<T> ReferenceRecords<T> {
    /// The records that could not be read as a `T`: each error contains the record as the server
    /// sent it ([`record_json`](Error::record_json)). The other records are available.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }
}

impl<T> Deref for ReferenceRecords<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.records
    }
}

impl<T: fmt::Debug> fmt::Debug for ReferenceRecords<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(&self.records).finish()
    }
}

/// The reference data of a tenant. [`FolioClient::reference_data`] gives it.
///
/// A list is read completely on first use, and cached for [10 minutes](Self::max_age): per tenant
/// and record type, for all clones and handles of the client. Concurrent callers share one request.
/// At most 512 lists with 200,000 records in total are cached; the least recently used list is
/// evicted first. Errors are not cached.
///
/// The caller chooses the record type: the generated one of the module, a struct with the two
/// relevant fields, or [`Value`](serde_json::Value).
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// use folio_sdk::ReferenceData;
/// use serde_json::Value;
///
/// let reference = folio.reference_data();
/// for format in reference.instance_formats::<Value>().await?.iter() {
///     println!("{} {}", format["code"], format["name"]);
/// }
/// let isbn = reference.id_of(&ReferenceData::IDENTIFIER_TYPES, "ISBN").await?;
/// let stacks = reference.location_id("MAIN/STACKS").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ReferenceData<M = Async> {
    #[cfg_attr(
        not(feature = "blocking"),
        allow(dead_code, reason = "only the blocking client reads it")
    )]
    pub(crate) mode: M,
    client: FolioClient,
    max_age: Duration,
}

impl FolioClient {
    /// The reference data of this handle's tenant: identifier types, locations and others, cached
    /// with a TTL.
    pub fn reference_data(&self) -> ReferenceData {
        ReferenceData {
            mode: Async,
            client: self.clone(),
            max_age: MAX_AGE,
        }
    }
}

/// The common fields of records in these lists; sufficient to find one by its display name.
#[derive(Deserialize)]
struct Named {
    id: Id,
    name: Option<Label>,
    code: Option<Label>,
    /// Patron groups have it in place of a name.
    group: Option<Label>,
}

/// Text; a record cannot be found by other types of values.
#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl Label {
    fn is(this: Option<&Self>, text: &str) -> bool {
        matches!(this, Some(Self::Text(label)) if label == text)
    }
}

impl Named {
    fn label(&self) -> &str {
        [&self.code, &self.name, &self.group]
            .into_iter()
            .find_map(|label| match label {
                Some(Label::Text(text)) => Some(text.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }
}

#[cfg(feature = "blocking")]
in_mode!(ReferenceData<> { client, max_age });

impl<M: Mode> ReferenceData<M> {
    /// The TTL of a cached list, 10 minutes by default. With [`Duration::ZERO`] the server is
    /// always called, and the response is cached for others.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Invalidates the cached lists of this tenant.
    pub fn invalidate(&self) {
        self.client.session().cache.forget(self.client.tenant());
    }
}

impl ReferenceData {
    /// The records of a list.
    ///
    /// # Errors
    /// The server's error for the first page that fails. A record that is not a `T` is not such an
    /// error: see [`ReferenceRecords::errors`].
    pub async fn list<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        list: &ReferenceList,
    ) -> Result<Arc<ReferenceRecords<T>>> {
        if self.client.is_closed() {
            return Err(Error::closed());
        }
        let key = CacheKey::new::<ReferenceRecords<T>>(
            self.client.tenant(),
            format!("{} {}", list.path, list.items),
        );
        let load = read(self.client.clone(), *list);
        let cache = &self.client.session().cache;
        erased(cache.get(key, self.max_age, load)).await
    }

    /// The identifier of the record whose code, name or group equals `text` exactly.
    ///
    /// # Errors
    /// As [`list`](Self::list); [`ErrorKind::Lookup`] if no record matches, or several do. There is
    /// no fuzzy match and no default.
    pub async fn id_of(&self, list: &ReferenceList, text: &str) -> Result<Id> {
        let records = self.list::<Named>(list).await?;
        let by = |of: fn(&Named) -> Option<&Label>| -> Vec<&Named> {
            records
                .iter()
                .filter(|record| Label::is(of(record), text))
                .collect()
        };
        // A code is unique if there is one; a name need not be.
        let found = [
            by(|record| record.code.as_ref()),
            by(|record| record.name.as_ref()),
            by(|record| record.group.as_ref()),
        ]
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default();
        match found.as_slice() {
            [one] => Ok(one.id.clone()),
            [] => Err(self.not_found(list, text, &records)),
            several => {
                let ids: Vec<&str> = several.iter().map(|record| record.id.as_str()).collect();
                Err(Error::lookup(format!(
                    "{} records of {} in tenant `{}` are called \"{}\": {}",
                    several.len(),
                    list.path,
                    self.client.tenant(),
                    text.escape_debug(),
                    ids.join(", ")
                )))
            }
        }
    }

    fn not_found(&self, list: &ReferenceList, text: &str, records: &[Named]) -> Error {
        let wanted = text.to_lowercase();
        let mut near: Vec<&str> = records
            .iter()
            .map(Named::label)
            .filter(|label| {
                let label = label.to_lowercase();
                !label.is_empty() && (label.contains(&wanted) || wanted.contains(&label))
            })
            .collect();
        near.sort_unstable();
        near.truncate(5);
        let message = format!(
            "none of the {} records of {} in tenant `{}` has the code or name \"{}\"",
            records.len(),
            list.path,
            self.client.tenant(),
            text.escape_debug()
        );
        let error = Error::lookup(message);
        if near.is_empty() {
            error
        } else {
            error.with_help(format!("similar names: {}", near.join(", ")))
        }
    }

    /// The identifier of the location with a code (or, if none has that code, with a name).
    ///
    /// # Errors
    /// As [`id_of`](Self::id_of).
    pub async fn location_id(&self, code: &str) -> Result<Id> {
        self.id_of(&Self::LOCATIONS, code).await
    }
}

async fn read<T: DeserializeOwned + Send + 'static>(
    client: FolioClient,
    list: ReferenceList,
) -> Result<(ReferenceRecords<T>, usize)> {
    let paging = Paging::new(
        PagingStyle::Cql,
        Some(list.items),
        list.by_id.then_some("id"),
        None,
    );
    let request = Request::to(Method::GET, list.path);
    let mut items = RecordStream::<T>::new(client, request, paging, Some(1000), None);
    let (mut records, mut errors) = (Vec::new(), Vec::new());
    while let Some(record) = items.next().await {
        match record {
            Ok(record) => records.push(record),
            Err(error) if error.kind() == ErrorKind::Record => errors.push(error),
            Err(error) => return Err(error),
        }
    }
    let size = records.len() + errors.len();
    Ok((ReferenceRecords { records, errors }, size))
}

/// Defines a constant and a function for a list.
macro_rules! lists {
    ($($(#[$meta:meta])* $constant:ident $function:ident $path:literal $items:literal $($by_id:ident)?;)*) => {
        impl ReferenceData {
            $(
                #[doc = concat!("The list at `", $path, "`.")]
                pub const $constant: ReferenceList = ReferenceList::new($path, $items)$(.$by_id())?;
            )*

            /// All lists that are constants here.
            pub const LISTS: &'static [ReferenceList] = &[$(Self::$constant,)*];

            $(
                #[doc = concat!("The records of `", $path, "`, as [`list`](Self::list) returns them.")]
                ///
                /// # Errors
                /// As [`list`](Self::list).
                $(#[$meta])*
                pub async fn $function<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<ReferenceRecords<T>>> {
                    self.list(&Self::$constant).await
                }
            )*
        }
    };
}

reference_lists!(lists);
