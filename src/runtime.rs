//! What generated code is written against. Nothing here is meant to be named by users of the SDK.

pub use std::collections::BTreeMap;
pub use std::fmt::Display;

pub use bytes::Bytes;
pub use http::Method;
#[cfg(feature = "schemars")]
pub use schemars::{JsonSchema, Schema, SchemaGenerator};
pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use serde_json::{Map, Value};

pub use crate::FolioClient;
pub use crate::body::Body;
pub use crate::call::{
    Answer, Answers, Call, Given, Json, Listed, Streamed, record, text, variant,
};
pub use crate::collection::{Collection, Stored};
pub use crate::cql::Cql;
pub use crate::deletion::Deletion;
pub use crate::download::{Download, Records};
pub use crate::json::Json as JsonValue;
pub use crate::lenient::{Received, Walk, walk_record};
pub use crate::mode::{Async, Mode};
pub use crate::multipart::Multipart;
pub use crate::operation::{Absent, Creates, Deletes, Facts, Operation};
pub use crate::paging::{Items, Paging, PagingStyle};
pub use crate::record::{
    Extra, Field, OpenEnum, Put, Record, Source, debug, decode, decode_enum, encode, read,
    read_enum, same,
};
pub use crate::response::Response;
#[cfg(feature = "schemars")]
pub use crate::schema::schema;
pub use crate::union::{Union, debug_union, decode_union, fit};
pub use crate::value::{DateTime, Id, Number};

/// The result of a call; also that of reading and writing, with serde's errors.
pub type Result<T, E = crate::Error> = std::result::Result<T, E>;
