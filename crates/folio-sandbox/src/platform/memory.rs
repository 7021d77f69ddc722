//! The caches of Okapi and mod-authtoken, which delay the effect of a changed user or permission.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// The TTL of Okapi's cache of permitted paths. Okapi does not call mod-authtoken again within this
/// time.
const OF_OKAPI: Duration = Duration::from_secs(180);

/// The TTL of mod-authtoken's cache of users and permissions (`user.cache.seconds`). Failed lookups
/// are not cached.
const OF_AUTHTOKEN: Duration = Duration::from_secs(60);

/// The most that is remembered of each kind.
const MOST: usize = 10_000;

/// Tenant, token, method and path.
type Use = (String, String, String, String);
/// Tenant and user.
type TenantUser = (String, String);

#[derive(Default)]
pub(crate) struct GatewayCache {
    allowed: HashMap<Use, Instant>,
    active: HashMap<TenantUser, (bool, Instant)>,
    permissions: HashMap<TenantUser, (BTreeSet<String>, Instant)>,
}

impl GatewayCache {
    /// Whether Okapi remembers that a token may use a path.
    pub(crate) fn allows(&self, now: Instant, of: &Use) -> bool {
        let since = self.allowed.get(of);
        since.is_some_and(|since| now.saturating_duration_since(*since) < OF_OKAPI)
    }

    pub(crate) fn allow(&mut self, now: Instant, of: Use) {
        if self.allowed.len() >= MOST {
            self.allowed.clear();
        }
        self.allowed.insert(of, now);
    }

    pub(crate) fn active(&self, now: Instant, of: &TenantUser) -> Option<bool> {
        let (active, since) = self.active.get(of)?;
        (now.saturating_duration_since(*since) < OF_AUTHTOKEN).then_some(*active)
    }

    pub(crate) fn set_active(&mut self, now: Instant, of: TenantUser, active: bool) {
        if self.active.len() >= MOST {
            self.active.clear();
        }
        self.active.insert(of, (active, now));
    }

    pub(crate) fn permissions(&self, now: Instant, of: &TenantUser) -> Option<&BTreeSet<String>> {
        let (permissions, since) = self.permissions.get(of)?;
        (now.saturating_duration_since(*since) < OF_AUTHTOKEN).then_some(permissions)
    }

    pub(crate) fn set_permissions(
        &mut self,
        now: Instant,
        of: TenantUser,
        permissions: BTreeSet<String>,
    ) {
        if self.permissions.len() >= MOST {
            self.permissions.clear();
        }
        self.permissions.insert(of, (permissions, now));
    }

    /// What it remembers of paths, when all tokens become invalid.
    pub(crate) fn forget_paths(&mut self) {
        self.allowed.clear();
    }
}
