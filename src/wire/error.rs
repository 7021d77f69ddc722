//! The one error of this library.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use crate::value::json_path;
use crate::value::redact::{self, Secrets, Sent};
use crate::wire::operation::Operation;
use crate::wire::server_message::{self, ServerMessage, text_of};

pub use crate::wire::server_message::{Parameter, ValidationError, VersionConflict};

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much of a body an error keeps.
const EXCERPT: usize = 2048;

/// How much of a record an error keeps. A record that cannot be read is worth more than an excerpt, but memory has an end.
const RECORD: usize = 256 * 1024;

/// How much of a URL stands in the one line of `Display`: queries are long.
const SHOWN_URL: usize = 300;

/// How much of the server's words stands in the one line of `Display`.
const LINE: usize = 500;

/// What went wrong, on what, and what the server said about it.
///
/// `Display` gives one line; the alternate form `{:#}` gives everything that is known, on several lines. Neither shows a password, a token
/// or a cookie.
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
pub struct Error(Box<Inner>);

/// What kind of thing went wrong. Predicates such as [`Error::is_not_found`] say it more finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was not built from sound values: a wrong URL, no tenant, no credentials.
    Configuration,
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
    /// The gateway could not be reached, or said that it did not process the request: nothing was carried out.
    Connect,
    /// The connection broke before the whole answer was there.
    Transport,
    /// The server broke off a list in the middle of an answer with status 200.
    Truncated,
    /// The answer is not what was expected.
    Decode,
    /// One record of a list is not what was expected; the list goes on.
    Record,
    /// What was looked up by its name or code is not there, or not just once.
    Lookup,
    /// A list cannot be read to its end without losing or repeating records.
    Paging,
    /// What was downloaded cannot be written where it should go.
    Io,
    /// The response is larger than the memory that it may take: see [`MemoryLimits`](crate::MemoryLimits). Whether a write was carried out is
    /// not said by it.
    TooLarge,
    /// The record was changed by somebody else since it was read; found before anything was sent.
    Conflict,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    exchange: Option<Exchange>,
    status: Option<StatusCode>,
    server: ServerMessage,
    excerpt: Option<String>,
    retry_after: Option<Duration>,
    record: Option<BadRecord>,
    help: Vec<Cow<'static, str>>,
    /// The server may have carried it out, and that could not be found out.
    outcome_unknown: bool,
    /// The gateway refused the token, by whatever status.
    refused_token: bool,
    /// It will be the same whenever it is tried again, whatever the kind.
    lasts: bool,
    /// It is transient, whatever the status says.
    is_transient: bool,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone)]
struct BadRecord {
    index: u64,
    id: Option<String>,
    json: String,
}

/// The request that an answer or an error belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) operation: &'static Operation,
    pub(crate) method: Method,
    /// As sent, but for the values of parameters that are secrets.
    pub(crate) url: String,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// Whether the bodies may hold tokens or passwords, so that they must not be shown.
    pub(crate) sensitive: bool,
    /// Whether an earlier attempt, which seemed to fail, may have been carried out.
    pub(crate) in_doubt: bool,
    /// What was sent and is not to be shown.
    pub(crate) sent: Sent,
}

