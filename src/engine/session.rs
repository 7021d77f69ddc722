//! The state that all clones and tenant handles of a client share, from its gateway to its retry
//! budget.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::auth::Auth;
use crate::engine::cache::Cache;
use crate::engine::lifecycle::Lifecycle;
use crate::engine::limit::{Limit, Rate};
use crate::engine::pace::{Pace, Slot};
use crate::engine::request_line::{self, RequestLine};
use crate::engine::retry::Bounds;
use crate::engine::transport::Gateway;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::retry::RetryPolicy;
use crate::wire::retry_budget::RetryBudget;

/// The state that all clones and tenant handles of a client share.
pub(crate) struct Session {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) auth: Arc<Auth>,
    /// Ends every wait when the client is closed.
    pub(crate) life: Arc<Lifecycle>,
    pub(crate) limit: Limit,
    pub(crate) rate: Option<Rate>,
    pub(crate) retry: RetryPolicy,
    pub(crate) cache: Cache,
    pub(crate) budget: RetryBudget,
    /// The rate that a limiter in front of FOLIO allows.
    pub(crate) pace: Pace,
    /// The default deadline of a call.
    pub(crate) deadline: Option<Duration>,
    pub(crate) request_line: RequestLine,
}

impl Session {
    /// The bounds of attempts under a policy.
    pub(crate) fn bounds<'a>(&'a self, policy: &'a RetryPolicy) -> Bounds<'a> {
        Bounds {
            policy,
            budget: &self.budget,
            life: &self.life,
        }
    }

    /// A slot of the rate that a limiter allows.
    pub(super) async fn slot(&self) -> Result<Slot> {
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

    /// Logs out, closes the client and ends all its waits.
    pub(crate) async fn close(&self) -> Result<()> {
        self.cache.clear();
        self.auth.close().await
    }

    /// As [`close`](Self::close), without waiting for the logout.
    pub(crate) fn close_in_the_background(&self) {
        self.cache.clear();
        self.auth.close_in_the_background();
    }

    /// The error for a request line that is too long. Most requests are known to be short enough
    /// without formatting the line.
    pub(super) fn line_problem(&self, request: &Request) -> Option<String> {
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

    /// Handles a 414 of the server: adds the length of the request to the error, and lowers the
    /// limit for later requests.
    #[cold]
    pub(super) fn too_long(&self, request: &Request, error: Error) -> Error {
        let target = self.gateway.base_path().len() + request.target().len();
        let length = RequestLine::length(request.method(), target);
        self.request_line.was_rejected(length);
        error.with_help(format!(
            "the request line of {length} bytes is too long for the server. {}",
            request_line::REMEDY
        ))
    }
}
