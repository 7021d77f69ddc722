//! Credentials by name, on executors.

use std::fmt;

use async_trait::async_trait;
use folio_sdk::{EnvironmentCredentials, FolioClient, FolioClientBuilder};

/// Why a name of credentials cannot be resolved. It is shown with the name; it must not contain a
/// secret.
pub type Unresolved = Box<dyn std::error::Error + Send + Sync>;

/// Resolves the names of credentials on an executor.
///
/// A plan contains only the name. An executor builds one client per name, logs in once, and logs out
/// when it ends. The limit of concurrent requests is set by the executor.
///
/// ```
/// use folio_ballista::{CredentialsResolver, Unresolved};
/// use folio_sdk::{EnvironmentCredentials, FolioClient, FolioClientBuilder};
///
/// #[derive(Debug)]
/// struct OneSystem;
///
/// #[async_trait::async_trait]
/// impl CredentialsResolver for OneSystem {
///     async fn resolve(&self, name: &str) -> Result<FolioClientBuilder, Unresolved> {
///         match name {
///             "reports" => Ok(FolioClient::builder("https://folio.example.edu")
///                 .tenant("diku")
///                 .credentials_provider(EnvironmentCredentials::new("REPORTS_USER", "REPORTS_PASSWORD"))),
///             _ => Err("there are no such credentials: use `reports`".into()),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait CredentialsResolver: fmt::Debug + Send + Sync + 'static {
    /// The system, tenant and user of a name. Nothing is requested yet.
    ///
    /// # Errors
    /// The name is not known here, or its values are incomplete.
    async fn resolve(&self, name: &str) -> Result<FolioClientBuilder, Unresolved>;
}

/// Credentials from environment variables of the executor: those of the name `main` are
/// `FOLIO_MAIN_URL`, `FOLIO_MAIN_TENANT`, `FOLIO_MAIN_USERNAME` and `FOLIO_MAIN_PASSWORD`.
///
/// A name consists of lower-case letters, digits and `_`. The user name and the password are read
/// for each login.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvironmentResolver;

impl EnvironmentResolver {
    /// The environment variable of a name.
    fn variable(name: &str, part: &str) -> String {
        format!("FOLIO_{}_{part}", name.to_ascii_uppercase())
    }

    fn required(name: &str, part: &str) -> Result<String, Unresolved> {
        let variable = Self::variable(name, part);
        match std::env::var(&variable) {
            Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(format!("the environment variable {variable} is not UTF-8 text").into())
            }
            _ => {
                let others = ["URL", "TENANT", "USERNAME", "PASSWORD"]
                    .map(|part| Self::variable(name, part));
                Err(format!(
                    "the environment variable {variable} is not set on this executor: set {}",
                    others.join(", ")
                )
                .into())
            }
        }
    }
}

#[async_trait]
impl CredentialsResolver for EnvironmentResolver {
    async fn resolve(&self, name: &str) -> Result<FolioClientBuilder, Unresolved> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Err(
                "a name of credentials consists of lower-case letters, digits and `_`".into(),
            );
        }
        let url = Self::required(name, "URL")?;
        let tenant = Self::required(name, "TENANT")?;
        for part in ["USERNAME", "PASSWORD"] {
            Self::required(name, part)?;
        }
        let credentials = EnvironmentCredentials::new(
            Self::variable(name, "USERNAME"),
            Self::variable(name, "PASSWORD"),
        );
        Ok(FolioClient::builder(url)
            .tenant(tenant)
            .credentials_provider(credentials))
    }
}
