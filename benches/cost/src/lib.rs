//! What a call costs with the SDK and with hand-written programs, and jobs whose cost is counted.
//!
//! The calls go to a server in a separate process, so that its cost is not counted. The jobs run in
//! memory.

mod by_hand;
mod direct;
mod job;
mod memory;
mod program;
#[path = "../../src/sample.rs"]
mod sample;
mod server;
mod token;
mod user;

pub use job::{Form, Job, Prepared};
pub use program::{Program, Reads, Ready};
pub use server::{serve, server};

/// Any error ends the measurement.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
