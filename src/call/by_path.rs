//! Calls of any path: what the typed calls do not have, in the words of those who know FOLIO by its URLs.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use http::Method;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::call::mode::{Mode, Sending};
use crate::client::FolioClient;
use crate::client::marker::Async;
use crate::paging::{ByIds, ByValues, Items, Plan, missing_key};
use crate::record::lenient;
use crate::value::body::Body;
use crate::value::cql::Cql;
use crate::value::multipart::Multipart;
use crate::wire::deletion::Deletion;
use crate::wire::described_lists;
use crate::wire::error::Result;
use crate::wire::paging::PagingStyle;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::retry::RetryPolicy;

impl FolioClient {
    /// Gets what is at a path: the value of `key` in the answer, or with `None` the whole answer.
    ///
    /// Of a list this is one page, by FOLIO's default of 10 records: say [`limit`](Get::limit), or read all of it with
    /// [`folio_get_all`](Self::folio_get_all).
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
    /// What [`execute`](Self::execute) gives; [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the answer has no such key (the error
    /// names those it has) or is no `T`.
    pub fn folio_get<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> Get<T> {
        Get {
            mode: Async,
            client: self.clone(),
            request: Request::to(Method::GET, path),
            key: key.into().filter(|key| !key.is_empty()).map(str::to_owned),
            answer: PhantomData,
        }
    }

    /// Reads a whole list, page by page, as a stream of records. `key` names the array in the answer; with `None` the answer is the array.
    ///
    /// Where FOLIO's descriptions say that the list can be read by `id`, it is: each page asks for the records after the last one. Others
    /// are read by offset, and so are those that the caller orders (`sortBy` in the query), with `id` added to make the order unique. The
    /// descriptions of all modules of the release are known, whether or not they are enabled; of other lists say
    /// [`by_id`](GetAll::by_id) if they support it. See [`Items`] for what errors mean.
    pub fn folio_get_all<'a, T: DeserializeOwned + Send + 'static>(
        &self,
        path: impl AsRef<str>,
        key: impl Into<Option<&'a str>>,
    ) -> GetAll<T> {
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
        GetAll {
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

    /// Reads the records of many ids of a list, in as many requests as it takes; in the order of the ids, and tells those that are missing:
    /// see [`ByIds`].
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
    ) -> ByIds<T> {
        self.folio_get_all(path, key).stream().ids(ids)
    }

    /// Reads the records that have one of many values in a field of a list, such as HRIDs, barcodes or external ids, in as many requests as it
    /// takes; in the order of the values, and tells those that are missing and those that have several records: see [`ByValues`].
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
    ) -> ByValues<T> {
        self.folio_get_all(path, key).stream().values(field, values)
    }

