//! What corrects the descriptions of modules.

pub(crate) mod id_rules;
pub(crate) mod ours;
pub(crate) mod overrides;
pub(crate) mod pins;
