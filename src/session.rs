//! The pipeline that every request goes through:
//! closed? -> permit -> token and tenant -> send -> classify -> renew, back off, or done.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use memchr::memmem::FinderRev;
use reqwest::Url;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug, debug_span};

use crate::auth::{self, Auth};
use crate::body::{Body, Progress};
use crate::cache::Cache;
use crate::download::Download;
use crate::error::{Error, ErrorKind, Exchange, Result};
use crate::limit::{Limit, Rate};
use crate::redact;
use crate::request::{Request, TENANT, TOKEN};
use crate::response::Response;
use crate::retry::{self, Allowance, RetryPolicy};
use crate::transport::{self, Answer, Arriving, Failure, Gateway};

/// What all clones and tenant handles of a client share.
pub(crate) struct Session {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) limit: Limit,
    pub(crate) rate: Option<Rate>,
    pub(crate) retry: RetryPolicy,
    pub(crate) cache: Cache,
    pub(crate) allowance: Allowance,
}

/// Where the one line is told that each call has when it is over.
pub(crate) const REQUESTS: &str = "folio_sdk::request";

/// Many methods of FOLIO's modules give text only, and answer 400 to those who accept JSON only.
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, text/plain");

/// An answer, and what of its body was not read.
type Answered = (Response, Option<Rest>);

/// What of a body was not read, and the permit that is held until it is.
type Rest = (reqwest::Body, OwnedSemaphorePermit);

/// How often a token may be refused in one call. Each time it is renewed, since a call that is repeated for minutes can outlive several.
const MOST_REFUSALS: u32 = 10;

/// What became of one attempt.
enum Verdict {
    Done(Answer),
    /// The server did not accept the token.
    Renew(Error),
    /// It may be tried again if it may be repeated; `sent` tells whether the server may have carried it out.
    Again {
        error: Error,
        retry_after: Option<Duration>,
        sent: bool,
    },
    /// The user may not, or so the server says.
    Forbidden {
        error: Error,
        is_eureka: bool,
    },
    Failed(Error),
}

impl Session {
    /// Sends a request until it is done, and reads the whole answer.
    ///
    /// A block and no `async fn`, whose future would hold the request twice: as an argument, and as the variable that it is bound to.
    #[expect(clippy::manual_async_fn, reason = "see above")]
    pub(crate) fn run(
        self: Arc<Self>,
        tenant: Result<HeaderValue, String>,
        request: Request,
    ) -> impl Future<Output = Result<Response>> + Send {
        async move {
            self.carry_out(tenant, &request, true)
                .await
                .map(|(response, _)| response)
        }
    }

    /// Sends a request until it is done, and reads the head of the answer.
    #[expect(clippy::manual_async_fn, reason = "as above")]
    pub(crate) fn open(
        self: Arc<Self>,
        tenant: Result<HeaderValue, String>,
        request: Request,
    ) -> impl Future<Output = Result<Download>> + Send {
        async move {
            let timeout = request
                .attempt_timeout()
                .unwrap_or_else(|| self.gateway.timeout());
            let (response, rest) = self.carry_out(tenant, &request, false).await?;
            Ok(Download::new(response, rest, timeout))
        }
    }

    async fn carry_out(
        &self,
        tenant: Result<HeaderValue, String>,
        request: &Request,
        whole: bool,
    ) -> Result<Answered> {
        let span = span(&tenant, request);
        let outcome = self
            .pursue(tenant.clone(), request, whole)
            .instrument(span.clone())
            .await;
        let outcome = match outcome {
            Err(error) if error.is_in_doubt() => {
                // What is rare is boxed here and below, so that the future of every call is not as large as its largest case.
                let found = Box::pin(self.created(tenant, request, error));
                found.instrument(span.clone()).await
            }
            outcome => outcome,
        };
        match &outcome {
            Ok((response, _)) => {
                let exchange = response.exchange();
                record(&span, exchange, Some(response.status()));
                span.record("received_bytes", response.body().len());
                debug!(
                    target: REQUESTS,
                    parent: None,
                    "{} {} -> {} in {} ms, {} bytes, attempts: {}",
                    exchange.method,
                    exchange.url,
                    response.status().as_u16(),
                    milliseconds(exchange.elapsed),
                    response.body().len(),
                    exchange.attempts,
                );
            }
            Err(error) => {
                span.record("error", tracing::field::debug(error.kind()));
                if let Some(exchange) = error.exchange() {
                    record(&span, exchange, error.status());
                }
                debug!(target: REQUESTS, parent: None, "{error}");
            }
        }
        outcome
    }