impl Exchange {
    /// What the server may repeat and is not to be shown.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = self.sent.secrets();
        for span in self.operation.secret_segments(&self.url) {
            let segment = self.url.get(span).unwrap_or_default();
            secrets.add(&percent_decode_str(segment).decode_utf8_lossy());
        }
        secrets
    }

    /// The URL without secrets.
    pub(crate) fn shown_url(&self) -> Cow<'_, str> {
        self.operation.without_secrets(&self.url)
    }
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            exchange: None,
            status: None,
            server: ServerMessage::default(),
            excerpt: None,
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

    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    pub(crate) fn request(exchange: Exchange, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Request, message).on(exchange)
    }

    /// The body was forgotten.
    pub(crate) fn no_body(operation: &'static Operation) -> Self {
        let exchange = Exchange {
            operation,
            method: operation.method.clone(),
            url: operation.path.to_owned(),
            attempts: 0,
            elapsed: Duration::ZERO,
            sensitive: false,
            in_doubt: false,
            sent: Sent::default(),
        };
        Self::request(
            exchange,
            "the request has no body, and this operation needs one: call `body` before `send`",
        )
    }

    pub(crate) fn no_runtime() -> Self {
        Self::configuration(
            "folio-sdk runs in a tokio runtime: call it from one (`#[tokio::main]`)",
        )
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

    /// States the request, where nothing was sent yet.
    pub(crate) fn of_request(self, exchange: &Exchange) -> Self {
        match &self.0.exchange {
            None if self.0.kind == ErrorKind::Timeout => self.on(exchange.clone()),
            _ => self,
        }
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
        }
        error.on(exchange)
    }

    /// Makes of a status that the login got an error of the login.
    pub(crate) fn into_login(mut self, message: String) -> Self {
        self.0.kind = ErrorKind::Login;
        self.0.message = message.into();
        self
    }

    pub(crate) fn login(exchange: Exchange, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Login, message).on(exchange)
    }

    /// A token that was handed in is no longer good.
    pub(crate) fn no_token(message: &'static str) -> Self {
        Self::new(ErrorKind::Login, message).with_help(
            "hand in a refresh token with it (`Credentials::refresh_token`), or a CredentialSource that gives another token when it is asked again",
        )
    }

    pub(crate) fn transport(
        kind: ErrorKind,
        exchange: Exchange,
        message: String,
        source: Option<impl std::error::Error + Send + Sync + 'static>,
    ) -> Self {
        let error = Self::new(kind, message).on(exchange);
        match source {
            Some(source) => error.because(source),
            None => error,
        }
    }

    pub(crate) fn truncated(exchange: Exchange, diagnostics: &str, secrets: &Secrets) -> Self {
        let mut error = Self::new(
            ErrorKind::Truncated,
            "the server broke off the list in the middle",
        );
        error.0.server.message = Some(secrets.shown(diagnostics));
        error.on(exchange)
    }

    /// The body is not what was expected. `problem` says what is wrong where; serde's message holds no more of the body than one value.
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

    /// Marks it as the error of a write that may have been carried out: see [`is_outcome_unknown`](Self::is_outcome_unknown).
    pub(crate) fn with_unknown_outcome(mut self) -> Self {
        self.0.outcome_unknown = true;
        self
    }

    /// The request that it belongs to, unless it has one: a client that is closed while a call waits knows none.
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

    /// The server has reported success, and then has no such record: `self` is its answer to the question for the record.
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

    fn on(mut self, mut exchange: Exchange) -> Self {
        if exchange.sensitive {
            self.0.excerpt = None;
        }
        if let Cow::Owned(shown) = exchange.shown_url() {
            exchange.url = shown;
        }
        // A record may hold what the request did, and a message may name the record.
        let secrets = exchange.secrets();
        if let Cow::Owned(shown) = secrets.redact_known(&exchange.url) {
            exchange.url = shown;
        }
        if let Cow::Owned(shown) = secrets.redact_known(&self.0.message) {
            self.0.message = shown.into();
        }
        // What was redacted needs no secrets any more, and an error may be stored for long.
        exchange.sent = Sent::default();
        self.0.exchange = Some(exchange);
        self
    }

    fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
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

    /// Whether a module says that it has no such record: a 404 that is not a gateway's, which did not find the module.
    ///
    /// Gateways' texts: Okapi "No suitable module found for path and tenant", "No running module instance found for mod-x" (recorded:
    /// gateway.jsonl); Kong "no Route matched with those values" and those about tokens; Eureka's sidecar `route_not_found_error`. A load
    /// balancer answers with HTML, and so do modules that have no such path.
    pub(crate) fn is_missing_record(&self) -> bool {
        let is_html = || {
            let body = self.0.excerpt.as_deref().unwrap_or_default();
            body.trim_start_matches('\u{feff}')
                .trim_start()
                .starts_with('<')
        };
        self.is_not_found() && !self.is_missing_module() && !self.is_module_down() && !is_html()
    }

    /// Whether a gateway says that no module has the path (404).
    pub(crate) fn is_missing_module(&self) -> bool {
        self.is_not_found()
            && self.says_one_of(&[
                "no suitable module found",
                "no route matched",
                "route_not_found",
            ])
    }

    /// Whether a gateway says that there is a module for the path, and that no instance of it is running (404).
    pub(crate) fn is_module_down(&self) -> bool {
        self.is_not_found() && self.says_one_of(&["no running module instance found"])
    }

    /// Whether the server's message or one of its codes has some of these words.
    fn says_one_of(&self, words: &[&str]) -> bool {
        let says = |text: &str| {
            let text = text.to_ascii_lowercase();
            words.iter().any(|words| text.contains(words))
        };
        let mut codes = self
            .0
            .server
            .errors
            .iter()
            .filter_map(|error| error.code.as_deref());
        self.server_message().is_some_and(says) || codes.any(says)
    }

    /// The same error once more, for others who wait for the same thing.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The server has no such record or path (404).
    pub fn is_not_found(&self) -> bool {
        self.0.status == Some(StatusCode::NOT_FOUND)
            && self.0.kind == ErrorKind::Status
            && !self.0.refused_token
    }

    /// The record was changed by somebody else since it was read (409), or is otherwise in conflict.
    pub fn is_conflict(&self) -> bool {
        self.0.status == Some(StatusCode::CONFLICT) || self.0.kind == ErrorKind::Conflict
    }

    /// The server understood the record and refuses its content: 422, or 400 with structured errors as newer modules give them.
    pub fn is_validation(&self) -> bool {
        self.0.kind == ErrorKind::Status
            && (self.0.status == Some(StatusCode::UNPROCESSABLE_ENTITY)
                || self.0.status == Some(StatusCode::BAD_REQUEST) && self.0.server.is_validation())
    }

    /// The server says that there is such a record already, or one with the same value where it must be unique, by whatever status: 422, 400,
    /// 409 and 500 were recorded, with texts such as `Key (label)=(x) already exists.`, `… value already exists in table …`, `duplicate key
    /// value violates unique constraint` and `This barcode has already been taken`. Some modules of fees and fines only answer 400 `Unable to
    /// process request`, which says nothing. [`validation_errors`](Self::validation_errors) has the field and the value, where the server says
    /// them.
    pub fn is_duplicate(&self) -> bool {
        const WORDS: [&str; 5] = [
            "already exist",
            "already been taken",
            "duplicate key value",
            "violates unique constraint",
            ".duplicate",
        ];
        let says = |text: &str| {
            let text = text.to_ascii_lowercase();
            WORDS.iter().any(|words| text.contains(words))
        };
        let errors = &self.0.server.errors;
        self.0.kind == ErrorKind::Status
            && (self.server_message().is_some_and(says)
                || errors
                    .iter()
                    .any(|error| says(&error.message) || error.code.as_deref().is_some_and(says)))
    }

    /// The server does not know who asks: the login was refused, or the token is not accepted even after a renewal. (Gateways tell the
    /// latter by 401; Okapi also by 400 "Token missing", Kong also by 404.)
    pub fn is_unauthenticated(&self) -> bool {
        self.0.kind == ErrorKind::Login
            || self.0.status == Some(StatusCode::UNAUTHORIZED)
            || self.0.refused_token
    }

    /// The user lacks a permission, or may not act in this tenant (403).
    pub fn is_forbidden(&self) -> bool {
        self.0.status == Some(StatusCode::FORBIDDEN)
    }

    /// There was no answer in time: by this client's clock, or by a gateway's (408, 504). Whether the request was carried out is unknown.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
            || matches!(
                self.0.status,
                Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)
            )
    }

    /// The server may have carried out the request, although the call failed, and this client could not find out whether it did. Before
    /// it is sent again, read the record and compare.
    ///
    /// That is so of a write (POST, PUT, PATCH, DELETE, and a GET that has an effect) when the last attempt or an earlier one timed out,
    /// lost its connection after it was sent, or was answered with a status that leaves it open (5xx, 408), and reading the record
    /// did not show what became of it. `Display` always says it.
    ///
    /// An error of a write without this was not carried out, unless it is of the answer: an [`ErrorKind::Decode`] has the status of a success.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// The client was closed.
    pub fn is_closed(&self) -> bool {
        self.0.kind == ErrorKind::ClientClosed
    }

    /// The same call may well succeed later. It says nothing about whether a write was carried out already.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            _ if self.0.lasts => false,
            _ if self.0.is_transient => true,
            ErrorKind::Timeout
            | ErrorKind::Connect
            | ErrorKind::Transport
            | ErrorKind::Truncated => true,
            ErrorKind::Status => self.0.status.is_some_and(crate::wire::retry::is_transient),
            _ => false,
        }
    }

    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// How long the server asks to wait before the next attempt (`Retry-After`), if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The method of the request, where there was one.
    pub fn method(&self) -> Option<&Method> {
        self.0.exchange.as_ref().map(|exchange| &exchange.method)
    }

    /// The URL of the request; of one that could not be made, its path. Values of parameters that are secrets are left out.
    pub fn url(&self) -> Option<&str> {
        self.0
            .exchange
            .as_ref()
            .map(|exchange| exchange.url.as_str())
    }

    /// The operation; none for a generic call.
    pub fn operation(&self) -> Option<&'static Operation> {
        self.0
            .exchange
            .as_ref()
            .map(|exchange| exchange.operation)
            .filter(|operation| !operation.name.is_empty())
    }

    /// How often the request was sent, or tried to be.
    pub fn attempts(&self) -> u32 {
        self.0
            .exchange
            .as_ref()
            .map_or(0, |exchange| exchange.attempts)
    }

    /// How long the call took in all, waiting included.
    pub fn elapsed(&self) -> Duration {
        self.0
            .exchange
            .as_ref()
            .map_or(Duration::ZERO, |exchange| exchange.elapsed)
    }

    /// What the server said, freed from the JSON or HTML it was wrapped in. On one line.
    pub fn server_message(&self) -> Option<&str> {
        self.0.server.message.as_deref()
    }

    /// The errors that the server lists, each with the field it concerns.
    pub fn validation_errors(&self) -> &[ValidationError] {
        &self.0.server.errors
    }

    /// The versions, if it is a conflict of optimistic locking: the record was changed by somebody else since it was read.
    pub fn version_conflict(&self) -> Option<VersionConflict> {
        VersionConflict::of(self.server_message().filter(|_| self.is_conflict())?)
    }

    /// The beginning of the body (of a decode error: the part around the fault), at most 2 KiB, without secrets.
    pub fn body_excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// The record of a list that could not be read, as the server sent it, but for secrets. At most 256 KiB.
    pub fn record_json(&self) -> Option<&str> {
        self.0.record.as_ref().map(|record| record.json.as_str())
    }

    /// The place in the list of the record that could not be read, from 0.
    pub fn record_index(&self) -> Option<u64> {
        self.0.record.as_ref().map(|record| record.index)
    }

    /// The `id` of the record that could not be read, if it has one.
    pub fn record_id(&self) -> Option<&str> {
        self.0
            .record
            .as_ref()
            .and_then(|record| record.id.as_deref())
    }

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
            // Pages of gateways have the status as their title.
            let title = inner.status.map(|status| Status(status).to_string());
            let rest = title.and_then(|title| message.strip_prefix(&title));
            let message = rest.unwrap_or(message).trim_start();
            if !message.is_empty() {
                write!(out, ": {}", OneLine(message))?;
            }
        }
        if inner.outcome_unknown {
            out.write_str(" [outcome unknown: the server may have carried it out]")?;
        }
        Ok(())
    }

    fn all(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        self.summary(out)?;
        if let Some(exchange) = &inner.exchange {
            write!(out, "\n  request:     {} {}", exchange.method, exchange.url)?;
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
                write!(out, "\n  attempts:    {}", Attempts(exchange))?;
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
            let url = exchange.url.as_str();
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
                write!(out, " (attempts: {})", Attempts(exchange))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `fn main() -> Result<(), Error>` prints: for people.
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

struct Attempts<'a>(&'a Exchange);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} in {:.1} s",
            self.0.attempts,
            self.0.elapsed.as_secs_f64()
        )
    }
}

