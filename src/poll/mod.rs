//! Long-running operations: the status of a job, read until the job has ended.

mod client;
mod intervals;
mod poller;
mod source;
mod stream;
mod until_done;
mod update;

pub use stream::JobStream;
pub use until_done::UntilDone;
pub use update::JobUpdate;

#[allow(unreachable_pub, reason = "generated code uses it through `runtime`")]
pub use until_done::until_done;
