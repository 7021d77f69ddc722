//! The environment variables of connections, with the names of the SDK.

use folio_sdk::EnvironmentCredentials;
use secrecy::SecretString;

use crate::error::CliError;
use crate::global::Global;

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

/// The name of the profile that the user selects: `--profile`, otherwise `FOLIO_PROFILE`.
///
/// # Errors
/// The value is not UTF-8 text.
pub(crate) fn named_profile(global: &Global) -> Result<Option<String>, CliError> {
    match &global.profile {
        Some(name) => Ok(Some(name.clone())),
        None => variable(PROFILE),
    }
}

/// The password of this user, if the environment has it: `FOLIO_USERNAME` is unset or the same.
///
/// # Errors
/// A value is not UTF-8 text.
pub(crate) fn password_of(username: &str) -> Result<Option<SecretString>, CliError> {
    if variable(USERNAME)?.is_some_and(|named| named != username) {
        return Ok(None);
    }
    Ok(variable(PASSWORD)?.map(SecretString::from))
}

/// The credentials of the environment, which are read again for each login.
pub(crate) fn credentials() -> EnvironmentCredentials {
    EnvironmentCredentials::new(USERNAME, PASSWORD)
}
