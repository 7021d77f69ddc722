//! Where the client of a plan comes from.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::Result;
use folio_sdk::FolioClient;

use crate::description::ScanDescription;

/// Provides the client of a plan when it is executed, in a process that did not make the plan: see
/// [`FolioExec::with_provider`](crate::FolioExec::with_provider).
#[async_trait]
pub trait ClientProvider: fmt::Debug + Send + Sync {
    /// The client for what is read. [`ScanDescription::credentials`] has the name of its
    /// credentials.
    ///
    /// # Errors
    /// There are no such credentials, or the login failed.
    async fn client(&self, description: &ScanDescription) -> Result<FolioClient>;
}

/// The client of a plan, or what provides it.
#[derive(Clone)]
pub(crate) enum ClientSource {
    Client(FolioClient),
    Provider(Arc<dyn ClientProvider>),
}

impl fmt::Debug for ClientSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(folio) => folio.fmt(out),
            Self::Provider(provider) => provider.fmt(out),
        }
    }
}
