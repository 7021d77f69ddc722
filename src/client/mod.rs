//! The client: building, cloning, binding to a tenant, closing, and the execution of requests.

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
