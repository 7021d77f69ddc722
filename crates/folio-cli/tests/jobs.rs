//! `folio export`, `folio load` and `folio sandbox`: the program against the sandbox.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[path = "jobs/export.rs"]
mod export;
#[path = "jobs/export_faults.rs"]
mod export_faults;
#[path = "jobs/export_interrupted.rs"]
mod export_interrupted;
#[path = "jobs/load.rs"]
mod load;
#[path = "jobs/load_failures.rs"]
mod load_failures;
#[cfg(unix)]
#[path = "jobs/load_files.rs"]
mod load_files;
#[cfg(feature = "sandbox")]
#[path = "jobs/sandbox.rs"]
mod sandbox;
#[allow(dead_code, reason = "shared with other tests")]
mod support;
