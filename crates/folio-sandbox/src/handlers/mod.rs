//! What the modules answer.

pub(crate) mod acquisitions;
pub(crate) mod batch;
pub(crate) mod credentials;
pub(crate) mod deletion;
pub(crate) mod eureka;
pub(crate) mod lists;
pub(crate) mod login;
pub(crate) mod okapi;
pub(crate) mod okapi_admin;
pub(crate) mod passwords;
pub(crate) mod permissions;
pub(crate) mod pins;
pub(crate) mod plain;
pub(crate) mod pubsub;
pub(crate) mod singles;
pub(crate) mod source;
pub(crate) mod spring;
mod transactions;
pub(crate) mod views;
pub(crate) mod write;

use crate::http::Answer;

/// An answer, unless the storage fails.
pub(crate) type Done = rusqlite::Result<Answer>;
