//! The error of a command: what happened, what to do, and the exit code.

use std::fmt;
use std::io;

use folio_sdk::ErrorKind;

use crate::exit::Exit;

/// The error of a command.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    message: String,
    help: Vec<String>,
}

impl CliError {
    /// An error with an exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: Vec::new(),
        }
    }

    /// An error without a code of its own.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(Exit::Error, message)
    }

    /// The arguments do not fit.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The user interrupted the command.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
    }

    /// A file or stream failed. `what` states the action and the name: ``cannot read `a.json` ``.
    pub fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        Self::other(format!("{what}: {error}"))
    }

    /// Writing results failed. A reader that has ended is no error to report.
    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Exit::BrokenPipe, "the reader of the output has ended")
        } else {
            Self::io("cannot write the results", error)
        }
    }

    /// Adds what the user can do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The first line, for a report with one line per error.
    pub(crate) fn message(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

impl From<folio_sdk::Error> for CliError {
    fn from(error: folio_sdk::Error) -> Self {
        Self::of(&error)
    }
}

impl CliError {
    /// The SDK's description with all details: request, server's message, help.
    pub fn of(error: &folio_sdk::Error) -> Self {
        let exit = exit_of(error);
        // One line with the request, then the details without repeating that line.
        let first = error.to_string();
        let details = format!("{error:#}");
        let details = details.split_once('\n').map(|(_, rest)| rest);
        let message = match details {
            Some(rest) => format!("{first}\n{rest}"),
            None => first,
        };
        Self::new(exit, message)
    }
}

/// The exit code of an error of the SDK.
pub(crate) fn exit_of(error: &folio_sdk::Error) -> Exit {
    if error.is_outcome_unknown() {
        return Exit::OutcomeUnknown;
    }
    if error.is_unauthenticated() {
        return Exit::Authentication;
    }
    if error.is_forbidden() {
        return Exit::Forbidden;
    }
    if error.is_not_found() {
        return Exit::NotFound;
    }
    if error.is_conflict() {
        return Exit::Conflict;
    }
    if error.is_validation() || error.status().is_some_and(|status| status.as_u16() == 400) {
        return Exit::Rejected;
    }
    match error.kind() {
        ErrorKind::Configuration | ErrorKind::Request => Exit::Usage,
        ErrorKind::Credentials => Exit::Authentication,
        ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Transport => Exit::Unreachable,
        _ if error.is_timeout() => Exit::Unreachable,
        _ => Exit::Error,
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        for help in &self.help {
            write!(out, "\n  help:        {help}")?;
        }
        Ok(())
    }
}
