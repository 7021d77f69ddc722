#![cfg_attr(
    any(not(feature = "full"), test),
    allow(
        dead_code,
        reason = "some is used by the generated code of certain modules only"
    )
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! A typed client for [FOLIO](https://www.folio.org), the library services platform.
//!
//! Each FOLIO module that is enabled as a feature has a handle with one function per operation,
//! generated from FOLIO's own API descriptions: `folio.users().list_users()`. Endpoints without a
//! specification, or in disabled modules, can be called by path
//! ([`folio_get`](FolioClient::folio_get)). Both share one core: login, token renewal, retries,
//! limits, errors.
//!
//! # Five things to know
//!
//! 1. **One client for everything.** [`FolioClient`] is cheap to clone and shares its login,
//!    connections and limits. Build it once, clone it where it is needed, and
//!    [`close`](FolioClient::close) it at the end. For another tenant, use another handle:
//!    [`for_tenant`](FolioClient::for_tenant).
//! 2. **`send` returns one response, `stream` returns the complete list.** One response of a list
//!    is one page, and FOLIO's default page has 10 records. [`RecordStream`] reads to the end, with
//!    bounded memory, and neither skips nor repeats a record.
//! 3. **Read, change, write back.** FOLIO's PUT replaces the whole record. Records preserve unknown
//!    fields ([`AdditionalFields`]), so fields that you did not change are written back unchanged.
//!    Where FOLIO guards a record by `_version`, a concurrent change by another client is an error
//!    ([`Error::is_conflict`]).
//! 4. **Only idempotent requests are retried.** Reads are retried after transient failures with
//!    exponential backoff; writes are retried only if they cannot be executed twice
//!    ([`RetryPolicy`]).
//! 5. **Values never become part of a query.** [`cql`] quotes and escapes:
//!    `cql::field("username").eq(name)`.
//!
//! # A typed call
//!
//! ```no_run
//! # async fn example() -> Result<(), folio_sdk::Error> {
//! use folio_sdk::{FolioClient, cql};
//!
//! let folio = FolioClient::builder("https://folio.example.edu")
//!     .tenant("diku")
//!     .credentials("diku_admin", std::env::var("FOLIO_PASSWORD").unwrap_or_default())
//!     .connect()
//!     .await?;
//! # #[cfg(feature = "users")] {
//! let page = folio.users().list_users().query(cql::field("active").eq(true)).limit(100).send().await?;
//! for user in page.users {
//!     println!("{}", user.username.unwrap_or_default());
//! }
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # A stream
//!
//! ```no_run
//! # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
//! # #[cfg(feature = "users")] {
//! let mut users = folio.users().list_users().stream();
//! while let Some(user) = users.next().await {
//!     println!("{}", user?.username.unwrap_or_default());
//! }
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # A generic call
//!
//! ```no_run
//! # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
//! use serde_json::Value;
//!
//! let points: Vec<Value> = folio.folio_get("/service-points", "servicepoints").limit(100).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # More
//!
//! The guide is part of this documentation: `folio_sdk::guide`. It begins with asynchronous use,
//! and has pages about records, guarantees, gateways and names. How a release is imported
//! (`docs/regenerate.md`), the architecture (`docs/architecture.md`), and web services and jobs that
//! run (`examples/`) are in the repository.

// Documentation lists the functions of `FolioClient` in the order of these modules: they stand in
// the order of use, each apart from the next, so that rustfmt leaves them there.
mod client;

mod connect;

#[allow(clippy::type_complexity, reason = "types are as they are described")]
mod api;

mod call;

mod harvest;

mod write;

mod tenant;

#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod engine;
#[cfg(all(doc, not(doctest)))]
pub mod guide;
#[cfg(feature = "logging")]
#[cfg_attr(docsrs, doc(cfg(feature = "logging")))]
pub mod logging;
mod paging;
mod poll;
mod record;
mod runtime;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod value;
mod wire;

/// The code of the page about records is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/records.md")]
mod records_page {}

#[cfg_attr(
    test,
    allow(unreachable_pub, unused_imports, reason = "see `api`: it is empty")
)]
pub use api::*;
pub use bytes::Bytes;
pub use call::by_path::{GetAllRequest, GetRequest, RequestBuilder, WriteRequest};
pub use call::mode::{Mode, ResponseFuture};
pub use call::page_cursor::PageCursor;
pub use call::pages::{Page, PageStream};
pub use client::environment::Environment;
pub use client::marker::Async;
pub use client::{FolioClient, FolioClientBuilder};
pub use engine::auth::{Credentials, CredentialsProvider, EnvironmentCredentials, Password};
pub use engine::download::{Download, Records};
pub use engine::http::{
    HttpBody, HttpError, HttpFuture, HttpPath, HttpRequest, HttpResponse, HttpService,
};
pub use engine::memory::MemoryLimits;
pub use harvest::{
    Checkpoint, CheckpointError, CheckpointFile, ForEach, Harvest, HarvestStream, MapStream,
    Progress, ProgressStream,
};
pub use http::{Method, StatusCode};
pub use paging::{LookupById, LookupByValue, RawRecord, RecordStream};
pub use poll::{JobStream, JobUpdate, UntilDone};
pub use record::builder::{AllSet, IsSet, RecordBuilder, Set};
pub use record::json::Json;
pub use record::lenient::{Mistyped, read_json};
pub use record::scalar::{DateTime, Id, InvalidDateTime, InvalidId, InvalidNumber, Number};
pub use record::{AdditionalFields, List, Received, Record};
pub use tenant::circulation_rules::{AppliedPolicy, CirculationPolicies, RuleParameters};
pub use tenant::compatibility::{
    Compatibility, InterfaceCompatibility, ModuleCompatibility, ModuleState,
};
pub use tenant::consortium::{Member, TenantConsortium};
pub use tenant::modules::{Module, Modules, Platform};
pub use tenant::reference::{ReferenceData, ReferenceList, ReferenceRecords};
pub use tenant::tenancy::Tenancy;
pub use value::body::Body;
pub use value::cql::{self, Cql};
pub use value::multipart::Multipart;
pub use wire::deletion::Deletion;
pub use wire::error::{Error, ErrorKind, Parameter, Result, ValidationError, VersionConflict};
pub use wire::long_running::{JobFacts, JobPhase, JobStatus};
pub use wire::operation::{Absent, Creates, Deletes, Facts, Operation};
pub use wire::paging::{Paging, PagingStyle};
pub use wire::request::Request;
pub use wire::response::Response;
pub use wire::retry::RetryPolicy;
pub use write::collection::{Collection, Stored};
pub use write::update::Update;
pub use write::{Failure, MissingFields, Outcome, RecordKey, Upsert, UpsertReport, WriteResult};

// Generated code calls them by the root of the crate.
#[cfg(feature = "schemars")]
pub(crate) use runtime::__schemas;
#[allow(
    unused_imports,
    reason = "which of them are used depends on the enabled modules"
)]
pub(crate) use runtime::{
    __boxed, __builder, __open_enum, __open_enum_impls, __record, __stored, __union,
};
