//! The modules of a tenant and their versions, on any platform.

use crate::wire::headers::MODULE_ID;
use std::cmp::Ordering;
use std::ops::Deref;
use std::time::Duration;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::client::FolioClient;
use crate::client::marker::erased;
use crate::engine::cache::CacheKey;
use crate::paging::RecordStream;
use crate::tenant::version::compared;
use crate::wire::error::{Error, Result};
use crate::wire::operation::Operation;
use crate::wire::paging::Paging;
use crate::wire::paging::PagingStyle;
use crate::wire::request::Request;

static OKAPI: Operation = Operation::new(
    "list_tenant_modules",
    Method::GET,
    "/_/proxy/tenants/{tenant}/modules",
);
static EUREKA: Operation = Operation::new(
    "list_tenant_applications",
    Method::GET,
    "/entitlements/{tenant}/applications",
);

/// The TTL of a tenant's cached modules, which are used to address requests.
const MODULES_AGE: Duration = Duration::from_secs(600);

/// The platform of a FOLIO system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Platform {
    /// Okapi: modules are enabled for a tenant one by one.
    Okapi,
    /// Eureka: a tenant is entitled to applications, which are made of modules.
    Eureka,
}

/// A module that a tenant has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Module {
    name: String,
    version: String,
}

impl Module {
    /// The parts of `mod-users-19.4.0`: the version starts after the first hyphen that precedes a
    /// digit, as in Okapi.
    fn of_id(id: &str) -> Self {
        let at = id
            .as_bytes()
            .windows(2)
            .position(|pair| pair[0] == b'-' && pair[1].is_ascii_digit());
        let (name, version) = match at {
            Some(at) => (
                id.get(..at).unwrap_or(id),
                id.get(at + 1..).unwrap_or_default(),
            ),
            None => (id, ""),
        };
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
        }
    }

    /// The name without version, `mod-users`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version as the server writes it, `19.4.0` or `19.5.0-SNAPSHOT.210`; empty if it states
    /// none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The order of the version and another one of the same module, by semantic versioning: a
    /// snapshot or release candidate precedes its release.
    ///
    /// ```
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// let modules = folio.modules().await?;
    /// let is_older = modules.find("mod-users").is_some_and(|users| users.compare_version("19.6.0").is_lt());
    /// # Ok(())
    /// # }
    /// ```
    pub fn compare_version(&self, other: &str) -> Ordering {
        compared(&self.version, other)
    }

    /// Name and version, `mod-users-19.4.0`.
    pub fn id(&self) -> String {
        if self.version.is_empty() {
            self.name.clone()
        } else {
            format!("{}-{}", self.name, self.version)
        }
    }
}

/// An interface that a tenant has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Provided {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) version: String,
}

/// The modules of a tenant, sorted by name. It dereferences to a slice.
#[derive(Debug, Clone)]
pub struct Modules {
    tenant: String,
    platform: Platform,
    modules: Vec<Module>,
}

impl Deref for Modules {
    type Target = [Module];

    fn deref(&self) -> &[Module] {
        &self.modules
    }
}

impl Modules {
    fn new(tenant: &str, platform: Platform, mut modules: Vec<Module>) -> Self {
        modules.sort();
        modules.dedup();
        Self {
            tenant: tenant.to_owned(),
            platform,
            modules,
        }
    }

    /// The tenant of the modules.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The platform that returned the list.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The module of exactly this name: `mod-users` is not `mod-users-bl`.
    pub fn find(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.name == name)
    }

    /// The version of the module of exactly this name.
    ///
    /// # Errors
    /// [`ErrorKind::Lookup`](crate::ErrorKind::Lookup) if the tenant has no such module; the error
    /// names those with similar names.
    pub fn version_of(&self, name: &str) -> Result<&str> {
        if let Some(module) = self.find(name) {
            return Ok(&module.version);
        }
        let near: Vec<String> = self
            .modules
            .iter()
            .filter(|module| {
                !name.is_empty() && (module.name.contains(name) || name.contains(&module.name))
            })
            .map(Module::id)
            .take(5)
            .collect();
        let error = Error::lookup(format!(
            "none of the {} modules of tenant `{}` is named \"{}\"",
            self.modules.len(),
            self.tenant,
            name.escape_debug()
        ));
        Err(if near.is_empty() {
            error.with_help("pass the module's name without a version, such as `mod-users`")
        } else {
            error.with_help(format!("similar names: {}", near.join(", ")))
        })
    }
}

