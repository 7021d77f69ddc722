//! Values without knowledge of HTTP or of FOLIO records: text, bodies, CQL, redaction. They import
//! nothing of the SDK.

pub(crate) mod body;
pub mod cql;
pub(crate) mod decimal;
pub(crate) mod encoding;
pub(crate) mod json_path;
pub(crate) mod member;
pub(crate) mod multipart;
pub(crate) mod redact;
pub(crate) mod splice;
pub(crate) mod time;
pub(crate) mod uuid;
