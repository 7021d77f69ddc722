//! Fault injection: failures between a client and a FOLIO system, on demand.

mod effect;
mod fault;
mod pages;
mod rule;

pub use effect::Effect;
pub use fault::Fault;
pub(crate) use fault::Faults;
pub use pages::Gateway;
pub use rule::BadFault;
