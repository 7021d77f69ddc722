//! Corrections of modules' descriptions.

pub(crate) mod id_rules;
pub(crate) mod ours;
pub(crate) mod overrides;
pub(crate) mod pins;
