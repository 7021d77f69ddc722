//! Spring modules: notes, tags, calendars. They assign ids to records, have other errors than RMB,
//! and write everything in one line.
//!
//! The behaviour of mod-notes, mod-tags and mod-calendar was recorded; for other Spring modules
//! only ids and unknown fields are known to behave the same.

mod calendar;
mod calendar_json;
mod calendars;
mod checks;
mod dto;
mod facts;
mod java_time;
mod kinds;
mod note_links;
mod openings;
mod records;
pub(crate) mod routes;
