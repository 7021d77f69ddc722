//! The predicates and accessors of an error.

use super::kinds::{Error, ErrorKind, Result};
use crate::wire::operation::Operation;
use crate::wire::server_message::{ValidationError, VersionConflict};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use std::time::Duration;

impl Error {
    /// Whether a module reports that the record does not exist: a 404 that is not a gateway's
    /// response for a missing route.
    ///
    /// Gateways' texts: Okapi "No suitable module found for path and tenant", "No running module
    /// instance found for mod-x" (recorded: gateway.jsonl); Kong "no Route matched with those
    /// values" and those about tokens; Eureka's sidecar `route_not_found_error`. A load
    /// balancer responds with HTML, and so do modules that have no such path.
    pub(crate) fn is_missing_record(&self) -> bool {
        let is_html = || {
            let body = self.0.excerpt.as_deref().unwrap_or_default();
            body.trim_start_matches('\u{feff}')
                .trim_start()
                .starts_with('<')
        };
        self.is_not_found() && !self.is_missing_module() && !self.is_module_down() && !is_html()
    }

    /// Whether a gateway reports that no module provides the path (404).
    pub(crate) fn is_missing_module(&self) -> bool {
        self.is_not_found()
            && self.says_one_of(&[
                "no suitable module found",
                "no route matched",
                "route_not_found",
            ])
    }

    /// Whether a gateway reports that a module provides the path but has no running instance (404).
    pub(crate) fn is_module_down(&self) -> bool {
        self.is_not_found() && self.says_one_of(&["no running module instance found"])
    }

    /// Whether the server's message or one of its codes contains one of these phrases.
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

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The record or path does not exist (404).
    pub fn is_not_found(&self) -> bool {
        self.0.status == Some(StatusCode::NOT_FOUND)
            && self.0.kind == ErrorKind::Status
            && !self.0.refused_token
    }

    /// The record was changed by another client since it was read (409), or conflicts in another
    /// way.
    pub fn is_conflict(&self) -> bool {
        self.0.status == Some(StatusCode::CONFLICT) || self.0.kind == ErrorKind::Conflict
    }

    /// The server rejected the content of the record: 422, or 400 with structured errors as in
    /// newer modules.
    pub fn is_validation(&self) -> bool {
        self.0.kind == ErrorKind::Status
            && (self.0.status == Some(StatusCode::UNPROCESSABLE_ENTITY)
                || self.0.status == Some(StatusCode::BAD_REQUEST) && self.0.server.is_validation())
    }

    /// The server reports that the record already exists, or that a record with the same unique
    /// value exists, with any status: 422, 400, 409 and 500 were recorded, with texts such as `Key
    /// (label)=(x) already exists.`, `… value already exists in table …`, `duplicate key value
    /// violates unique constraint` and `This barcode has already been taken`. Some modules of fees
    /// and fines respond only with 400 `Unable to process request`, which does not state the
    /// reason. [`validation_errors`](Self::validation_errors) contains the field and the value, if
    /// the server states them.
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

    /// Authentication failed: the login was rejected, or the token is not accepted even after a
    /// renewal. (Gateways report the latter with 401; Okapi also with 400 "Token missing", Kong
    /// also with 404.)
    pub fn is_unauthenticated(&self) -> bool {
        self.0.kind == ErrorKind::Login
            || self.0.status == Some(StatusCode::UNAUTHORIZED)
            || self.0.refused_token
    }

    /// The user lacks a permission, or may not act in this tenant (403).
    pub fn is_forbidden(&self) -> bool {
        self.0.status == Some(StatusCode::FORBIDDEN)
    }

