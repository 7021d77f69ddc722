//! The client for programs that are not asynchronous: every call of [`folio_sdk::FolioClient`](crate::FolioClient), without `.await`.
//!
//! The calls and their builders are the same; `send` gives the answer, `stream` an iterator, `download` a reader. A client is cheap to clone
//! and may be used by several threads at once. It has a thread of its own that drives its connections, which ends with the last clone.
//!
//! ```no_run
//! use folio_sdk::blocking::FolioClient;
//! use serde_json::Value;
//!
//! fn main() -> Result<(), folio_sdk::Error> {
//!     let folio = FolioClient::builder("https://folio.example.edu").tenant("diku").credentials("admin", "secret").connect()?;
//!     let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(50).send()?;
//! # #[cfg(feature = "users")]
//!     for user in folio.users().list_users().stream() {
//!         println!("{}", user?.username.unwrap_or_default());
//!     }
//!     folio.close()
//! }
//! ```
//!
//! What is asynchronous only is run by [`FolioClient::run`].
//!
//! Inside asynchronous code a blocking call would stop the thread on which everything else waits. There it is an error of kind
//! [`ErrorKind::Configuration`](crate::ErrorKind::Configuration), and nothing is sent. `tokio::task::spawn_blocking` is the place for it.

mod builder;
mod twins;

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use bytes::Bytes;
use futures_core::Stream;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::{EnterGuard, Runtime};

pub use twins::Handle;

use crate::call::by_path::{Get, GetAll, RequestBuilder, Write};
use crate::call::mode::{Mode, Sending, sealed};
use crate::client::FolioClientBuilder;
use crate::engine::download::{Download, Records};
use crate::harvest::Progress;
use crate::paging::{ByIds, ByValues, Items, RawRecord};
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::write::Outcome;

/// Calls that wait for their answers: those of [`blocking::FolioClient`](FolioClient).
#[derive(Clone)]
pub struct Blocking(Arc<Engine>);

/// The runtime that drives the connections of a client.
struct Engine(Option<Runtime>);

impl Drop for Engine {
    fn drop(&mut self) {
        // To wait for it, as its own drop does, is a panic where the last clone is dropped in asynchronous code.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Blocking {
    fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("folio-sdk")
            .enable_all()
            .build()
            .map_err(|error| {
                Error::configuration(format!(
                    "the thread for the connections cannot be started: {error}"
                ))
            })?;
        Ok(Self(Arc::new(Engine(Some(runtime)))))
    }

    /// Waits for a future on this thread.
    fn wait<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        if in_async_code() {
            return Err(refused());
        }
        let _context = self.enter();
        block_on(future)
    }

    /// The context of the runtime that drives the connections.
    fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.0.as_ref().map(Runtime::enter)
    }
}

fn refused() -> Error {
    Error::configuration(
        "a blocking call in asynchronous code would stop the thread on which everything else waits: use folio_sdk::FolioClient and `.await` there, or tokio::task::spawn_blocking",
    )
}

/// Whether a future is being polled on this thread, so that it must not be blocked.
///
/// To be in the context of a runtime says nothing: threads for blocking work are, too. But tokio gives each future that it polls a budget,
/// and nothing else.
fn in_async_code() -> bool {
    if tokio::runtime::Handle::try_current().is_err() {
        return false;
    }
    let mut context = Context::from_waker(Waker::noop());
    // More than any budget: 128 in tokio 1.
    (0..4096).any(|_| {
        pin!(tokio::task::coop::consume_budget())
            .poll(&mut context)
            .is_pending()
    })
}

/// Wakes a thread that waits.
struct Parked {
    thread: Thread,
    /// A call may wait within another one, as that of an iterator does whose records are written. Then what wakes the outer one is taken by
    /// the inner one, so that it has to be remembered.
    woken: AtomicBool,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Unlike the runtime's own, it cannot panic.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let parked = Arc::new(Parked {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&parked));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        while !parked.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl sealed::Sealed for Blocking {}

impl Mode for Blocking {
    type Sent<T: Send + 'static> = Result<T>;
    type Stream<S: Send + 'static> = Iter<S>;
    type List<T: DeserializeOwned + Send + 'static> = Iter<Items<T>>;
    type Download = Iter<Download>;

    fn send<T: Send + 'static>(&self, sending: Sending<T>) -> Result<T> {
        self.wait(sending)
    }

    fn list<T: DeserializeOwned + Send + 'static>(&self, items: Items<T>) -> Iter<Items<T>> {
        self.stream(items)
    }

    fn download(&self, sending: Sending<Download>) -> Result<Iter<Download>> {
        self.open(sending)
    }

    fn stream<S: Send + 'static>(&self, stream: S) -> Iter<S> {
        Iter {
            stream,
            mode: self.clone(),
            rest: Bytes::new(),
            ended: false,
        }
    }

    fn open<S: Send + 'static>(&self, sending: Sending<S>) -> Result<Iter<S>> {
        let stream = self.wait(sending)?;
        Ok(self.stream(stream))
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Blocking")
    }
}

