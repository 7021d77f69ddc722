//! Profiles in the config file, passwords in the keyring, and the connection that a command uses.

pub(crate) mod config;
pub(crate) mod connection;
mod echo;
pub(crate) mod environment;
pub(crate) mod keyring;
pub(crate) mod password;
