//! The permission to read the body of a response into memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Decides when the body of a successful response may be read into memory. Until then it stays with
/// the server and in the buffers of the connection.
pub(crate) trait Admit: fmt::Debug + Send + Sync {
    /// Waits for room. `bytes` is the length of the body, if it is known. False if there is none:
    /// then the response is discarded.
    fn admit(&self, bytes: Option<u64>) -> Pin<Box<dyn Future<Output = bool> + Send + '_>>;
}

/// The admission of a request.
pub(crate) type Admission = Arc<dyn Admit>;
