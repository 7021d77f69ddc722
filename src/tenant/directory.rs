//! The modules of tenants, for use by the client while it sends a request.

use std::future::Future;
use std::pin::Pin;

use crate::client::handle::Directory;
use crate::client::handle::FolioClient;
use crate::client::marker::Boxed;
use crate::tenant::{missing_module, modules};
use crate::wire::error::Error;
use crate::wire::request::Request;

/// Reads the modules of tenants with calls of the client, and caches them in its session.
#[derive(Debug)]
pub(crate) struct TenantDirectory;

impl Directory for TenantDirectory {
    fn addressed(&self, client: FolioClient, request: Request) -> Boxed<Request> {
        Box::pin(async move { client.addressed(request).await })
    }

    fn forget(&self, client: &FolioClient, tenant: &str) {
        modules::forget(client, tenant);
    }

    fn explained(
        &self,
        client: FolioClient,
        request: &Request,
        error: Error,
    ) -> Pin<Box<dyn Future<Output = Error> + Send>> {
        missing_module::explained(client, request, error)
    }
}
