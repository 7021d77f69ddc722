//! A request as it is sent, before it is recorded or compared.

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

/// A request as it is sent.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// The path below that of the gateway.
    pub(crate) path: String,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// None if it is streamed.
    pub(crate) body: Option<Bytes>,
}
