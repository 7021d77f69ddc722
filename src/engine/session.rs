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

use crate::engine::auth::{self, Auth, NoToken, Token};
use crate::engine::cache::Cache;
use crate::engine::download::Download;
use crate::engine::failure::Failure;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::limit::{Kept, Limit, Rate};
use crate::engine::pace::{Pace, Slot};
use crate::engine::request_line::{self, RequestLine};
use crate::engine::tenant::Tenant;
use crate::engine::transport::{self, Answer, Arriving, Gateway, Incoming, Timeouts};
use crate::value::body::Progress;
use crate::value::redact::Secrets;
use crate::wire::cause;
use crate::wire::error::{Error, ErrorKind, Exchange, Result};
use crate::wire::headers::TENANT;
use crate::wire::headers::TOKEN;
use crate::wire::operation::{Absent, Creates};
use crate::wire::request::Request;
use crate::wire::response::{Response, is_stray_page};
use crate::wire::retry::{self, Allowance, RetryPolicy};
use crate::wire::server_message;

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
    /// What a limiter in front of FOLIO allows.
    pub(crate) pace: Pace,
    /// How long a whole call may take, where it does not have its own.
    pub(crate) deadline: Option<Duration>,
    pub(crate) request_line: RequestLine,
}

/// Where the one line is told that each call has when it is over.
pub(crate) const REQUESTS: &str = "folio_sdk::request";

/// Many methods of FOLIO's modules give text only, and answer 400 to those who accept JSON only.
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, text/plain");

/// An answer, and what of its body was not read.
pub(crate) type Answered = (Response, Option<Rest>);

/// A request that goes by `POST …/retrieve`; none if there is no such endpoint.
type Retrieving<'a> = Pin<Box<dyn Future<Output = Option<Result<Answered>>> + Send + 'a>>;

