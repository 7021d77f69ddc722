//! Other endpoints about users: mod-users-bl, PINs of patrons (mod-users), forgotten passwords.

pub(crate) mod passwords;
pub(crate) mod pins;
pub(crate) mod users_bl;
