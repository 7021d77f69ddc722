//! The one error of the SDK: what was attempted, what the server said, and what helps.

mod body;
mod causes;
mod display;
mod exchange;
mod kinds;
mod misfit;
mod questions;

pub(crate) use exchange::Exchange;
pub use kinds::{Error, ErrorKind, Result};

pub use crate::wire::server_message::{Parameter, ValidationError, VersionConflict};
