//! Corrections of modules' descriptions.

pub(crate) mod field_rules;
pub(crate) mod ours;
pub(crate) mod overrides;
pub(crate) mod pins;