/// `404 Not Found`, and of a status without a name the number only.
struct Status(StatusCode);

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0.as_u16())?;
        self.0
            .canonical_reason()
            .map_or(Ok(()), |reason| write!(out, " {reason}"))
    }
}

/// Text without line breaks, and not without end.
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

/// Why JSON is not what was expected, without the value of a secret: serde shows the value that does not fit.
struct Misfit {
    text: String,
    source: serde_json::Error,
    is_redacted: bool,
}

impl Misfit {
    fn new(path: &str, source: serde_json::Error, sensitive: bool, secrets: &Secrets) -> Self {
        let text = source.to_string();
        let is_secret = sensitive || path.split(['.', '[']).any(redact::is_secret);
        // Of a value that is itself secret only the place is told.
        let shown = if is_secret && source.is_data() {
            format!(
                "a value of another type was expected at line {} column {}",
                source.line(),
                source.column()
            )
        } else {
            secrets.shown(&text)
        };
        Self {
            is_redacted: shown != text,
            text: shown,
            source,
        }
    }

    /// How many bytes were read when it was found.
    fn offset(&self, json: &[u8]) -> usize {
        json_path::offset(json, &self.source)
    }

    /// The error with its cause, unless that shows a secret.
    fn cause(self, error: Error) -> Error {
        if self.is_redacted {
            error
        } else {
            error.because(self.source)
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
