//! How a sandbox is put together beyond one gateway with all modules: modules that have ports of their own, tenants that have some modules
//! only, modules of the program that run elsewhere, Keycloak that is down, and the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use crate::documents::modules;
use crate::{Builder, Sandbox};

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
/// use folio_sandbox::Module;
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
    /// A module by its id with version, the methods that it serves and its path pattern, which may end with `*`.
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

impl Builder {
    /// Gives a module a port of its own, past the gateway: [`Sandbox::module_url`] tells its address. Tokens and permissions are not checked
    /// there, and routes answer that the module has and its descriptor does not list. A name that no module has is ignored.
    pub fn module_port(mut self, module: &str) -> Self {
        let known = modules().iter().find(|(name, _)| name == module);
        if let Some((name, _)) = known
            && !self.wiring.ports.contains(&name.as_str())
        {
            self.wiring.ports.push(name);
        }
        self
    }

    /// The modules that the tenant named last has: it has no others. Without `mod-authtoken` nobody checks its tokens, without `okapi` it has
    /// no `/_/` paths. Tenants have all modules by default.
    pub fn modules(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let tenant = self
            .tenant
            .clone()
            .unwrap_or_else(|| crate::DEFAULT.0.to_owned());
        let names = names.into_iter().map(Into::into).collect();
        self.wiring.enabled.insert(tenant, names);
        self
    }

    /// A module that the tenants do not have, `mod-calendar`: its routes are answered 404, and modules that need it fail as they do without
    /// it. Without mod-calendar no check-out succeeds; without mod-pubsub check-ins are answered 500 after they were stored.
    pub fn without_module(mut self, name: impl Into<String>) -> Self {
        self.wiring.without.insert(name.into());
        self
    }

    /// A module that runs elsewhere, or nowhere. All tenants have it that do not have some modules only, and those that have it.
    pub fn module(mut self, module: Module) -> Self {
        self.wiring.modules.push(module);
        self
    }
}

impl Sandbox {
    /// The address of a module's own port; none where [`Builder::module_port`] was not told of it.
    pub fn module_url(&self, module: &str) -> Option<String> {
        let state = self.state();
        let (_, address) = state
            .wiring
            .listening
            .iter()
            .find(|(name, _)| *name == module)?;
        Some(format!("http://{address}"))
    }

    /// Moves the clock of tokens and of what the gateway remembers, so that a test need not wait until a token expires.
    pub fn advance(&self, by: Duration) {
        self.state().auth.advance(by);
    }

    /// Stops Keycloak, or starts it again: while it is down, nobody can log in or refresh a token on Eureka. Sessions survive.
    pub fn keycloak_down(&self, down: bool) {
        self.state().wiring.keycloak_down = down;
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
