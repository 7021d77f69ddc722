//! What one read of a status shows.

use crate::wire::long_running::JobStatus;

/// What a read of the status of a job shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobUpdate<T> {
    /// The job has not ended.
    Running(JobStatus),
    /// The job has ended: its last status, and the record that shows it.
    Done(JobStatus, T),
}

impl<T> JobUpdate<T> {
    /// The status that was read.
    pub fn status(&self) -> &JobStatus {
        match self {
            Self::Running(status) | Self::Done(status, _) => status,
        }
    }
}
