//! The keyrings of operating systems.

use secrecy::SecretString;

use crate::error::CliError;
use crate::exit::Exit;
use crate::profile::environment;

/// A keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyring {
    /// The Secret Service of a Linux desktop: GNOME Keyring, KWallet, KeePassXC.
    SecretService,
    /// The user's keyring in the Linux kernel: in memory, until the machine restarts or the keyring
    /// has not been used for some days (`/proc/sys/kernel/keys/persistent_keyring_expiry`).
    Kernel,
    /// The Keychain of macOS.
    Keychain,
    /// The Credential Manager of Windows.
    CredentialManager,
}

/// The keyrings of this operating system, the best one first.
#[cfg(all(feature = "keyring", target_os = "linux"))]
const AVAILABLE: &[Keyring] = &[Keyring::SecretService, Keyring::Kernel];
/// The keyrings of this operating system.
#[cfg(all(feature = "keyring", target_os = "macos"))]
const AVAILABLE: &[Keyring] = &[Keyring::Keychain];
/// The keyrings of this operating system.
#[cfg(all(feature = "keyring", windows))]
const AVAILABLE: &[Keyring] = &[Keyring::CredentialManager];
/// The keyrings of this operating system.
#[cfg(not(all(
    feature = "keyring",
    any(target_os = "linux", target_os = "macos", windows)
)))]
const AVAILABLE: &[Keyring] = &[];

/// What to do without a keyring.
pub(crate) const WITHOUT: &str = "without a keyring, store the profile with `folio login --no-keyring` and pass the password in the environment variable FOLIO_PASSWORD of each command (or answer the prompt)";

impl Keyring {
    /// All of them.
    const ALL: [Self; 4] = [
        Self::SecretService,
        Self::Kernel,
        Self::Keychain,
        Self::CredentialManager,
    ];

    /// Its name in the config file and in `FOLIO_KEYRING`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SecretService => "secret-service",
            Self::Kernel => "kernel",
            Self::Keychain => "keychain",
            Self::CredentialManager => "credential-manager",
        }
    }

    /// The keyring with this name.
    pub(crate) fn named(name: &str) -> Result<Self, CliError> {
        let named = Self::ALL.into_iter().find(|keyring| keyring.name() == name);
        named.ok_or_else(|| {
            let names: Vec<&str> = AVAILABLE.iter().map(|keyring| keyring.name()).collect();
            CliError::usage(format!("there is no keyring `{name}`"))
                .with_help(format!("this build knows: {}, none", names.join(", ")))
        })
    }

    /// What it is called in sentences.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::SecretService => "the keyring of the desktop (Secret Service)",
            Self::Kernel => "the keyring of the Linux kernel",
            Self::Keychain => "the Keychain",
            Self::CredentialManager => "the Credential Manager",
        }
    }

    /// How long it holds a password, if that is limited.
    pub(crate) fn lifetime(self) -> &'static str {
        match self {
            Self::Kernel => " until the machine restarts, or until it was not used for some days",
            Self::SecretService | Self::Keychain | Self::CredentialManager => "",
        }
    }
}

/// The keyrings to try: `FOLIO_KEYRING` selects one, or `none`.
fn candidates() -> Result<Vec<Keyring>, CliError> {
    match environment::variable(environment::KEYRING)? {
        None => Ok(AVAILABLE.to_vec()),
        Some(name) if name == "none" => Ok(Vec::new()),
        Some(name) => Ok(vec![Keyring::named(&name)?]),
    }
}

/// Stores a password in the first keyring that works.
pub(crate) async fn store(secret: String, password: SecretString) -> Result<Keyring, CliError> {
    let mut problems = Vec::new();
    for keyring in candidates()? {
        let (secret, password) = (secret.clone(), password.clone());
        match blocking(move || access::store(keyring, &secret, &password)).await {
            Ok(()) => return Ok(keyring),
            Err(problem) => problems.push(format!("{}: {problem}", keyring.name())),
        }
    }
    let mut error = CliError::other("there is no keyring in which the password can be stored");
    for problem in problems {
        error = error.with_help(problem);
    }
    Err(error.with_help(WITHOUT))
}