impl FolioClient {
    /// The modules of this handle's tenant, with their versions. The result is not cached: call it
    /// once.
    ///
    /// Sends Okapi's `GET /_/proxy/tenants/{tenant}/modules`; if that is unknown (404) or forbidden
    /// (403), Eureka's `GET /entitlements/{tenant}/applications`, page by page. The user needs the
    /// permission for one of them (`okapi.proxy.tenants.modules.list`,
    /// `mgr-tenant-entitlements.applications.collection.get`).
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// let modules = folio.modules().await?;
    /// println!("{} modules on {:?}", modules.len(), modules.platform());
    /// println!("mod-users is {}", modules.version_of("mod-users")?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server's error: if both requests are unknown, the error of the second; if the first is
    /// forbidden and the second unknown, the error of the first.
    #[doc(alias = "module_versions")]
    pub async fn modules(&self) -> Result<Modules> {
        Ok(erased(self.modules_by(&|request| request)).await?.0)
    }

    /// The modules, and on Eureka the interfaces that the descriptors in its response provide, if
    /// it has any. `change` is applied to each request before it is sent.
    pub(crate) async fn modules_by(
        &self,
        change: &(impl Fn(Request) -> Request + Send + Sync),
    ) -> Result<(Modules, Option<Vec<Provided>>)> {
        match self.okapi_modules(change).await {
            Ok(modules) => Ok((modules, None)),
            Err(error) if error.is_not_found() => self.eureka_modules(change).await,
            // A gateway of Eureka may deny permission for a path that it does not have.
            Err(error) if error.is_forbidden() => match self.eureka_modules(change).await {
                Err(second) if second.is_not_found() => Err(error),
                other => other,
            },
            Err(error) => Err(error),
        }
    }

    /// The request, addressed to the module of its operation: gateways route paths that several
    /// modules provide by `X-Okapi-Module-Id`, which is the id of the tenant's module (Okapi:
    /// `ProxyService`, `ModuleCache`). The list of modules is cached for ten minutes.
    pub(crate) async fn addressed(&self, request: Request) -> Result<Request> {
        let name = request.operation().module;
        let tenant = request.tenant_or(self.tenant());
        let help = "several modules provide this path, and the header `X-Okapi-Module-Id` selects one of them: if the client cannot determine it, set it to the id of the tenant's module, such as `mod-users-19.4.6`";
        let load = async {
            let modules = self.for_tenant(tenant).modules().await?;
            let count = modules.len();
            Ok((modules, count))
        };
        let cache = &self.session().cache;
        let modules = cache.get(cached(tenant), MODULES_AGE, load).await;
        let modules = modules.map_err(|error| error.with_help(help))?;
        let found: Vec<&Module> = modules
            .iter()
            .filter(|module| module.name == name)
            .collect();
        match found.as_slice() {
            [module] => Ok(request.header(MODULE_ID, &module.id())),
            [] => Err(modules
                .version_of(name)
                .err()
                .unwrap_or_else(|| Error::lookup(format!("module `{name}` not found")))
                .with_help(help)),
            several => {
                let ids: Vec<String> = several.iter().map(|module| module.id()).collect();
                Err(Error::lookup(format!(
                    "tenant `{tenant}` has the module `{name}` in several versions: {}",
                    ids.join(", ")
                ))
                .with_help(help))
            }
        }
    }

