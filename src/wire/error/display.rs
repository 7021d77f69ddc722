//! Formats errors.

use super::exchange::Exchange;
use super::kinds::{Error, ErrorKind};
use crate::value::redact::{self, Secrets};
use crate::wire::server_message::VersionConflict;
use http::StatusCode;
use std::fmt;

/// The maximum length of a URL in the single line of `Display`: queries are long.
const SHOWN_URL: usize = 300;

/// The maximum length of the server's message in the single line of `Display`.
const LINE: usize = 500;

impl Error {
    fn summary(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if !inner.message.is_empty() {
            write!(out, "{}", OneLine(&inner.message))?;
        }
        if inner.kind != ErrorKind::Decode
            && let Some(status) = inner.status
        {
            let comma = if inner.message.is_empty() { "" } else { ": " };
            write!(out, "{comma}{}", Status(status))?;
        }
        if let Some(message) = &inner.server.message {
            // Error pages of gateways repeat the status in their title.
            let title = inner.status.map(|status| Status(status).to_string());
            let rest = title.and_then(|title| message.strip_prefix(&title));
            let message = rest.unwrap_or(message).trim_start();
            if !message.is_empty() {
                write!(out, ": {}", OneLine(message))?;
            }
        }
        if inner.outcome_unknown {
            out.write_str(" [outcome unknown: the server may have executed it]")?;
        }
        Ok(())
    }

    fn all(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        self.summary(out)?;
        if let Some(exchange) = &inner.exchange {
            write!(
                out,
                "\n  request:     {} {}",
                exchange.method,
                exchange.target.shown()
            )?;
            let operation = exchange.operation;
            if !operation.name.is_empty() {
                write!(out, "\n  operation:   {}", operation.name)?;
                if !operation.module.is_empty() {
                    write!(out, " of {}", operation.module)?;
                }
                if !operation.interface.is_empty() {
                    write!(out, " (interface {})", operation.interface)?;
                }
                if !operation.permissions.is_empty() {
                    write!(out, "\n  permissions: {}", operation.permissions.join(", "))?;
                }
            }
            if exchange.attempts > 0 {
                write!(out, "\n  attempts:    {}", ShownAttempts(exchange))?;
            }
        }
        if let Some(VersionConflict { stored, sent }) = self.version_conflict() {
            write!(out, "\n  versions:    stored {stored}, sent ")?;
            match sent {
                Some(sent) => write!(out, "{sent}")?,
                None => out.write_str("none")?,
            }
        }
        for error in &inner.server.errors {
            write!(out, "\n  error:       {error}")?;
        }
        if let Some(record) = &inner.record {
            write!(out, "\n  record:      {}", OneLine(&record.json))?;
        }
        if let Some(excerpt) = &inner.excerpt {
            write!(
                out,
                "\n  body:        {}",
                excerpt.replace('\n', "\n               ")
            )?;
        }
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = Secrets::default().shown(&cause.to_string());
            write!(out, "\n  cause:       {cause_text}")?;
            source = cause.source();
        }
        for help in &inner.help {
            write!(out, "\n  help:        {}", redact::escaped(help))?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if out.alternate() {
            return self.all(out);
        }
        if let Some(exchange) = &self.0.exchange {
            if !exchange.operation.name.is_empty() {
                write!(out, "{}: ", exchange.operation.name)?;
            }
            let url = exchange.target.shown();
            match url.char_indices().nth(SHOWN_URL) {
                None => write!(out, "{} {url}: ", exchange.method)?,
                Some((end, _)) => write!(
                    out,
                    "{} {}…: ",
                    exchange.method,
                    url.get(..end).unwrap_or_default()
                )?,
            }
        }
        self.summary(out)?;
        match &self.0.exchange {
            Some(exchange) if exchange.attempts > 1 => {
                write!(out, " (attempts: {})", ShownAttempts(exchange))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The output of `fn main() -> Result<(), Error>`, for people.
        write!(out, "{:?}: {self:#}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

struct ShownAttempts<'a>(&'a Exchange);

impl fmt::Display for ShownAttempts<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} in {:.1} s",
            self.0.attempts,
            self.0.elapsed.as_secs_f64()
        )
    }
}

/// `404 Not Found`; only the number for a status without a name.
pub(super) struct Status(StatusCode);

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.as_u16())?;
        self.0
            .canonical_reason()
            .map_or(Ok(()), |reason| write!(out, " {reason}"))
    }
}

/// Text without line breaks, of limited length.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut length = 0;
        for (index, word) in self
            .0
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .enumerate()
        {
            if length > LINE {
                return out.write_str(" …");
            }
            if index > 0 {
                out.write_str(" ")?;
            }
            let end = word
                .char_indices()
                .nth(LINE)
                .map_or(word.len(), |(end, _)| end);
            out.write_str(&redact::escaped(word.get(..end).unwrap_or_default()))?;
            length += end + 1;
        }
        Ok(())
    }
}
