//! Lists of FOLIO as tables of SQL, read from a sandbox.

#![allow(missing_docs, reason = "tests")]

mod catalog;
mod property;
mod recordings;
mod records;
mod requests;
mod statements;
mod support;
mod translations;
