//! How calls are made: awaited, or blocking. The builders of calls are the same for both.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use crate::client::marker::{Async, Boxed};
use crate::engine::download::Download;
use crate::paging::RecordStream;
use crate::wire::error::{Error, Result};

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
///
/// It is boxed, without the type of the call: a program is built faster after a change if its own
/// futures consist of few types.
pub type ResponseFuture<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Waits for the response and reads it with `read`.
pub(crate) fn reading<S: 'static, T: Send + 'static>(
    sending: Boxed<S>,
    read: fn(S) -> Result<T>,
) -> ResponseFuture<T> {
    Box::pin(ReadCall { sending, read })
}

/// A call that cannot be sent.
pub(crate) fn failed<T: Send + 'static>(error: Error) -> ResponseFuture<T> {
    Box::pin(ready(Err(error)))
}

struct ReadCall<S, T> {
    sending: Boxed<S>,
    read: fn(S) -> Result<T>,
}

impl<S, T> Future for ReadCall<S, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        // The value may be large: it is returned from where it was decoded.
        match self.sending.as_mut().poll(context) {
            Poll::Ready(Ok(sent)) => Poll::Ready((self.read)(sent)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }
}
