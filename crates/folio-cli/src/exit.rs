//! The exit codes of the program.

use std::process::ExitCode;

/// The outcome of a command, as its exit code states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command did what it was asked to do.
    Success = 0,
    /// Any error that has no code of its own.
    Error = 1,
    /// The arguments are invalid; nothing was sent. clap uses the same code.
    Usage = 2,
    /// The server rejected the login or the token, or no password is known.
    Authentication = 3,
    /// The user lacks a permission (403).
    Forbidden = 4,
    /// The record or path does not exist (404).
    NotFound = 5,
    /// Another client changed the record (409), or it conflicts with another one.
    Conflict = 6,
    /// The server rejected the content of a request (400, 422).
    Rejected = 7,
    /// The server was not reached, or did not respond in time.
    Unreachable = 8,
    /// Some records failed; the others were processed.
    SomeFailed = 9,
    /// No response to a write arrived: the server may have executed it.
    OutcomeUnknown = 10,
    /// The user interrupted the command (Ctrl-C).
    Interrupted = 130,
    /// The reader of the output has ended, as `head` does.
    BrokenPipe = 141,
}

/// The exit codes, for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
    0  success
    1  error
    2  invalid arguments; nothing was sent
    3  the login was rejected, or no password is known
    4  the user lacks a permission (403)
    5  the record or path does not exist (404)
    6  conflict: the record was changed by another client (409)
    7  the server rejected the content of the request (400, 422)
    8  the server was not reached, or did not respond in time
    9  some records failed, the others were processed
   10  outcome unknown: no response to a write arrived
  130  interrupted by Ctrl-C
  141  the reader of the output ended early";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
