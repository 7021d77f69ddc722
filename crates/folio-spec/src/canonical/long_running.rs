//! Long-running operations: which states a job has, and where its status and progress are.

use serde::{Deserialize, Serialize};

/// How a GET shows the status of a job.
///
/// Places are JSON pointers into the response; a segment `*` stands for each element of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LongRunning {
    /// Where the states are. A response may have several: the parts of a job.
    pub status: Vec<String>,
    /// The server works on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running: Vec<String>,
    /// The server waits for another request of the caller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// A part of the job is done, and the job is if another part has one of the states of `done`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<String>,
    /// It ended, and did what it should; records may have failed.
    pub done: Vec<String>,
    /// It ended, and did not do what it should.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Whether a response without a status means that nothing is in progress.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// How much is done. Values of several places are added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub current: Vec<String>,
    /// How much there is to do. Values of several places are added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub total: Vec<String>,
    /// Where a failure is explained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message: Vec<String>,
}
