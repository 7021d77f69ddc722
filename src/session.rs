//! The pipeline that every request goes through:
//! closed? -> permit -> token and tenant -> send -> classify -> renew, back off, or done.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use memchr::memmem::Finder;
use reqwest::Url;
use serde::Deserialize;
use tokio::runtime;
use tokio::sync::SemaphorePermit;
use tokio::task;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, debug, debug_span};

use crate::auth::{self, Auth, Token};
use crate::body::{Body, Progress};
use crate::cache::Cache;
use crate::client::{Shared, Tenant};
use crate::download::Download;
use crate::error::{Error, ErrorKind, Exchange, Result};
use crate::lifecycle::Lifecycle;
use crate::limit::{Kept, Limit, Rate};
use crate::operation::Creates;
use crate::redact::{self, Secrets};
use crate::request::{Request, TENANT, TOKEN};
use crate::response::Response;
use crate::retry::{self, Allowance, RetryPolicy};
use crate::transport::{self, Answer, Arriving, Failure, Gateway};

/// What all clones and tenant handles of a client share.
pub(crate) struct Session {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) auth: Arc<Auth>,
    /// What every wait ends by.
    pub(crate) life: Arc<Lifecycle>,
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
pub(crate) type Answered = (Response, Option<Rest>);

/// What of a body was not read, and the permit that is held until it is.
pub(crate) type Rest = (reqwest::Body, Kept);

/// How often a token may be refused in one call. Each time it is renewed, since a call that is repeated for minutes can outlive several.
const MOST_REFUSALS: u32 = 10;

