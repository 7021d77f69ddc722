//! Builds clients. This is the one place that joins the client and what it finds out about tenants
//! (`tenant/directory.rs`), which is a layer above it.

use crate::client::{FolioClient, FolioClientBuilder};
use crate::tenant::directory::TenantDirectory;
use crate::wire::error::{Error, Result};

impl FolioClientBuilder {
    /// Builds the client without asking the server anything. The first call logs in.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the URL is none, if tenant
    /// or credentials are missing, or if a variable of the [`Environment`](crate::Environment)
    /// has a value that is none of those it can have.
    pub fn build(self) -> Result<FolioClient> {
        self.assemble(&TenantDirectory)
    }

    /// Builds the client, logs in, and closes it when `work` has ended: see
    /// [`FolioClient::scoped`].
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
    /// As [`connect`](Self::connect), and what `work` gives.
    pub async fn scoped<T, E: From<Error>>(
        self,
        work: impl AsyncFnOnce(FolioClient) -> Result<T, E>,
    ) -> Result<T, E> {
        let folio = self.build()?;
        // The login as well: whoever gives up waiting for it leaves no session behind.
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
        let folio = self.build()?;
        folio.connect().await?;
        Ok(folio)
    }
}