/// A client of one FOLIO, logged in as one user, whose calls wait for their answers. See the [module](self).
#[derive(Clone)]
pub struct FolioClient {
    folio: crate::FolioClient,
    mode: Blocking,
}

impl FolioClient {
    /// Begins to build a client, see [`folio_sdk::FolioClient::builder`](crate::FolioClient::builder).
    pub fn builder(url: impl Into<String>) -> FolioClientBuilder<Blocking> {
        FolioClientBuilder::new(url)
    }

    /// Begins to build a client by variables of the environment, see [`folio_sdk::FolioClient::from_env`](crate::FolioClient::from_env).
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

    /// The same client for asynchronous code. Its calls need a runtime of their own; login, connections and limits are shared.
    pub fn as_async(&self) -> &crate::FolioClient {
        &self.folio
    }

    pub(crate) fn mode(&self) -> Blocking {
        self.mode.clone()
    }

    /// Runs what is asynchronous with this client, and waits for it.
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
    /// Those of what is run; [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) in asynchronous code.
    pub fn run<T, F: Future<Output = Result<T>>>(
        &self,
        work: impl FnOnce(crate::FolioClient) -> F,
    ) -> Result<T> {
        self.mode.wait(work(self.folio.clone()))
    }

    /// An iterator over what a stream gives: for streams of what is asynchronous only.
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

    /// A handle for another tenant, see [`folio_sdk::FolioClient::for_tenant`](crate::FolioClient::for_tenant).
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

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// Those of [`folio_sdk::FolioClient::execute`](crate::FolioClient::execute).
    pub fn execute(&self, request: Request) -> Result<Response> {
        self.mode.wait(self.folio.execute(request))
    }

    /// Sends a request and gives its answer as soon as the head of it is there: a reader.
    ///
    /// # Errors
    /// Those of [`folio_sdk::FolioClient::open`](crate::FolioClient::open).
    pub fn open(&self, request: Request) -> Result<Iter<Download>> {
        let download = self.mode.wait(self.folio.open(request))?;
        Ok(self.mode.stream(download))
    }

    /// Gets what is at a path, see [`folio_sdk::FolioClient::folio_get`](crate::FolioClient::folio_get). `send` sends it.
    pub fn folio_get<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> Get<T, Blocking> {
        self.folio.folio_get(path, key).in_mode(self.mode())
    }

    /// Reads a whole list, see [`folio_sdk::FolioClient::folio_get_all`](crate::FolioClient::folio_get_all). `stream` gives the iterator.
    pub fn folio_get_all<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> GetAll<T, Blocking> {
        self.folio.folio_get_all(path, key).in_mode(self.mode())
    }

    /// Reads the records of many ids, see [`folio_sdk::FolioClient::folio_get_by_ids`](crate::FolioClient::folio_get_by_ids).
    pub fn folio_get_by_ids<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
        ids: impl IntoIterator<Item = impl fmt::Display>,
    ) -> Iter<ByIds<T>> {
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
    ) -> Iter<ByValues<T>> {
        self.folio_get_all(path, key).stream().values(field, values)
    }

    /// Posts JSON to a path, see [`folio_sdk::FolioClient::folio_post`](crate::FolioClient::folio_post). `send` sends it.
    pub fn folio_post(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> Write<Value, Blocking> {
        self.folio.folio_post(path, body).in_mode(self.mode())
    }

    /// Puts JSON to a path, see [`folio_sdk::FolioClient::folio_put`](crate::FolioClient::folio_put). `send` sends it.
    pub fn folio_put(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> Write<Value, Blocking> {
        self.folio.folio_put(path, body).in_mode(self.mode())
    }

    /// Deletes what is at a path, see [`folio_sdk::FolioClient::folio_delete`](crate::FolioClient::folio_delete). `send` sends it.
    pub fn folio_delete(&self, path: impl AsRef<str>) -> Write<Value, Blocking> {
        self.folio.folio_delete(path).in_mode(self.mode())
    }

    /// A request with any method to any path, see [`folio_sdk::FolioClient::request`](crate::FolioClient::request).
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

/// What a stream gives, one after the other: the iterator over a list, the reader of a download.
///
/// It has the methods of the stream that do not wait, by [`Deref`].
#[must_use = "it asks for nothing before it is used"]
pub struct Iter<S> {
    stream: S,
    mode: Blocking,
    /// What a reader was given and had no room for.
    rest: Bytes,
    ended: bool,
}

impl<S> Iter<S> {
    /// The stream itself.
    pub fn into_inner(self) -> S {
        self.stream
    }

    fn map<N>(self, change: impl FnOnce(S) -> N) -> Iter<N> {
        Iter {
            stream: change(self.stream),
            mode: self.mode,
            rest: self.rest,
            ended: self.ended,
        }
    }
}

impl<S: Stream<Item: Given> + Unpin> Iterator for Iter<S> {
    type Item = Result<<S::Item as Given>::Value>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let Self { stream, mode, .. } = self;
        let next =
            std::future::poll_fn(|context| Pin::new(&mut *stream).poll_next(context).map(Ok));
        let next = match mode.wait(next) {
            Ok(next) => next.map(Given::given),
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        };
        self.ended |= next.is_none();
        next
    }
}

/// What streams of the SDK give. What cannot fail by itself is a `Result` in an iterator, since waiting for it can be refused.
pub trait Given: given::Sealed {
    /// What it is if nothing fails.
    type Value;

    #[doc(hidden)]
    fn given(self) -> Result<Self::Value>;
}

mod given {
    pub trait Sealed {}
    impl<T> Sealed for crate::wire::error::Result<T> {}
    impl Sealed for crate::write::Outcome {}
    impl Sealed for crate::harvest::Progress {}
}

impl<T> Given for Result<T> {
    type Value = T;

    fn given(self) -> Self {
        self
    }
}

impl Given for Outcome {
    type Value = Self;

    fn given(self) -> Result<Self> {
        Ok(self)
    }
}

impl Given for Progress {
    type Value = Self;

    fn given(self) -> Result<Self> {
        Ok(self)
    }
}

impl<S> Deref for Iter<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.stream
    }
}