/// What of a body was not read, and the permit that is held until it is.
pub(crate) type Rest = (Box<Incoming>, Kept);

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
    /// A limiter rejected it; `sent` tells whether the server may have carried it out all the same.
    Limited {
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

/// Sends a request until it is done, and reads the whole response.
pub(crate) async fn run(
    session: &Session,
    tenant: &Tenant,
    request: &mut Request,
) -> Result<Response> {
    let (mut response, _) = session.carry_out(tenant, request, true).await?;
    response.remember(request.sent());
    Ok(response)
}

/// Sends a request until it is done, and reads the head of the response.
pub(crate) async fn open(
    session: &Session,
    tenant: &Tenant,
    request: &mut Request,
) -> Result<Download> {
    let (mut response, rest) = session.carry_out(tenant, request, false).await?;
    response.remember(request.sent());
    Ok(Download::new(response, rest, session.gateway.memory))
}

impl Session {
    /// A slot of the rate that a limiter allows.
    async fn slot(&self) -> Result<Slot> {
        if !self.pace.is_limited() {
            return Ok(self.pace.at_once());
        }
        let first = self.life.until_closed(self.pace.queue().acquire()).await?;
        let _first = first.map_err(|_| Error::closed())?;
        let mut waited = false;
        loop {
            match self.pace.take(waited) {
                Ok(slot) => return Ok(slot),
                Err(wait) => self.life.pause(wait).await?,
            }
            waited = true;
        }
    }

    /// A token, by the client's policy.
    pub(crate) async fn token(&self) -> Result<Arc<Token>> {
        let started = Instant::now();
        let mut attempts = 0;
        let mut last: Option<Error> = None;
        loop {
            let left = self
                .deadline
                .map(|deadline| deadline.saturating_sub(started.elapsed()));
            let longest = left.unwrap_or(Duration::MAX).min(self.gateway.timeout());
            let failure = match self.auth.token(None, longest).await {
                Ok(token) => return Ok(token),
                Err(failure) if failure.is_transient => failure,
                Err(failure) => {
                    let is_late = left.is_some_and(|left| left <= longest)
                        && failure.error.kind() == ErrorKind::Timeout;
                    let last = last.filter(|_| is_late);
                    return Err(last.map_or(failure.error, |last| last.with_help(DEADLINE)));
                }
            };
            attempts += 1;
            let elapsed = started.elapsed();
            let error = failure.error.after(attempts, elapsed);
            let delay = self
                .retry
                .delay(attempts, elapsed, error.retry_after())
                .filter(|delay| left.is_none_or(|left| *delay < left));
            let Some(delay) = delay else {
                return Err(error);
            };
            if failure.is_own && self.retry.has_budget() && !self.allowance.spend() {
                return Err(error.with_help(BUDGET));
            }
            debug!(error = %error, ?delay, attempts, "login again");
            last = Some(error);
            self.life.pause(delay).await?;
        }
    }

    /// A token for somebody who cannot renew it: one that is about to expire is renewed first. Where that fails, it is still good.
    pub(crate) async fn fresh_token(&self) -> Result<Arc<Token>> {
        let token = self.token().await?;
        self.auth.freshen(&token, self.gateway.timeout()).await?;
        self.token().await
    }

    async fn carry_out(&self, tenant: &Tenant, request: &Request, whole: bool) -> Result<Answered> {
        let span = span(tenant, request);
        let retrieved = match self.retrieve(tenant, request, whole) {
            None => None,
            Some(retrieved) => retrieved.await,
        };
        if let Some(outcome) = retrieved {
            return outcome;
        }
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

    /// Sends a list request whose line is too long as `POST …/retrieve`, which takes the query in the body. None if that does not apply, or
    /// the server has no such endpoint.
    fn retrieve<'a>(
        &'a self,
        tenant: &'a Tenant,
        request: &'a Request,
        whole: bool,
    ) -> Option<Retrieving<'a>> {
        let line = &self.request_line;
        if *request.method() != Method::GET || self.line_problem(request).is_none() {
            return None;
        }
        let tenant_name = request
            .headers()
            .get(TENANT)
            .and_then(|tenant| tenant.to_str().ok())
            .unwrap_or(tenant.name());
        if !line.has_retrieve(tenant_name, request.own_path()) {
            return None;
        }
        let post = request_line::by_retrieve(request)?;
        Some(Box::pin(async move {
            match self.carry_out(tenant, &post, whole).await {
                Err(error) if request_line::is_absent(&error) => {
                    line.lacks_retrieve(tenant_name, request.own_path());
                    None
                }
                done => Some(done),
            }
        }))
    }

    /// What is wrong with the length of a request's line, if it is too long. Of most requests this is known without writing it.
    fn line_problem(&self, request: &Request) -> Option<String> {
        let base = self.gateway.base_path().len();
        let length = |target| RequestLine::length(request.method(), base + target);
        if !self
            .request_line
            .is_exceeded(length(request.longest_target()))
        {
            return None;
        }
        self.request_line.problem(length(request.target().len()))
    }

    /// The server answered with 414: says how long the request was, and remembers it for all that comes.
    #[cold]
    fn too_long(&self, request: &Request, error: Error) -> Error {
        let target = self.gateway.base_path().len() + request.target().len();
        let length = RequestLine::length(request.method(), target);
        self.request_line.is_refused(length);
        error.with_help(format!(
            "the request line of {length} bytes is too long for the server. {}",
            request_line::REMEDY
        ))
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
        let absent = request.absent();
        if absent == Absent::Created {
            self.check_exists(tenant, request).await?;
        }
        loop {
            let next = match pursuit.attempt(whole).await {
                Ok(Judgement::Done(answer, rest)) => {
                    let answered = (pursuit.answered(answer), rest);
                    if absent == Absent::Ignored {
                        return self.check_stored(tenant, request, answered).await;
                    }
                    return Ok(answered);
                }
                Ok(Judgement::Again(None)) => Ok(()),
                Ok(Judgement::Again(Some(delay))) => Box::pin(self.life.pause(delay)).await,
                Err(error) => Err(error),
            };
            if let Err(error) = next {
                if pursuit.exchange.in_doubt && !pursuit.has_time_for(Duration::ZERO) {
                    // Nothing is sent after the deadline, not even to find out what became of it.
                    return Err(error.within(&pursuit.exchange).with_unknown_outcome());
                }
                if pursuit.exchange.in_doubt {
                    let error = error.within(&pursuit.exchange);
                    return self.settle(tenant, request, error).await;
                }
                return Err(error);
            }
        }
    }
}