    /// Finds out whether a record was created by an attempt that got no answer, after the server has refused to create it again.
    async fn created(
        &self,
        tenant: Result<HeaderValue, String>,
        request: &Request,
        error: Error,
    ) -> Result<Answered> {
        let says_so = matches!(
            error.status().map(|status| status.as_u16()),
            Some(400 | 409 | 422 | 500)
        );
        let Some(id) = says_so.then(|| request.created_id()).flatten() else {
            return Err(error);
        };
        debug!(error = %error, %id, "refused after an attempt without an answer: was that one carried out?");
        let stored = request.like(Method::GET, &format!("{}/{id}", request.own_path()));
        match self.pursue(tenant, &stored, true).await {
            Ok((found, _)) if request.is_stored_as(found.body()) => {
                let exchange = error.exchange().cloned();
                Ok((found.of(exchange), None))
            }
            Ok(_) => Err(error.with_help(
                "an earlier attempt of this very call got no answer, and the record that now has this id is not the one that was sent: compare them",
            )),
            Err(lookup) => {
                debug!(error = %lookup, "the record was not found");
                Err(error)
            }
        }
    }

    /// Gives with the answer what of its body was not read, if it was not to be read whole.
    async fn pursue(
        &self,
        tenant: Result<HeaderValue, String>,
        request: &Request,
        whole: bool,
    ) -> Result<Answered> {
        if self.auth.is_closed() {
            return Err(Error::closed());
        }
        if let Some(problem) = request.problem() {
            return Err(Error::request(
                request.exchange(self.gateway.base()),
                problem.to_owned(),
            ));
        }
        if Handle::try_current().is_err() {
            return Err(Error::no_runtime());
        }
        let own_token = request.headers().contains_key(TOKEN);
        let tenant = match request.headers().get(TENANT) {
            Some(tenant) => tenant.clone(),
            None => tenant.map_err(Error::configuration)?,
        };
        let timeout = request
            .attempt_timeout()
            .unwrap_or_else(|| self.gateway.timeout());
        let policy = request.retry_policy().unwrap_or(&self.retry);

        let started = Instant::now();
        let base = self.gateway.base();
        let mut exchange = request.exchange(base);
        let url = match exchange.url.get(base.len()..) {
            Some(target) if !request.has_secret_parameters() => self.gateway.locate(target),
            _ => self.gateway.locate(&request.target()),
        };
        // The generation of the token that the server refused last.
        let mut refused = None;
        // When it refused one at the last attempt, and how often it did so at all.
        let (mut just_refused, mut refusals): (Option<Instant>, u32) = (None, 0);
        // How often it was sent again after a 403.
        let mut forbidden = 0;
        self.allowance.earn();
        loop {
            let mut headers = headers(&tenant, request);
            let mut permit = self.limit.acquire().await?;
            if let Some(rate) = &self.rate {
                Box::pin(rate.acquire(&self.auth)).await?;
            }
            // After all waiting: a token may live shorter than that takes.
            let mut used = None;
            if !own_token {
                let token = match self.auth.token_at_hand(refused)? {
                    Some(token) => token,
                    None => {
                        // A login takes its time, in which others can send: those who brought a token of their own.
                        drop(permit);
                        Box::pin(self.auth.token(refused)).await?;
                        permit = self.limit.acquire().await?;
                        // Mostly the same. Where tokens live shorter than the wait for a turn, this one is not given back again.
                        Box::pin(self.auth.token(refused)).await?
                    }
                };
                headers.insert(TOKEN, token.header.clone());
                used = Some(token);
            }
            exchange.attempts += 1;
            let token = headers.get(TOKEN).cloned();
            let sent = self
                .attempt(request, url.clone(), headers, timeout, whole)
                .await;
            // Not held while waiting to try again; held while a body is read.
            let held = match &sent {
                Ok((_, Some(_))) => Some(permit),
                _ => {
                    drop(permit);
                    None
                }
            };
            exchange.elapsed = started.elapsed();
            let of_other_tenant = |error: Error| {
                let token_tenant = used.as_ref().and_then(|token| token.tenant.as_ref());
                match (token_tenant, tenant.to_str()) {
                (Some(token), Ok(sent)) if **token != *sent => error.with_help(format!(
                    "the token is of the tenant `{token}`, and the request went to `{sent}`: that needs a consortium where the user has an affiliation with it"
                )),
                _ => error,
            }
            };
            let mut rest = None;
            let verdict = match sent {
                Ok((answer, body)) => {
                    rest = body.zip(held);
                    classify(request, token, &exchange, answer)
                }
                Err(failure) if failure.kind == ErrorKind::Request => {
                    Verdict::Failed(Error::request(exchange.clone(), failure.message))
                }
                Err(failure) if failure.lasts => {
                    Verdict::Failed(failure.into_error(exchange.clone()))
                }
                Err(failure) => {
                    let sent = !failure.was_never_sent();
                    Verdict::Again {
                        error: failure.into_error(exchange.clone()),
                        retry_after: None,
                        sent,
                    }
                }
            };
            match verdict {
                Verdict::Done(answer) => {
                    debug!(
                        status = answer.status.as_u16(),
                        attempts = exchange.attempts,
                        bytes = answer.body.len(),
                        elapsed_ms = milliseconds(exchange.elapsed),
                        "answered"
                    );
                    let Answer {
                        status,
                        headers,
                        body,
                    } = answer;
                    return Ok((Response::new(status, headers, body, exchange), rest));
                }
                Verdict::Renew(error) => {
                    let Some(token) = used.as_ref().filter(|_| !exchange.sensitive) else {
                        return Err(of_other_tenant(error));
                    };
                    // A token that came after the last refusal and should be good: the next one would be refused too. One that was there
                    // before, or has expired on its way, says nothing of the next.
                    let is_hopeless =
                        just_refused.is_some_and(|at| token.obtained >= at && token.is_good());
                    refusals += 1;
                    if is_hopeless || refusals >= MOST_REFUSALS {
                        return Err(of_other_tenant(error));
                    }
                    if is_spent(request) {
                        return Err(error.with_help(SPENT));
                    }
                    debug!(error = %error, "the token was refused");
                    refused = Some(token.generation);
                    just_refused = Some(Instant::now());
                }
                Verdict::Again {
                    error,
                    retry_after,
                    sent,
                } => {
                    let may = !sent || may_be_repeated(request, policy);
                    if may && is_spent(request) {
                        return Err(error.with_help(SPENT));
                    }
                    let delay = may
                        .then(|| policy.delay(exchange.attempts, exchange.elapsed, retry_after))
                        .flatten();
                    let Some(delay) = delay else {
                        debug!(error = %error, attempts = exchange.attempts, "given up");
                        return Err(explained(error, request, sent, may));
                    };
                    if policy.has_budget() && !self.allowance.spend() {
                        debug!(error = %error, attempts = exchange.attempts, "given up: the budget is spent");
                        return Err(explained(error, request, sent, may).with_help(
                            "it was not repeated: much fails, and the client's budget for repetitions is spent (see RetryPolicy::budget)",
                        ));
                    }
                    exchange.in_doubt |= sent;
                    just_refused = None;
                    debug!(error = %error, ?delay, attempts = exchange.attempts, "again");
                    Box::pin(self.auth.pause(delay)).await?;
                }
                Verdict::Forbidden { error, is_eureka } => {
                    let delay = may_be_repeated(request, policy)
                        .then(|| policy.forbidden_wait(forbidden, exchange.elapsed, is_eureka))
                        .flatten()
                        .filter(|_| !policy.has_budget() || self.allowance.spend());
                    let Some(delay) = delay else {
                        debug!(error = %error, attempts = exchange.attempts, "failed");
                        return Err(of_other_tenant(error));
                    };
                    if is_spent(request) {
                        return Err(error.with_help(SPENT));
                    }
                    forbidden += 1;
                    just_refused = None;
                    debug!(error = %error, ?delay, attempts = exchange.attempts, "again, since a 403 may pass");
                    Box::pin(self.auth.pause(delay)).await?;
                }
                Verdict::Failed(error) => {
                    let error = if exchange.in_doubt && error.is_conflict() {
                        error.with_help(
                            "an earlier attempt of this very call got no answer and may have been carried out: read the record again and compare",
                        )
                    } else {
                        error
                    };
                    debug!(error = %error, "failed");
                    return Err(error);
                }
            }
        }
    }
}

