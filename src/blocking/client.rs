//! The blocking client and the calls that it is made of.

use std::fmt;
use std::future::Future;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::iter::Iter;
use super::wait::Blocking;
use crate::call::by_path::{GetAllRequest, GetRequest, RequestBuilder, WriteRequest};
use crate::call::mode::Mode;
use crate::client::FolioClientBuilder;
use crate::engine::download::Download;
use crate::paging::{LookupById, LookupByValue};
use crate::wire::error::Result;
use crate::wire::request::Request;
use crate::wire::response::Response;

/// A client of one FOLIO, logged in as one user, whose calls wait for their responses. See the
/// [module](crate::blocking).
#[derive(Clone)]
pub struct FolioClient {
    pub(super) folio: crate::FolioClient,
    pub(super) mode: Blocking,
}

impl FolioClient {
    /// Begins to build a client, see
    /// [`folio_sdk::FolioClient::builder`](crate::FolioClient::builder).
    pub fn builder(url: impl Into<String>) -> FolioClientBuilder<Blocking> {
        FolioClientBuilder::new(url)
    }

    /// Begins to build a client by variables of the environment, see
    /// [`folio_sdk::FolioClient::from_env`](crate::FolioClient::from_env).
    ///
    /// # Errors
    /// A variable is missing.
    pub fn from_env() -> Result<FolioClientBuilder<Blocking>> {
        FolioClientBuilder::from_env()
    }

    pub(crate) fn new(folio: crate::FolioClient) -> Result<Self> {
        let mode = Blocking::new()?;
        Ok(Self { folio, mode })
    }

    /// The same client for asynchronous code. Its calls need a runtime of their own; login,
    /// connections and limits are shared.
    pub fn as_async(&self) -> &crate::FolioClient {
        &self.folio
    }

    pub(crate) fn mode(&self) -> Blocking {
        self.mode.clone()
    }

    /// Runs asynchronous code with this client, and waits for it.
    ///
    /// ```no_run
    /// # fn example(folio: folio_sdk::blocking::FolioClient) -> Result<(), folio_sdk::Error> {
    /// use serde_json::Value;
    ///
    /// let groups: Vec<Value> = folio.run(|folio| async move { folio.folio_get("/groups", "usergroups").await })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the code; [`ErrorKind::Runtime`](crate::ErrorKind::Runtime) in asynchronous
    /// code.
    pub fn run<T, F: Future<Output = Result<T>>>(
        &self,
        work: impl FnOnce(crate::FolioClient) -> F,
    ) -> Result<T> {
        self.mode.wait(work(self.folio.clone()))
    }

    /// An iterator over a stream, for streams that only the asynchronous client has.
    pub fn iter<S: Send + 'static>(&self, stream: S) -> Iter<S> {
        self.mode.stream(stream)
    }

    /// The address of the gateway, without a slash at its end.
    pub fn url(&self) -> &str {
        self.folio.url()
    }

    /// The tenant that requests of this handle go to.
    pub fn tenant(&self) -> &str {
        self.folio.tenant()
    }

    /// A handle for another tenant, see
    /// [`folio_sdk::FolioClient::for_tenant`](crate::FolioClient::for_tenant).
    #[must_use]
    pub fn for_tenant(&self, tenant: impl AsRef<str>) -> Self {
        Self {
            folio: self.folio.for_tenant(tenant),
            mode: self.mode.clone(),
        }
    }

    /// Logs in, unless it is done.
    ///
    /// # Errors
    /// Those of [`folio_sdk::FolioClient::connect`](crate::FolioClient::connect).
    pub fn connect(&self) -> Result<()> {
        self.mode.wait(self.folio.connect())
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// Those of [`folio_sdk::FolioClient::execute`](crate::FolioClient::execute).
    pub fn execute(&self, request: Request) -> Result<Response> {
        self.mode.wait(self.folio.execute(request))
    }

    /// Sends a request and gives its response, a reader, as soon as its headers arrived.
    ///
    /// # Errors
    /// Those of [`folio_sdk::FolioClient::open`](crate::FolioClient::open).
    pub fn open(&self, request: Request) -> Result<Iter<Download>> {
        let download = self.mode.wait(self.folio.open(request))?;
        Ok(self.mode.stream(download))
    }

    /// Gets the resource at a path, see
    /// [`folio_sdk::FolioClient::folio_get`](crate::FolioClient::folio_get). `send` sends it.
    pub fn folio_get<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> GetRequest<T, Blocking> {
        self.folio.folio_get(path, key).in_mode(self.mode())
    }

    /// Reads a whole list, see
    /// [`folio_sdk::FolioClient::folio_get_all`](crate::FolioClient::folio_get_all). `stream` gives
    /// the iterator.
    pub fn folio_get_all<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> GetAllRequest<T, Blocking> {
        self.folio.folio_get_all(path, key).in_mode(self.mode())
    }

    /// Reads the records of many ids, see
    /// [`folio_sdk::FolioClient::folio_get_by_ids`](crate::FolioClient::folio_get_by_ids).
    pub fn folio_get_by_ids<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
        ids: impl IntoIterator<Item = impl fmt::Display>,
    ) -> Iter<LookupById<T>> {
        self.folio_get_all(path, key).stream().ids(ids)
    }

    /// Reads the records of many values of a field, see
    /// [`folio_sdk::FolioClient::folio_get_by_values`](crate::FolioClient::folio_get_by_values).
    pub fn folio_get_by_values<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
        field: impl Into<String>,
        values: impl IntoIterator<Item = impl fmt::Display>,
    ) -> Iter<LookupByValue<T>> {
        self.folio_get_all(path, key).stream().values(field, values)
    }

    /// Posts JSON to a path, see
    /// [`folio_sdk::FolioClient::folio_post`](crate::FolioClient::folio_post). `send` sends it.
    pub fn folio_post(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> WriteRequest<Value, Blocking> {
        self.folio.folio_post(path, body).in_mode(self.mode())
    }

    /// Puts JSON to a path, see
    /// [`folio_sdk::FolioClient::folio_put`](crate::FolioClient::folio_put). `send` sends it.
    pub fn folio_put(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> WriteRequest<Value, Blocking> {
        self.folio.folio_put(path, body).in_mode(self.mode())
    }

    /// Deletes the resource at a path, see
    /// [`folio_sdk::FolioClient::folio_delete`](crate::FolioClient::folio_delete). `send` sends it.
    pub fn folio_delete(&self, path: impl AsRef<str>) -> WriteRequest<Value, Blocking> {
        self.folio.folio_delete(path).in_mode(self.mode())
    }

    /// A request with any method to any path, see
    /// [`folio_sdk::FolioClient::request`](crate::FolioClient::request).
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> RequestBuilder<Blocking> {
        self.folio.request(method, path).in_mode(self.mode())
    }

    /// Logs out and closes the client, with all its clones and handles.
    ///
    /// # Errors
    /// Those of [`folio_sdk::FolioClient::close`](crate::FolioClient::close).
    pub fn close(&self) -> Result<()> {
        self.mode.wait(self.folio.close())
    }

    /// Whether the client was closed.
    pub fn is_closed(&self) -> bool {
        self.folio.is_closed()
    }
}

impl fmt::Debug for FolioClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.folio.fmt(out)
    }
}
