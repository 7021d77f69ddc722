//! Classifies the result of an attempt: a response, or a failure and its class.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use tracing::debug;

use crate::engine::call::{AttemptOutput, CallInProgress, Rest, milliseconds};
use crate::engine::failure::TransportFailure;
use crate::engine::request_line;
use crate::engine::retry::Failed;
use crate::value::redact::Secrets;
use crate::wire::cause;
use crate::wire::error::{Error, ErrorKind};
use crate::wire::operation::Creates;
use crate::wire::redirect;
use crate::wire::rejection::{is_of_eureka, is_token_rejected, leaves_outcome_open};
use crate::wire::response::{is_stray_page, no_content};
use crate::wire::retry::{is_transient, retry_after};
use crate::wire::retry_decision::FailureClass;
use crate::wire::server_message;
use crate::wire::truncated::diagnostics;

const LIMITED: &str = "a rate limiter in front of FOLIO rejects requests: the client slows down automatically; set `rate_limit` of the builder to stay below the limit from the start";

impl CallInProgress<'_> {
    /// The result of an attempt. `rest` is the unread part of a body.
    pub(super) fn classify(
        &mut self,
        sent: Result<Response<Bytes>, TransportFailure>,
        rest: Option<Rest>,
    ) -> Result<AttemptOutput, Failed> {
        self.exchange.elapsed = self.attempts.started.elapsed();
        match sent {
            Ok(response) => {
                if !is_transient(response.status()) {
                    self.session.pace.accepted(self.slot, self.request.path());
                }
                match response.status().is_success() {
                    true => self.success(response, rest),
                    false => self.rejection(response),
                }
            }
            Err(failure) => Err(self.failure(failure)),
        }
    }

    /// A response with a success status: not all of them are what was requested.
    fn success(
        &self,
        response: Response<Bytes>,
        rest: Option<Rest>,
    ) -> Result<AttemptOutput, Failed> {
        // A write that got a login page was not executed, as far as is known. A call by path may
        // request any page.
        if !self.exchange.operation.name.is_empty()
            && is_stray_page(response.headers(), response.body(), self.exchange.operation)
        {
            return Err(self.stray_page(&response));
        }
        match self.broken_off(response.body()) {
            Some(failed) => Err(failed),
            None => Ok(self.done(response, rest)),
        }
    }

    fn done(&self, response: Response<Bytes>, rest: Option<Rest>) -> AttemptOutput {
        debug!(
            status = response.status().as_u16(),
            attempts = self.exchange.attempts,
            bytes = response.body().len(),
            elapsed_ms = milliseconds(self.exchange.elapsed),
            "response received"
        );
        (response, rest)
    }

    #[cold]
    fn stray_page(&self, response: &Response<Bytes>) -> Failed {
        let secrets = self.secrets();
        let (exchange, body) = (self.exchange.clone(), response.body());
        let message = server_message::mistaken(body, exchange.sensitive, &secrets);
        let message = message.unwrap_or_default();
        let error = Error::unexpected_without(&secrets, exchange, message, body);
        Failed::permanent(self.not_repeated(error))
    }

    /// The failure of a list, if the server aborted it.
    fn broken_off(&self, body: &[u8]) -> Option<Failed> {
        if !self.request.is_read() && self.request.is_idempotent() != Some(true) {
            return None;
        }
        let diagnostics = diagnostics(body)?;
        let error = Error::truncated(self.exchange.clone(), &diagnostics, &self.secrets());
        Some(Failed {
            error,
            class: FailureClass::Transient {
                retry_after: None,
                may_be_carried_out: true,
            },
        })
    }

    /// A response with another status.
    #[cold]
    fn rejection(&mut self, response: Response<Bytes>) -> Result<AttemptOutput, Failed> {
        let (status, headers) = (response.status(), response.headers());
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let secrets = self.secrets();
        let error = Error::of_response(
            self.exchange.clone(),
            status,
            content_type,
            response.body(),
            &secrets,
        );
        let is_limited = self.is_limited(status);
        let retry_after = retry_after(headers);
        if is_limited {
            let longest = self.policy.longest_retry_after();
            let wait = retry_after.map(|wait| wait.min(longest));
            self.session.pace.rejected(self.slot, wait);
        }
        if is_token_rejected(status, content_type, &error) {
            return Err(self.token_rejected(error.of_refused_token()));
        }
        if status == StatusCode::FORBIDDEN {
            let by_eureka = is_of_eureka(headers, content_type, &error);
            return Err(Failed {
                error,
                class: FailureClass::Forbidden { by_eureka },
            });
        }
        if is_transient(status) {
            let error = error.with_retry_after(retry_after);
            return Err(self.transient(error, is_limited));
        }
        if status.is_redirection() {
            let help = redirect::help(headers, self.request.path(), &secrets);
            return self.permanent(error.with_help(help));
        }
        let help = match status {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Some(cause::TOO_LARGE),
            _ => error.server_message().and_then(cause::of_page),
        };
        self.permanent(match help {
            Some(help) => error.with_help(help),
            None => error,
        })
    }

    fn token_rejected(&self, error: Error) -> Failed {
        // A 401 to a login or a change of a password refers to the password.
        let is_of_password = self.exchange.sensitive
            && *self.request.method() == Method::POST
            && self.request.facts().creates == Creates::Nothing;
        // A token that was issued after the last rejection and should be valid was rejected: the
        // next one would be rejected, too. A token that was issued before, or has expired during
        // the attempt, shows nothing of the kind.
        let is_useful = |rejected_at| match &self.token {
            Some(token) => token.obtained < rejected_at || !token.is_good(),
            None => false,
        };
        let is_renewable =
            self.token.is_some() && !is_of_password && self.just_rejected.is_none_or(is_useful);
        Failed {
            error,
            class: FailureClass::TokenRejected { is_renewable },
        }
    }

    /// A transient status: of a limiter, or of the servers behind it.
    fn transient(&mut self, error: Error, is_limited: bool) -> Failed {
        let retry_after = error.retry_after();
        if !is_limited {
            return Failed {
                error,
                class: FailureClass::Transient {
                    retry_after,
                    may_be_carried_out: true,
                },
            };
        }
        Failed {
            class: FailureClass::RateLimited {
                retry_after,
                may_be_carried_out: error.status() != Some(StatusCode::TOO_MANY_REQUESTS),
                in_a_row: self.count_rate_limited(),
            },
            error: error.with_help(LIMITED),
        }
    }

    /// A permanent status; except that a 404 after a DELETE with unknown outcome means success.
    fn permanent(&self, error: Error) -> Result<AttemptOutput, Failed> {
        if self.is_second_deletion(&error) {
            if error.is_missing_record() {
                // An attempt without a response has deleted it: the requested state is reached.
                return Ok(self.done(no_content(), None));
            }
            // The gateway did not find the module, which does not show whether the record exists.
            return Err(Failed {
                error,
                class: FailureClass::transient(None),
            });
        }
        Err(Failed::permanent(if request_line::is_too_long(&error) {
            self.session.too_long(self.request, error)
        } else if !self.request.is_read() && leaves_outcome_open(&error) {
            error.with_unknown_outcome()
        } else {
            error
        }))
    }

    /// No complete response arrived.
    #[cold]
    fn failure(&self, mut failure: TransportFailure) -> Failed {
        // The connection may be dead.
        if failure.kind == ErrorKind::Timeout {
            self.session.gateway.leave_connection(self.slot.at());
        }
        let exchange = self.exchange.clone();
        match failure.kind {
            ErrorKind::Request => Failed::permanent(Error::request(exchange, failure.message)),
            // The response arrived but cannot be read: the request may have been executed.
            ErrorKind::TooLarge | ErrorKind::Decode => {
                Failed::permanent(self.not_repeated(failure.into_error(exchange)))
            }
            _ => {
                let excess = failure.is_excess.then(|| self.excess()).flatten();
                if let Some(excess) = excess {
                    failure.lasts = true;
                    failure.help = Some(excess.into());
                    return Failed::permanent(self.not_repeated(failure.into_error(exchange)));
                }
                if failure.lasts {
                    return Failed::permanent(failure.into_error(exchange));
                }
                let may_be_carried_out = !failure.was_never_sent();
                Failed {
                    error: failure.into_error(exchange),
                    class: FailureClass::Transient {
                        retry_after: None,
                        may_be_carried_out,
                    },
                }
            }
        }
    }

    /// An error after which a write is not retried, although it may have been executed.
    fn not_repeated(&self, error: Error) -> Error {
        match self.request.is_read() {
            true => error,
            false => unknown_outcome(error, false),
        }
    }

    /// The secrets of the request that the server may echo.
    fn secrets(&self) -> Secrets {
        let mut secrets = self.request.secrets();
        let header: Option<&HeaderValue> = self.token.as_ref().map(|token| &token.header);
        if let Some(header) = header {
            secrets.add_header(header);
        }
        secrets
    }

    /// Whether a status comes from a limiter. nginx's `limit_req` responds with 503 unless another
    /// status is configured, and so does an outage: but then the path has no recent success.
    fn is_limited(&self, status: StatusCode) -> bool {
        status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::SERVICE_UNAVAILABLE
                && self.session.pace.is_limiting_by_503(self.request.path())
    }

    /// The remedy for this request if its URL and headers were long enough for the gateway to close
    /// the connection.
    #[cold]
    fn excess(&self) -> Option<String> {
        let headers = self.request.headers().iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        cause::excess(self.exchange.target.shown().len() + headers)
    }

    /// Whether it is the 404 to a DELETE of which an earlier attempt may have been executed.
    fn is_second_deletion(&self, error: &Error) -> bool {
        self.exchange.in_doubt && error.is_not_found() && *self.request.method() == Method::DELETE
    }
}

/// Adds to the error of a write that it may have been executed, and the reason why it was not
/// retried.
pub(super) fn unknown_outcome(error: Error, is_repeatable: bool) -> Error {
    error.with_unknown_outcome().with_help(match is_repeatable {
        true => "the outcome of the last attempt is unknown",
        false => "not retried: its outcome is unknown, and a retry could execute it twice (see RetryPolicy and Request::idempotent)",
    })
}