    /// Posts `body` as JSON. Gives the answer as JSON, text as a string, an empty one as null; [`typed`](Write::typed) gives it as a type.
    ///
    /// It is sent again only if it is certain that it did not arrive (see [`RetryPolicy`]).
    pub fn folio_post(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> Write<Value> {
        Write {
            mode: Async,
            client: self.clone(),
            request: Request::to(Method::POST, path).json(body),
            read: loosely,
        }
    }

    /// Puts `body` as JSON: FOLIO replaces the whole record, what is absent is gone. Answers as [`folio_post`](Self::folio_post).
    pub fn folio_put(
        &self,
        path: impl AsRef<str>,
        body: &(impl Serialize + ?Sized),
    ) -> Write<Value> {
        Write {
            mode: Async,
            client: self.clone(),
            request: Request::to(Method::PUT, path).json(body),
            read: loosely,
        }
    }

    /// Deletes what is at a path. Answers as [`folio_post`](Self::folio_post). With a `query` it needs a confirmation ([`Deletion`]).
    pub fn folio_delete(&self, path: impl AsRef<str>) -> Write<Value> {
        Write {
            mode: Async,
            client: self.clone(),
            request: Request::to(Method::DELETE, path),
            read: loosely,
        }
    }

    /// A request with any method to any path, whose answer is handed out as it came.
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

/// The same call in another mode.
#[cfg(feature = "blocking")]
macro_rules! in_mode {
    ($builder:ident<$($parameter:ident)?> { $($field:ident),* }) => {
        impl<$($parameter,)? M> $builder<$($parameter,)? M> {
            pub(crate) fn in_mode<N>(self, mode: N) -> $builder<$($parameter,)? N> {
                $builder { mode, $($field: self.$field),* }
            }
        }
    };
}
#[cfg(feature = "blocking")]
in_mode!(Get<T> { client, request, key, answer });
#[cfg(feature = "blocking")]
in_mode!(Write<T> { client, request, read });
#[cfg(feature = "blocking")]
in_mode!(RequestBuilder<> { client, request });
#[cfg(feature = "blocking")]
in_mode!(GetAll<T> { client, request, items, style, key, max, unsorted, without_all, job, limit, offset, running });

/// What all builders of generic calls can do to their request.
macro_rules! common {
    () => {
        /// Adds a parameter of the query string.
        pub fn param(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
            self.request = self.request.param(name.into(), value);
            self
        }

        /// A header; it replaces what the client would send.
        pub fn header(mut self, name: &str, value: &str) -> Self {
            self.request.set_header(name, value);
            self
        }

        /// The tenant that the request goes to, in place of the client's.
        pub fn tenant(mut self, tenant: &str) -> Self {
            self.request.set_tenant(tenant);
            self
        }

        /// When the request is repeated, in place of the client's policy.
        pub fn retry(mut self, policy: RetryPolicy) -> Self {
            self.request = self.request.retry(policy);
            self
        }

        /// How long one attempt may take, in place of the client's timeout.
        pub fn timeout(mut self, timeout: Duration) -> Self {
            self.request = self.request.timeout(timeout);
            self
        }

        /// How long the whole call may take, in place of the client's [`deadline`](crate::FolioClientBuilder::deadline): of a list, each
        /// of its pages.
        pub fn deadline(mut self, deadline: Duration) -> Self {
            self.request = self.request.deadline(deadline);
            self
        }

        /// How long the server may send nothing during one attempt, in place of the client's
        /// [`read_timeout`](crate::FolioClientBuilder::read_timeout).
        pub fn read_timeout(mut self, timeout: Duration) -> Self {
            self.request = self.request.read_timeout(timeout);
            self
        }
    };
}

macro_rules! list {
    () => {
        /// Which records: a query in CQL.
        pub fn query(mut self, query: impl Into<Cql>) -> Self {
            self.request = self.request.query(query);
            self
        }
    };
}

/// A `GET` that gives a value. Await it.
#[must_use = "a call is not sent before it is awaited"]
pub struct Get<T, M = Async> {
    pub(crate) mode: M,
    client: FolioClient,
    request: Request,
    key: Option<String>,
    answer: PhantomData<fn() -> T>,
}

impl<T, M> Get<T, M> {
    common!();
    list!();

    /// How many records at most. FOLIO's own default is 10, mostly.
    pub fn limit(mut self, limit: u32) -> Self {
        self.request.set_query("limit", limit.to_string());
        self
    }

    /// How many records to pass over.
    pub fn offset(mut self, offset: u32) -> Self {
        self.request.set_query("offset", offset.to_string());
        self
    }
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> Get<T, M> {
    /// Sends it. (To await the call does the same.)
    ///
    /// # Errors
    /// Those of [`folio_get`](FolioClient::folio_get).
    pub fn send(self) -> M::Sent<T> {
        let answer = self.client.answer(self.request);
        self.mode.send(match self.key {
            None => Sending::answer(answer, |response| response.json()),
            Some(key) => Sending::other(async move { value_of(&answer.await?, &key) }),
        })
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Get<T> {
    type Output = Result<T>;
    type IntoFuture = Sending<T>;

    fn into_future(self) -> Sending<T> {
        self.send()
    }
}

/// A `POST`, `PUT` or `DELETE`. Await it.
#[must_use = "a call is not sent before it is awaited"]
pub struct Write<T, M = Async> {
    pub(crate) mode: M,
    client: FolioClient,
    request: Request,
    read: fn(Response) -> Result<T>,
}

impl<T, M> Write<T, M> {
    common!();

    /// Says whether the request may be carried out twice without harm, see [`Request::idempotent`].
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.request = self.request.idempotent(idempotent);
        self
    }

    /// Confirms that records are to be deleted by a query: see [`Deletion`].
    pub fn confirm(mut self, deletion: Deletion) -> Self {
        self.request = self.request.confirm(deletion);
        self
    }

    /// Gives the answer as a type. (An empty answer is read as `null`: ask for an `Option` where the server may say nothing.)
    pub fn typed<U: DeserializeOwned>(self) -> Write<U, M> {
        Write {
            mode: self.mode,
            client: self.client,
            request: self.request,
            read: strictly,
        }
    }
}

impl<T: Send + 'static, M: Mode> Write<T, M> {
    /// Sends it. (To await the call does the same.)
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives; [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the answer is not what was asked for.
    pub fn send(self) -> M::Sent<T> {
        let answer = self.client.answer(self.request);
        self.mode.send(Sending::answer(answer, self.read))
    }
}

impl<T: Send + 'static> IntoFuture for Write<T> {
    type Output = Result<T>;
    type IntoFuture = Sending<T>;

    fn into_future(self) -> Sending<T> {
        self.send()
    }
}

fn strictly<T: DeserializeOwned>(response: Response) -> Result<T> {
    if response.body().is_empty()
        && let Ok(nothing) = serde_json::from_slice(b"null")
    {
        return Ok(nothing);
    }
    response.json()
}

/// JSON, or text, or nothing: modules answer a PUT or DELETE with any of them.
fn loosely(response: Response) -> Result<Value> {
    let is_json = response
        .header("content-type")
        .is_none_or(|media_type| media_type.contains("json"));
    if response.is_stray_page() {
        let exchange = response.exchange();
        let (sensitive, secrets) = (exchange.sensitive, exchange.secrets());
        let message = crate::wire::server_message::mistaken(response.body(), sensitive, &secrets);
        let message = message.unwrap_or_default();
        return Err(crate::Error::unexpected(
            response.exchange().clone(),
            message,
            response.body(),
        ));
    }
    if is_json || response.body().is_empty() {
        strictly(response)
    } else {
        response.text().map(Value::String)
    }
}

/// Any request. [`send`](Self::send) sends it.
#[must_use = "a call is not sent before `send`"]
pub struct RequestBuilder<M = Async> {
    pub(crate) mode: M,
    client: FolioClient,
    request: Request,
}

impl<M: Mode> RequestBuilder<M> {
    common!();
    list!();

    /// The body, as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// The body as it is, and its media type: bytes, text, or a [`Body`] that is sent while it is read.
    pub fn body(mut self, body: impl Into<Body>, content_type: &str) -> Self {
        self.request = self.request.body(body, content_type);
        self
    }

    /// The body, as a form of fields and files (`multipart/form-data`).
    pub fn multipart(mut self, form: Multipart) -> Self {
        self.request = self.request.multipart(form);
        self
    }

    /// The body, as a form of pairs (`application/x-www-form-urlencoded`).
    pub fn form<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.request = self.request.form(pairs);
        self
    }

    /// Says whether the request may be carried out twice without harm, see [`Request::idempotent`].
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.request = self.request.idempotent(idempotent);
        self
    }

    /// Confirms that records are to be deleted by a query: see [`Deletion`].
    pub fn confirm(mut self, deletion: Deletion) -> Self {
        self.request = self.request.confirm(deletion);
        self
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn send(self) -> M::Sent<Response> {
        let answer = self.client.answer(self.request);
        self.mode.send(Sending::answer(answer, Ok))
    }

    /// Sends it and gives the answer as soon as its head is there, see [`FolioClient::open`].
    ///
    /// # Errors
    /// What [`FolioClient::execute`] gives.
    pub fn download(self) -> M::Sent<M::Download> {
        let download = self.client.download(self.request);
        self.mode.download(Sending::download(download, |it| it))
    }
}

/// A whole list, as a stream. What it is asked for is said before the first record is taken.
#[must_use = "a stream asks for nothing before it is polled"]
pub struct GetAll<T, M = Async> {
    pub(crate) mode: M,
    client: FolioClient,
    request: Request,
    items: Option<String>,
    style: PagingStyle,
    key: Option<&'static str>,
    max: Option<u32>,
    unsorted: bool,
    /// No query is sent where the caller gives none.
    without_all: bool,
    /// The kind of record of a resource job of mod-search.
    job: Option<&'static str>,
    limit: Option<u32>,
    offset: Option<u32>,
    running: Option<Items<T>>,
}

impl<T: DeserializeOwned + Send + 'static, M: Mode> GetAll<T, M> {
    common!();
    list!();

    /// How many records a page, 500 by default. All are read, whatever this is.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many records to pass over at the beginning.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Reads the list by `id`: each page asks for the records after the last one (`id>"…"`). The storage modules support it. With a
    /// `sortBy` in the query it has no effect.
    pub fn by_id(mut self) -> Self {
        self.key = self.key.or(Some("id"));
        self
    }

    /// Reads the list by offset, although it is known that it can be read by `id`.
    pub fn by_offset(mut self) -> Self {
        self.key = None;
        self
    }

    /// Adds nothing to the order of the records. Only for endpoints that refuse `sortBy id`: without a unique order pages may repeat and
    /// miss records.
    pub fn unsorted(mut self) -> Self {
        self.unsorted = true;
        self.key = None;
        self
    }

    /// The dialect of the list. By default what FOLIO's descriptions say: of the list, or of the module that serves the path. Of paths that no
    /// description has it is CQL.
    pub fn style(mut self, style: PagingStyle) -> Self {
        self.style = style;
        self
    }

    /// The stream of the records.
    pub fn stream(mut self) -> M::List<T> {
        let items = self.running.take();
        let items = items.unwrap_or_else(|| self.items());
        self.mode.list(items)
    }

    fn items(&self) -> Items<T> {
        let plan = Plan {
            style: self.style,
            items: self.items.clone().map(Into::into),
            key: self.key.filter(|_| !self.unsorted).map(Into::into),
            tie: (matches!(self.style, PagingStyle::Cql | PagingStyle::Retrieve) && !self.unsorted)
                .then_some("id".into()),
            max: self.max,
            asks_for_all: !self.without_all,
            job: self.job,
            is_sorted: !self.unsorted,
        };
        Items::planned(
            self.client.clone(),
            self.request.clone(),
            plan,
            self.limit,
            self.offset,
        )
    }
}

impl<T: DeserializeOwned + Send + 'static> GetAll<T> {
    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.running().next().await
    }

    fn running(&mut self) -> &mut Items<T> {
        let items = self.running.take().unwrap_or_else(|| self.items());
        self.running.insert(items)
    }
}

