//! What a sandbox is to be like: tenants, users, data, limits.

use std::path::PathBuf;
use std::time::Duration;

use crate::kinds::Release;
use crate::{Builder, DEFAULT, User};

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

    /// How many exchanges are retained for [`Sandbox::exchanges`](crate::Sandbox::exchanges); 10,000.
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
}
