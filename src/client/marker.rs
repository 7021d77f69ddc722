//! The mode of calls, as a type: async here; blocking in `blocking`.

use std::future::Future;
use std::pin::Pin;

use crate::wire::error::Result;

/// Calls that are awaited: those of [`FolioClient`](crate::FolioClient).
#[derive(Clone, Copy, Debug, Default)]
pub struct Async;

/// The future of a call, unchanged.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// A boxed future, without its type. A program's own future contains those that it awaits, and the
/// debug information of its type is written for each function of the runtime that takes it: with the
/// types of the SDK's internals, a build after one changed line took 1.5 instead of 1.1 times the
/// time of a program without the SDK.
pub(crate) fn erased<'a, T>(
    future: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(future)
}
