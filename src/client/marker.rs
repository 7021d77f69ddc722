//! The mode of calls, as a type: async here; blocking in `blocking`.

use std::future::Future;
use std::pin::Pin;

use crate::wire::error::Result;

/// Calls that are awaited: those of [`FolioClient`](crate::FolioClient).
#[derive(Clone, Copy, Debug, Default)]
pub struct Async;

/// The future of a call, unchanged.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;
