//! The calls by path of a client.

use super::get::GetRequest;
use super::get_all::GetAllRequest;
use super::raw::RequestBuilder;
use super::write::WriteRequest;
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::paging::{LookupById, LookupByValue};
use crate::wire::described_lists;
use crate::wire::paging::PagingStyle;
use crate::wire::request::Request;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

impl FolioClient {
    /// Gets the resource at a path: the value of `key` in the response, or with `None` the whole
    /// response.
    ///
    /// Of a list this is one page, by FOLIO's default of 10 records: set [`limit`](GetRequest::limit),
    /// or read all of it with [`folio_get_all`](Self::folio_get_all).
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(50).await?;
    /// let user: Value = folio.folio_get("/users/8c1a2a5e-0000-4000-8000-000000000000", None).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What [`execute`](Self::execute) gives; [`ErrorKind::Decode`](crate::ErrorKind::Decode) if
    /// the response has no such key (the error names its keys) or is not a `T`.
    pub fn folio_get<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> GetRequest<T> {
        GetRequest {
            mode: Async,
            client: self.clone(),
            request: Request::to(Method::GET, path),
            key: key.into().filter(|key| !key.is_empty()).map(str::to_owned),
            output: PhantomData,
        }
    }

    /// Reads a whole list, page by page, as a stream of records. `key` names the array in the
    /// response; with `None` the response is the array.
    ///
    /// Where FOLIO's descriptions say that the list can be read by `id`, it is: each page asks for
    /// the records after the last one. Others are read by offset, and so are those that the
    /// caller orders (`sortBy` in the query), with `id` added to make the order unique. The
    /// descriptions of all modules of the release are known, whether or not they are enabled; of
    /// other lists say [`by_id`](GetAllRequest::by_id) if they support it. See [`RecordStream`](crate::RecordStream)
    /// for what errors mean.
    pub fn folio_get_all<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> GetAllRequest<T> {
        let request = Request::to(Method::GET, path);
        let items = key.into().filter(|key| !key.is_empty()).map(str::to_owned);
        let known = described_lists::known(request.path());
        // What the records are read by is known of the array that is described.
        let same = known.filter(|known| known.items == items.as_deref());
        // What is not described at all is read as most of FOLIO is.
        let style = match known {
            Some(known) => known.style,
            None => described_lists::dialect(request.path()).unwrap_or(PagingStyle::Cql),
        };
        GetAllRequest {
            mode: Async,
            client: self.clone(),
            request,
            items,
            style,
            key: same.and_then(|known| known.key),
            max: known.and_then(|known| known.max),
            unsorted: known.is_some_and(|known| known.rejects_sort),
            without_all: match known {
                Some(known) => known.rejects_all_records || known.lacks_query,
                None => false,
            },
            job: same.and_then(|known| known.job),
            limit: None,
            offset: None,
            running: None,
        }
    }

    /// Reads the records of many ids of a list, in as many requests as it takes, in the order of
    /// the ids, and lists the missing ones: see [`LookupById`].
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, ids: Vec<String>) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let mut users = folio.folio_get_by_ids::<Value>("/users", "users", ids);
    /// while let Some(user) = users.next().await {
    ///     println!("{}", user?["username"]);
    /// }
    /// println!("there are no users {:?}", users.missing());
    /// # Ok(())
    /// # }
    /// ```
    pub fn folio_get_by_ids<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
        ids: impl IntoIterator<Item = impl fmt::Display>,
    ) -> LookupById<T> {
        self.folio_get_all(path, key).stream().ids(ids)
    }

    /// Reads the records that have one of many values in a field of a list, such as HRIDs, barcodes
    /// or external ids, in as many requests as it takes, in the order of the values, and lists
    /// those that are missing and those that have several records: see [`LookupByValue`].
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, barcodes: Vec<String>) -> Result<(), folio_sdk::Error> {
    /// # use serde_json::Value;
    /// let mut users = folio.folio_get_by_values::<Value>("/users", "users", "barcode", barcodes);
    /// while let Some(user) = users.next().await {
    ///     println!("{}", user?["username"]);
    /// }
    /// println!("there are no users {:?}", users.missing());
    /// # Ok(())
    /// # }
    /// ```
    pub fn folio_get_by_values<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
        field: impl Into<String>,
        values: impl IntoIterator<Item = impl fmt::Display>,
    ) -> LookupByValue<T> {
        self.folio_get_all(path, key).stream().values(field, values)
    }

    /// Posts `body` as JSON. Returns the response as JSON, text as a string, an empty one as null;
    /// [`typed`](WriteRequest::typed) returns it as a type.
    ///
    /// It is retried only if it is certain that the server did not receive it (see
    /// [`RetryPolicy`](crate::RetryPolicy)).
    pub fn folio_post(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> WriteRequest<Value> {
        WriteRequest::new(self, Request::to(Method::POST, path).json(body))
    }

    /// Puts `body` as JSON: FOLIO replaces the whole record, and absent fields are removed. Returns
    /// the response as [`folio_post`](Self::folio_post) does.
    pub fn folio_put(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> WriteRequest<Value> {
        WriteRequest::new(self, Request::to(Method::PUT, path).json(body))
    }

    /// Deletes the resource at a path. Returns the response as [`folio_post`](Self::folio_post) does.
    /// With a `query` it needs a confirmation ([`Deletion`](crate::Deletion)).
    pub fn folio_delete(&self, path: impl AsRef<str>) -> WriteRequest<Value> {
        WriteRequest::new(self, Request::to(Method::DELETE, path))
    }

    /// A request with any method to any path, whose response is returned unchanged.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::Method;
    ///
    /// let raw = folio.request(Method::GET, "/some/new/endpoint").send().await?;
    /// println!("{} {} bytes", raw.status(), raw.body().len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> RequestBuilder {
        RequestBuilder {
            mode: Async,
            client: self.clone(),
            request: Request::to(method, path),
        }
    }
}