/// The password in a keyring; none if it is not there.
pub(crate) async fn load(
    keyring: Keyring,
    secret: String,
) -> Result<Option<SecretString>, CliError> {
    blocking(move || access::load(keyring, &secret))
        .await
        .map_err(|problem| {
            CliError::new(
                Exit::Authentication,
                format!(
                    "the password cannot be read from {}: {problem}",
                    keyring.description()
                ),
            )
            .with_help("unlock the keyring, or pass the password in FOLIO_PASSWORD")
        })
}

/// Removes a password from a keyring; false if it was not there.
pub(crate) async fn forget(keyring: Keyring, secret: String) -> Result<bool, CliError> {
    blocking(move || access::forget(keyring, &secret))
        .await
        .map_err(|problem| {
            CliError::other(format!(
                "the password cannot be removed from {}: {problem}",
                keyring.description()
            ))
        })
}

/// Runs it on a thread on which it may wait, for example for the user to unlock the keyring.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.unwrap_or_else(|error| Err(error.to_string()))
}

#[cfg(feature = "keyring")]
mod access {
    //! Access through keyring-core.

    use std::sync::Arc;

    use keyring_core::api::CredentialStoreApi;
    use keyring_core::{Entry, Error};
    use secrecy::{ExposeSecret as _, SecretString};

    use super::Keyring;

    const SERVICE: &str = "folio";

    fn entry(keyring: Keyring, secret: &str) -> Result<Entry, String> {
        let text = |error: Error| error.to_string();
        let store: Arc<dyn CredentialStoreApi + Send + Sync> = match keyring {
            #[cfg(target_os = "linux")]
            Keyring::SecretService => {
                zbus_secret_service_keyring_store::Store::new().map_err(text)?
            }
            #[cfg(target_os = "linux")]
            Keyring::Kernel => linux_keyutils_keyring_store::Store::new().map_err(text)?,
            #[cfg(target_os = "macos")]
            Keyring::Keychain => {
                apple_native_keyring_store::keychain::Store::new().map_err(text)?
            }
            #[cfg(windows)]
            Keyring::CredentialManager => {
                windows_native_keyring_store::Store::new().map_err(text)?
            }
            #[allow(
                unreachable_patterns,
                reason = "which ones are left depends on the system"
            )]
            _ => return Err("this system has no such keyring".to_owned()),
        };
        Entry::new_in_store(&store, SERVICE, secret).map_err(text)
    }

    pub(super) fn store(
        keyring: Keyring,
        secret: &str,
        password: &SecretString,
    ) -> Result<(), String> {
        let entry = entry(keyring, secret)?;
        let password = password.expose_secret();
        entry
            .set_password(password)
            .map_err(|error| error.to_string())?;
        // A keyring that forgets at once is none.
        match entry.get_password() {
            Ok(stored) if stored == password => Ok(()),
            Ok(_) => Err("it returns another password than the stored one".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) fn load(keyring: Keyring, secret: &str) -> Result<Option<SecretString>, String> {
        match entry(keyring, secret)?.get_password() {
            Ok(password) => Ok(Some(password.into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) fn forget(keyring: Keyring, secret: &str) -> Result<bool, String> {
        match entry(keyring, secret)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(not(feature = "keyring"))]
mod access {
    //! A build without keyrings.

    use secrecy::SecretString;

    use super::Keyring;

    const PROBLEM: &str = "this program was built without the feature `keyring`";

    pub(super) fn store(_: Keyring, _: &str, _: &SecretString) -> Result<(), String> {
        Err(PROBLEM.to_owned())
    }

    pub(super) fn load(_: Keyring, _: &str) -> Result<Option<SecretString>, String> {
        Err(PROBLEM.to_owned())
    }

    pub(super) fn forget(_: Keyring, _: &str) -> Result<bool, String> {
        Err(PROBLEM.to_owned())
    }
}
