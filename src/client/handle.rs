//! The client, its tenant, and the state that its clones share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderValue;

use crate::client::marker::Boxed;
use crate::engine::session::Session;
use crate::engine::tenant::Tenant;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;

/// A client of one FOLIO system, logged in as one user.
///
/// Clones are cheap and share everything: the login, the connections, the limits. The tenant of a
/// client is fixed; [`for_tenant`](Self::for_tenant) returns a handle for another tenant and leaves
/// other handles unaffected.
///
/// ```no_run
/// # async fn example() -> Result<(), folio_sdk::Error> {
/// use folio_sdk::FolioClient;
/// use serde_json::Value;
///
/// let folio = FolioClient::builder("https://folio.example.edu").tenant("diku").credentials("admin", "secret").connect().await?;
/// let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(50).await?;
/// folio.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FolioClient(Arc<Shared>);

/// The state that a client and its clones share. One reference count per call: shared counts are
/// contended.
pub(crate) struct Shared {
    pub(crate) session: Arc<dyn AnySession>,
    pub(crate) tenant: Tenant,
    pub(crate) directory: &'static dyn Directory,
}

/// A session, without its type, because most futures of a program contain a client: see
/// [`erased`](crate::client::marker::erased).
pub(crate) trait AnySession: Send + Sync {
    fn session(&self) -> &Session;
}

impl AnySession for Session {
    fn session(&self) -> &Session {
        self
    }
}

/// The modules of tenants. `tenant/directory.rs` implements it with calls of the client itself; it
/// is a trait because the client is a layer below the calls.
pub(crate) trait Directory: Send + Sync {
    /// The request with the header `X-Okapi-Module-Id` for the module of its operation.
    fn addressed(&self, client: FolioClient, request: Request) -> Boxed<Request>;

    /// Invalidates the modules of a tenant, because they have changed.
    fn forget(&self, client: &FolioClient, tenant: &str);

    /// Adds help to the error of a call for which a gateway found no module.
    fn explained(
        &self,
        client: FolioClient,
        request: &Request,
        error: Error,
    ) -> Pin<Box<dyn Future<Output = Error> + Send>>;
}

impl FolioClient {
    pub(super) fn of(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// What all handles share.
    pub(crate) fn session(&self) -> &Session {
        self.0.session.session()
    }

    /// Looks up the modules of tenants.
    pub(crate) fn directory(&self) -> &'static dyn Directory {
        self.0.directory
    }

    /// The header of this handle's tenant.
    pub(crate) fn tenant_header(&self) -> Result<HeaderValue> {
        self.0.tenant.header().cloned()
    }

    /// The address of the gateway, without a slash at its end.
    pub fn url(&self) -> &str {
        self.session().gateway.base()
    }

    /// The tenant of this handle's requests.
    pub fn tenant(&self) -> &str {
        self.0.tenant.name()
    }

    /// A handle whose requests go to another tenant, with the same login. It shares connections,
    /// limits and the token, and is closed with this client.
    ///
    /// Requires a consortium (ECS) in which the user has an affiliation with the tenant. Otherwise
    /// FOLIO responds with 403 (Okapi) or 401 (Eureka).
    #[must_use]
    pub fn for_tenant(&self, tenant: impl AsRef<str>) -> Self {
        Self(Arc::new(Shared {
            session: Arc::clone(&self.0.session),
            tenant: Tenant::new(tenant.as_ref()),
            directory: self.0.directory,
        }))
    }

    /// Whether the client was closed.
    pub fn is_closed(&self) -> bool {
        self.session().life.is_closed()
    }
}

impl fmt::Debug for FolioClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FolioClient")
            .field("url", &self.url())
            .field("tenant", &self.tenant())
            .finish_non_exhaustive()
    }
}
