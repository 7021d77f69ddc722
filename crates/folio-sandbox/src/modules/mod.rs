//! Behaviour of FOLIO's modules beyond plain collections: one file or folder per module.
//! `dispatch.rs` finds the one that handles a request.

pub(crate) mod acquisitions;
pub(crate) mod circulation;
pub(crate) mod consortia;
pub(crate) mod data_import;
pub(crate) mod dispatch;
pub(crate) mod fixed;
pub(crate) mod inventory;
pub(crate) mod inventory_storage;
pub(crate) mod library;
pub(crate) mod login;
pub(crate) mod permissions;
pub(crate) mod pubsub;
pub(crate) mod reply;
pub(crate) mod spring;
pub(crate) mod user_permissions;
pub(crate) mod users;
