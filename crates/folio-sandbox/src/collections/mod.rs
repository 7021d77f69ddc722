//! Collections of records as RMB's storage modules serve them: reads, writes, side effects.

pub(crate) mod acquisitions;
pub(crate) mod batch;
pub(crate) mod deletion;
pub(crate) mod effects;
pub(crate) mod hrid;
pub(crate) mod lists;
pub(crate) mod loan_history;
pub(crate) mod write;
