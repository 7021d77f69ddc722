//! The clients of an executor: one per name of credentials.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::common::{DataFusionError, Result};
use folio_datafusion::{ClientProvider, ScanDescription};
use folio_sdk::FolioClient;
use tokio::time::Instant;

use crate::credentials::CredentialsResolver;
use crate::share::Share;

/// A failed login is not repeated for this time: FOLIO locks a user after some of them.
const PAUSE: Duration = Duration::from_secs(30);

/// The clients of an executor: one per name of credentials, with one login, which all tasks of the
/// process share. Each is limited to the executor's [`Share`] of the concurrent requests.
pub struct Clients {
    resolver: Arc<dyn CredentialsResolver>,
    share: Share,
    /// Never held across an await.
    clients: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Login>>>>,
}

/// The login of a name.
#[derive(Default)]
enum Login {
    #[default]
    None,
    Client(FolioClient),
    Failed(Instant, String),
}

impl Clients {
    /// Clients for names that the resolver knows.
    pub fn new(resolver: Arc<dyn CredentialsResolver>, share: Share) -> Self {
        Self {
            resolver,
            share,
            clients: Mutex::default(),
        }
    }

    fn login(&self, name: &str) -> Arc<tokio::sync::Mutex<Login>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(clients.entry(name.to_owned()).or_default())
    }

    async fn connect(&self, name: &str) -> Result<FolioClient, String> {
        let failed = |error: &dyn fmt::Display| {
            format!("cannot log in to FOLIO with the credentials `{name}`: {error}")
        };
        let builder = self.resolver.resolve(name).await;
        let builder = builder.map_err(|error| failed(&error))?;
        let builder = builder.max_in_flight(self.share.requests());
        builder.connect().await.map_err(|error| failed(&error))
    }

    /// Logs out of all sessions. Requests that are made later fail.
    pub async fn close(&self) {
        let all: Vec<_> = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.drain().map(|(_, login)| login).collect()
        };
        for login in all {
            // A failed logout leaves a session that ends by itself.
            if let Login::Client(folio) = &*login.lock().await {
                let _ = folio.close().await;
            }
        }
    }
}

#[async_trait]
impl ClientProvider for Clients {
    async fn client(&self, description: &ScanDescription) -> Result<FolioClient> {
        let Some(name) = &description.credentials else {
            return Err(DataFusionError::Plan(no_credentials(&description.path)));
        };
        let login = self.login(name);
        let mut login = login.lock().await;
        match &*login {
            Login::Client(folio) => return Ok(folio.clone()),
            Login::Failed(at, text) if at.elapsed() < PAUSE => {
                return Err(DataFusionError::Execution(text.clone()));
            }
            Login::None | Login::Failed(..) => {}
        }
        match self.connect(name).await {
            Ok(folio) => {
                *login = Login::Client(folio.clone());
                Ok(folio)
            }
            Err(text) => {
                *login = Login::Failed(Instant::now(), text.clone());
                Err(DataFusionError::Execution(text))
            }
        }
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Clients")
            .field("resolver", &self.resolver)
            .field("share", &self.share)
            .finish_non_exhaustive()
    }
}

/// The error of a scan without a name of credentials.
pub(crate) fn no_credentials(path: &str) -> String {
    format!(
        "the scan of {path} has no name of credentials, so executors cannot log in: set `Options::credentials` when the tables are registered"
    )
}
