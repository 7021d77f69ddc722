//! The call of a typed operation, which every generated builder contains.

#![allow(unreachable_pub, reason = "generated code uses it through `runtime`")]

use std::fmt::Display;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::misfits::note_misfits;
use crate::call::mode::{Mode, ResponseFuture, failed, reading};
use crate::call::pages::PageStream;
use crate::client::FolioClient;
use crate::engine::download::{Download, Records};
use crate::paging::{PageBody, RecordStream};
use crate::record::Field;
use crate::record::lenient;
use crate::value::body::Body;
use crate::value::multipart::Multipart;
use crate::wire::deletion::Deletion;
use crate::wire::error::{Error, Result};
use crate::wire::operation::Operation;
use crate::wire::paging::Paging;
use crate::wire::request::Request;
use crate::wire::response::Response;

/// The client, the request, and the settings of a list. Not generic over the operation: all
/// calls share its code.
#[doc(hidden)]
#[derive(Debug)]
pub struct Call {
    client: FolioClient,
    request: Request,
    limit: Option<u32>,
    offset: Option<u32>,
    unsorted: bool,
    has_body: bool,
}

impl Call {
    pub fn new(
        client: &FolioClient,
        operation: &'static Operation,
        arguments: &[&dyn Display],
    ) -> Self {
        Self {
            client: client.clone(),
            request: Request::of(operation, arguments),
            limit: None,
            offset: None,
            unsorted: false,
            has_body: false,
        }
    }

    /// Sets a query parameter; setting it again replaces it.
    pub fn query(&mut self, name: &'static str, value: impl Display) {
        self.request.set_query(name, value.to_string());
    }

    /// Sets a query parameter that may stand several times.
    pub fn queries(&mut self, name: &'static str, values: impl IntoIterator<Item = impl Display>) {
        for value in values {
            self.request.add_query(name, value.to_string());
        }
    }

    pub fn limit(&mut self, limit: u32) {
        self.limit = Some(limit);
    }

    pub fn offset(&mut self, offset: u32) {
        self.offset = Some(offset);
    }

    /// The list is read in the order that the server has.
    pub fn unsorted(&mut self) {
        self.unsorted = true;
    }

    pub fn json<T: Serialize + ?Sized>(&mut self, media_type: &'static str, body: &T) {
        self.has_body = true;
        self.request.set_json(media_type, body);
    }

    pub fn body(&mut self, media_type: &'static str, body: Body) {
        self.has_body = true;
        self.request.set_body(media_type, body);
    }

    pub fn multipart(&mut self, form: Multipart) {
        self.has_body = true;
        self.request.set_multipart(form);
    }

    /// A form of the fields of a record: text as it is, all else as JSON.
    #[allow(dead_code, reason = "not every release has such an operation")]
    pub fn form<T: Serialize + ?Sized>(&mut self, body: &T) {
        self.has_body = true;
        self.request.set_form_of(body);
    }

    /// The request, for the setters that every builder has.
    pub fn request(&mut self) -> &mut Request {
        &mut self.request
    }

    pub fn confirm(&mut self, deletion: Deletion) {
        self.request.set_deletion(deletion);
    }

    /// The media types to accept, in place of those of the operation.
    pub fn accept(&mut self, media_type: &'static str) {
        self.request.set_header("accept", media_type);
    }

    /// Sends the request; the response is read as an `R`.
    pub fn send<R: FromResponse>(self) -> ResponseFuture<R::Output> {
        match self.ready() {
            Ok((client, request)) => reading(client.response(request), R::read),
            Err(error) => failed(error),
        }
    }

    /// Sends the request; the body of the response is read piece by piece.
    pub fn download(self) -> ResponseFuture<Download> {
        match self.ready() {
            Ok((client, request)) => client.download(request),
            Err(error) => failed(error),
        }
    }

    /// The records of a response with one record per line.
    pub fn lines<T: DeserializeOwned + Send + 'static>(self) -> ResponseFuture<Records<T>> {
        match self.ready() {
            Ok((client, request)) => {
                reading(client.download(request), |download| Ok(download.records()))
            }
            Err(error) => failed(error),
        }
    }

    /// The client that sends it.
    pub(crate) fn client(&self) -> &FolioClient {
        &self.client
    }

    /// The request as it is sent.
    pub(crate) fn ready(mut self) -> Result<(FolioClient, Request)> {
        if let Some(limit) = self.limit {
            self.request.set_query("limit", limit.to_string());
        }
        if let Some(offset) = self.offset {
            self.request.set_query("offset", offset.to_string());
        }
        if self.request.operation().needs_body && !self.has_body {
            return Err(Error::no_body(self.request.operation()));
        }
        Ok((self.client, self.request))
    }

    /// The records of a list, page by page. A `limit` is the size of a page, an `offset` where to
    /// begin.
    #[inline]
    pub fn stream<T: DeserializeOwned + Send + 'static>(self) -> RecordStream<T> {
        let paging = self.request.operation().paging.unwrap_or_default();
        self.items(paging)
    }

    /// The pages of a list.
    pub fn pages<T: DeserializeOwned + Send + 'static, M: Mode>(self, mode: M) -> PageStream<T, M> {
        PageStream::new(mode, self.stream())
    }

    fn items<T: DeserializeOwned + Send + 'static>(self, mut paging: Paging) -> RecordStream<T> {
        paging.rejects_sort |= self.unsorted;
        RecordStream::new(self.client, self.request, paging, self.limit, self.offset)
    }
}

