//! Spring modules: notes, tags, calendars. They give a record an id of their own, know other errors
//! than RMB, and write everything on a line.
//!
//! What is here was recorded of mod-notes, mod-tags and mod-calendar; of other Spring modules only
//! the ids and the unknown fields are known to be like these.

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