/// Why one attempt is not the last, or has failed.
enum Verdict {
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

/// Sends a request until it is done, and reads the whole answer.
///
/// A block and no `async fn`, whose future would hold the request twice: as an argument, and as the variable that it is bound to.
#[expect(clippy::manual_async_fn, reason = "see above")]
pub(crate) fn run(
    client: Arc<Shared>,
    request: Request,
) -> impl Future<Output = Result<Response>> + Send {
    async move {
        let Shared { session, tenant } = &*client;
        let answered = session.carry_out(tenant, &request, true).await;
        let (mut response, _) = answered?;
        response.remember(request.sent());
        Ok(response)
    }
}

/// Sends a request until it is done, and reads the head of the answer.
#[expect(clippy::manual_async_fn, reason = "as above")]
pub(crate) fn open(
    client: Arc<Shared>,
    request: Request,
) -> impl Future<Output = Result<Download>> + Send {
    async move {
        let Shared { session, tenant } = &*client;
        let timeout = request
            .attempt_timeout()
            .unwrap_or_else(|| session.gateway.timeout());
        let (mut response, rest) = session.carry_out(tenant, &request, false).await?;
        response.remember(request.sent());
        Ok(Download::new(response, rest, timeout))
    }
}

impl Session {
    async fn carry_out(&self, tenant: &Tenant, request: &Request, whole: bool) -> Result<Answered> {
        let span = span(tenant, request);
        let outcome = {
            // Not `instrument`, to which the future, which is large, would be copied.
            let mut pursued = pin!(self.pursue(tenant, request, whole));
            poll_fn(|context| span.in_scope(|| pursued.as_mut().poll(context))).await
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
                    exchange.shown_url(),
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

    /// Gives with the answer what of its body was not read, if it was not to be read whole.
    ///
    /// What is rare is boxed, so that the future of every call is not as large as its largest case, and small enough for the allocator to
    /// have one at hand.
    pub(crate) async fn pursue(
        &self,
        tenant: &Tenant,
        request: &Request,
        whole: bool,
    ) -> Result<Answered> {
        let mut pursuit = Pursuit::begin(self, tenant, request)?;
        if let Some(bound) = request.bound() {
            self.check_bound(tenant, request, bound).await?;
        }
        loop {
            let next = match pursuit.attempt(whole).await {
                Ok(Judgement::Done(answer, rest)) => return Ok((pursuit.answered(answer), rest)),
                Ok(Judgement::Again(delay)) => Ok(delay),
                Err(error) => Err(error),
            };
            match next {
                Ok(None) => {}
                Ok(Some(delay)) => Box::pin(self.life.pause(delay)).await?,
                Err(error) if error.is_in_doubt() => {
                    return self.created(tenant, request, error).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Finds out whether a record was created by an attempt that got no answer, after the server has refused to create it again.
    fn created<'a>(
        &'a self,
        tenant: &'a Tenant,
        request: &'a Request,
        error: Error,
    ) -> Pin<Box<dyn Future<Output = Result<Answered>> + Send + 'a>> {
        Box::pin(async move {
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
        })
    }
}

/// A call, and what became of its attempts so far.
struct Pursuit<'a> {
    session: &'a Session,
    request: &'a Request,
    tenant: &'a HeaderValue,
    policy: &'a RetryPolicy,
    /// Of one attempt.
    timeout: Duration,
    started: Instant,
    exchange: Exchange,
    /// The generation of the token that the server refused last.
    refused: Option<u64>,
    /// When it refused one, if it did so at the last attempt.
    just_refused: Option<Instant>,
    /// How often it refused one at all.
    refusals: u32,
    /// How often it was sent again after a 403.
    forbidden: u32,
}

/// What is had while a request is sent: the permit, and the token unless the request has its own.
type Turn<'a> = (SemaphorePermit<'a>, Option<Arc<Token>>);

/// What comes after an attempt.
enum Judgement {
    /// The answer, and what of its body was not read.
    Done(Answer, Option<Rest>),
    /// Another attempt, after so long.
    Again(Option<Duration>),
}

impl<'a> Pursuit<'a> {
    fn begin(session: &'a Session, tenant: &'a Tenant, request: &'a Request) -> Result<Self> {
        session.life.check()?;
        let exchange = request.exchange(session.gateway.base());
        if let Some(problem) = request.problem() {
            return Err(Error::request(exchange, problem.into_owned()));
        }
        // Whoever is in a task is in a runtime, and that is told without a counter that all threads share.
        if task::try_id().is_none() && runtime::Handle::try_current().is_err() {
            return Err(Error::no_runtime());
        }
        let tenant = match request.headers().get(TENANT) {
            Some(tenant) => tenant,
            None => tenant.header()?,
        };
        session.allowance.earn();
        Ok(Self {
            session,
            request,
            tenant,
            policy: request.retry_policy().unwrap_or(&session.retry),
            timeout: request
                .attempt_timeout()
                .unwrap_or_else(|| session.gateway.timeout()),
            started: Instant::now(),
            exchange,
            refused: None,
            just_refused: None,
            refusals: 0,
            forbidden: 0,
        })
    }

    /// Whether it is sent without the client's token: with one of its own, or with none, as a login.
    fn has_own_token(&self) -> bool {
        let request = self.request;
        request.headers().contains_key(TOKEN)
            || auth::needs_no_token(request.method(), request.own_path())
    }

    /// Sends it once, in its turn.
    async fn attempt(&mut self, whole: bool) -> Result<Judgement> {
        let (permit, token) = match self.turn_at_once()? {
            Some(turn) => turn,
            None => {
                let turn = Box::pin(self.turn()).await;
                turn.map_err(|error| error.of_request(&self.exchange))?
            }
        };
        self.exchange.attempts += 1;
        let sent = if whole && self.request.is_in_memory() {
            let sending = self.send(token.as_deref());
            sending.await.map(|answer| (answer, None))
        } else {
            Box::pin(self.send_in_pieces(token.as_deref(), whole)).await
        };
        // The permit is held while a body is read, and not while it is waited to try again.
        let (sent, rest) = match sent {
            Ok((answer, body)) => (Ok(answer), {
                let limit = &self.session.limit;
                body.map(|body| (body, limit.keep(permit)))
            }),
            Err(failure) => (Err(failure), None),
        };
        let judgement = self.judge(token.as_deref(), sent, rest);
        self.exchange.sent.token = token.map(|token| token as _);
        judgement
    }

    /// The turn, if it is had without waiting for anything.
    fn turn_at_once(&self) -> Result<Option<Turn<'a>>> {
        if self.session.rate.is_some() {
            return Ok(None);
        }
        let Some(permit) = self.session.limit.at_once() else {
            return Ok(None);
        };
        if self.has_own_token() {
            self.session.life.check()?;
            return Ok(Some((permit, None)));
        }
        let token = self.session.auth.token_at_hand(self.refused)?;
        Ok(token.map(|token| (permit, Some(token))))
    }

    async fn turn(&self) -> Result<Turn<'a>> {
        let Session {
            auth,
            limit,
            rate,
            life,
            ..
        } = self.session;
        let permit = limit.acquire(life).await?;
        if let Some(rate) = rate {
            rate.acquire(life).await?;
        }
        if self.has_own_token() {
            return Ok((permit, None));
        }
        // After all waiting: a token may live shorter than that takes.
        if let Some(token) = auth.token_at_hand(self.refused)? {
            return Ok((permit, Some(token)));
        }
        // A login takes its time, in which others can send: those who brought a token of their own.
        drop(permit);
        auth.token(self.refused, self.timeout).await?;
        let permit = limit.acquire(life).await?;
        // Mostly the same. Where tokens live shorter than the wait for a turn, this one is not given back again.
        let token = auth.token(self.refused, self.timeout).await?;
        Ok((permit, Some(token)))
    }

