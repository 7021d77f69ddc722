//! The single error type of the SDK: the attempted operation, the server's message, and the remedy.

mod body;
mod causes;
mod display;
mod exchange;
mod job;
mod kinds;
mod misfit;
mod questions;

pub(crate) use exchange::Exchange;
pub use kinds::{Error, ErrorKind, Result};

pub use crate::wire::server_message::{Parameter, ValidationError, VersionConflict};