/// What of a request is told to those who watch: its fields are filled in when it ends.
fn span(tenant: &Result<HeaderValue, String>, request: &Request) -> Span {
    let tenant = request.headers().get(TENANT).or(tenant.as_ref().ok());
    debug_span!(
        "folio",
        operation = request.operation().name,
        module = request.operation().module,
        method = %request.method(),
        path = request.path(),
        tenant = tenant.and_then(|tenant| tenant.to_str().ok()).unwrap_or_default(),
        sent_bytes = request.body_bytes().map_or(0, bytes::Bytes::len),
        status = Empty,
        attempts = Empty,
        received_bytes = Empty,
        elapsed_ms = Empty,
        error = Empty,
    )
}

fn record(span: &Span, exchange: &Exchange, status: Option<StatusCode>) {
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
    span.record("attempts", exchange.attempts);
    span.record("elapsed_ms", milliseconds(exchange.elapsed));
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Session {
    /// Sends a request once. If the answer is not to be read whole, and is a success, its body is handed on.
    async fn attempt(
        &self,
        request: &Request,
        url: Url,
        headers: HeaderMap,
        timeout: Duration,
        whole: bool,
    ) -> Result<(Answer, Option<reqwest::Body>), Failure> {
        let in_memory = request.body_bytes().cloned();
        if whole && (in_memory.is_some() || request.payload().is_none()) {
            let method = request.method().clone();
            let answer = self
                .gateway
                .send(method, url, headers, in_memory, timeout)
                .await?;
            return Ok((answer, None));
        }
        Box::pin(self.attempt_in_pieces(request, url, headers, timeout, whole)).await
    }

    /// As [`attempt`](Self::attempt), where a body is not whole in memory.
    async fn attempt_in_pieces(
        &self,
        request: &Request,
        url: Url,
        headers: HeaderMap,
        timeout: Duration,
        whole: bool,
    ) -> Result<(Answer, Option<reqwest::Body>), Failure> {
        let method = request.method().clone();
        let in_memory = request.body_bytes().cloned();
        let streamed = request.payload().filter(|_| in_memory.is_none());
        let progress = Arc::new(Progress::default());
        let unreadable = |problem: String| Failure {
            kind: ErrorKind::Request,
            message: format!("its body cannot be read: {problem}"),
            source: None,
            lasts: true,
        };
        let body = match streamed {
            Some(body) => {
                let opened = body.open().await;
                let opened = opened.map_err(|error| unreadable(error.to_string()))?;
                Some(opened.into_request(Arc::clone(&progress)))
            }
            None => in_memory.map(Into::into),
        };
        let opened = self
            .gateway
            .open(method, url, headers, body, timeout, &progress)
            .await;
        let Arriving {
            status,
            headers,
            body,
        } = opened.map_err(|failure| progress.failure().map_or(failure, unreadable))?;
        let (body, rest) = if !status.is_success() {
            (transport::beginning(body, timeout).await, None)
        } else if whole {
            (transport::collect(body, timeout).await?, None)
        } else {
            (bytes::Bytes::new(), Some(body))
        };
        let answer = Answer {
            status,
            headers,
            body,
        };
        Ok((answer, rest))
    }
}

/// Whether the body was a stream, which is gone.
fn is_spent(request: &Request) -> bool {
    request.payload().is_some_and(Body::is_spent)
}

const SPENT: &str = "it was not repeated, since its body was a stream that can be read once: `Body::file` and `Body::reopen` can be sent again";

/// The headers of an attempt, but for the token.
fn headers(tenant: &HeaderValue, request: &Request) -> HeaderMap {
    let mut headers = request.headers().clone();
    // Room for what is put in here, and by what is below.
    headers.reserve(4);
    headers.insert(TENANT, tenant.clone());
    if !headers.contains_key(ACCEPT) {
        headers.insert(ACCEPT, accepted(request));
    }
    if request.payload().is_none() {
        // The Eureka sidecar refuses a GET that seems to have a body.
        headers.remove(CONTENT_TYPE);
    }
    headers
}

/// What of answers the operation describes, and what errors are written in.
fn accepted(request: &Request) -> HeaderValue {
    match request.operation().accept {
        "" => ACCEPTED,
        accept => HeaderValue::from_static(accept),
    }
}

fn classify(
    request: &Request,
    token: Option<HeaderValue>,
    exchange: &Exchange,
    answer: Answer,
) -> Verdict {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    if status.is_success() {
        if (request.method().is_safe() || request.is_idempotent() == Some(true))
            && let Some(diagnostics) = broken_off(&body)
        {
            let error = Error::truncated(exchange.clone(), diagnostics);
            return Verdict::Again {
                error,
                retry_after: None,
                sent: true,
            };
        }
        return Verdict::Done(Answer {
            status,
            headers,
            body,
        });
    }
    if exchange.in_doubt && status == StatusCode::NOT_FOUND && *request.method() == Method::DELETE {
        // An earlier attempt has deleted it: what was asked for is so.
        return Verdict::Done(Answer {
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
        });
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let mut sent = request.headers().clone();
    sent.extend(token.map(|token| (TOKEN, token)));
    let secrets = redact::secrets(&sent, request.body_bytes().filter(|_| exchange.sensitive));
    let body = redact::redact(&body, &secrets);
    let error = Error::answered(exchange.clone(), status, content_type, &body);
    if is_token_refused(status, content_type, &error) {
        return Verdict::Renew(error.of_refused_token());
    }
    if status == StatusCode::FORBIDDEN {
        let is_eureka = is_of_eureka(&headers, content_type, &error);
        return Verdict::Forbidden { error, is_eureka };
    }
    if retry::is_transient(status) {
        let retry_after = auth::retry_after(&headers);
        return Verdict::Again {
            error: error.with_retry_after(retry_after),
            retry_after,
            sent: true,
        };
    }
    if status.is_redirection() {
        let target = headers
            .get("location")
            .and_then(|value| value.to_str().ok())
            .unwrap_or("nowhere")
            .to_owned();
        return Verdict::Failed(error.with_help(format!(
            "the server redirects to {target}; this client follows no redirect, since the token would go along: is the URL of the gateway right?"
        )));
    }
    Verdict::Failed(error)
}

/// Whether the gateway refused the token, so that no module has seen the request. Mostly 401; Okapi answers 400 "Token missing" and Kong
/// 404 when tokens do not match.
fn is_token_refused(status: StatusCode, content_type: Option<&str>, error: &Error) -> bool {
    let says = |words: &[&str]| {
        let message = error
            .server_message()
            .unwrap_or_default()
            .to_ascii_lowercase();
        message.len() < 400
            && message.contains("token")
            && words.iter().any(|word| message.contains(word))
    };
    match status.as_u16() {
        401 => true,
        400 => {
            content_type.is_none_or(|media_type| media_type.starts_with("text/plain"))
                && says(&["missing"])
        }
        404 => {
            content_type.is_some_and(|media_type| media_type.starts_with("application/json"))
                && says(&["match", "differ"])
        }
        _ => false,
    }
}

/// Whether a 403 comes from Eureka: Kong names itself in `Server` or `Via`, and sidecars answer with JSON and these words, where Okapi
/// answers with text that names the permission. Eureka's sidecars have given 403 for any fault of Keycloak (MODSIDECAR-192).
fn is_of_eureka(headers: &HeaderMap, content_type: Option<&str>, error: &Error) -> bool {
    let names_kong = ["server", "via"].iter().any(|name| {
        headers
            .get_all(*name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.to_ascii_lowercase().contains("kong"))
    });
    names_kong
        || content_type.is_some_and(|media_type| media_type.starts_with("application/json"))
            && error
                .server_message()
                .is_some_and(|message| message.to_ascii_lowercase().contains("access denied"))
}

/// Whether a request may be sent again although the server may have carried it out: only if it cannot happen twice.
fn may_be_repeated(request: &Request, policy: &RetryPolicy) -> bool {
    if request.method().is_safe() {
        return true;
    }
    if let Some(idempotent) = request.is_idempotent() {
        return idempotent;
    }
    // A login that is sent again with a wrong password counts again.
    if request.is_sensitive() {
        return false;
    }
    match *request.method() {
        Method::DELETE => policy.repeats_idempotent_writes() || request.names_a_record(),
        Method::PUT => policy.repeats_idempotent_writes() || request.is_guarded(),
        // The server refuses a second record of the same id.
        Method::POST => request.created_id().is_some(),
        _ => false,
    }
}

/// Says of a write that was not repeated why not.
fn explained(error: Error, request: &Request, sent: bool, repeatable: bool) -> Error {
    if request.method().is_safe() || !sent {
        return error;
    }
    if repeatable {
        return error.with_help("whether the last attempt was carried out is not known");
    }
    error.with_help(
        "it was not repeated: whether the server carried it out is not known, and it could happen twice (see RetryPolicy and Request::idempotent)",
    )
}

/// What the server says if it broke off a list that it had begun to send with 200: RMB then closes the array and appends the reason.
fn broken_off(body: &[u8]) -> Option<String> {
    const DIAGNOSTICS: &[u8] = b"\"diagnostics\"";
    static FINDER: LazyLock<FinderRev<'static>> = LazyLock::new(|| FinderRev::new(DIAGNOSTICS));
    #[derive(Deserialize)]
    struct Page {
        #[serde(rename = "resultInfo")]
        result_info: Option<ResultInfo>,
    }
    #[derive(Deserialize)]
    struct ResultInfo {
        #[serde(default)]
        diagnostics: Vec<Diagnostic>,
    }
    #[derive(Deserialize)]
    struct Diagnostic {
        message: Option<String>,
        code: Option<String>,
    }
    // It stands at the end. Most bodies do not have the word there, and are not read for it.
    let tail = body
        .get(body.len().saturating_sub(16 * 1024)..)
        .unwrap_or(body);
    let at = FINDER.rfind(tail)?;
    // RMB has it in every list, mostly empty: then the page need not be read for it.
    let mut rest = tail
        .get(at + DIAGNOSTICS.len()..)?
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace());
    if [b':', b'[', b']']
        .iter()
        .all(|sign| rest.next() == Some(sign))
    {
        return None;
    }
    let diagnostics = serde_json::from_slice::<Page>(body)
        .ok()?
        .result_info?
        .diagnostics;
    let texts: Vec<String> = diagnostics
        .into_iter()
        .map(|diagnostic| match (diagnostic.message, diagnostic.code) {
            (Some(message), Some(code)) => format!("{message} (code {code})"),
            (Some(text), None) | (None, Some(text)) => text,
            (None, None) => "no reason given".to_owned(),
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
