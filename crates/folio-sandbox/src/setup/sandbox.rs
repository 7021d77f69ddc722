//! A running sandbox, as a value in a test.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::facts::documents;
use crate::platform::consortium::Rule;
use crate::platform::error::Error;
use crate::platform::exchange::Exchange;
use crate::platform::faults::Fault;
use crate::platform::state::State;

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    pub(super) url: String,
    pub(super) state: Arc<Mutex<State>>,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) thread: Option<JoinHandle<()>>,
    /// Of the folder, while the sandbox runs.
    pub(super) _lock: Option<std::fs::File>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Where it listens, `http://127.0.0.1:34567`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another thread leaves the state as it was: each change is one statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores records in a collection of a tenant, which is created if necessary, without
    /// validation, replacing those with the same identifiers. A server newer than the documents has
    /// fields that these lack, and so may such records.
    ///
    /// # Errors
    /// The collection does not exist, or a record is not an object.
    pub fn load(&self, tenant: &str, path: &str, records: Vec<Value>) -> Result<(), Error> {
        self.state().load(tenant, path, records)
    }

    /// The records of a collection.
    ///
    /// # Errors
    /// The collection does not exist.
    pub fn records(&self, tenant: &str, path: &str) -> Result<Vec<Value>, Error> {
        let collection = documents::routes()
            .collection(path)
            .ok_or_else(|| Error::NoCollection(path.to_owned()))?;
        let path = documents::stored_at(&collection.path);
        Ok(self.state().store.all(tenant, path)?)
    }

    /// A circulation rule of a tenant: lookups whose parameters (`item_type_id`, `location_id`, …)
    /// have these values get this policy. The first matching rule decides. `policy` is `loan`,
    /// `request`, `notice`, `overdue-fine` or `lost-item`.
    pub fn circulation_rule(
        &self,
        tenant: &str,
        policy: &str,
        conditions: &[(&str, &str)],
        policy_id: &str,
    ) {
        self.state().rules.push(Rule {
            tenant: tenant.to_owned(),
            policy: policy.to_owned(),
            conditions: conditions
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            id: policy_id.to_owned(),
        });
    }

    /// Makes something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.state().faults.add(fault);
    }

    /// Everything goes well again.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// All access tokens are invalid from now on.
    pub fn expire_tokens(&self) {
        self.state().auth.expire_access();
    }

    /// All refresh tokens are invalid from now on.
    pub fn revoke_refresh_tokens(&self) {
        self.state().auth.revoke_refresh();
    }

    /// The requests that came, in their order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().exchanges.clone()
    }

    /// How many logins with a password succeeded.
    pub fn logins(&self) -> usize {
        self.state().auth.logins
    }

    /// How many refresh tokens were exchanged.
    pub fn refreshes(&self) -> usize {
        self.state().auth.refreshes
    }

    /// The address of a module's own port; none if
    /// [`Builder::module_port`](crate::Builder::module_port) was not called for it.
    pub fn module_url(&self, module: &str) -> Option<String> {
        let state = self.state();
        let (_, address) = state
            .wiring
            .listening
            .iter()
            .find(|(name, _)| *name == module)?;
        Some(format!("http://{address}"))
    }

    /// Advances the clock of tokens and of the gateway's caches, so that a test need not wait until
    /// a token expires.
    pub fn advance(&self, by: Duration) {
        self.state().auth.advance(by);
    }

    /// Stops Keycloak, or starts it again: while it is down, logins and token renewals fail on
    /// Eureka. Sessions survive.
    pub fn keycloak_down(&self, down: bool) {
        self.state().wiring.keycloak_down = down;
    }

    /// Stops it. Dropping does the same.
    pub fn shutdown(self) {}
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
