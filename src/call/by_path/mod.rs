//! Calls of any endpoint by its path: `folio_get` and its kin.

mod client;
mod common;
mod get;
mod get_all;
mod pick;
mod raw;
mod write;

pub use get::GetRequest;
pub use get_all::GetAllRequest;
pub use raw::RequestBuilder;
pub use write::WriteRequest;
