//! `/circulation/requests`.

pub(crate) mod allowed;
pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod instances;
pub(crate) mod placed;
pub(crate) mod queues;
pub(crate) mod recall;
pub(crate) mod stored;
pub(crate) mod title;
pub(crate) mod validate;
