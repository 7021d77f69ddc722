//! The environment variables of connections, with the names of the SDK.

use folio_sdk::EnvironmentCredentials;

use crate::error::CliError;

/// The URL of the gateway.
pub(crate) const URL: &str = "FOLIO_URL";
/// The tenant.
pub(crate) const TENANT: &str = "FOLIO_TENANT";
/// The user name.
pub(crate) const USERNAME: &str = "FOLIO_USERNAME";
/// The password.
pub(crate) const PASSWORD: &str = "FOLIO_PASSWORD";
/// The profile.
pub(crate) const PROFILE: &str = "FOLIO_PROFILE";
/// The keyring.
pub(crate) const KEYRING: &str = "FOLIO_KEYRING";

/// The value of a variable. An empty one counts as unset.
///
/// # Errors
/// The value is not UTF-8 text.
pub(crate) fn variable(name: &str) -> Result<Option<String>, CliError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(CliError::usage(format!(
            "the environment variable {name} is not UTF-8 text"
        ))),
    }
}

/// Whether the environment has a password for this user: `FOLIO_USERNAME` is unset or the same.
///
/// # Errors
/// A value is not UTF-8 text.
pub(crate) fn has_password_of(username: &str) -> Result<bool, CliError> {
    let is_same = variable(USERNAME)?.is_none_or(|named| named == username);
    Ok(is_same && variable(PASSWORD)?.is_some())
}

/// The credentials of the environment, which are read again for each login.
pub(crate) fn credentials() -> EnvironmentCredentials {
    EnvironmentCredentials::new(USERNAME, PASSWORD)
}
