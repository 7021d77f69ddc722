//! What corrects the descriptions of modules: overrides, descriptions of this project's own, and the
//! names that earlier imports gave.

pub(crate) mod ours;
pub(crate) mod overrides;
pub(crate) mod pins;