    fn url(&self) -> Url {
        let gateway = &self.session.gateway;
        match self.exchange.url.get(gateway.base().len()..) {
            Some(target) if !self.request.has_secret_parameters() => gateway.locate(target),
            _ => gateway.locate(&self.request.target()),
        }
    }

    /// The headers of an attempt.
    fn headers(&self, token: Option<&Token>) -> HeaderMap {
        let mut headers = self.request.headers().clone();
        // Room for what is put in here, and by what is below.
        headers.reserve(5);
        headers.insert(TENANT, self.tenant.clone());
        headers
            .entry(ACCEPT)
            .or_insert_with(|| accepted(self.request));
        if self.request.payload().is_none() {
            // The Eureka sidecar refuses a GET that seems to have a body.
            headers.remove(CONTENT_TYPE);
        }
        if let Some(token) = token {
            headers.insert(TOKEN, token.header.clone());
        }
        headers
    }

    /// Sends it once, with all that is sent in memory, and reads the whole answer.
    fn send(
        &self,
        token: Option<&Token>,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send + use<'a> {
        self.session.gateway.send(
            self.request.method().clone(),
            self.url(),
            self.headers(token),
            self.request.body_bytes().cloned(),
            self.timeout,
        )
    }

    /// Sends it once, where a body is not whole in memory. If the answer is not to be read whole, and is a success, its body is handed on.
    async fn send_in_pieces(
        &self,
        token: Option<&Token>,
        whole: bool,
    ) -> Result<(Answer, Option<reqwest::Body>), Failure> {
        let (request, timeout) = (self.request, self.timeout);
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
        let (method, url) = (request.method().clone(), self.url());
        let opened =
            self.session
                .gateway
                .open(method, url, self.headers(token), body, timeout, &progress);
        let Arriving {
            status,
            headers,
            body,
        } = opened
            .await
            .map_err(|failure| progress.failure().map_or(failure, unreadable))?;
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

    fn answered(self, answer: Answer) -> Response {
        Response::new(answer.status, answer.headers, answer.body, self.exchange)
    }

    /// What is to be done after an attempt, with the client's token or the request's own. `rest` is what of a body was not read.
    fn judge(
        &mut self,
        token: Option<&Token>,
        sent: Result<Answer, Failure>,
        rest: Option<Rest>,
    ) -> Result<Judgement> {
        self.exchange.elapsed = self.started.elapsed();
        let verdict = match sent {
            Ok(answer) if answer.status.is_success() => {
                let Some(diagnostics) = self.broken_off(&answer.body) else {
                    return Ok(self.done(answer, rest));
                };
                Verdict::Again {
                    error: Error::truncated(
                        self.exchange.clone(),
                        &diagnostics,
                        &secrets(self.request, token.map(|token| &token.header)),
                    ),
                    retry_after: None,
                    sent: true,
                }
            }
            Ok(answer) if self.was_deleted_before(answer.status) => {
                let nothing = Answer {
                    status: StatusCode::NO_CONTENT,
                    headers: HeaderMap::new(),
                    body: bytes::Bytes::new(),
                };
                return Ok(self.done(nothing, None));
            }
            Ok(answer) => {
                let token = token.map(|token| &token.header);
                refusal(self.request, token, &self.exchange, answer)
            }
            Err(failure) if failure.kind == ErrorKind::Request => {
                Verdict::Failed(Error::request(self.exchange.clone(), failure.message))
            }
            Err(failure) if failure.lasts => {
                Verdict::Failed(failure.into_error(self.exchange.clone()))
            }
            Err(failure) => {
                let sent = !failure.was_never_sent();
                Verdict::Again {
                    error: failure.into_error(self.exchange.clone()),
                    retry_after: None,
                    sent,
                }
            }
        };
        self.again(token, verdict).map(Judgement::Again)
    }

    fn done(&self, answer: Answer, rest: Option<Rest>) -> Judgement {
        debug!(
            status = answer.status.as_u16(),
            attempts = self.exchange.attempts,
            bytes = answer.body.len(),
            elapsed_ms = milliseconds(self.exchange.elapsed),
            "answered"
        );
        Judgement::Done(answer, rest)
    }

    /// Why the server broke off an answer of something that was asked for, if it did.
    fn broken_off(&self, body: &[u8]) -> Option<String> {
        let asks = self.request.method().is_safe() || self.request.is_idempotent() == Some(true);
        asks.then(|| broken_off(body))?
    }

    /// Whether an attempt that got no answer has deleted what is not there any more: what was asked for is so.
    fn was_deleted_before(&self, status: StatusCode) -> bool {
        self.exchange.in_doubt
            && status == StatusCode::NOT_FOUND
            && *self.request.method() == Method::DELETE
    }

    /// How long to wait before the next attempt, if there is to be one.
    #[cold]
    fn again(&mut self, token: Option<&Token>, verdict: Verdict) -> Result<Option<Duration>> {
        let (request, policy, attempts) = (self.request, self.policy, self.exchange.attempts);
        match verdict {
            Verdict::Renew(error) => {
                // A 401 to a login or a change of a password means the password.
                let is_of_password = self.exchange.sensitive
                    && *request.method() == Method::POST
                    && request.facts().creates == Creates::Nothing;
                let Some(token) = token.filter(|_| !is_of_password) else {
                    return Err(self.of_other_tenant(token, error));
                };
                // A token that came after the last refusal and should be good: the next one would be refused too. One that was there
                // before, or has expired on its way, says nothing of the next.
                let is_hopeless = self
                    .just_refused
                    .is_some_and(|at| token.obtained >= at && token.is_good());
                self.refusals += 1;
                if is_hopeless || self.refusals >= MOST_REFUSALS {
                    return Err(self.of_other_tenant(Some(token), error));
                }
                if is_spent(request) {
                    return Err(error.with_help(SPENT));
                }
                debug!(error = %error, "the token was refused");
                self.refused = Some(token.generation);
                self.just_refused = Some(Instant::now());
                Ok(None)
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
                    .then(|| policy.delay(attempts, self.exchange.elapsed, retry_after))
                    .flatten();
                let Some(delay) = delay else {
                    debug!(error = %error, attempts, "given up");
                    return Err(explained(error, request, sent, may));
                };
                if policy.has_budget() && !self.session.allowance.spend() {
                    debug!(error = %error, attempts, "given up: the budget is spent");
                    return Err(explained(error, request, sent, may).with_help(
                        "it was not repeated: much fails, and the client's budget for repetitions is spent (see RetryPolicy::budget)",
                    ));
                }
                self.exchange.in_doubt |= sent;
                self.just_refused = None;
                debug!(error = %error, ?delay, attempts, "again");
                Ok(Some(delay))
            }
            Verdict::Forbidden { error, is_eureka } => {
                let delay = may_be_repeated(request, policy)
                    .then(|| {
                        policy.forbidden_wait(self.forbidden, self.exchange.elapsed, is_eureka)
                    })
                    .flatten()
                    .filter(|_| !policy.has_budget() || self.session.allowance.spend());
                let Some(delay) = delay else {
                    debug!(error = %error, attempts, "failed");
                    return Err(self.of_other_tenant(token, error));
                };
                if is_spent(request) {
                    return Err(error.with_help(SPENT));
                }
                self.forbidden += 1;
                self.just_refused = None;
                debug!(error = %error, ?delay, attempts, "again, since a 403 may pass");
                Ok(Some(delay))
            }
            Verdict::Failed(error) => {
                let error = if self.exchange.in_doubt && error.is_conflict() {
                    error.with_help(
                        "an earlier attempt of this very call got no answer and may have been carried out: read the record again and compare",
                    )
                } else {
                    error
                };
                debug!(error = %error, "failed");
                Err(error)
            }
        }
    }

    /// Says of a refusal that the token is of another tenant, if it is.
    fn of_other_tenant(&self, token: Option<&Token>, error: Error) -> Error {
        let token = token.and_then(|token| token.tenant.as_deref());
        match (token, self.tenant.to_str()) {
            (Some(token), Ok(sent)) if token != sent => error.with_help(format!(
                "the token is of the tenant `{token}`, and the request went to `{sent}`: that needs a consortium where the user has an affiliation with it"
            )),
            _ => error,
        }
    }
}

/// What of a request is told to those who watch: its fields are filled in when it ends.
fn span(tenant: &Tenant, request: &Request) -> Span {
    debug_span!(
        "folio",
        operation = request.operation().name,
        module = request.operation().module,
        method = %request.method(),
        path = request.path(),
        tenant = request.headers().get(TENANT).or(tenant.header().ok()).and_then(|tenant| tenant.to_str().ok()).unwrap_or_default(),
        sent_bytes = request.body_bytes().map_or(0, bytes::Bytes::len),
        status = Empty,
        attempts = Empty,
        received_bytes = Empty,
        elapsed_ms = Empty,
        error = Empty,
    )
}

fn record(span: &Span, exchange: &Exchange, status: Option<StatusCode>) {
    if span.is_disabled() {
        return;
    }
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
    span.record("attempts", exchange.attempts);
    span.record("elapsed_ms", milliseconds(exchange.elapsed));
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Whether the body was a stream, which is gone.
fn is_spent(request: &Request) -> bool {
    request.payload().is_some_and(Body::is_spent)
}

const SPENT: &str = "it was not repeated, since its body was a stream that can be read once: `Body::file` and `Body::reopen` can be sent again";

/// What of answers the operation describes, and what errors are written in.
fn accepted(request: &Request) -> HeaderValue {
    match request.operation().accept {
        "" => ACCEPTED,
        accept => HeaderValue::from_static(accept),
    }
}

/// What a server may repeat of a request that is not to be shown.
fn secrets(request: &Request, token: Option<&HeaderValue>) -> Secrets {
    let mut secrets = request.secrets();
    if let Some(token) = token {
        secrets.add_header(token);
    }
    secrets
}

/// What an answer that is no success means.
fn refusal(
    request: &Request,
    token: Option<&HeaderValue>,
    exchange: &Exchange,
    answer: Answer,
) -> Verdict {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let secrets = secrets(request, token);
    let error = Error::answered(exchange.clone(), status, content_type, &body, &secrets);
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
            .map_or_else(
                || "nowhere".to_owned(),
                |target| secrets.shown(&redact::url(target)),
            );
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
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(DIAGNOSTICS));
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
    let at = FINDER.find_iter(tail).last()?;
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
