//! The error as a value: its kind, its parts, and how they are added.

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

/// What went wrong, on what, and what the server said about it.
///
/// `Display` gives one line; the alternate form `{:#}` gives everything that is known, on several
/// lines. Neither shows a password, a token or a cookie.
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

/// What kind of thing went wrong. Predicates such as [`Error::is_not_found`] say it more finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was not built from sound values: a wrong URL, no tenant, no credentials.
    Configuration,
    /// The credential source has none, or those that it has cannot be sent.
    Credentials,
    /// The SDK cannot run where it was called: outside of a tokio runtime, as a blocking call
    /// within asynchronous code, or in a runtime that was shut down.
    Runtime,
    /// The request could not be made of what was given, and was not sent.
    Request,
    /// The client was closed.
    ClientClosed,
    /// The server refused to log in, or does not accept the token that it has just given.
    Login,
    /// The server answered with a status that is not a success.
    Status,
    /// There was no answer in time.
    Timeout,
    /// The gateway could not be reached, or said that it did not process the request: nothing was
    /// carried out.
    Connect,
    /// The connection broke before the whole answer was there.
    Transport,
    /// The server broke off a list in the middle of an answer with status 200.
    Truncated,
    /// The answer is not what was expected.
    Decode,
    /// One record of a list is not what was expected, or records were not written; the others are
    /// not affected.
    Record,
    /// What was looked up by its name or code is not there, or not just once.
    Lookup,
    /// A list cannot be read to its end without losing or repeating records.
    Paging,
    /// What was downloaded cannot be written where it should go.
    Io,
    /// The response is larger than the memory that it may take: see
    /// [`MemoryLimits`](crate::MemoryLimits). Whether a write was carried out is not said by
    /// it.
    TooLarge,
    /// The record was changed by somebody else since it was read; found before anything was sent.
    Conflict,
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
    pub(super) help: Vec<Cow<'static, str>>,
    /// The server may have carried it out, and that could not be found out.
    pub(super) outcome_unknown: bool,
    /// The gateway refused the token, by whatever status.
    pub(super) refused_token: bool,
    /// It will be the same whenever it is tried again, whatever the kind.
    pub(super) lasts: bool,
    /// It is transient, whatever the status says.
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
            help: Vec::new(),
            outcome_unknown: false,
            refused_token: false,
            lasts: false,
            is_transient: false,
            source: None,
        }))
    }

    /// States the request, where nothing was sent yet.
    pub(crate) fn of_request(self, exchange: &Exchange) -> Self {
        match &self.0.exchange {
            None if self.0.kind == ErrorKind::Timeout => self.on(exchange.clone()),
            _ => self,
        }
    }

    /// Makes of a status that the login got an error of the login.
    pub(crate) fn into_login(mut self, message: String) -> Self {
        self.0.kind = ErrorKind::Login;
        self.0.message = message.into();
        self
    }

    pub(crate) fn lasting(mut self) -> Self {
        self.0.lasts = true;
        self
    }

    /// A transient failure, though its status does not say so: a login that a gateway answered.
    pub(crate) fn transient(mut self) -> Self {
        self.0.is_transient = true;
        self
    }

    /// States the attempts and the time of the call that it belongs to.
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

    /// Adds what to do, or what to know, to what was said before.
    pub(crate) fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        let help = help.into();
        if !self.0.help.contains(&help) {
            self.0.help.push(help);
        }
        self
    }

    /// Marks it as the error of a write that may have been carried out: see
    /// [`is_outcome_unknown`](Self::is_outcome_unknown).
    pub(crate) fn with_unknown_outcome(mut self) -> Self {
        self.0.outcome_unknown = true;
        self
    }

    /// The request that it belongs to, unless it has one: a client that is closed while a call
    /// waits knows none.
    pub(crate) fn within(self, exchange: &Exchange) -> Self {
        if self.0.exchange.is_some() {
            return self;
        }
        self.on(exchange.clone())
    }

    /// As [`within`](Self::within), of the request that another error belongs to.
    pub(crate) fn within_request_of(self, other: &Self) -> Self {
        match other.exchange() {
            Some(exchange) => self.within(exchange),
            None => self,
        }
    }

    /// The server has reported success, and then has no such record: `self` is its answer to the
    /// question for the record.
    pub(crate) fn of_nothing_stored(mut self, exchange: Exchange) -> Self {
        self.0.message =
            "the server reports success, but it has no such record: it stored nothing, or the record was deleted since".into();
        self.on(exchange).with_help(
            "the record was deleted, or its id is wrong; FOLIO's module does not say so itself",
        )
    }

    /// The records that a DELETE would delete could not be counted.
    pub(crate) fn before_deletion(self) -> Self {
        self.with_help("this was asked to count the records that the DELETE would delete; nothing was deleted. `Deletion::All` deletes without counting")
    }

    pub(super) fn on(mut self, mut exchange: Exchange) -> Self {
        if exchange.sensitive {
            self.0.excerpt = None;
            self.0.body = ErrorBody::default();
        }
        if let Cow::Owned(shown) = exchange.shown_url() {
            exchange.target.redact(shown);
        }
        // A record may hold what the request did, and a message may name the record.
        let secrets = exchange.secrets();
        if let Cow::Owned(shown) = secrets.redact_known(exchange.target.shown()) {
            exchange.target.redact(shown);
        }
        if let Cow::Owned(shown) = secrets.redact_known(&self.0.message) {
            self.0.message = shown.into();
        }
        // What was redacted needs no secrets any more, and an error may be stored for long.
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

    /// Marks it as the gateway's refusal of the token, which Okapi may tell by 400 and Kong by 404.
    pub(crate) fn of_refused_token(mut self) -> Self {
        self.0.refused_token = true;
        self
    }

    pub(crate) fn exchange(&self) -> Option<&Exchange> {
        self.0.exchange.as_ref()
    }

    /// The same error once more, for others who wait for the same thing.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}
