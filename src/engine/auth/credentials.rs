//! What a client logs in with: a password, a token, or a source of either.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::value::redact::REDACTED;

/// Credentials: a username and a password, or an access token that was obtained elsewhere.
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
    /// A username and a password.
    pub fn password(username: impl Into<String>, password: impl Into<Password>) -> Self {
        Self(CredentialsKind::Password {
            username: username.into(),
            password: password.into().0,
        })
    }

    /// An access token that somebody else got, for instance the one of a request that a FOLIO
    /// module answers. When FOLIO no longer accepts it, the client renews it by the
    /// [`refresh_token`](Self::refresh_token), or asks its [`CredentialsProvider`] for another one. If
    /// there is neither, calls fail
    /// ([`Error::is_unauthenticated`](crate::Error::is_unauthenticated)) and say so.
    ///
    /// The client does not log out of a session that was supplied to it, unless it has renewed it.
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

    /// The refresh token that came with an access token. It can be used once: nobody else may use
    /// it any more.
    pub fn refresh_token(mut self, refresh: impl Into<SecretString>) -> Self {
        if let CredentialsKind::Token(supplied) = &mut self.0 {
            supplied.refresh = Some(refresh.into());
        }
        self
    }

    /// How long from now the access token is good, where it is known. Without it the server's 401
    /// tells when it is not.
    pub fn expires_in(mut self, time: Duration) -> Self {
        if let CredentialsKind::Token(supplied) = &mut self.0 {
            supplied.end = Instant::now().checked_add(time);
        }
        self
    }

    /// The name of the user; none with a token.
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

/// Where credentials come from: a vault, a keyring, the environment. It is asked before each login
/// with a password, so that a password that was changed is noticed, and when a token that it gave
/// is no longer good. [`Credentials`] are a source of themselves, [`EnvironmentCredentials`] are
/// another one.
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
    /// The credentials to log in with now.
    fn credentials(
        &self,
    ) -> impl Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>> + Send;
}

impl CredentialsProvider for Credentials {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.clone())
    }
}

/// A source that several clients share.
impl<S: CredentialsProvider> CredentialsProvider for Arc<S> {
    async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        S::credentials(self).await
    }
}

/// Credentials in variables of the environment, `FOLIO_USERNAME` and `FOLIO_PASSWORD` unless others
/// are named. They are read anew for each login.
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
    /// The names of the variables with the username and with the password.
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

/// A [`CredentialsProvider`] of whatever type.
pub(crate) trait AnySource: fmt::Debug + Send + Sync + 'static {
    fn ask(&self) -> AskedCredentials<'_>;
}

impl<S: CredentialsProvider> AnySource for S {
    fn ask(&self) -> AskedCredentials<'_> {
        Box::pin(self.credentials())
    }
}
