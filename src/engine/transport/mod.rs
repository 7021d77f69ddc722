//! HTTP and TLS: sends and receives bytes; of FOLIO it knows only the gateway's address.

mod clock;
mod gateway;
mod incoming;
mod read;
mod send;
mod timed;

pub(crate) use gateway::{Gateway, Located, Options, Timeouts};
pub(crate) use incoming::Incoming;
#[cfg(feature = "testing")]
pub(crate) use read::decoded;
pub(crate) use read::{beginning, whole};

#[cfg(test)]
mod tests;
