//! The settings of a sandbox: tenants, users, data, limits, and its address.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::facts::documents::modules;
use crate::facts::kinds::Release;
use crate::platform::exchange::{Answered, Exchange};
use crate::platform::faults::Fault;
use crate::platform::wiring::{Module, Wiring};
use crate::setup::options::Options;

/// The tenant and the user of a sandbox to which none was given.
pub(super) const DEFAULT: (&str, &str, &str) = ("diku", "diku_admin", "admin");

/// The settings of a sandbox.
#[derive(Clone, Debug)]
#[must_use = "a sandbox is started by `start`"]
pub struct Builder {
    pub(super) tenant: Option<String>,
    pub(super) users: Vec<Login>,
    pub(super) access: Duration,
    pub(super) refresh: Duration,
    pub(super) latency: Duration,
    pub(super) base: String,
    pub(super) file: Option<PathBuf>,
    pub(super) seed: u64,
    pub(super) demo: bool,
    pub(super) reference: bool,
    pub(super) cross_tenant: bool,
    pub(super) max_body: usize,
    pub(super) max_batch: usize,
    pub(super) suppress_locking: bool,
    pub(super) eureka: bool,
    pub(super) release: Release,
    pub(super) user_records: bool,
    pub(super) consortium: Option<(String, Vec<String>)>,
    pub(super) keep: usize,
    pub(super) wiring: Wiring,
    pub(super) options: Options,
}

#[derive(Clone)]
pub(super) struct Login {
    pub(super) tenant: String,
    pub(super) name: String,
    pub(super) password: String,
    pub(super) permissions: Option<Vec<String>>,
}

impl fmt::Debug for Login {
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