/// How a response is read, and as what.
#[doc(hidden)]
pub trait FromResponse {
    /// What the caller gets.
    type Output: Send + 'static;

    fn read(response: Response) -> Result<Self::Output>;
}

/// The response of an operation. Implemented by generated code.
#[doc(hidden)]
pub trait HasResponse {
    type Response: FromResponse;
}

/// What the call of an operation gives: the record, the text, nothing.
pub type Output<O> = <<O as HasResponse>::Response as FromResponse>::Output;

/// An operation that gives a list. Implemented by generated code.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the operation `{Self}` gives no list that can be read as a stream",
    note = "call `send()`; for a list that is not described as one, `folio_get_all(\"/path\", \"key\").stream()`"
)]
pub trait Listed {
    type Item: DeserializeOwned + Send + 'static;
}

/// An operation whose response can be read piece by piece. Implemented by generated code.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the response of the operation `{Self}` is not read piece by piece",
    note = "call `send()`, or `FolioClient::open(request)` for the bytes of any response"
)]
pub trait Streamed {}

/// An operation whose response shows the status of a job. Implemented by generated code.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the response of the operation `{Self}` is not known to show the status of a job",
    note = "`docs/facts.md` lists those that do; `FolioClient::poll` waits for anything else"
)]
pub trait LongRunning: HasResponse {}

/// A record, or a list of them, as JSON.
#[doc(hidden)]
pub struct Json<T>(PhantomData<T>);

impl<T: Field + Send + 'static> FromResponse for Json<T> {
    type Output = T;

    fn read(response: Response) -> Result<T> {
        record(response)
    }
}

impl FromResponse for () {
    type Output = ();

    fn read(_: Response) -> Result<()> {
        Ok(())
    }
}

impl FromResponse for String {
    type Output = Self;

    fn read(response: Response) -> Result<Self> {
        text(response)
    }
}

impl FromResponse for Bytes {
    type Output = Self;

    fn read(response: Response) -> Result<Self> {
        Ok(response.into_body())
    }
}

/// The unchanged response.
impl FromResponse for Response {
    type Output = Self;

    fn read(response: Response) -> Result<Self> {
        Ok(response)
    }
}

/// As `R`, where the response may also be empty.
impl<R: FromResponse> FromResponse for Option<R> {
    type Output = Option<R::Output>;

    fn read(response: Response) -> Result<Self::Output> {
        if response.body().is_empty() {
            return Ok(None);
        }
        R::read(response).map(Some)
    }
}

/// Reads a response as a record.
#[doc(hidden)]
pub fn record<T: Field>(response: Response) -> Result<T> {
    if let Some(error) = only_nulls(&response) {
        return Err(error);
    }
    // Records are large: it is read in place.
    let mut record = Ok(T::blank());
    let noted = lenient::noted();
    let found = lenient::count();
    if let Ok(place) = &mut record {
        let read = lenient::reading(|| {
            *place = T::blank();
            let mut json = serde_json::Deserializer::from_slice(response.body());
            place.read(&mut json).and_then(|()| json.end())
        });
        if let Err(error) = read {
            record = Err(response.wrong(error));
        }
    }
    if noted.since().is_some()
        && let Err(error) = note_misfits(&response, noted, found)
    {
        record = Err(error);
    }
    record
}

/// What is wrong with a page of a list all of whose records are null: it would look like an empty
/// one.
fn only_nulls(response: &Response) -> Option<Error> {
    let paging = response.exchange().operation.paging?;
    let items = paging.items.map(Into::into);
    let page = PageBody::new(response, items, "id".into(), 0, false);
    // Mostly the first record shows that this is not the case.
    if !page.begins_with_null() {
        return None;
    }
    let shape = page.outline().ok()?;
    (shape.nulls == shape.received).then(|| {
        Error::unexpected(
            response.exchange().clone(),
            format!(
                "the list has {} records, and the server gave `null` for each of them",
                shape.nulls
            ),
            response.body(),
        )
        .with_help("the records exist, but the server does not show them: this is not an empty list. `folio_get` returns the response unchanged")
    })
}

/// Whether a media type matches one of the patterns that generated code names for a response: `*`
/// stands for any text.
#[doc(hidden)]
pub fn is_media_type(media_type: &str, patterns: &[&str]) -> bool {
    let media_type = media_type.to_ascii_lowercase();
    patterns
        .iter()
        .any(|pattern| match pattern.split_once('*') {
            Some((start, end)) => media_type.starts_with(start) && media_type.ends_with(end),
            None => media_type == *pattern,
        })
}

