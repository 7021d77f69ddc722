//! The client: how it is built, cloned, bound to a tenant and closed, and how it sends requests.

mod addressed;
mod builder;
mod divide;
pub(crate) mod environment;
mod execute;
pub(crate) mod handle;
mod lifetime;
pub(crate) mod marker;

pub use builder::FolioClientBuilder;
pub use handle::FolioClient;
