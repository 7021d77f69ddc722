//! Builds blocking clients.

use super::{Blocking, FolioClient};
use crate::client::FolioClientBuilder;
use crate::tenant::directory::TenantDirectory;
use crate::wire::error::{Error, Result};

impl FolioClientBuilder<Blocking> {
    /// Builds the client without asking the server anything. The first call logs in.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the URL is none, tenant or credentials are missing, or no thread
    /// can be started.
    pub fn build(self) -> Result<FolioClient> {
        FolioClient::new(self.assemble(&TenantDirectory)?)
    }

    /// Builds the client and logs in.
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`FolioClient::connect`].
    pub fn connect(self) -> Result<FolioClient> {
        let folio = self.build()?;
        folio.connect()?;
        Ok(folio)
    }

    /// Builds the client, logs in, and closes it when `work` has ended: see
    /// [`blocking::FolioClient::scoped`](crate::blocking::FolioClient::scoped).
    ///
    /// ```no_run
    /// # fn example() -> Result<(), folio_sdk::Error> {
    /// use folio_sdk::blocking::FolioClient;
    /// use serde_json::Value;
    ///
    /// let groups: Vec<Value> = FolioClient::from_env()?.scoped(|folio| folio.folio_get("/groups", "usergroups").limit(50).send())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and what `work` gives.
    pub fn scoped<T, E: From<Error>>(
        self,
        work: impl FnOnce(&FolioClient) -> Result<T, E>,
    ) -> Result<T, E> {
        self.build()?.scoped(|folio| {
            folio.connect()?;
            work(folio)
        })
    }
}