/// A call, and what became of its attempts so far.
struct Pursuit<'a> {
    session: &'a Session,
    request: &'a Request,
    tenant: &'a HeaderValue,
    policy: &'a RetryPolicy,
    /// Of one attempt that has all in memory.
    timeouts: Timeouts,
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
    /// How many attempts to log in failed that it needed.
    logins: u32,
    limited: Limited,
    /// The slot of the attempt.
    slot: Slot,
    /// When it ends, whatever it waits for.
    end: Option<Instant>,
    /// Why the last attempt was not the last one.
    last: Option<Error>,
}

/// The attempts of a call that a limiter rejected.
#[derive(Default)]
struct Limited {
    /// How many do not count against the policy.
    uncounted: u32,
    /// How many there were since other requests of the client got through.
    in_a_row: u32,
    /// How many had got through at the last one.
    progress: u64,
}

/// What is had while a request is sent: the permit, the token unless the request has its own, and the slot of the rate.
type Turn<'a> = (SemaphorePermit<'a>, Option<Arc<Token>>, Slot);

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
        if let Some(problem) = session.line_problem(request) {
            return Err(Error::request(exchange, problem).with_help(request_line::REMEDY));
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
            timeouts: session
                .gateway
                .timeouts(request.attempt_timeout(), request.attempt_read_timeout()),
            started: Instant::now(),
            exchange,
            refused: None,
            just_refused: None,
            refusals: 0,
            forbidden: 0,
            logins: 0,
            limited: Limited::default(),
            slot: session.pace.at_once(),
            end: request
                .call_deadline()
                .or(session.deadline)
                .and_then(|deadline| Instant::now().checked_add(deadline)),
            last: None,
        })
    }

    /// How long a login may be waited for: as long as an attempt may take.
    fn longest_login(&self) -> Duration {
        let own = self.request.attempt_timeout();
        own.unwrap_or_else(|| self.session.gateway.timeout())
    }

    /// Whether it is sent without the client's token: with one of its own, or with none, as a login.
    fn has_own_token(&self) -> bool {
        let request = self.request;
        request.headers().contains_key(TOKEN)
            || auth::needs_no_token(request.method(), request.own_path())
    }

    /// Sends it once, in its turn.
    async fn attempt(&mut self, whole: bool) -> Result<Judgement> {
        let (permit, token, slot) = match self.turn_at_once()? {
            Some(turn) => turn,
            None => match Box::pin(self.turn_in_time()).await {
                Ok(turn) => turn,
                Err(failure) => return self.without_token(failure).map(Judgement::Again),
            },
        };
        self.slot = slot;
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
        if self.session.rate.is_some() || self.session.pace.is_limited() {
            return Ok(None);
        }
        let Some(permit) = self.session.limit.at_once() else {
            return Ok(None);
        };
        if self.has_own_token() {
            self.session.life.check()?;
            return Ok(Some((permit, None, self.session.pace.at_once())));
        }
        let token = self.session.auth.token_at_hand(self.refused)?;
        Ok(token.map(|token| (permit, Some(token), self.session.pace.at_once())))
    }

    /// The turn, waited for no longer than until the deadline.
    async fn turn_in_time(&self) -> Result<Turn<'a>, NoToken> {
        let Some(end) = self.end else {
            return self.turn().await;
        };
        match tokio::time::timeout_at(end, self.turn()).await {
            Ok(turn) => turn,
            Err(_) => Err(self.too_late().into()),
        }
    }

    async fn turn(&self) -> Result<Turn<'a>, NoToken> {
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
        let slot = self.session.slot().await?;
        if self.has_own_token() {
            return Ok((permit, None, slot));
        }
        // After all waiting: a token may live shorter than that takes.
        if let Some(token) = auth.token_at_hand(self.refused)? {
            return Ok((permit, Some(token), slot));
        }
        // A login takes its time, in which others can send: those who brought a token of their own.
        drop(permit);
        auth.token(self.refused, self.longest_login()).await?;
        let permit = limit.acquire(life).await?;
        // Mostly the same. Where tokens live shorter than the wait for a turn, this one is not given back again.
        let token = auth.token(self.refused, self.longest_login()).await?;
        // As late as possible: a slot is one of the time.
        let slot = match self.session.pace.is_limited() {
            true => self.session.slot().await?,
            false => self.session.pace.at_once(),
        };
        Ok((permit, Some(token), slot))
    }

    /// How long to wait before the next attempt after one to get a token failed, if there is to be one.
    #[cold]
    fn without_token(&mut self, failure: NoToken) -> Result<Option<Duration>> {
        self.exchange.elapsed = self.started.elapsed();
        let NoToken {
            error,
            is_transient,
            is_own,
        } = failure;
        if !is_transient {
            return Err(error.of_request(&self.exchange));
        }
        self.logins += 1;
        let counted = self.counted();
        let elapsed = self.exchange.elapsed;
        let error = error.after(self.exchange.attempts + self.logins, elapsed);
        let delay = self
            .policy
            .delay(counted, elapsed, error.retry_after())
            .filter(|delay| self.has_time_for(*delay));
        let Some(delay) = delay else {
            debug!(error = %error, attempts = counted, "given up: no login");
            return Err(error);
        };
        // One login is sent for all who wait for it.
        if is_own && self.policy.has_budget() && !self.session.allowance.spend() {
            debug!(error = %error, attempts = counted, "given up: the budget is spent");
            return Err(error.with_help(BUDGET));
        }
        debug!(error = %error, ?delay, attempts = counted, "login again");
        self.last = Some(error);
        Ok(Some(delay))
    }

    /// How many attempts count against the policy.
    fn counted(&self) -> u32 {
        (self.exchange.attempts + self.logins).saturating_sub(self.limited.uncounted)
    }

    /// Whether another attempt after a wait begins before the deadline.
    fn has_time_for(&self, delay: Duration) -> bool {
        let Some(end) = self.end else { return true };
        Instant::now()
            .checked_add(delay)
            .is_some_and(|begin| begin < end)
    }

    /// The deadline has come while it waited.
    fn too_late(&self) -> Error {
        match &self.last {
            Some(error) => error.duplicate().with_help(DEADLINE),
            None => Error::deadline(self.exchange.clone(), self.started.elapsed()),
        }
    }

    /// The timeouts of the next attempt: it ends with the deadline.
    fn timeouts_left(&self, timeouts: Timeouts) -> Timeouts {
        let Some(end) = self.end else {
            return timeouts;
        };
        let left = end.saturating_duration_since(Instant::now());
        // Nothing would be a timeout before anything is sent.
        timeouts.within(left.max(Duration::from_millis(1)))
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
            self.timeouts_left(self.timeouts),
            self.session.gateway.memory.of_response(),
        )
    }

    /// Sends it once, where a body is not whole in memory. If the answer is not to be read whole, and is a success, its body is handed on.
    async fn send_in_pieces(
        &self,
        token: Option<&Token>,
        whole: bool,
    ) -> Result<(Answer, Option<Box<Incoming>>), Failure> {
        let (request, gateway) = (self.request, &self.session.gateway);
        let timeouts = self.timeouts_left(
            gateway.idle_timeouts(request.attempt_timeout(), request.attempt_read_timeout()),
        );
        let in_memory = request.body_bytes().cloned();
        let streamed = request.payload().filter(|_| in_memory.is_none());
        let progress = Arc::new(Progress::default());
        let unreadable = |problem: String| {
            Failure::lasting(
                ErrorKind::Request,
                format!("its body cannot be read: {problem}"),
            )
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
        let opened = gateway.open(method, url, self.headers(token), body, timeouts, &progress);
        let Arriving {
            status,
            headers,
            body,
        } = opened
            .await
            .map_err(|failure| progress.failure().map_or(failure, unreadable))?;
        let (body, rest) = if !status.is_success() {
            let most = gateway.memory.error_body;
            (transport::beginning(body, most).await, None)
        } else if whole {
            let most = gateway.memory.of_response();
            (transport::collect(body, most).await?, None)
        } else {
            (bytes::Bytes::new(), Some(Box::new(body)))
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
        match &sent {
            Ok(answer) if !retry::is_transient(answer.status) => {
                self.session.pace.accepted(self.slot, self.request.path());
            }
            // The connection may be dead.
            Err(failure) if failure.kind == ErrorKind::Timeout => {
                self.session.gateway.leave_connection(self.slot.at());
            }
            _ => {}
        }
        let verdict = match sent {
            // A write that a login page answered was not carried out, as far as anybody knows. By path any page may be wanted.
            Ok(answer)
                if answer.status.is_success()
                    && !self.exchange.operation.name.is_empty()
                    && is_stray_page(&answer.headers, &answer.body, self.exchange.operation) =>
            {
                let secrets = secrets(self.request, token.map(|token| &token.header));
                let (exchange, body) = (self.exchange.clone(), &answer.body);
                let message = server_message::mistaken(body, exchange.sensitive, &secrets);
                let message = message.unwrap_or_default();
                let error = Error::unexpected_without(&secrets, exchange, message, body);
                Verdict::Failed(explained(error, self.request, true, false))
            }
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
            Ok(answer) if self.is_limited(answer.status) => self.limited(token, answer),
            Ok(answer) => {
                let token = token.map(|token| &token.header);
                match refusal(self.request, token, &self.exchange, answer) {
                    Verdict::Failed(error) if self.is_second_deletion(&error) => {
                        if error.is_missing_record() {
                            // An attempt without a response has deleted it: what was asked for is so.
                            let nothing = Answer {
                                status: StatusCode::NO_CONTENT,
                                headers: HeaderMap::new(),
                                body: bytes::Bytes::new(),
                            };
                            return Ok(self.done(nothing, None));
                        }
                        // The gateway did not find the module, which says nothing of the record.
                        Verdict::Again {
                            error,
                            retry_after: None,
                            sent: false,
                        }
                    }
                    verdict => verdict,
                }
            }
            Err(failure) if failure.kind == ErrorKind::Request => {
                Verdict::Failed(Error::request(self.exchange.clone(), failure.message))
            }
            // The response came and cannot be read: what was sent may have been carried out.
            Err(failure) if matches!(failure.kind, ErrorKind::TooLarge | ErrorKind::Decode) => {
                let error = failure.into_error(self.exchange.clone());
                Verdict::Failed(explained(error, self.request, true, false))
            }
            Err(mut failure) if failure.is_excess && self.excess().is_some() => {
                failure.lasts = true;
                failure.help = self.excess().map(Into::into);
                let error = failure.into_error(self.exchange.clone());
                Verdict::Failed(explained(error, self.request, true, false))
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

    /// Whether a status is a limiter's. nginx's `limit_req` answers 503 unless it was told another status, and so does an outage: but then
    /// nothing of the path was answered well just now.
    fn is_limited(&self, status: StatusCode) -> bool {
        status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::SERVICE_UNAVAILABLE
                && self.session.pace.is_limiting_by_503(self.request.path())
    }

    #[cold]
    fn limited(&self, token: Option<&Token>, answer: Answer) -> Verdict {
        let is_certain = answer.status == StatusCode::TOO_MANY_REQUESTS;
        let retry_after = auth::retry_after(&answer.headers);
        let longest = self.policy.longest_retry_after();
        let wait = retry_after.map(|wait| wait.min(longest));
        self.session.pace.rejected(self.slot, wait);
        let token = token.map(|token| &token.header);
        match refusal(self.request, token, &self.exchange, answer) {
            Verdict::Again { error, .. } => Verdict::Limited {
                error,
                retry_after,
                sent: !is_certain,
            },
            verdict => verdict,
        }
    }

    /// What to say of this request if it was the one that had the gateway end the connection, by the length of its URL and headers.
    #[cold]
    fn excess(&self) -> Option<String> {
        let headers = self.request.headers().iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        cause::excess(self.exchange.url.len() + headers)
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
        let asks = self.request.is_read() || self.request.is_idempotent() == Some(true);
        asks.then(|| broken_off(body))?
    }

    /// Whether it is the 404 to a DELETE an earlier attempt of which may have been carried out.
    fn is_second_deletion(&self, error: &Error) -> bool {
        self.exchange.in_doubt && error.is_not_found() && *self.request.method() == Method::DELETE
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
                if request.is_spent() {
                    return Err(error.with_help(SPENT));
                }
                debug!(error = %error, "the token was refused");
                self.refused = Some(token.generation);
                self.just_refused = Some(Instant::now());
                Ok(None)
            }
            Verdict::Limited {
                error,
                retry_after,
                sent,
            } => {
                let error = error.with_help(LIMITED);
                let may = !sent || may_be_repeated(request, policy);
                if may && request.is_spent() {
                    return Err(error.with_help(SPENT));
                }
                // One more that counts, unless others got through since the last: then it is a matter of taking turns.
                let progress = self.session.pace.progress();
                let is_turn = self.limited.in_a_row > 0 && progress > self.limited.progress;
                self.limited.progress = progress;
                if is_turn {
                    self.limited.uncounted += 1;
                    self.limited.in_a_row = 0;
                }
                self.limited.in_a_row += 1;
                let counted = self.counted();
                let delay = may
                    .then(|| policy.delay(counted, self.exchange.elapsed, retry_after))
                    .flatten()
                    .filter(|delay| self.has_time_for(*delay));
                let Some(delay) = delay else {
                    debug!(error = %error, attempts, "given up");
                    return Err(explained(error, request, sent, may));
                };
                self.exchange.in_doubt |= sent && !request.is_read();
                self.just_refused = None;
                // It waits for its slot, with all others: the rate was lowered. If that does not help, it waits by the policy as well.
                let delay = match self.limited.in_a_row {
                    0..=2 => Duration::ZERO,
                    _ => delay,
                };
                debug!(error = %error, ?delay, attempts, "limited: again in its slot");
                self.last = Some(error);
                Ok(Some(delay))
            }
            Verdict::Again {
                error,
                retry_after,
                sent,
            } => {
                let may = !sent || may_be_repeated(request, policy);
                if may && request.is_spent() {
                    return Err(error.with_help(SPENT));
                }
                let delay = may
                    .then(|| policy.delay(self.counted(), self.exchange.elapsed, retry_after))
                    .flatten()
                    .filter(|delay| self.has_time_for(*delay));
                let Some(delay) = delay else {
                    debug!(error = %error, attempts, "given up");
                    return Err(explained(error, request, sent, may));
                };
                if policy.has_budget() && !self.session.allowance.spend() {
                    debug!(error = %error, attempts, "given up: the budget is spent");
                    return Err(explained(error, request, sent, may).with_help(BUDGET));
                }
                self.exchange.in_doubt |= sent && !request.is_read();
                self.just_refused = None;
                debug!(error = %error, ?delay, attempts, "again");
                self.last = Some(error);
                Ok(Some(delay))
            }
            Verdict::Forbidden { error, is_eureka } => {
                let delay = may_be_repeated(request, policy)
                    .then(|| {
                        policy.forbidden_wait(self.forbidden, self.exchange.elapsed, is_eureka)
                    })
                    .flatten()
                    .filter(|delay| self.has_time_for(*delay))
                    .filter(|_| !policy.has_budget() || self.session.allowance.spend());
                let Some(delay) = delay else {
                    debug!(error = %error, attempts, "failed");
                    return Err(self.of_other_tenant(token, error));
                };
                if request.is_spent() {
                    return Err(error.with_help(SPENT));
                }
                self.forbidden += 1;
                self.just_refused = None;
                debug!(error = %error, ?delay, attempts, "again, since a 403 may pass");
                Ok(Some(delay))
            }
            Verdict::Failed(error) if request_line::is_too_long(&error) => {
                let error = self.session.too_long(request, error);
                debug!(error = %error, "failed");
                Err(error)
            }
            Verdict::Failed(error) => {
                debug!(error = %error, "failed");
                if !request.is_read() && leaves_it_open(&error) {
                    return Err(error.with_unknown_outcome());
                }
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

const BUDGET: &str = "it was not repeated: much fails, and the client's budget for repetitions is spent (see RetryPolicy::budget)";

const LIMITED: &str = "a limiter in front of FOLIO rejects requests: the client slows down by itself, and `rate_limit` of the builder keeps it below what is allowed from the beginning";

const DEADLINE: &str = "the deadline of the call came before another attempt (`deadline`)";

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
        return Verdict::Failed(error.with_help(auth::redirected(
            &headers,
            request.path(),
            &secrets,
        )));
    }
    let help = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Some(cause::TOO_LARGE),
        _ => error.server_message().and_then(cause::of_page),
    };
    match help {
        Some(help) => Verdict::Failed(error.with_help(help)),
        None => Verdict::Failed(error),
    }
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
    if request.is_read() {
        return true;
    }
    if let Some(idempotent) = request.is_idempotent() {
        return idempotent;
    }
    match *request.method() {
        Method::DELETE => policy.repeats_idempotent_writes() || request.deletes_a_record(),
        Method::PUT => policy.repeats_idempotent_writes() || request.is_guarded(),
        // The server rejects a second record of the same id.
        Method::POST => request.created_id().is_some(),
        // A GET that has an effect, PATCH.
        _ => false,
    }
}

/// States of a write whether it may have been carried out, and why it was not repeated.
fn explained(error: Error, request: &Request, sent: bool, repeatable: bool) -> Error {
    if request.is_read() || !sent {
        return error;
    }
    let error = error.with_unknown_outcome();
    if repeatable {
        return error.with_help("whether the last attempt was carried out is not known");
    }
    error.with_help(
        "it was not repeated: whether the server carried it out is not known, and it could happen twice (see RetryPolicy and Request::idempotent)",
    )
}

/// Whether a final failure says nothing about what was done: a 5xx. Modules report a failure after some or all was done (recorded: a
/// check-in whose event cannot be published is 500 after item and loan were changed), and Okapi gives 500 when a module drops the connection.
fn leaves_it_open(error: &Error) -> bool {
    let is_open =
        |status: StatusCode| status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
    // Okapi did not reach the module (recorded: `proxyClient failure: mod-x http://…: finishConnect(..) failed: Connection refused: …`).
    let was_refused = || {
        let message = error.server_message().unwrap_or_default();
        message.starts_with("proxyClient failure:") && message.contains("Connection refused")
    };
    error.status().is_some_and(is_open) && !was_refused()
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
