//! Deployments beyond one gateway with all modules. Modules can have their own ports, be enabled
//! for some tenants only, or run elsewhere; Keycloak can be down.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// The settings of this file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wiring {
    /// Modules that have ports of their own, and where these are.
    pub(crate) ports: Vec<&'static str>,
    pub(crate) listening: Vec<(&'static str, SocketAddr)>,
    /// The modules of tenants that do not have all of them.
    pub(crate) enabled: BTreeMap<String, BTreeSet<String>>,
    /// Modules that no tenant has.
    pub(crate) without: BTreeSet<String>,
    /// Modules that run elsewhere.
    pub(crate) modules: Vec<Module>,
    pub(crate) keycloak_down: bool,
}

/// A module that the sandbox does not emulate: its gateway sends requests to it, as Okapi does.
///
/// ```
/// # use folio_sandbox::Module;
/// let own = Module::new("mod-mine-1.0.0", ["GET", "POST"], "/mine").at("http://127.0.0.1:8081");
/// let nowhere = Module::new("mod-mine-1.0.0", ["GET"], "/mine*");
/// ```
#[derive(Clone, Debug)]
pub struct Module {
    pub(crate) id: String,
    pub(crate) methods: Vec<String>,
    pub(crate) pattern: String,
    pub(crate) url: Option<String>,
}

impl Module {
    /// A module by its id with version, the methods that it serves and its path pattern, which may
    /// end with `*`.
    pub fn new(
        id: impl Into<String>,
        methods: impl IntoIterator<Item = impl Into<String>>,
        pattern: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            methods: methods.into_iter().map(Into::into).collect(),
            pattern: pattern.into(),
            url: None,
        }
    }

    /// Where it runs, `http://127.0.0.1:8081`. Without this no instance of it is running.
    #[must_use = "the module is a value"]
    pub fn at(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into().trim_end_matches('/').to_owned());
        self
    }

    pub(crate) fn serves(&self, method: &str, path: &str) -> bool {
        let fits = match self.pattern.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == self.pattern,
        };
        fits && self.methods.iter().any(|own| own == method)
    }
}

impl Wiring {
    /// Whether a tenant has a module.
    pub(crate) fn has(&self, tenant: &str, module: &str) -> bool {
        let own = self.enabled.get(tenant);
        own.is_none_or(|names| names.contains(module)) && !self.without.contains(module)
    }

    /// The module elsewhere that serves a request of a tenant.
    pub(crate) fn elsewhere(&self, tenant: &str, method: &str, path: &str) -> Option<&Module> {
        let name = |id: &str| name_of(id).to_owned();
        self.modules
            .iter()
            .filter(|module| self.has(tenant, &name(&module.id)))
            .find(|module| module.serves(method, path))
    }
}

/// The name in an id such as `mod-users-19.3.2`.
pub(crate) fn name_of(id: &str) -> &str {
    let digit = |at: usize| id[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    let version = id.match_indices('-').find(|(at, _)| digit(*at));
    version.map_or(id, |(at, _)| &id[..at])
}
