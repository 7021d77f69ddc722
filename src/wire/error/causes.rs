//! Constructors of errors, one per cause.

use super::body::ErrorBody;
use super::exchange::Exchange;
use super::kinds::{BadRecord, Error, ErrorKind};
use super::misfit::Misfit;
use crate::value::json_path;
use crate::value::redact::{self, Secrets, SentSecrets};
use crate::wire::operation::Operation;
use crate::wire::server_message::{self, text_of};
use crate::wire::target::Target;
use http::StatusCode;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The maximum size of a body excerpt in an error.
const EXCERPT: usize = 2048;

/// The maximum size of a record in an error. An unreadable record is worth more than an excerpt,
/// but memory is bounded.
pub(super) const RECORD: usize = 256 * 1024;

impl Error {
    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// For credentials that cannot be obtained or cannot be sent.
    pub(crate) fn credentials(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Credentials, message)
    }

    /// For an environment in which the SDK cannot run.
    pub(crate) fn runtime(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Runtime, message)
    }

    /// For a token that cannot be sent.
    pub(crate) fn unusable_token() -> Self {
        let message =
            "a token or cookie of the server contains characters that a header cannot contain";
        Self::new(ErrorKind::Login, message)
    }

    /// For failed records of which no failure was recorded.
    pub(crate) fn unrecorded(failed: u64) -> Self {
        let message = format!(
            "{failed} records failed; the report contains none of their errors, because `max_reported_failures` is 0"
        );
        Self::new(ErrorKind::Record, message)
    }

    pub(crate) fn request(exchange: Exchange, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Request, message).on(exchange)
    }

    /// For text that is not the cursor of a page.
    pub(crate) fn invalid_cursor() -> Self {
        Self::new(
            ErrorKind::Request,
            "the text is not the cursor of a page: pass the output of `Page::cursor`",
        )
    }

    /// For a missing body.
    pub(crate) fn no_body(operation: &'static Operation) -> Self {
        let exchange = Exchange {
            operation,
            method: operation.method.clone(),
            target: Target::new(operation.path.to_owned(), 0, false),
            attempts: 0,
            elapsed: Duration::ZERO,
            sensitive: false,
            in_doubt: false,
            sent: SentSecrets::default(),
        };
        Self::request(
            exchange,
            "the request has no body, and this operation needs one: call `body` before `send`",
        )
    }

    pub(crate) fn no_runtime() -> Self {
        Self::runtime("folio-sdk needs a tokio runtime: call it from within one (`#[tokio::main]`)")
    }

    pub(crate) fn closed() -> Self {
        Self::new(
            ErrorKind::ClientClosed,
            "the client was closed: build a new one",
        )
    }

    /// For a request that got no concurrency slot in time.
    pub(crate) fn queued(longest: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "not sent: the request waited {} s for a concurrency slot",
                longest.as_secs_f64()
            ),
        )
        .with_help("`max_in_flight` requests are already in flight, and they are slow; `queue_timeout` sets the maximum wait")
    }

    /// For a login that did not complete in time. It continues in the background.
    pub(crate) fn no_login_in_time(longest: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "not sent: the login that the request needs took longer than {} s",
                longest.as_secs_f64()
            ),
        )
        .with_help("the login continues in the background, so a later call may succeed; `timeout` sets the maximum wait")
    }

    /// For a call whose deadline expired before it was sent.
    pub(crate) fn deadline(exchange: Exchange, elapsed: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "not sent: the deadline of the call expired after {:.1} s",
                elapsed.as_secs_f64()
            ),
        )
        .on(exchange)
        .with_help("it waited for a concurrency slot or rate limit (`max_in_flight`, `rate_limit`, a limiter in front of FOLIO) or for a login; `deadline` sets the maximum duration of the call")
    }

    /// For logins that got no response: another wrong password would count against the account.
    pub(crate) fn login_lost(times: usize, wait: Duration) -> Self {
        Self::new(
            ErrorKind::Transport,
            format!("the login was sent {times} times without a response"),
        )
        .with_help(format!(
            "it is unknown whether the password is correct, and the fifth wrong one blocks an account: the login is not retried for {} s. A password that was accepted before is retried by the retry policy",
            wait.as_secs()
        ))
    }

    /// For a credentials provider that returned nothing in time.
    pub(crate) fn no_credentials_in_time(longest: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "the credentials provider returned no credentials within {} s",
                longest.as_secs_f64()
            ),
        )
        .with_help("the next call calls it again; `timeout` of the client sets the maximum wait")
    }

    /// For a response with an error status. `secrets` are the secrets that its text may echo.
    pub(crate) fn of_response(
        exchange: Exchange,
        status: StatusCode,
        content_type: Option<&str>,
        body: &[u8],
        secrets: &Secrets,
    ) -> Self {
        let mut error = Self::new(ErrorKind::Status, "");
        error.0.status = Some(status);
        error.0.server = server_message::parse(content_type, body, secrets);
        if !exchange.sensitive {
            error.0.excerpt = secrets.excerpt(body, 0, EXCERPT, text_of);
            error.0.body = ErrorBody::of(body, secrets);
        }
        error.on(exchange)
    }

    /// That the body of an error response cannot be read as a program asks.
    pub(super) fn unread_body(&self, message: String) -> Self {
        let mut error = Self::new(ErrorKind::Decode, message);
        error.0.status = self.0.status;
        error.0.exchange.clone_from(&self.0.exchange);
        error.with_help(
            "this is about the body of an error response: `server_message` and `body_excerpt` have what it says",
        )
    }

    pub(crate) fn login(exchange: Exchange, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Login, message).on(exchange)
    }

    /// For a supplied token that is no longer valid.
    pub(crate) fn no_token(message: &'static str) -> Self {
        Self::new(ErrorKind::Login, message).with_help(
            "supply a refresh token with it (`Credentials::refresh_token`), or a CredentialsProvider that returns a new token on each call",
        )
    }

    pub(crate) fn transport(
        kind: ErrorKind,
        exchange: Exchange,
        message: String,
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let mut error = Self::new(kind, message).on(exchange);
        error.0.source = source;
        error
    }

    pub(crate) fn truncated(exchange: Exchange, diagnostics: &str, secrets: &Secrets) -> Self {
        let mut error = Self::new(ErrorKind::Truncated, "the server aborted the list");
        error.0.server.message = Some(secrets.shown(diagnostics));
        error.on(exchange)
    }

    /// For an unexpected body. `problem` states the deviation and its place; serde's message
    /// contains at most one value of the body.
    pub(crate) fn decode(
        exchange: Exchange,
        status: Option<StatusCode>,
        body: &[u8],
        source: serde_json::Error,
    ) -> Self {
        let secrets = exchange.secrets();
        let path = json_path::at(body, &source);
        let problem = Misfit::new(&path, source, exchange.sensitive, &secrets);
        let message = if body.is_empty() {
            "the response has no body; expected JSON".to_owned()
        } else if let Some(mistaken) = server_message::mistaken(body, exchange.sensitive, &secrets)
        {
            format!("{mistaken} ({problem})")
        } else if path.is_empty() {
            format!("unexpected response: {problem}")
        } else {
            let path = secrets.shown(&path);
            format!("unexpected response at `{path}`: {problem}")
        };
        let mut error = Self::new(ErrorKind::Decode, message);
        error.0.status = status;
        if !exchange.sensitive {
            error.0.excerpt = secrets.excerpt(body, problem.offset(body), EXCERPT, text_of);
        }
        problem.cause(error.on(exchange))
    }

    pub(crate) fn unexpected(exchange: Exchange, message: String, body: &[u8]) -> Self {
        let secrets = exchange.secrets();
        Self::unexpected_without(&secrets, exchange, message, body)
    }

    /// As [`unexpected`](Self::unexpected), for an exchange that does not yet contain what was
    /// sent.
    pub(crate) fn unexpected_without(
        secrets: &Secrets,
        exchange: Exchange,
        message: String,
        body: &[u8],
    ) -> Self {
        let mut error = Self::new(ErrorKind::Decode, message);
        if !exchange.sensitive {
            error.0.excerpt = secrets.excerpt(body, 0, EXCERPT, text_of);
        }
        error.on(exchange)
    }

    /// For a record of a list that cannot be read: the `index`-th record overall (from 0), as
    /// `json`.
    pub(crate) fn record(
        exchange: Exchange,
        index: u64,
        id: Option<String>,
        json: &[u8],
        source: serde_json::Error,
    ) -> Self {
        let secrets = exchange.secrets();
        let path = json_path::at(json, &source);
        let source = Misfit::new(&path, source, exchange.sensitive, &secrets);
        let id = id.map(|id| secrets.shown(&id));
        let name = match &id {
            Some(id) => format!("record {index} (id {id})"),
            None => format!("record {index}"),
        };
        let at = if path.is_empty() {
            String::new()
        } else {
            format!(" at `{}`", secrets.shown(&path))
        };
        let mut error = Self::new(
            ErrorKind::Record,
            format!("unexpected value in {name} of the list{at}: {source}"),
        );
        error.0.record = Some(BadRecord {
            index,
            id,
            json: match exchange.sensitive {
                true => redact::REDACTED.to_owned(),
                false => secrets
                    .excerpt(json, 0, RECORD, text_of)
                    .unwrap_or_default(),
            },
        });
        let error = source.cause(error.on(exchange));
        error.with_help("the stream continues with the other records; `record_json()` returns this one as the server sent it")
    }

    pub(crate) fn paging(exchange: Exchange, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Paging, message).on(exchange)
    }

    pub(crate) fn conflict(exchange: Exchange, message: String) -> Self {
        Self::new(ErrorKind::Conflict, message)
            .on(exchange)
            .with_help(
                "read the record again and apply the change to it, or allow the SDK to overwrite the changes of others",
            )
    }

    /// For a lookup by name that found no record, or more than one.
    pub(crate) fn lookup(message: String) -> Self {
        Self::new(ErrorKind::Lookup, message)
    }
}
