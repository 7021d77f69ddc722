//! One call: its request, its tenant, and the state of its attempts so far.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::runtime::Handle;
use tokio::task;
use tokio::time::Instant;

use crate::engine::auth::Token;
use crate::engine::limit::OwnedPermit;
use crate::engine::pace::Slot;
use crate::engine::page_ticket::PageTicket;
use crate::engine::request_line;
use crate::engine::retry::Attempts;
use crate::engine::session::Session;
use crate::engine::tenant::Tenant;
use crate::engine::transport::{Incoming, Timeouts};
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::headers::TENANT;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::retry::RetryPolicy;

/// The unread part of a body, and the permit that is held until it is read.
pub(crate) type Rest = (Box<Incoming>, OwnedPermit);

/// A response as an attempt received it, and the unread part of its body.
pub(crate) type AttemptOutput = (http::Response<Bytes>, Option<Rest>);

/// The response to a call, and the unread part of its body.
pub(crate) type Executed = (Response, Option<Rest>);

/// How the body of a success is read.
#[derive(Clone, Copy)]
pub(super) enum BodyReading<'a> {
    Whole,
    /// Completely, once a harvest has memory for it.
    Page(&'a PageTicket),
    /// By the caller.
    Pieces,
}

/// A call, and the state of its attempts so far.
pub(super) struct CallInProgress<'a> {
    pub(super) session: &'a Session,
    pub(super) request: &'a Request,
    pub(super) tenant: &'a HeaderValue,
    pub(super) reading: BodyReading<'a>,
    pub(super) policy: &'a RetryPolicy,
    pub(super) attempts: Attempts,
    pub(super) exchange: Exchange,
    /// The timeouts of an attempt whose bodies are in memory.
    pub(super) timeouts: Timeouts,
    /// The token of the attempt; none if the request has its own or needs none.
    pub(super) token: Option<Arc<Token>>,
    /// The generation of the token that the server rejected last.
    pub(super) rejected: Option<u64>,
    /// The time of the rejection, if the last attempt was rejected.
    pub(super) just_rejected: Option<Instant>,
    pub(super) limited: Limited,
    /// The slot of the attempt.
    pub(super) slot: Slot,
    /// The reason for the next attempt.
    pub(super) last: Option<Error>,
}

/// The attempts of a call that a limiter rejected.
#[derive(Default)]
pub(super) struct Limited {
    /// The number of rejections since the last accepted request of the client.
    in_a_row: u32,
    /// The number of accepted requests at the last rejection.
    progress: u64,
}

impl<'a> CallInProgress<'a> {
    /// Validates the request before anything is sent.
    pub(super) fn begin(
        session: &'a Session,
        tenant: &'a Tenant,
        request: &'a Request,
        reading: BodyReading<'a>,
    ) -> Result<Self> {
        session.life.check()?;
        let exchange = request.exchange(session.gateway.base());
        if let Some(problem) = request.problem() {
            return Err(Error::request(exchange, problem.into_owned()));
        }
        if let Some(problem) = session.line_problem(request) {
            return Err(Error::request(exchange, problem).with_help(request_line::REMEDY));
        }
        // A task always has a runtime; this check avoids a counter that all threads share.
        if task::try_id().is_none() && Handle::try_current().is_err() {
            return Err(Error::no_runtime());
        }
        let tenant = match request.headers().get(TENANT) {
            Some(tenant) => tenant,
            None => tenant.header()?,
        };
        session.budget.deposit();
        Ok(Self {
            session,
            request,
            tenant,
            reading,
            policy: request.retry_policy().unwrap_or(&session.retry),
            attempts: Attempts::new(request.call_deadline().or(session.deadline)),
            exchange,
            timeouts: session
                .gateway
                .timeouts(request.attempt_timeout(), request.attempt_read_timeout()),
            token: None,
            rejected: None,
            just_rejected: None,
            limited: Limited::default(),
            slot: session.pace.at_once(),
            last: None,
        })
    }

    /// A limiter rejected the attempt: how many rejections there were in a row.
    pub(super) fn count_rate_limited(&mut self) -> u32 {
        // One more that counts, unless others were accepted since the last: then requests take
        // turns.
        let progress = self.session.pace.progress();
        let takes_turns = self.limited.in_a_row > 0 && progress > self.limited.progress;
        self.limited.progress = progress;
        if takes_turns {
            self.attempts.uncount();
            self.limited.in_a_row = 0;
        }
        self.limited.in_a_row += 1;
        self.limited.in_a_row
    }

    /// The response to the call.
    pub(super) fn executed(self, (received, rest): AttemptOutput) -> Executed {
        (Response::new(received, self.exchange), rest)
    }
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
