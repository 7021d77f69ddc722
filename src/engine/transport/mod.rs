//! HTTP and TLS: sends and receives bytes; of FOLIO it knows only the gateway's address.

mod clock;
mod gateway;
mod incoming;
mod page;
mod read;
mod send;
mod timed;

pub(crate) use gateway::{Gateway, Located, Options, Timeouts};
pub(crate) use incoming::Incoming;
pub(crate) use page::PageAttempt;
#[cfg(feature = "testing")]
pub(crate) use read::decoded;
pub(crate) use read::{beginning, whole};

#[cfg(test)]
mod tests;