    /// A user with all permissions.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        let tenant = self.tenant.clone().unwrap_or_else(|| DEFAULT.0.to_owned());
        self.users.push(Login {
            tenant,
            name: name.into(),
            password: password.into(),
            permissions: None,
        });
        self
    }

    /// A user with exactly these permissions.
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

    /// The minimum duration of every response; none by default.
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

    /// The seed of faults with a probability: equal seeds give equal faults.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many exchanges are retained for [`Sandbox::exchanges`](crate::Sandbox::exchanges);
    /// 10,000.
    pub fn keep_exchanges(mut self, most: usize) -> Self {
        self.keep = most;
        self
    }

    /// Whether a token of one tenant may be used with another (`allow.cross.tenant.requests`); not
    /// so by default.
    pub fn allow_cross_tenant(mut self, allow: bool) -> Self {
        self.cross_tenant = allow;
        self
    }

    /// The maximum size of a request body, in bytes: larger ones get 413, as with Kong from 1 MB
    /// on. Unlimited by default.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// The maximum number of records in a batch (`POST_SYNC_MAX_ENTITIES`): 10,000 by default, more
    /// get 413.
    pub fn max_batch(mut self, records: usize) -> Self {
        self.max_batch = records;
        self
    }

    /// Whether `…/batch/synchronous-unsafe` works (`DB_ALLOW_SUPPRESS_OPTIMISTIC_LOCKING`); by
    /// default it responds with 413.
    pub fn allow_unsafe_batches(mut self, allow: bool) -> Self {
        self.suppress_locking = allow;
        self
    }

    /// Eureka instead of Okapi: Kong and sidecars are the gateway, the modules of tenants are those
    /// of applications, and Keycloak gives the tokens. Its refresh tokens live for 30 minutes (the
    /// idle time of a session) and may be used again.
    pub fn eureka(mut self) -> Self {
        self.eureka = true;
        if self.refresh == Duration::from_secs(604_800) {
            self.refresh = Duration::from_secs(1_800);
        }
        self
    }

    /// Behaves like an older release where it is known to differ: `quesnelia`. Without it, or with
    /// another name, the sandbox behaves like Ramsons. The specifications are those that the crate
    /// was built with either way.
    pub fn release(mut self, release: &str) -> Self {
        self.release = if release.eq_ignore_ascii_case("quesnelia") {
            Release::Quesnelia
        } else {
            Release::Ramsons
        };
        self
    }

    /// Users with credentials are also records in `/users`.
    pub fn user_records(mut self) -> Self {
        self.user_records = true;
        self
    }

    /// A consortium of a central tenant and its members. Users of members have shadow users in the
    /// central tenant, and its users in all members; other users may not act in another tenant than
    /// their own. In the central tenant, users of members can log in, too.
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

    /// A small library in the tenant `diku`: users in groups, locations, instances with holdings
    /// and items. `diku_admin` with the password `admin` may do everything there.
    pub fn demo_data(mut self) -> Self {
        self.demo = true;
        self
    }

    /// The reference data of the demo data, without users, instances, holdings and items, in each
    /// tenant of a user.
    pub fn reference_data(mut self) -> Self {
        self.reference = true;
        self
    }

    /// The address: by default a free port of the loopback interface. Everyone who can connect to
    /// that port can use the sandbox.
    pub fn listen(mut self, address: impl Into<IpAddr>, port: u16) -> Self {
        self.options.address = (address.into(), port);
        self
    }

    /// A directory for records, users and sequences, which is created if it does not exist. They
    /// outlive the process, however it ends: everything in a response is persisted. Demo and
    /// reference data are stored in it once. Only one process at a time can use it. It contains
    /// passwords in clear text: it is for tests.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.folder = Some(folder.into());
        self
    }

    /// Rejects requests that would change data with 403. Logins, and lists that are requested with
    /// POST, are not changes.
    pub fn read_only(mut self) -> Self {
        self.options.read_only = true;
        self
    }

    /// A callback after the response to each request, for a log.
    pub fn on_exchange(
        mut self,
        listener: impl Fn(&Exchange, Answered) + Send + Sync + 'static,
    ) -> Self {
        self.options.listener = Some(Arc::new(listener));
        self
    }

    /// Something that goes wrong from the start; see also
    /// [`Sandbox::fault`](crate::Sandbox::fault).
    pub fn fault(mut self, fault: Fault) -> Self {
        self.options.faults.push(fault);
        self
    }

    /// The records of [`demo_data`](Self::demo_data) in a tenant of the users named, without a user
    /// of their own.
    pub fn demo_data_of(mut self, tenant: impl Into<String>) -> Self {
        self.options.demo = Some(tenant.into());
        self
    }

    /// So many invented instances with as many holdings and items, linked and as varied as those of
    /// a catalogue, in the tenant of the first user; and the reference data that they refer to. The
    /// same [seed](Self::seed) gives the same records. They are made when they are read: a million
    /// is ready in seconds and takes some hundred megabytes.
    pub fn generated(mut self, records: u32) -> Self {
        self.options.generated = records;
        self
    }

    /// Assigns a separate port to a module, which bypasses the gateway:
    /// [`Sandbox::module_url`](crate::Sandbox::module_url) returns its address. Tokens and
    /// permissions are not checked there, and routes of the module respond that its descriptor does
    /// not list. The name of an unknown module is ignored.
    pub fn module_port(mut self, module: &str) -> Self {
        let known = modules().iter().find(|(name, _)| name == module);
        if let Some((name, _)) = known
            && !self.wiring.ports.contains(&name.as_str())
        {
            self.wiring.ports.push(name);
        }
        self
    }

    /// Restricts the last named tenant to these modules. Without `mod-authtoken` its tokens are not
    /// checked, without `okapi` it has no `/_/` paths. Tenants have all modules by default.
    pub fn modules(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let tenant = self.tenant.clone().unwrap_or_else(|| DEFAULT.0.to_owned());
        let names = names.into_iter().map(Into::into).collect();
        self.wiring.enabled.insert(tenant, names);
        self
    }

    /// Removes a module, `mod-calendar`, from the tenants: its routes respond with 404, and modules
    /// that need it fail as they do without it. Without mod-calendar no check-out succeeds; without
    /// mod-pubsub check-ins respond with 500 after they were stored.
    pub fn without_module(mut self, name: impl Into<String>) -> Self {
        self.wiring.without.insert(name.into());
        self
    }

    /// A module that runs elsewhere, or nowhere. All tenants have it that do not have some modules
    /// only, and those that have it.
    pub fn module(mut self, module: Module) -> Self {
        self.wiring.modules.push(module);
        self
    }
}
