//! Builds clients. This is the only place that connects the client with the directory of tenants'
//! modules (`tenant/directory.rs`), which is a layer above it.

use crate::client::marker::erased;
use crate::client::{FolioClient, FolioClientBuilder};
use crate::tenant::directory::TenantDirectory;
use crate::wire::error::{Error, Result};

impl FolioClientBuilder {
    /// Builds the client without sending anything. The first call logs in.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the URL is invalid, if
    /// tenant or credentials are missing, or if a variable of the
    /// [`Environment`](crate::Environment) has an invalid value.
    pub fn build(self) -> Result<FolioClient> {
        self.assemble(&TenantDirectory)
    }

    /// Builds the client, logs in, and closes it when `work` ends: see [`FolioClient::scoped`].
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::FolioClient;
    /// use serde_json::Value;
    ///
    /// let user: Value = FolioClient::from_env()?
    ///     .scoped(async |folio| folio.folio_get("/users/8c1a2a5e-0000-4000-8000-000000000000", None).await)
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and the errors of `work`.
    pub async fn scoped<T, E: From<Error>>(
        self,
        work: impl AsyncFnOnce(FolioClient) -> Result<T, E>,
    ) -> Result<T, E> {
        let folio = self.build()?;
        // Including the login: cancelling the wait for it leaves no session behind.
        folio
            .scoped(async |folio| {
                folio.connect().await?;
                work(folio).await
            })
            .await
    }

    /// Builds the client and logs in.
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`FolioClient::connect`].
    pub async fn connect(self) -> Result<FolioClient> {
        let connecting = erased(async move {
            let folio = self.build()?;
            folio.connect().await?;
            Ok(folio)
        });
        connecting.await
    }
}
