//! How calls are made, as a type: awaited here; blocking in `blocking`.

use std::future::Future;
use std::pin::Pin;

use crate::wire::error::Result;

/// Calls that are awaited: those of [`FolioClient`](crate::FolioClient).
#[derive(Clone, Copy, Debug, Default)]
pub struct Async;

/// A future that is what it is to all calls.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;
