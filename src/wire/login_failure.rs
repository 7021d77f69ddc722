//! What the response to a login means that brought no token.
//!
//! A rejected password must not be sent again, since five wrong ones block an account; and nothing
//! else may be taken for one, since a job would end by a transient error of a gateway. So only what
//! the login module and Keycloak themselves say counts as a rejection, in the forms that were
//! recorded (real-facts, sections 2 and 21).

use http::StatusCode;

use crate::wire::cause;
use crate::wire::error::Error;

/// What to do about a login that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginFailure {
    /// The user, the password or the account is not good, by the word of the login module. It is
    /// not sent again.
    Rejected,
    /// Only another configuration helps, by this help. It is sent again when somebody asks again.
    Configuration(&'static str),
    /// A transient failure; with what may be the reason.
    Transient(Option<&'static str>),
}

const TENANT: &str = "check the tenant: the gateway does not know the tenant of the login";

/// Of a login that was answered with a status that is no success and not 404.
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
        // `password.incorrect`, `username.incorrect`, `user.blocked` and the like,
        // mod-login-keycloak's `unauthorized_error`. A gateway has pages of HTML, Kong a `message`
        // without a list.
        StatusCode::UNAUTHORIZED | StatusCode::UNPROCESSABLE_ENTITY
            if errors.iter().any(|error| error.code.is_some()) =>
        {
            LoginFailure::Rejected
        }
        StatusCode::BAD_REQUEST => {
            // Keycloak's own rejection, such as of a disabled account. Without this cause, Keycloak
            // could not be reached.
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
                // Of an unknown tenant, and of a store of secrets that is down.
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
