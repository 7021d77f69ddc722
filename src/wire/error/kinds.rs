//! The error as a value: its kind, its parts, and the methods that add them.

use super::body::ErrorBody;
use super::exchange::Exchange;
use crate::value::redact::SentSecrets;
use crate::wire::server_message::ServerMessage;
use http::StatusCode;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause, the request and the server's message of a failed call.
///
/// `Display` writes one line; the alternate form `{:#}` writes all details, on several lines.
/// Neither shows a password, a token or a cookie.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// match folio.folio_get::<serde_json::Value>("/users/8c1a2a5e-0000-4000-8000-000000000000", None).await {
///     Ok(user) => println!("{user}"),
///     Err(error) if error.is_not_found() => println!("no such user"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
pub struct Error(pub(super) Box<ErrorInner>);

/// The kind of an error. Predicates such as [`Error::is_not_found`] are more precise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client configuration is invalid: a wrong URL, no tenant, no credentials.
    Configuration,
    /// The credentials provider has no credentials, or they cannot be sent.
    Credentials,
    /// The SDK cannot run in this context: outside of a tokio runtime, as a blocking call within
    /// asynchronous code, or in a runtime that was shut down.
    Runtime,
    /// The request could not be built from its parts, and was not sent.
    Request,
    /// The client was closed.
    ClientClosed,
    /// The server rejected the login, or does not accept the token that it has just issued.
    Login,
    /// The server responded with an error status.
    Status,
    /// No response arrived in time.
    Timeout,
    /// The gateway could not be reached, or stated that it did not process the request: nothing was
    /// executed.
    Connect,
    /// The connection broke before the response was complete.
    Transport,
    /// The server aborted a list in the middle of a response with status 200.
    Truncated,
    /// The response has an unexpected form.
    Decode,
    /// One record of a list has an unexpected form, or records were not written; the others are not
    /// affected.
    Record,
    /// A lookup by name or code found no record, or more than one.
    Lookup,
    /// A list cannot be read to its end without losing or repeating records.
    Paging,
    /// The downloaded data cannot be written to its destination.
    Io,
    /// The response exceeds its memory limit: see [`MemoryLimits`](crate::MemoryLimits). It does
    /// not state whether a write was executed.
    TooLarge,
    /// Another client changed the record since it was read; detected before anything was sent.
    Conflict,
    /// A job on the server ended in a failed state, or waits for another request: see
    /// [`Error::job_state`].
    Job,
}

#[derive(Clone)]
pub(super) struct ErrorInner {
    pub(super) kind: ErrorKind,
    pub(super) message: Cow<'static, str>,
    pub(super) exchange: Option<Exchange>,
    pub(super) status: Option<StatusCode>,
    pub(super) server: ServerMessage,
    pub(super) excerpt: Option<String>,
    /// The body of an error response, if it is JSON. Shared by the copies of the error.
    pub(super) body: ErrorBody,
    pub(super) retry_after: Option<Duration>,
    pub(super) record: Option<BadRecord>,
    /// The last state of a job, by the server's name.
    pub(super) job_state: Option<Box<str>>,
    pub(super) help: Vec<Cow<'static, str>>,
    /// The server may have executed the request, and the SDK could not determine whether it did.
    pub(super) outcome_unknown: bool,
    /// The gateway rejected the token, with any status.
    pub(super) refused_token: bool,
    /// The failure is permanent, regardless of the kind.
    pub(super) lasts: bool,
    /// The failure is transient, regardless of the status.
    pub(super) is_transient: bool,
    pub(super) source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone)]
pub(super) struct BadRecord {
    pub(super) index: u64,
    pub(super) id: Option<String>,
    pub(super) json: String,
}

