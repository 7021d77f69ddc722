//! How calls are made: awaited, or blocking. The builders of calls are the same for both.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use crate::client::marker::{Async, Boxed};
use crate::engine::download::Download;
use crate::paging::RecordStream;
use crate::wire::error::{Error, Result};
use crate::wire::response::Response;

/// How the calls of a client are made: [`Async`], or `blocking::Blocking` with the feature
/// `blocking`.
///
/// A builder of a call has its client's mode as a parameter; what it sends is a
/// [`Sent`](Self::Sent) of that mode. The trait is sealed.
pub trait Mode: Clone + fmt::Debug + Send + Sync + sealed::Sealed + 'static {
    /// A call in progress, with the result `T`: a future of a `Result<T>`, or the `Result<T>`.
    type Sent<T: Send + 'static>;

    /// Many things, one after the other: the stream itself, or an iterator over it.
    type Stream<S: Send + 'static>: Send + 'static;

    /// The records of a list: [`RecordStream`], or an iterator over it.
    type List<T: DeserializeOwned + Send + 'static>;

    /// The body of a response, piece by piece: a [`Download`], or an iterator over it.
    type Download: Send + 'static;

    #[doc(hidden)]
    fn send<T: Send + 'static>(&self, sending: ResponseFuture<T>) -> Self::Sent<T>;

    #[doc(hidden)]
    fn list<T: DeserializeOwned + Send + 'static>(&self, items: RecordStream<T>) -> Self::List<T>;

    #[doc(hidden)]
    fn download(&self, sending: ResponseFuture<Download>) -> Self::Sent<Self::Download>;

    #[doc(hidden)]
    fn stream<S: Send + 'static>(&self, stream: S) -> Self::Stream<S>;

    #[doc(hidden)]
    fn open<S: Send + 'static>(&self, sending: ResponseFuture<S>) -> Self::Sent<Self::Stream<S>>;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// Lets a builder change its mode: blocking builders are made of asynchronous ones.
#[cfg(feature = "blocking")]
macro_rules! in_mode {
    ($builder:ident<$($parameter:ident)?> { $($field:ident),* $(,)? }) => {
        impl<$($parameter,)? M> $builder<$($parameter,)? M> {
            pub(crate) fn in_mode<N>(self, mode: N) -> $builder<$($parameter,)? N> {
                $builder { mode, $($field: self.$field),* }
            }
        }
    };
}
#[cfg(feature = "blocking")]
pub(crate) use in_mode;

impl sealed::Sealed for Async {}

impl Mode for Async {
    type Sent<T: Send + 'static> = ResponseFuture<T>;
    type Stream<S: Send + 'static> = S;
    type List<T: DeserializeOwned + Send + 'static> = RecordStream<T>;
    type Download = Download;

    #[inline]
    fn send<T: Send + 'static>(&self, sending: ResponseFuture<T>) -> ResponseFuture<T> {
        sending
    }

    #[inline]
    fn list<T: DeserializeOwned + Send + 'static>(
        &self,
        items: RecordStream<T>,
    ) -> RecordStream<T> {
        items
    }

    #[inline]
    fn download(&self, sending: ResponseFuture<Download>) -> ResponseFuture<Download> {
        sending
    }

    #[inline]
    fn stream<S: Send + 'static>(&self, stream: S) -> S {
        stream
    }

    #[inline]
    fn open<S: Send + 'static>(&self, sending: ResponseFuture<S>) -> ResponseFuture<S> {
        sending
    }
}

/// A call in progress: a future of its response. Dropping it cancels the call.
#[must_use = "a call is not sent before it is awaited"]
pub struct ResponseFuture<T>(State<T>);

enum State<T> {
    Response(Boxed<Response>, fn(Response) -> Result<T>),
    Download(Boxed<Download>, fn(Download) -> T),
    Other(Boxed<T>),
    Failed(Option<Error>),
}

impl<T> ResponseFuture<T> {
    /// What `read` reads from the response.
    pub(crate) fn response(response: Boxed<Response>, read: fn(Response) -> Result<T>) -> Self {
        Self(State::Response(response, read))
    }

    pub(crate) fn download(download: Boxed<Download>, read: fn(Download) -> T) -> Self {
        Self(State::Download(download, read))
    }

    pub(crate) fn other(future: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        Self(State::Other(Box::pin(future)))
    }

    /// A call that cannot be sent.
    pub(crate) fn failed(error: Error) -> Self {
        Self(State::Failed(Some(error)))
    }
}

impl<T> Future for ResponseFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        match &mut self.0 {
            State::Response(response, read) => {
                // The value may be large: it is returned from where it was decoded.
                match response.as_mut().poll(context) {
                    Poll::Ready(Ok(response)) => Poll::Ready(read(response)),
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    Poll::Pending => Poll::Pending,
                }
            }
            State::Download(download, read) => {
                let read = *read;
                download
                    .as_mut()
                    .poll(context)
                    .map(|download| download.map(read))
            }
            State::Other(future) => future.as_mut().poll(context),
            State::Failed(error) => error
                .take()
                .map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
        }
    }
}

impl<T> fmt::Debug for ResponseFuture<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
