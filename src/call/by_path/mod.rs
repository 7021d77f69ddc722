//! Calls of any endpoint by its path: `folio_get` and its kin.

mod client;
mod common;
mod get;
mod get_all;
mod pick;
mod raw;
mod write;

pub use get::Get;
pub use get_all::GetAll;
pub use raw::RequestBuilder;
pub use write::Write;