impl<T: DeserializeOwned + Send + 'static> From<GetAll<T>> for Items<T> {
    /// See [`GetAll::stream`].
    fn from(list: GetAll<T>) -> Self {
        list.stream()
    }
}

impl<T, M> Unpin for GetAll<T, M> {}

impl<T: DeserializeOwned + Send + 'static> Stream for GetAll<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        Pin::new(self.running()).poll_next(context)
    }
}

macro_rules! debug {
    ($($name:ident $(<$T:ident>)?),*) => {
        $(impl $(<$T>)? fmt::Debug for $name $(<$T>)? {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.debug_struct(stringify!($name)).field("request", &self.request).finish_non_exhaustive()
            }
        })*
    };
}

debug!(Get<T>, Write<T>, RequestBuilder, GetAll<T>);

/// The value of a key of the answer. Decoded in one pass, whatever stands around it.
fn value_of<T: DeserializeOwned>(response: &Response, key: &str) -> Result<T> {
    let mut keys = Vec::new();
    let read = lenient::reading(|| {
        let mut deserializer = serde_json::Deserializer::from_slice(response.body());
        keys.clear();
        let seed = Pick {
            key,
            keys: &mut keys,
            value: PhantomData,
        };
        let value = seed.deserialize(&mut deserializer)?;
        deserializer.end().map(|()| value)
    });
    match read {
        Ok(Some(value)) => Ok(value),
        Ok(None) => match absent_list(response, &keys) {
            Some(empty) => Ok(empty),
            None => Err(missing_key(
                response.exchange(),
                Some(key),
                &keys,
                response.body(),
            )),
        },
        Err(error) => Err(response.wrong(error)),
    }
}

