//! Shell completion and man pages.

pub(crate) mod completion;
pub(crate) mod man;
