//! A typed client for FOLIO, the library services platform.

mod auth;
mod client;
pub mod cql;
mod error;
mod generic;
mod json_path;
mod limit;
mod operation;
mod paging;
mod request;
mod response;
mod retry;
mod server_message;
mod session;
mod transport;

pub use auth::{CredentialSource, Credentials, Password};
pub use client::{FolioClient, FolioClientBuilder};
pub use cql::Cql;
pub use error::{Error, ErrorKind, Parameter, Result, ValidationError};
pub use generic::{Get, GetAll, RequestBuilder, Write};
pub use http::{Method, StatusCode};
pub use operation::Operation;
pub use paging::{Items, Paging, PagingStyle};
pub use request::Request;
pub use response::Response;
pub use retry::RetryPolicy;
