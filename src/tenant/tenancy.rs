//! The modules of a tenant and the interfaces that they provide.

use std::time::Duration;

use http::Method;

use crate::client::FolioClient;
use crate::tenant::modules::{Modules, Platform, Provided};
use crate::tenant::version::compared;
use crate::wire::error::Result;
use crate::wire::operation::Operation;
use crate::wire::request::Request;

static INTERFACES: Operation = Operation::new(
    "list_tenant_interfaces",
    Method::GET,
    "/_/proxy/tenants/{tenant}/interfaces",
);

/// The modules and interfaces of a tenant.
#[derive(Debug, Clone)]
pub(crate) struct Tenancy {
    pub(crate) modules: Modules,
    /// None if they could not be read.
    pub(crate) interfaces: Option<Vec<Provided>>,
}

impl Tenancy {
    /// The distinct versions of an interface; none if they are unknown.
    pub(crate) fn versions_of(&self, id: &str) -> Option<Vec<String>> {
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
    /// The modules and interfaces of this handle's tenant.
    pub(crate) async fn tenancy(&self) -> Result<Tenancy> {
        self.tenancy_by(|request| request).await
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