impl<S> DerefMut for Iter<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<T: DeserializeOwned + Send + 'static> Iter<Items<T>> {
    /// The same list, not begun yet, as records that are not decoded: see [`Items::raw`].
    pub fn raw(self) -> Iter<Items<RawRecord>> {
        self.map(Items::raw)
    }

    /// Instead of the whole list, the records of these ids: see [`Items::ids`].
    pub fn ids(self, ids: impl IntoIterator<Item = impl fmt::Display>) -> Iter<ByIds<T>> {
        self.map(|items| items.ids(ids))
    }

    /// Instead of the whole list, the records that have one of these values in a field: see [`Items::values`].
    pub fn values(
        self,
        field: impl Into<String>,
        values: impl IntoIterator<Item = impl fmt::Display>,
    ) -> Iter<ByValues<T>> {
        self.map(|items| items.values(field, values))
    }
}

impl Iter<Download> {
    /// Reads the rest into memory.
    ///
    /// # Errors
    /// Those of [`Download::bytes`].
    pub fn bytes(self) -> Result<Bytes> {
        self.mode.wait(self.stream.bytes())
    }

    /// Reads the rest into memory, as text.
    ///
    /// # Errors
    /// Those of [`Download::text`].
    pub fn text(self) -> Result<String> {
        self.mode.wait(self.stream.text())
    }

    /// Writes the rest into a file as it comes, and says how many bytes that were: see [`Download::save`].
    ///
    /// # Errors
    /// Those of [`Download::save`].
    pub fn save(self, path: impl AsRef<Path>) -> Result<u64> {
        self.mode.wait(self.stream.save(path))
    }

    /// Writes the rest to `writer` as it comes, and says how many bytes that were.
    ///
    /// # Errors
    /// Those of [`Download::write_to`].
    pub fn write_to(mut self, writer: &mut (impl io::Write + ?Sized)) -> Result<u64> {
        let mut written = 0;
        while let Some(piece) = self.next() {
            let piece = piece?;
            let outcome = writer.write_all(&piece);
            outcome.map_err(|error| self.stream.unwritten("the answer", error))?;
            written += piece.len() as u64;
        }
        let flushed = writer.flush();
        flushed.map_err(|error| self.stream.unwritten("the answer", error))?;
        Ok(written)
    }

    /// The records of an answer that has a line a record: see [`Records`].
    pub fn records<T: DeserializeOwned>(self) -> Iter<Records<T>> {
        self.map(Download::records)
    }
}

impl io::Read for Iter<Download> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            match self.next() {
                None => return Ok(0),
                Some(piece) => self.rest = piece.map_err(io::Error::other)?,
            }
        }
        let length = buffer.len().min(self.rest.len());
        let piece = self.rest.split_to(length);
        if let Some(room) = buffer.get_mut(..length) {
            room.copy_from_slice(&piece);
        }
        Ok(length)
    }
}

impl<S: fmt::Debug> fmt::Debug for Iter<S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Iter").field(&self.stream).finish()
    }
}
