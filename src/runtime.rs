//! The items that generated code imports. Which of them are used depends on the enabled modules.

#![allow(
    unused_imports,
    unreachable_pub,
    reason = "what is re-exported counts as used, whatever modules are enabled"
)]

pub use std::collections::BTreeMap;
pub use std::fmt::Display;

pub use bytes::Bytes;
pub use http::Method;
#[cfg(feature = "schemars")]
pub use schemars::{JsonSchema, Schema, SchemaGenerator};
pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use serde_json::{Map, Value};

pub use crate::FolioClient;
pub use crate::call::mode::Mode;
pub use crate::call::typed::{
    Call, FromResponse, HasResponse, Json, Listed, LongRunning, Output, Streamed, is_media_type,
    record, text,
};
pub use crate::client::marker::Async;
pub use crate::engine::download::{Download, Records};
pub use crate::paging::RecordStream;
pub use crate::poll::until_done;
pub use crate::record::builder::{RecordBuilder, Set, in_state};
pub use crate::record::json::Json as JsonValue;
pub use crate::record::lenient::Walk;
pub use crate::record::scalar::{DateTime, Id, Number};
#[cfg(feature = "schemars")]
pub use crate::record::schema::schema;
pub use crate::record::union::{Union, debug_union, decode_union, fit};
pub use crate::record::{
    AdditionalFields, Field, List, OpenEnum, Put, Received, Record, Source, copy, debug, decode,
    decode_enum, encode, read, read_enum, same, walk_record,
};
pub use crate::value::body::Body;
pub use crate::value::cql::Cql;
pub use crate::value::multipart::Multipart;
pub use crate::wire::deletion::Deletion;
pub use crate::wire::long_running::JobFacts;
pub use crate::wire::operation::{Absent, Creates, Deletes, Facts, Operation};
pub use crate::wire::operation_table::{OperationRow, OperationTable};
pub use crate::wire::paging::{Paging, PagingStyle};
pub use crate::wire::response::Response;
pub use crate::write::collection::{Collection, Stored};

/// The result of a call; also of reading and writing, with serde's errors.
pub type Result<T, E = crate::Error> = std::result::Result<T, E>;

mod macros {
    pub(crate) use crate::call::typed::__builder;
    pub(crate) use crate::record::macros::{__boxed, __open_enum, __open_enum_impls, __record};
    #[cfg(feature = "schemars")]
    pub(crate) use crate::record::schema::__schemas;
    pub(crate) use crate::record::union::__union;
    pub(crate) use crate::write::collection::__stored;
}
pub(crate) use macros::*;