/// The empty list of a response that has its number of records only: mod-tags leaves out an empty list, behind the end of a list too, where the
/// number is not 0 (recorded). None if the response has other keys, or records that it does not show.
fn absent_list<T: DeserializeOwned>(response: &Response, keys: &[String]) -> Option<T> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counted {
        total_records: u64,
    }
    let only_counts = |key: &String| matches!(&**key, "totalRecords" | "resultInfo");
    if !keys.iter().all(only_counts) {
        return None;
    }
    let Counted { total_records } = serde_json::from_slice(response.body()).ok()?;
    let is_behind = || {
        let (_, query) = response.exchange().url.split_once('?')?;
        let offset = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("offset="))?;
        offset.parse::<u64>().ok()
    };
    (total_records == 0 || is_behind().is_some_and(|offset| offset >= total_records))
        .then(|| serde_json::from_slice(b"[]").ok())?
}

/// Takes the value of one key out of an object.
struct Pick<'a, T> {
    key: &'a str,
    keys: &'a mut Vec<String>,
    value: PhantomData<T>,
}

impl<'de, T: serde::Deserialize<'de>> DeserializeSeed<'de> for Pick<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for Pick<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "an object with the key `{}`", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let mut value = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key {
                value = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if self.keys.len() < 30 {
                self.keys.push(key);
            }
        }
        Ok(value)
    }
}
