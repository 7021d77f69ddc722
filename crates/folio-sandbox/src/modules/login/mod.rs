//! Logins and credentials: mod-login, mod-users-bl, and mod-login-keycloak in their place.

pub(crate) mod credentials;
pub(crate) mod keycloak;
pub(crate) mod sessions;
