//! `folio routes`, `cql`, `diff-release` and `doctor`: the program against the sandbox in both
//! flavours, against scripted servers, and against recorded responses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[path = "info/cql.rs"]
mod cql;
#[path = "info/diff_release.rs"]
mod diff_release;
#[path = "info/doctor.rs"]
mod doctor;
#[cfg(unix)]
#[path = "info/doctor_limits.rs"]
mod doctor_limits;
#[path = "info/routes.rs"]
mod routes;
#[allow(dead_code, reason = "shared with other tests")]
mod support;
