//! The contents of a tenant: its modules and interfaces, reference data, circulation rules,
//! consortium, user.

pub(crate) mod circulation_rules;
pub(crate) mod compatibility;
pub(crate) mod consortium;
pub(crate) mod directory;
pub(crate) mod identity;
pub(crate) mod missing_module;
pub(crate) mod modules;
pub(crate) mod reference;
pub(crate) mod reference_lists;
pub(crate) mod tenancy;
mod version;