impl Error {
    pub(super) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(ErrorInner {
            kind,
            message: message.into(),
            exchange: None,
            status: None,
            server: ServerMessage::default(),
            excerpt: None,
            body: ErrorBody::default(),
            retry_after: None,
            record: None,
            job_state: None,
            help: Vec::new(),
            outcome_unknown: false,
            refused_token: false,
            lasts: false,
            is_transient: false,
            source: None,
        }))
    }

    /// Adds the request, if nothing was sent yet.
    pub(crate) fn of_request(self, exchange: &Exchange) -> Self {
        match &self.0.exchange {
            None if self.0.kind == ErrorKind::Timeout => self.on(exchange.clone()),
            _ => self,
        }
    }

    /// Turns an HTTP error of the login call into a login error.
    pub(crate) fn into_login(mut self, message: String) -> Self {
        self.0.kind = ErrorKind::Login;
        self.0.message = message.into();
        self
    }

    pub(crate) fn lasting(mut self) -> Self {
        self.0.lasts = true;
        self
    }

    /// A transient failure whose status does not show that: a gateway responded to a login.
    pub(crate) fn transient(mut self) -> Self {
        self.0.is_transient = true;
        self
    }

    /// Adds the attempts and the duration of the call.
    pub(crate) fn after(mut self, attempts: u32, elapsed: Duration) -> Self {
        if let Some(exchange) = &mut self.0.exchange {
            exchange.attempts = attempts;
            exchange.elapsed = elapsed;
        }
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Appends a remedy or explanation to the existing help.
    pub(crate) fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        let help = help.into();
        if !self.0.help.contains(&help) {
            self.0.help.push(help);
        }
        self
    }

    /// Marks the error of a write that may have been executed: see
    /// [`is_outcome_unknown`](Self::is_outcome_unknown).
    pub(crate) fn with_unknown_outcome(mut self) -> Self {
        self.0.outcome_unknown = true;
        self
    }

    /// Adds the request, unless there is one: a client that is closed while a call waits does not
    /// know it.
    pub(crate) fn within(self, exchange: &Exchange) -> Self {
        if self.0.exchange.is_some() {
            return self;
        }
        self.on(exchange.clone())
    }

    /// As [`within`](Self::within), with the request of another error.
    pub(crate) fn within_request_of(self, other: &Self) -> Self {
        match other.exchange() {
            Some(exchange) => self.within(exchange),
            None => self,
        }
    }

    /// The server reported success, but the record does not exist: `self` is the response to the
    /// GET of the record.
    pub(crate) fn of_nothing_stored(mut self, exchange: Exchange) -> Self {
        self.0.message =
            "the server reported success, but the record does not exist: the server stored nothing, or the record was deleted since".into();
        self.on(exchange).with_help(
            "the record was deleted, or its id is wrong; this FOLIO module does not report that",
        )
    }

    /// The records that a DELETE would delete could not be counted.
    pub(crate) fn before_deletion(self) -> Self {
        self.with_help("this request was to count the records that the DELETE would delete; nothing was deleted. `Deletion::All` deletes without counting")
    }

    pub(super) fn on(mut self, mut exchange: Exchange) -> Self {
        if exchange.sensitive {
            self.0.excerpt = None;
            self.0.body = ErrorBody::default();
        }
        if let Cow::Owned(shown) = exchange.shown_url() {
            exchange.target.redact(shown);
        }
        // A record may contain the secrets of the request, and a message may quote the record.
        let secrets = exchange.secrets();
        if let Cow::Owned(shown) = secrets.redact_known(exchange.target.shown()) {
            exchange.target.redact(shown);
        }
        if let Cow::Owned(shown) = secrets.redact_known(&self.0.message) {
            self.0.message = shown.into();
        }
        // Redacted text needs no secrets any more, and an error may be stored for a long time.
        exchange.sent = SentSecrets::default();
        self.0.exchange = Some(exchange);
        self
    }

    pub(super) fn because(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Marks a rejection of the token by the gateway, for which Okapi may use 400 and Kong 404.
    pub(crate) fn of_refused_token(mut self) -> Self {
        self.0.refused_token = true;
        self
    }

    pub(crate) fn exchange(&self) -> Option<&Exchange> {
        self.0.exchange.as_ref()
    }

    /// A copy of the error, for other callers that wait for the same result.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}
