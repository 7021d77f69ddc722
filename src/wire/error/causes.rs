//! Makes errors of what went wrong.

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

/// How much of a body an error keeps.
const EXCERPT: usize = 2048;

/// How much of a record an error keeps. A record that cannot be read is worth more than an excerpt,
/// but memory has an end.
const RECORD: usize = 256 * 1024;

impl Error {
    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// Of credentials that cannot be had or cannot be sent.
    pub(crate) fn credentials(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Credentials, message)
    }

    /// Of a place where the SDK cannot run.
    pub(crate) fn runtime(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Runtime, message)
    }

    /// Of a token that cannot be sent.
    pub(crate) fn unusable_token() -> Self {
        let message = "a token or cookie of the server has characters that a header cannot have";
        Self::new(ErrorKind::Login, message)
    }

    /// Of records that failed, when no failure was recorded.
    pub(crate) fn unrecorded(failed: u64) -> Self {
        let message = format!(
            "{failed} records failed, and `max_reported_failures` is 0, so that the report has none of their errors"
        );
        Self::new(ErrorKind::Record, message)
    }

    pub(crate) fn request(exchange: Exchange, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Request, message).on(exchange)
    }

    /// Of text that should be the cursor of a page.
    pub(crate) fn invalid_cursor() -> Self {
        Self::new(
            ErrorKind::Request,
            "the text is not the cursor of a page: it is made by `Page::cursor`",
        )
    }

    /// The body was forgotten.
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
        Self::runtime("folio-sdk runs in a tokio runtime: call it from one (`#[tokio::main]`)")
    }

    pub(crate) fn closed() -> Self {
        Self::new(
            ErrorKind::ClientClosed,
            "the client was closed: build a new one to go on",
        )
    }

    /// It did not get its turn.
    pub(crate) fn queued(longest: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "the request did not get its turn within {} s, and was not sent",
                longest.as_secs_f64()
            ),
        )
        .with_help("more requests are on their way than `max_in_flight` allows, and they are slow; `queue_timeout` is how long to wait")
    }

    /// A login did not end in time. It goes on.
    pub(crate) fn no_login_in_time(longest: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "the login that the request needs took longer than {} s, and the request was not sent",
                longest.as_secs_f64()
            ),
        )
        .with_help("the login goes on in the background: a later call may find it done. `timeout` is how long to wait for it")
    }

    /// The deadline of a call came before it was sent.
    pub(crate) fn deadline(exchange: Exchange, elapsed: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "the deadline of the call came after {:.1} s, and the request was not sent",
                elapsed.as_secs_f64()
            ),
        )
        .on(exchange)
        .with_help("it waited for its turn (`max_in_flight`, `rate_limit`, a limiter) or for a login; `deadline` is how long the whole call may take")
    }

    /// Logins were sent whose responses were lost, and a wrong password would be counted once more.
    pub(crate) fn login_lost(times: usize, wait: Duration) -> Self {
        Self::new(
            ErrorKind::Transport,
            format!("the login was sent {times} times, and no response came"),
        )
        .with_help(format!(
            "it is not known whether the password is right, and the fifth wrong one blocks an account: it is not sent again for {} s. A password that was right once is sent as often as the policy says",
            wait.as_secs()
        ))
    }

    /// A credential source gave nothing.
    pub(crate) fn no_credentials_in_time(longest: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            format!(
                "the credential source gave no credentials within {} s",
                longest.as_secs_f64()
            ),
        )
        .with_help(
            "the next call asks it again; `timeout` of the client is how long to wait for it",
        )
    }

    /// The server responded with an error status. `secrets` are what its words may repeat.
    pub(crate) fn answered(
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

    /// A token that was handed in is no longer good.
    pub(crate) fn no_token(message: &'static str) -> Self {
        Self::new(ErrorKind::Login, message).with_help(
            "hand in a refresh token with it (`Credentials::refresh_token`), or a CredentialsProvider that gives another token when it is asked again",
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
        let mut error = Self::new(
            ErrorKind::Truncated,
            "the server broke off the list in the middle",
        );
        error.0.server.message = Some(secrets.shown(diagnostics));
        error.on(exchange)
    }

    /// The body is not what was expected. `problem` says what is wrong where; serde's message holds
    /// no more of the body than one value.
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
            "the answer has no body, and JSON was expected".to_owned()
        } else if let Some(mistaken) = server_message::mistaken(body, exchange.sensitive, &secrets)
        {
            format!("{mistaken} ({problem})")
        } else if path.is_empty() {
            format!("the answer is not what was expected: {problem}")
        } else {
            let path = secrets.shown(&path);
            format!("the answer is not what was expected at `{path}`: {problem}")
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

    /// As [`unexpected`](Self::unexpected), where the exchange does not know yet what was sent.
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

    /// A record of a list that cannot be read: the `index`-th of all (from 0), as `json`.
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
            format!("{name} of the list is not what was expected{at}: {source}"),
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
        error.with_help("the other records of the list follow; `record_json()` has this one as the server sent it")
    }

    pub(crate) fn paging(exchange: Exchange, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Paging, message).on(exchange)
    }

    pub(crate) fn conflict(exchange: Exchange, message: String) -> Self {
        Self::new(ErrorKind::Conflict, message)
            .on(exchange)
            .with_help(
                "read it again and change it, or say that what others changed may be overwritten",
            )
    }

    /// Nothing, or more than one thing, has the name that was looked up.
    pub(crate) fn lookup(message: String) -> Self {
        Self::new(ErrorKind::Lookup, message)
    }
}
