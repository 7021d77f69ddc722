//! Other endpoints about users: mod-users-bl, the current user of mod-users-keycloak, PINs of patrons
//! (mod-users), forgotten passwords.

pub(crate) mod passwords;
pub(crate) mod pins;
pub(crate) mod users_bl;
pub(crate) mod users_keycloak;
