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
mod accounts;
mod acquisitions;
mod auth;
mod builder;
mod consortium;
mod constraints;
pub mod cql;
mod dates;
mod demo;
mod descriptors;
mod documents;
mod exchange;
mod faults;
mod gateway;
mod generate;
mod handlers;
mod http;
mod jackson;
mod kinds;
mod memory;
mod modules;
mod options;
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
mod wiring;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

pub use exchange::{Answered, Exchange};
pub use faults::{BadFault, Effect, Fault, Gateway};
pub use state::Error;
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
    options: options::Options,
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
    /// Starts it.
    ///
    /// # Errors
    /// There is no port, no thread, or the file is no SQLite database.
    pub async fn start(self) -> Result<Sandbox, Error> {
        let options = self.options.clone();
        let lock = options.folder.as_deref().map(locked).transpose()?;
        let file = match &options.folder {
            Some(folder) => Some(folder.join("records.db")),
            None => self.file.clone(),
        };
        let mut state = State {
            auth: auth::Auth::new(self.access, self.refresh, self.eureka),
            store: store::Store::open(file.as_deref())?,
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
            accounts: String::new(),
            read_only: options.read_only,
            address: options.address,
            listener: options.listener.clone(),
        };
        options
            .faults
            .iter()
            .cloned()
            .for_each(|fault| state.faults.add(fault));
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
        accounts::restore(&mut state)?;
        self.fill(&mut state)?;
        if let Some((central, members)) = &self.consortium {
            platform::found(&mut state, consortium::Consortium::new(central, members))?;
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
            _lock: lock,
        })
    }

    /// Puts demo data, reference data, generated records and those of users into their tenants; each into a file once only.
    fn fill(&self, state: &mut State) -> Result<(), Error> {
        let options = &self.options;
        let demo = options.demo.as_deref().or(self.demo.then_some(DEFAULT.0));
        let mut fillings: Vec<(String, bool)> = Vec::new();
        fillings.extend(demo.map(|tenant| (tenant.to_owned(), true)));
        if self.reference || options.generated > 0 {
            let tenants = state.auth.tenants.keys().cloned();
            fillings.extend(tenants.map(|tenant| (tenant, false)));
        }
        for (tenant, demo) in fillings {
            let filled = format!("{} {tenant}", if demo { "demo" } else { "reference" });
            if state.store.setting(&filled)?.is_some() {
                continue;
            }
            let records = match demo {
                true => demo::records(),
                false => demo::reference(),
            };
            for (path, records) in records {
                state.load(&tenant, path, records)?;
            }
            state.store.set_setting(&filled, "done")?;
        }
        if options.generated > 0 {
            let tenant = match self.users.first() {
                Some(user) if !self.demo => user.tenant.as_str(),
                _ => self
                    .tenant
                    .as_deref()
                    .filter(|_| !self.demo)
                    .unwrap_or(DEFAULT.0),
            };
            state.store.generate(tenant, self.seed, options.generated)?;
            state
                .store
                .prepare(tenant, "/instance-storage/instances", &["title"]);
        }
        if self.user_records || self.consortium.is_some() {
            platform::user_records(state)?;
        }
        Ok(())
    }
}

/// The lock of a folder, which is made if it is not there. It ends with the process.
fn locked(folder: &std::path::Path) -> Result<std::fs::File, Error> {
    std::fs::create_dir_all(folder)?;
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("lock"))?;
    file.try_lock()
        .map_err(|_| Error::InUse(folder.display().to_string()))?;
    Ok(file)
}

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    url: String,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Of the folder, while the sandbox runs.
    _lock: Option<std::fs::File>,
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
            options: options::Options::default(),
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
