//! A FOLIO in the process: a real HTTP server over SQLite, for tests and examples.
//!
//! It serves the collections that the canonical documents describe, with login, tokens that expire, CQL, paging, and the answers that
//! FOLIO's servers give (Okapi and RMB), and it fails on demand. It listens on a port of the loopback interface and runs on a thread of its
//! own, so that neither the caller's runtime nor its clock matter to it.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use folio_sandbox::{Effect, Fault, Sandbox};
//! use serde_json::json;
//!
//! let sandbox = Sandbox::builder().tenant("diku").user("admin", "secret").start().await?;
//! sandbox.load("diku", "/groups", vec![json!({"id": "3684a786-6671-4268-8ed0-9db82ebca60b", "group": "staff"})])?;
//! sandbox.fault(Fault::new(Effect::status(503, "busy")).path("/groups").times(1));
//! assert!(sandbox.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(sandbox.records("diku", "/groups")?.len(), 1);
//! # Ok::<(), folio_sandbox::Error>(())
//! # }).unwrap();
//! ```

mod access;
mod acquisitions;
mod auth;
mod circulation;
mod consortium;
mod constraints;
pub mod cql;
mod dates;
mod demo;
mod descriptors;
mod documents;
mod faults;
mod gateway;
mod handlers;
mod http;
mod inventory;
mod jackson;
mod kinds;
mod memory;
mod modules;
mod platform;
mod ports;
mod proxy;
pub mod record;
mod rmb;
mod router;
mod server;
mod state;
mod store;
mod tables;
mod users_bl;
mod wiring;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

pub use faults::{Effect, Fault};
pub use state::{Error, Exchange};
pub use wiring::Module;

use kinds::Release;
use state::State;

/// The tenant and the user of a sandbox to which none was given.
const DEFAULT: (&str, &str, &str) = ("diku", "diku_admin", "admin");

/// What a sandbox is to be like.
#[derive(Clone, Debug)]
#[must_use = "a sandbox is started by `start`"]
pub struct Builder {
    tenant: Option<String>,
    users: Vec<User>,
    access: Duration,
    refresh: Duration,
    latency: Duration,
    base: String,
    file: Option<PathBuf>,
    seed: u64,
    demo: bool,
    reference: bool,
    cross_tenant: bool,
    max_body: usize,
    max_batch: usize,
    suppress_locking: bool,
    eureka: bool,
    release: Release,
    user_records: bool,
    consortium: Option<(String, Vec<String>)>,
    keep: usize,
    wiring: wiring::Wiring,
}

#[derive(Clone)]
struct User {
    tenant: String,
    name: String,
    password: String,
    permissions: Option<Vec<String>>,
}

