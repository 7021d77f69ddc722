//! Classifies failed logins.
//!
//! A rejected password must not be sent again, because five wrong ones block an account; and no
//! other failure may be taken for a rejection, because a transient error of a gateway would then
//! end a job. So only the statements of the login module and Keycloak count as a rejection, in the
//! recorded forms (real-facts, sections 2 and 21).

use http::StatusCode;

use crate::wire::cause;
use crate::wire::error::Error;

/// The consequence of a failed login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginFailure {
    /// The login module rejected the user name, the password or the account. The login is not
    /// retried.
    Rejected,
    /// The configuration must change, as this help states. The next call tries again.
    Configuration(&'static str),
    /// A transient failure, with a possible reason.
    Transient(Option<&'static str>),
}

const TENANT: &str = "check the tenant: the gateway does not know the tenant of the login";

/// For a login response with an error status other than 404.
pub(crate) fn of(error: &Error) -> LoginFailure {
    let Some(status) = error.status() else {
        return LoginFailure::Transient(None);
    };
    let message = error.server_message().unwrap_or_default();
    if let Some(help) = cause::of_page(message) {
        return LoginFailure::Configuration(help);
    }
    let errors = error.validation_errors();
    let has_code = |code: &str| {
        let mut codes = errors.iter().filter_map(|error| error.code.as_deref());
        codes.any(|own| own == code)
    };
    match status {
        // The JSON of RMB and of folio-spring-support, with a code: mod-login's
        // `password.incorrect`, `username.incorrect`, `user.blocked` and others,
        // mod-login-keycloak's `unauthorized_error`. Gateways respond with HTML pages, Kong with a
        // `message` without a list.
        StatusCode::UNAUTHORIZED | StatusCode::UNPROCESSABLE_ENTITY
            if errors.iter().any(|error| error.code.is_some()) =>
        {
            LoginFailure::Rejected
        }
        StatusCode::BAD_REQUEST => {
            // Keycloak's own rejection, for example of a disabled account. Without this cause,
            // Keycloak could not be reached.
            let is_of_keycloak = errors.iter().any(|error| {
                error.parameters.iter().any(|parameter| {
                    parameter.key == "cause"
                        && parameter
                            .value
                            .as_deref()
                            .is_some_and(|cause| cause.contains("invalid_grant"))
                })
            });
            let is_of_login = [
                "No credentials match that login",
                "You must provide a username or userId",
                "You must provide a password",
            ]
            .contains(&message);
            if is_of_keycloak || is_of_login {
                LoginFailure::Rejected
            } else if has_code("validation_error") {
                LoginFailure::Configuration(
                    "the login module cannot read the login request: check whether the password is empty, and whether a proxy in front of FOLIO changes requests",
                )
            } else if message.starts_with("No such Tenant")
                || message.starts_with("x-okapi-tenant header")
            {
                LoginFailure::Configuration(TENANT)
            } else if message.contains("Failed to get value from secure store") {
                // For an unknown tenant, and for an unavailable secret store.
                LoginFailure::Transient(Some(TENANT))
            } else {
                LoginFailure::Transient(None)
            }
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => LoginFailure::Configuration(
            "this is the response of a forward proxy, not of FOLIO: check the proxy's user name and password (`proxy`, or HTTPS_PROXY and HTTP_PROXY)",
        ),
        _ => LoginFailure::Transient(None),
    }
}
