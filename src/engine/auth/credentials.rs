//! Credentials: a password, a token, or a provider of either.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::value::redact::REDACTED;

/// Credentials: a user name and a password, or an existing access token.
#[derive(Clone)]
pub struct Credentials(pub(super) CredentialsKind);

#[derive(Clone)]
pub(super) enum CredentialsKind {
    Password {
        username: String,
        password: SecretString,
    },
    Token(Supplied),
}

/// A token that was supplied.
#[derive(Clone)]
pub(super) struct Supplied {
    pub(super) access: SecretString,
    pub(super) refresh: Option<SecretString>,
    pub(super) end: Option<Instant>,
}

impl Credentials {
    /// A user name and a password.
    pub fn password(username: impl Into<String>, password: impl Into<Password>) -> Self {
        Self(CredentialsKind::Password {
            username: username.into(),
            password: password.into().0,
        })
    }

    /// An existing access token, for example the one of a request that a FOLIO module handles. When
    /// FOLIO no longer accepts it, the client renews it with the
    /// [`refresh_token`](Self::refresh_token), or requests another one from its
    /// [`CredentialsProvider`]. If it has neither, calls fail
    /// ([`Error::is_unauthenticated`](crate::Error::is_unauthenticated)) with an error that states
    /// this.
    ///
    /// The client does not log out of a supplied session, unless it has renewed it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use folio_sdk::Credentials;
    ///
    /// let credentials = Credentials::token("eyJhbGciOi…").refresh_token("eyJhbGciOi…").expires_in(Duration::from_secs(600));
    /// ```
    pub fn token(access: impl Into<SecretString>) -> Self {
        Self(CredentialsKind::Token(Supplied {
            access: access.into(),
            refresh: None,
            end: None,
        }))
    }

    /// The refresh token of a supplied access token. It can be used only once, so no other program
    /// may use it.
    pub fn refresh_token(mut self, refresh: impl Into<SecretString>) -> Self {
        if let CredentialsKind::Token(supplied) = &mut self.0 {
            supplied.refresh = Some(refresh.into());
        }
        self
    }

    /// The remaining lifetime of the access token, if it is known. Otherwise the server's 401
    /// reveals that it has expired.
    pub fn expires_in(mut self, time: Duration) -> Self {
        if let CredentialsKind::Token(supplied) = &mut self.0 {
            supplied.end = Instant::now().checked_add(time);
        }
        self
    }

    /// The user name; none for a token.
    pub fn username(&self) -> Option<&str> {
        match &self.0 {
            CredentialsKind::Password { username, .. } => Some(username),
            CredentialsKind::Token(_) => None,
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (
                CredentialsKind::Password { username, password },
                CredentialsKind::Password {
                    username: other_name,
                    password: other_password,
                },
            ) => {
                username == other_name && password.expose_secret() == other_password.expose_secret()
            }
            (CredentialsKind::Token(one), CredentialsKind::Token(other)) => {
                one.access.expose_secret() == other.access.expose_secret()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Credentials");
        match &self.0 {
            CredentialsKind::Password { username, .. } => shown
                .field("username", username)
                .field("password", &REDACTED),
            CredentialsKind::Token(_) => shown.field("token", &REDACTED),
        };
        shown.finish()
    }
}

/// A password. It is wiped from memory when it is dropped, and never shown.
#[derive(Clone)]
pub struct Password(SecretString);

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self(password.into())
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password.into())
    }
}

impl From<&String> for Password {
    fn from(password: &String) -> Self {
        Self(password.as_str().into())
    }
}

impl From<SecretString> for Password {
    fn from(password: SecretString) -> Self {
        Self(password)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(REDACTED)
    }
}

/// Provides credentials: from a vault, a keyring, the environment. It is called before each login
/// with a password, so that a changed password takes effect, and when its token is no longer valid.
/// [`Credentials`] implement it themselves, and so does [`EnvironmentCredentials`].
///
/// ```
/// use folio_sdk::{CredentialsProvider, Credentials};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl CredentialsProvider for Vault {
///     async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(Credentials::password("importer", std::fs::read_to_string("/run/secrets/folio")?))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not provide credentials",
    note = "for a fixed user name and password, or a fixed token, use `credentials(name, password)` or `token(…)` of the builder; otherwise implement `CredentialsProvider`: one asynchronous method, `credentials`"
)]
pub trait CredentialsProvider: fmt::Debug + Send + Sync + 'static {
    /// The credentials for the next login.
    fn credentials(
        &self,
    ) -> impl Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>> + Send;
}

impl CredentialsProvider for Credentials {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.clone())
    }
}

/// A provider that several clients share.
impl<S: CredentialsProvider> CredentialsProvider for Arc<S> {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        S::credentials(self).await
    }
}

/// Credentials in environment variables, by default `FOLIO_USERNAME` and `FOLIO_PASSWORD`. They are
/// read again for each login.
///
/// ```
/// use folio_sdk::{EnvironmentCredentials, FolioClient};
///
/// let builder = FolioClient::builder("https://folio.example.edu")
///     .tenant("diku")
///     .credentials_provider(EnvironmentCredentials::new("LIBRARY_USER", "LIBRARY_PASSWORD"));
/// ```
#[derive(Debug, Clone)]
pub struct EnvironmentCredentials {
    username: String,
    password: String,
}

impl EnvironmentCredentials {
    /// Sets the names of the variables for the user name and the password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

impl Default for EnvironmentCredentials {
    fn default() -> Self {
        Self::new("FOLIO_USERNAME", "FOLIO_PASSWORD")
    }
}

impl CredentialsProvider for EnvironmentCredentials {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        let read = |name: &str| match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(value),
            Ok(_) | Err(std::env::VarError::NotPresent) => {
                Err(format!("the environment variable {name} is not set"))
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(format!("the environment variable {name} is not UTF-8 text"))
            }
        };
        Ok(Credentials::password(
            read(&self.username)?,
            read(&self.password)?,
        ))
    }
}

type AskedCredentials<'a> = Pin<
    Box<
        dyn Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'a,
    >,
>;

/// A type-erased [`CredentialsProvider`].
pub(crate) trait AnySource: fmt::Debug + Send + Sync + 'static {
    fn ask(&self) -> AskedCredentials<'_>;
}

impl<S: CredentialsProvider> AnySource for S {
    fn ask(&self) -> AskedCredentials<'_> {
        Box::pin(self.credentials())
    }
}