    /// No response arrived in time: by this client's clock, or by a gateway's (408, 504). It is
    /// unknown whether the request was executed.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
            || matches!(
                self.0.status,
                Some(StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT)
            )
    }

    /// The server may have executed the request although the call failed, and this client could not
    /// determine whether it did. Before sending it again, read the record and compare.
    ///
    /// This holds for a write (POST, PUT, PATCH, DELETE, and a GET with an effect) if any attempt
    /// timed out, lost its connection after it was sent, or got a status that leaves the outcome
    /// open (5xx, 408), and reading the record did not determine the outcome. `Display` always
    /// states it.
    ///
    /// A failed write without this flag was not executed, unless the error is about the response:
    /// an [`ErrorKind::Decode`] has a success status.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// The client was closed.
    pub fn is_closed(&self) -> bool {
        self.0.kind == ErrorKind::ClientClosed
    }

    /// A retry of the same call may succeed. This does not state whether a write was already
    /// executed.
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

    /// The status of the response, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The wait before the next attempt that the server requests (`Retry-After`), if any.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The method of the request, if there was one.
    pub fn method(&self) -> Option<&Method> {
        self.0.exchange.as_ref().map(|exchange| &exchange.method)
    }

    /// The URL of the request, or its path if the request could not be built. Values of secret
    /// parameters are removed.
    pub fn url(&self) -> Option<&str> {
        self.0
            .exchange
            .as_ref()
            .map(|exchange| exchange.target.shown())
    }

    /// The operation; none for a generic call.
    pub fn operation(&self) -> Option<&'static Operation> {
        self.0
            .exchange
            .as_ref()
            .map(|exchange| exchange.operation)
            .filter(|operation| !operation.name.is_empty())
    }

    /// The number of attempts to send the request.
    pub fn attempts(&self) -> u32 {
        self.0
            .exchange
            .as_ref()
            .map_or(0, |exchange| exchange.attempts)
    }

    /// The total duration of the call, including waits.
    pub fn elapsed(&self) -> Duration {
        self.0
            .exchange
            .as_ref()
            .map_or(Duration::ZERO, |exchange| exchange.elapsed)
    }

    /// The server's message, extracted from its JSON or HTML, in one line.
    pub fn server_message(&self) -> Option<&str> {
        self.0.server.message.as_deref()
    }

    /// The errors that the server lists, each with its field.
    pub fn validation_errors(&self) -> &[ValidationError] {
        &self.0.server.errors
    }

    /// The versions of an optimistic locking conflict: another client changed the record since it
    /// was read.
    pub fn version_conflict(&self) -> Option<VersionConflict> {
        VersionConflict::of(self.server_message().filter(|_| self.is_conflict())?)
    }

    /// The start of the body (for a decode error: the part around the fault), at most 2 KiB,
    /// without secrets.
    pub fn body_excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// The body of the error response as a type, or as [`Value`](serde_json::Value): for details
    /// beyond [`validation_errors`](Self::validation_errors).
    ///
    /// An error stores its body up to 64 KiB, with secrets `REDACTED`. The bodies of login calls are
    /// not available.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, check_out: serde_json::Value) -> Result<(), folio_sdk::Error> {
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Block {
    ///     name: String,
    ///     missing_permissions: Vec<String>,
    /// }
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Problem {
    ///     message: String,
    ///     overridable_block: Option<Block>,
    /// }
    /// #[derive(Deserialize)]
    /// struct Problems {
    ///     errors: Vec<Problem>,
    /// }
    ///
    /// match folio.folio_post("/circulation/check-out-by-barcode", &check_out).await {
    ///     Err(error) if error.is_validation() => {
    ///         for problem in error.body_json::<Problems>()?.errors {
    ///             if let Some(block) = problem.overridable_block {
    ///                 println!("{}: {} may override the {}", problem.message, block.missing_permissions.join(", "), block.name);
    ///             }
    ///         }
    ///     }
    ///     other => drop(other?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if this is not the error of a response, if the body is not JSON or
    /// longer than 64 KiB, or if it is not a `T`.
    pub fn body_json<T: DeserializeOwned>(&self) -> Result<T> {
        self.0
            .body
            .json()
            .map_err(|problem| self.unread_body(problem))
    }

    /// The record of a list that could not be read, or the record of a failed job, as the server sent
    /// it, with secrets redacted.
    /// At most 256 KiB.
    pub fn record_json(&self) -> Option<&str> {
        self.0.record.as_ref().map(|record| record.json.as_str())
    }

    /// The last state of the job, as FOLIO names it (`CANCELLED`), if a job on the server failed,
    /// waits for another request, or did not end in time. The states of the parts of a job are
    /// separated by `, `.
    pub fn job_state(&self) -> Option<&str> {
        self.0.job_state.as_deref()
    }

    /// The index in the list of the record that could not be read, from 0.
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
}
