//! Faults on demand: what can go wrong between a client and a FOLIO, made to happen.

mod effect;
mod fault;
mod pages;
mod rule;

pub use effect::Effect;
pub use fault::Fault;
pub(crate) use fault::Faults;
pub use pages::Gateway;
pub use rule::BadFault;