/// Reads a response as text.
#[doc(hidden)]
pub fn text(response: Response) -> Result<String> {
    response.text()
}

/// Defines the builder of a module's operations, one type for all of them: the common part is
/// compiled once per module. There is not one type for the crate, because the compiler searches
/// each `impl` of a type for a method.
macro_rules! __builder {
    ($handle:ident) => {
        /// A request builder. Its parameters are functions of the type that is named after the operation; `send` sends it.
        #[must_use = "a call is not sent before `send`, or before it is awaited"]
        pub struct Builder<O, M = $crate::runtime::Async>(
            pub(crate) $crate::runtime::Call,
            pub(crate) M,
            pub(crate) ::core::marker::PhantomData<fn() -> O>,
        );

        fn begin<O, M: $crate::runtime::Mode>(
            api: &$handle<M>,
            operation: &'static $crate::Operation,
            arguments: &[&dyn $crate::runtime::Display],
        ) -> Builder<O, M> {
            let call = $crate::runtime::Call::new(&api.client, operation, arguments);
            Builder(call, api.mode.clone(), ::core::marker::PhantomData)
        }

        impl<O, M: $crate::runtime::Mode> Builder<O, M> {
            $crate::wire::request::request_setters!(self => self.0.request(); sending param);

            /// Sends the request and reads the response. (In asynchronous code, awaiting the call does the same.)
            ///
            /// # Errors
            /// The request could not be made or sent, the server rejected it, or its response is not as described: see
            /// [`Error`](crate::Error).
            pub fn send(self) -> M::Sent<$crate::runtime::Output<O>>
            where
                O: $crate::runtime::HasResponse,
            {
                self.1
                    .send(self.0.send::<<O as $crate::runtime::HasResponse>::Response>())
            }
        }

        impl<O: $crate::runtime::Streamed, M: $crate::runtime::Mode> Builder<O, M> {
            /// Sends the request and gives the response as soon as its head has arrived, to be read piece by piece: see
            /// [`Download`](crate::Download).
            ///
            /// # Errors
            /// The request could not be made or sent, or the server rejected it: see [`Error`](crate::Error).
            pub fn download(self) -> M::Sent<M::Download> {
                self.1.download(self.0.download())
            }
        }

        impl<O: $crate::runtime::LongRunning, M: $crate::runtime::Mode> Builder<O, M> {
            /// Waits until the job that the response shows has ended, and gives its record: see [`UntilDone`](crate::UntilDone).
            pub fn until_done(self) -> $crate::UntilDone<$crate::runtime::Output<O>, M> {
                $crate::runtime::until_done::<<O as $crate::runtime::HasResponse>::Response, M>(self.0, self.1)
            }
        }

        impl<O: $crate::runtime::Listed, M: $crate::runtime::Mode> Builder<O, M> {
            /// Lets [`stream`](Self::stream) add nothing to the order of the records: the list is read by offset, in the order that the server
            /// has. Only for servers that reject `sortBy`: without a unique order pages may repeat and miss records. What the stream can find
            /// of that by the number of records is an error at its end.
            pub fn unsorted(mut self) -> Self {
                self.0.unsorted();
                self
            }

            /// All records of the list, page by page: see [`RecordStream`](crate::RecordStream).
            pub fn stream(self) -> M::List<O::Item> {
                self.1.list(self.0.stream())
            }

            /// The list as pages of [`limit`](crate::GetAllRequest::limit) records, for programs that show one at a time: see
            /// [`PageStream`](crate::PageStream).
            pub fn pages(self) -> M::Stream<$crate::PageStream<O::Item, M>> {
                self.1.stream(self.0.pages(self.1.clone()))
            }
        }

        /// To await a call sends it, as [`send`](Builder::send) does.
        impl<O: $crate::runtime::HasResponse> ::core::future::IntoFuture for Builder<O> {
            type Output = $crate::runtime::Result<$crate::runtime::Output<O>>;
            type IntoFuture = $crate::ResponseFuture<$crate::runtime::Output<O>>;

            fn into_future(self) -> Self::IntoFuture {
                self.send()
            }
        }

        /// A list that is passed where records are read, such as [`harvest`](crate::FolioClient::harvest).
        // The page of `RecordStream` would list one per module.
        #[doc(hidden)]
        impl<O: $crate::runtime::Listed, M: $crate::runtime::Mode> ::core::convert::From<Builder<O, M>>
            for $crate::RecordStream<O::Item>
        {
            fn from(list: Builder<O, M>) -> Self {
                list.0.stream()
            }
        }

        impl<O, M: ::core::fmt::Debug> ::core::fmt::Debug for Builder<O, M> {
            fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                out.debug_tuple("Builder")
                    .field(&self.0)
                    .field(&self.1)
                    .finish()
            }
        }
    };
}
pub(crate) use __builder;
