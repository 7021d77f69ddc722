//! The arrival of a request: HTTP, the gateway, a module's own port, modules that run elsewhere.

pub(crate) mod gateway;
pub(crate) mod kong;
pub(crate) mod listener;
pub(crate) mod module_port;
pub(crate) mod okapi;
pub(crate) mod okapi_admin;
pub(crate) mod proxy;
