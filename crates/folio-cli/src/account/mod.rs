//! Profiles and logins.

pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod whoami;
