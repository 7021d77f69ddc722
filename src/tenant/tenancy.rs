//! The modules of a tenant and the interfaces that they provide.

use std::time::Duration;

use http::Method;

use crate::client::FolioClient;
use crate::client::marker::erased;
use crate::tenant::modules::{Modules, Platform, Provided};
use crate::tenant::version::{compared, fits};
use crate::wire::error::Result;
use crate::wire::operation::Operation;
use crate::wire::request::Request;

static INTERFACES: Operation = Operation::new(
    "list_tenant_interfaces",
    Method::GET,
    "/_/proxy/tenants/{tenant}/interfaces",
);

/// The modules of a tenant and the interfaces that they provide, returned by
/// [`FolioClient::tenancy`].
#[derive(Debug, Clone)]
pub struct Tenancy {
    pub(crate) modules: Modules,
    /// None if they could not be read.
    pub(crate) interfaces: Option<Vec<Provided>>,
}

impl Tenancy {
    /// The modules.
    pub fn modules(&self) -> &Modules {
        &self.modules
    }

    /// Whether the tenant has an interface in a compatible version, by FOLIO's rule: the same major
    /// version, and at least the minor version. `needed` is id and version, `users 16.4`; an id
    /// alone means any version. `None` if the tenant's interfaces could not be read: Okapi denies
    /// permission, or Eureka's list of applications has no descriptors.
    pub fn provides(&self, needed: &str) -> Option<bool> {
        let (id, version) = needed.split_once(' ').unwrap_or((needed, ""));
        let versions = self.versions_of(id)?;
        Some(versions.iter().any(|provided| fits(version, provided)))
    }

    /// The distinct versions of an interface, oldest first; empty if the tenant does not have it.
    /// `None` if the tenant's interfaces could not be read.
    pub fn versions_of(&self, id: &str) -> Option<Vec<String>> {
        let interfaces = self.interfaces.as_ref()?;
        let mut versions: Vec<String> = interfaces
            .iter()
            .filter(|interface| interface.id == id)
            .map(|interface| interface.version.clone())
            .collect();
        versions.sort_by(|one, other| compared(one, other));
        versions.dedup();
        Some(versions)
    }
}

impl FolioClient {
    /// The modules of this handle's tenant and the interfaces that they provide.
    ///
    /// Sends the requests of [`modules`](Self::modules); on Okapi, also `GET
    /// /_/proxy/tenants/{tenant}/interfaces`. If only that request fails, the interfaces are
    /// unknown. Nothing is cached. [`compatibility`](Self::compatibility) compares the result with
    /// the modules of this build.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// let tenancy = folio.tenancy().await?;
    /// if tenancy.provides("users 16.4") == Some(false) {
    ///     eprintln!("the tenant has the interface `users` in {:?}", tenancy.versions_of("users"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`modules`](Self::modules).
    pub async fn tenancy(&self) -> Result<Tenancy> {
        erased(self.tenancy_by(|request| request)).await
    }

    /// The same, with a change that is applied to each request before it is sent.
    pub(crate) async fn tenancy_by(
        &self,
        change: impl Fn(Request) -> Request + Send + Sync,
    ) -> Result<Tenancy> {
        let (modules, described) = self.modules_by(&change).await?;
        let interfaces = match modules.platform() {
            Platform::Okapi => {
                let request = Request::new(&INTERFACES, &[self.tenant()]).probing();
                match self.execute(change(request)).await {
                    Ok(response) => response.json().ok(),
                    Err(_) => None,
                }
            }
            Platform::Eureka => described,
        };
        Ok(Tenancy {
            modules,
            interfaces,
        })
    }
}

/// The TTL of a tenant's cached modules, which are used for the help of errors.
pub(crate) const TENANCY_AGE: Duration = Duration::from_secs(60);
