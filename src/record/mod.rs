//! Records: how a JSON object becomes a struct and is written back without a loss.

#![allow(unreachable_pub, reason = "generated code uses it through `runtime`")]

pub(crate) mod additional_fields;
pub(crate) mod builder;
mod compare;
mod decode;
mod encode;
mod field_text;
mod fields;
pub(crate) mod json;
pub(crate) mod lenient;
mod list;
pub(crate) mod macros;
pub(crate) mod misfit;
pub(crate) mod omit;
mod open_enum;
pub(crate) mod raw;
mod received;
pub(crate) mod scalar;
#[cfg(feature = "schemars")]
pub(crate) mod schema;
mod seeds;
mod traits;
pub(crate) mod union;
mod walk;
mod writer;

pub use additional_fields::AdditionalFields;
pub use compare::{copy, same};
pub use decode::{decode, read};
pub use encode::{debug, encode};
pub use list::List;
pub use open_enum::{OpenEnum, decode_enum, read_enum};
pub use received::Received;
pub use traits::{Field, Put, Record, Source};
pub use walk::walk_record;
pub(crate) use writer::FieldWriter;