impl fmt::Debug for User {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("User")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// The tenant that the users named next belong to.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// A user who may do everything.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        let tenant = self.tenant.clone().unwrap_or_else(|| DEFAULT.0.to_owned());
        self.users.push(User {
            tenant,
            name: name.into(),
            password: password.into(),
            permissions: None,
        });
        self
    }

    /// A user who has these permissions and no others.
    pub fn user_with_permissions(
        self,
        name: impl Into<String>,
        password: impl Into<String>,
        permissions: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let mut builder = self.user(name, password);
        if let Some(user) = builder.users.last_mut() {
            user.permissions = Some(permissions.into_iter().map(Into::into).collect());
        }
        builder
    }

    /// How long access tokens live; 10 minutes, as FOLIO's do.
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.access = lifetime;
        self
    }

    /// How long refresh tokens live; a week on Okapi, 30 minutes on Eureka.
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.refresh = lifetime;
        self
    }

    /// How long every answer takes at least; no time.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// A path that goes before all others, `/okapi`.
    pub fn base_path(mut self, base: impl Into<String>) -> Self {
        self.base = base.into().trim_end_matches('/').to_owned();
        self
    }

    /// A file for the records; without it they are in memory.
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// What faults with a probability are drawn from: the same seed gives the same faults.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many exchanges are kept for [`Sandbox::exchanges`]; 10,000.
    pub fn keep_exchanges(mut self, most: usize) -> Self {
        self.keep = most;
        self
    }

    /// Whether a token of one tenant may be used with another (`allow.cross.tenant.requests`); not so by default.
    pub fn allow_cross_tenant(mut self, allow: bool) -> Self {
        self.cross_tenant = allow;
        self
    }

    /// The largest body of a request, in bytes: what is larger is answered 413, as Kong does from 1 MB on. No limit by default.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// How many records a batch may have (`POST_SYNC_MAX_ENTITIES`): 10,000 by default, more are answered 413.
    pub fn max_batch(mut self, records: usize) -> Self {
        self.max_batch = records;
        self
    }

    /// Whether `…/batch/synchronous-unsafe` works (`DB_ALLOW_SUPPRESS_OPTIMISTIC_LOCKING`); by default it answers 413.
    pub fn allow_unsafe_batches(mut self, allow: bool) -> Self {
        self.suppress_locking = allow;
        self
    }

    /// Eureka instead of Okapi: Kong and sidecars are the gateway, the modules of tenants are those of applications, and Keycloak gives the
    /// tokens. Its refresh tokens live for 30 minutes (the idle time of a session) and may be used again.
    pub fn eureka(mut self) -> Self {
        self.eureka = true;
        if self.refresh == Duration::from_secs(604_800) {
            self.refresh = Duration::from_secs(1_800);
        }
        self
    }

    /// Behaves like an older release where it is known to differ: `quesnelia`. Without it, or with another name, the sandbox behaves like
    /// Ramsons. The specifications are those that the crate was built with either way.
    pub fn release(mut self, release: &str) -> Self {
        self.release = if release.eq_ignore_ascii_case("quesnelia") {
            Release::Quesnelia
        } else {
            Release::Ramsons
        };
        self
    }

    /// Those who can log in are also records in `/users`.
    pub fn user_records(mut self) -> Self {
        self.user_records = true;
        self
    }

    /// A consortium of a central tenant and its members. Users of members have shadow users in the central tenant, and its users in all
    /// members; nobody else may act in another tenant than their own. In the central tenant, users of members can log in too.
    pub fn consortium(
        mut self,
        central: impl Into<String>,
        members: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.consortium = Some((
            central.into(),
            members.into_iter().map(Into::into).collect(),
        ));
        self
    }

    /// A small library in the tenant `diku`: users in groups, locations, instances with holdings and items. `diku_admin` with the password
    /// `admin` may do everything there.
    pub fn demo_data(mut self) -> Self {
        self.demo = true;
        self
    }

    /// The reference data of the demo data, without users, instances, holdings and items, in each tenant of a user.
    pub fn reference_data(mut self) -> Self {
        self.reference = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// There is no port, no thread, or the file is no SQLite database.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let mut state = State {
            auth: auth::Auth::new(self.access, self.refresh, self.eureka),
            store: store::Store::open(self.file.as_deref())?,
            faults: faults::Faults::new(self.seed),
            latency: self.latency,
            base: self.base.clone(),
            cross_tenant: self.cross_tenant,
            max_body: self.max_body,
            max_batch: self.max_batch,
            suppress_locking: self.suppress_locking,
            eureka: self.eureka,
            release: self.release,
            consortium: None,
            rules: Vec::new(),
            exchanges: Vec::new(),
            keep: self.keep,
            wiring: self.wiring.clone(),
        };
        for user in &self.users {
            state.auth.add(
                &user.tenant,
                &user.name,
                &user.password,
                user.permissions.clone(),
            );
        }
        if self.users.is_empty() || self.demo {
            let tenant = if self.demo {
                DEFAULT.0
            } else {
                self.tenant.as_deref().unwrap_or(DEFAULT.0)
            };
            state.auth.add(tenant, DEFAULT.1, DEFAULT.2, None);
        }
        if self.demo {
            for (path, records) in demo::records() {
                state.load(DEFAULT.0, path, records)?;
            }
        }
        if self.reference {
            let tenants: Vec<String> = state.auth.tenants.keys().cloned().collect();
            for tenant in tenants {
                for (path, records) in demo::reference() {
                    state.load(&tenant, path, records)?;
                }
            }
        }
        if self.user_records || self.consortium.is_some() {
            platform::user_records(&mut state)?;
        }
        if let Some((central, members)) = &self.consortium {
            platform::found(&mut state, platform::Consortium::new(central, members))?;
        }
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = oneshot::channel();
        let (ready, listening) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("folio-sandbox".to_owned())
            .spawn(move || {
                let runtime = match tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .build()
                {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                runtime.block_on(server::run(served, stopped, ready));
            })?;
        let address = listening
            .await
            .map_err(|_| std::io::Error::other("its thread ended"))??;
        Ok(Sandbox {
            url: format!("http://{address}{}", self.base),
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    url: String,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// What a sandbox is to be like. Without a user it has the tenant `diku` with the user `diku_admin`, password `admin`.
    pub fn builder() -> Builder {
        Builder {
            tenant: None,
            users: Vec::new(),
            access: Duration::from_secs(600),
            refresh: Duration::from_secs(604_800),
            latency: Duration::ZERO,
            base: String::new(),
            file: None,
            seed: 1,
            demo: false,
            reference: false,
            cross_tenant: false,
            max_body: usize::MAX,
            max_batch: 10_000,
            suppress_locking: false,
            eureka: false,
            release: Release::default(),
            user_records: false,
            consortium: None,
            keep: 10_000,
            wiring: wiring::Wiring::default(),
        }
    }

    /// Where it listens, `http://127.0.0.1:34567`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another thread leaves the state as it was: each change is one statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts records into a collection of a tenant, which is made if there is none, as they are, in place of those of the same identifiers.
    /// They are not checked: a server newer than the documents has fields that these lack, and so may such records.
    ///
    /// # Errors
    /// There is no such collection, or a record is no object.
    pub fn load(&self, tenant: &str, path: &str, records: Vec<Value>) -> Result<(), Error> {
        self.state().load(tenant, path, records)
    }

    /// The records of a collection.
    ///
    /// # Errors
    /// There is no such collection.
    pub fn records(&self, tenant: &str, path: &str) -> Result<Vec<Value>, Error> {
        let collection = documents::routes()
            .collection(path)
            .ok_or_else(|| Error::NoCollection(path.to_owned()))?;
        let path = documents::stored_at(&collection.path);
        Ok(self.state().store.all(tenant, path)?)
    }

    /// A circulation rule of a tenant: questions whose parameters (`item_type_id`, `location_id`, …) have these values get this policy. The
    /// first rule that fits decides. `policy` is `loan`, `request`, `notice`, `overdue-fine` or `lost-item`.
    pub fn circulation_rule(
        &self,
        tenant: &str,
        policy: &str,
        conditions: &[(&str, &str)],
        policy_id: &str,
    ) {
        self.state().rules.push(platform::Rule {
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
