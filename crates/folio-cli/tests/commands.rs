//! Profiles, single records, lists and output: the program against the sandbox.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may"
)]

#[path = "commands/account.rs"]
mod account;
#[path = "commands/delete.rs"]
mod delete;
#[path = "commands/edit.rs"]
mod edit;
#[cfg(unix)]
#[path = "commands/external.rs"]
mod external;
#[path = "commands/files.rs"]
mod files;
#[path = "commands/get.rs"]
mod get;
#[path = "commands/manual.rs"]
mod manual;
#[cfg(unix)]
#[path = "commands/session.rs"]
mod session;
#[allow(dead_code, reason = "shared with other tests")]
mod support;
#[cfg(unix)]
#[path = "commands/terminal.rs"]
mod terminal;
#[path = "commands/write.rs"]
mod write;
