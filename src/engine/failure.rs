//! Failures without a complete response.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::engine::http::{BoxedCause, FailureKind, HttpError, HttpErrorInner, said};
use crate::engine::memory::Most;
use crate::value::encoding::Fault;
use crate::wire::cause::{self, Cause};
use crate::wire::error::{Error, ErrorKind, Exchange};

/// The reason why there is no response.
pub(crate) struct TransportFailure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// Whether the failure is permanent.
    pub(crate) lasts: bool,
    /// Whether the gateway closed the connection because it received too much.
    pub(crate) is_excess: bool,
    pub(crate) help: Option<Cow<'static, str>>,
}

impl TransportFailure {
    pub(crate) fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            kind,
            message,
            source: None,
            lasts: false,
            is_excess: false,
            help: None,
        }
    }

    /// As [`new`](Self::new), for a permanent failure.
    pub(crate) fn lasting(kind: ErrorKind, message: String) -> Self {
        Self {
            lasts: true,
            ..Self::new(kind, message)
        }
    }

    /// Whether the server has certainly not executed the request.
    pub(crate) fn was_never_sent(&self) -> bool {
        self.kind == ErrorKind::Connect
    }

    pub(crate) fn into_error(self, exchange: Exchange) -> Error {
        let error = Error::transport(self.kind, exchange, self.message, self.source);
        let error = match self.help {
            Some(help) => error.with_help(help),
            None => error,
        };
        if self.lasts { error.lasting() } else { error }
    }
}

impl TransportFailure {
    pub(super) fn timeout(message: String) -> Self {
        Self::new(ErrorKind::Timeout, message)
    }

    /// The attempt took too long.
    pub(super) fn late(timeout: Duration) -> Self {
        Self::timeout(cause::late(timeout))
    }

    /// The response did not start.
    pub(super) fn no_head(timeout: Duration) -> Self {
        Self::timeout(format!(
            "read timeout: the server sent nothing for {} s and did not start a response",
            timeout.as_secs_f64()
        ))
    }

    /// The response stalled.
    pub(super) fn no_bytes(timeout: Duration, received: u64) -> Self {
        Self::timeout(format!(
            "read timeout: the server sent nothing for {} s after {received} bytes of its response",
            timeout.as_secs_f64()
        ))
    }

    /// The connection accepted no more of the body.
    pub(super) fn unsent(timeout: Duration, sent: u64) -> Self {
        Self::timeout(format!(
            "write timeout: nothing could be sent for {} s after {sent} bytes of the request body",
            timeout.as_secs_f64()
        ))
    }

    /// The stream of the request body stalled.
    pub(super) fn unread(timeout: Duration, sent: u64) -> Self {
        Self::timeout(format!(
            "nothing was sent for {} s: the stream of the request body produced nothing after {sent} bytes",
            timeout.as_secs_f64()
        ))
    }

    /// The memory limit is exceeded. A retry of the same request would exceed it again.
    pub(crate) fn too_large(most: Most, what: impl Display) -> Self {
        Self::lasting(
            ErrorKind::TooLarge,
            format!(
                "{what} is larger than {} bytes, the limit that `{}` sets",
                most.bytes, most.setting
            ),
        )
    }

    /// The error of a service without a response.
    fn of_service(kind: FailureKind, error: HttpError) -> Self {
        let message = cause::innermost(&error).to_string();
        let new = match kind {
            FailureKind::Connect => Self::new(ErrorKind::Connect, message),
            FailureKind::NotSent => Self::lasting(ErrorKind::Request, message),
            FailureKind::Timeout => Self::timeout(message),
            FailureKind::Other => Self::new(ErrorKind::Transport, message),
        };
        Self {
            source: Some(Arc::new(error)),
            ..new
        }
    }

    /// Adds that the server had already responded.
    pub(super) fn after(mut self, status: StatusCode) -> Self {
        self.message = format!(
            "{} (the response had started with the status {})",
            self.message,
            status.as_u16()
        );
        self
    }
}

impl From<Fault> for TransportFailure {
    fn from(fault: Fault) -> Self {
        let (kind, message, lasts) = match fault {
            Fault::CutShort(message) => (ErrorKind::Transport, message, false),
            Fault::Wrong(message) => (ErrorKind::Decode, message, true),
        };
        Self {
            lasts,
            ..Self::new(kind, message)
        }
    }
}

/// From an error of the HTTP library.
pub(crate) fn failure(error: BoxedCause, timeout: Duration) -> TransportFailure {
    if let Some(kind) = said(&*error) {
        return TransportFailure::of_service(kind, HttpError::of_library(error));
    }
    let cause = Cause::of(&*error, is_connect(&*error), is_timeout(&*error), timeout);
    TransportFailure {
        kind: cause.kind,
        message: cause.message,
        lasts: cause.lasts,
        is_excess: cause.is_excess,
        help: cause.help.map(Into::into),
        source: Some(Arc::from(error)),
    }
}

/// From an error of a service, or of a body.
pub(crate) fn failure_of(error: HttpError, timeout: Duration) -> TransportFailure {
    match error.0 {
        HttpErrorInner::Library(error) => failure(error, timeout),
        HttpErrorInner::Other { kind, .. } => TransportFailure::of_service(kind, error),
    }
}

/// Whether no connection was established.
fn is_connect(error: &(dyn StdError + 'static)) -> bool {
    cause::has(error, |error| {
        let error = error.downcast_ref::<hyper_util::client::legacy::Error>();
        error.is_some_and(|error| error.is_connect())
    })
}

/// Whether a timeout of the HTTP library or of the operating system expired.
fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    cause::has(error, |error| {
        let of_library = error.downcast_ref::<hyper::Error>();
        let of_system = error.downcast_ref::<io::Error>();
        of_library.is_some_and(hyper::Error::is_timeout)
            || of_system.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    })
}
