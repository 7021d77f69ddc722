#![cfg_attr(docsrs, feature(doc_cfg))]
//! A typed client for FOLIO, the library services platform.

mod api;
mod auth;
mod call;
mod client;
pub mod cql;
mod error;
mod generic;
mod json_path;
mod limit;
mod operation;
mod paging;
mod record;
mod redact;
mod request;
mod response;
mod retry;
#[doc(hidden)]
pub mod runtime;
mod server_message;
mod session;
mod transport;
mod value;

pub use api::*;
pub use auth::{CredentialSource, Credentials, Password};
pub use client::{FolioClient, FolioClientBuilder};
pub use cql::Cql;
pub use error::{Error, ErrorKind, Parameter, Result, ValidationError};
pub use generic::{Get, GetAll, RequestBuilder, Write};
pub use http::{Method, StatusCode};
pub use operation::Operation;
pub use paging::{Items, Paging, PagingStyle};
pub use record::{Extra, Record};
pub use request::Request;
pub use response::Response;
pub use retry::RetryPolicy;
pub use value::{DateTime, Id, NotANumber, Number};