    async fn okapi_modules(
        &self,
        change: &(impl Fn(Request) -> Request + Send + Sync),
    ) -> Result<Modules> {
        #[derive(Deserialize)]
        struct Listed {
            id: String,
        }
        let request = Request::new(&OKAPI, &[self.tenant()]).probing();
        let listed: Vec<Listed> = self.execute(change(request)).await?.json()?;
        let modules = listed
            .iter()
            .map(|module| Module::of_id(&module.id))
            .collect();
        Ok(Modules::new(self.tenant(), Platform::Okapi, modules))
    }

    async fn eureka_modules(
        &self,
        change: &(impl Fn(Request) -> Request + Send + Sync),
    ) -> Result<(Modules, Option<Vec<Provided>>)> {
        #[derive(Deserialize)]
        struct Application {
            #[serde(default)]
            modules: Vec<Described>,
            /// mgr-applications has them (`ApplicationDescriptor`); it is not recorded whether the
            /// list of entitled applications contains them.
            #[serde(rename = "moduleDescriptors")]
            descriptors: Option<Vec<Descriptor>>,
        }
        #[derive(Deserialize)]
        struct Descriptor {
            #[serde(default)]
            provides: Option<Vec<Provided>>,
        }
        #[derive(Deserialize)]
        struct Described {
            id: Option<String>,
            name: Option<String>,
            version: Option<String>,
        }
        let paging = Paging::new(
            PagingStyle::Offset,
            Some("applicationDescriptors"),
            None,
            Some(500),
        );
        let request = change(Request::new(&EUREKA, &[self.tenant()]).probing());
        let mut applications =
            RecordStream::<Application>::new(self.clone(), request, paging, Some(100), None);
        let mut modules = Vec::new();
        let mut interfaces: Option<Vec<Provided>> = None;
        while let Some(application) = applications.next().await {
            let application = application?;
            if let Some(descriptors) = application.descriptors.filter(|all| !all.is_empty()) {
                let provided = descriptors.into_iter().filter_map(|one| one.provides);
                interfaces
                    .get_or_insert_default()
                    .extend(provided.flatten());
            }
            modules.extend(application.modules.into_iter().filter_map(|module| {
                match (module.name, module.version) {
                    (Some(name), Some(version)) => Some(Module { name, version }),
                    _ => module.id.as_deref().map(Module::of_id),
                }
            }));
        }
        Ok((
            Modules::new(self.tenant(), Platform::Eureka, modules),
            interfaces,
        ))
    }

    /// The version of one module of this handle's tenant, by its exact name: `mod-users` is not
    /// `mod-users-bl`.
    ///
    /// # Errors
    /// As [`modules`](Self::modules) and [`Modules::version_of`].
    #[doc(alias = "get_module_version")]
    pub async fn module_version(&self, name: &str) -> Result<String> {
        Ok(self.modules().await?.version_of(name)?.to_owned())
    }
}

/// Invalidates the modules of a tenant.
pub(super) fn forget(client: &FolioClient, tenant: &str) {
    client.session().cache.forget_one(&cached(tenant));
}

/// The cache of the modules of a tenant.
fn cached(tenant: &str) -> CacheKey {
    CacheKey::new::<Modules>(tenant, "modules")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_begins_after_the_first_hyphen_with_a_digit() {
        for (id, name, version) in [
            ("mod-users-19.4.0", "mod-users", "19.4.0"),
            ("mod-users-bl-8.0.0", "mod-users-bl", "8.0.0"),
            (
                "mod-users-19.5.0-SNAPSHOT.210",
                "mod-users",
                "19.5.0-SNAPSHOT.210",
            ),
            ("mod-z3950-3.3.0", "mod-z3950", "3.3.0"),
            (
                "folio_users-10.1.0-rc.1+build-2",
                "folio_users",
                "10.1.0-rc.1+build-2",
            ),
            ("okapi-6.1.0", "okapi", "6.1.0"),
            ("mod-users", "mod-users", ""),
            ("", "", ""),
            ("-", "-", ""),
            ("é-1", "é", "1"),
        ] {
            let module = Module::of_id(id);
            assert_eq!((module.name(), module.version()), (name, version), "{id}");
            assert_eq!(module.id(), id);
        }
    }
}
