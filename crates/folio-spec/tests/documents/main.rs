//! The committed documents: what they say, in which names, compared with recordings, the oracle and
//! each other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod glossary;
mod glossary_json;
mod long_running;
mod names;
mod oracle;
mod record_names;
mod recordings;
mod releases;
mod reviewed_names;
mod typed_fields;
