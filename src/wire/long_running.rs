//! Long-running operations: what a response shows of a job, by the facts of its operation.

use std::collections::BTreeSet;

use serde_json::Value;

/// How the response of a GET shows the status of a job: a data import, an export, a reindex.
///
/// The facts come from FOLIO's descriptions and module sources (`docs/facts.md`, "Long-running
/// operations"); they are what [`until_done`](crate::UntilDone) goes by. Places are JSON pointers
/// into the response, in which a segment `*` stands for each element of an array.
///
/// ```
/// use folio_sdk::{Facts, JobFacts, Method, Operation};
///
/// static JOB: JobFacts = JobFacts::at(&["/state"]).running(&["BUSY"]).done(&["READY"]).failed(&["BROKEN"]);
/// static GET_JOB: Operation =
///     Operation::new("get_job", Method::GET, "/jobs/{id}").with_facts(Facts::unknown().job(&JOB));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobFacts {
    /// Where the states are. A job may have several, one for each of its parts.
    pub status: &'static [&'static str],
    /// States in which the server works on it.
    pub running: &'static [&'static str],
    /// States in which the server waits for another request of the caller.
    pub waiting: &'static [&'static str],
    /// States of a part that is done, where the job is done only if another part is in one of the
    /// states of [`done`](Self::done).
    pub between: &'static [&'static str],
    /// States in which it has ended and has done what it should, except for single records.
    pub done: &'static [&'static str],
    /// States in which it has ended and has not done what it should.
    pub failed: &'static [&'static str],
    /// A response without a status means that nothing is in progress.
    pub is_optional: bool,
    /// How much is done. Numbers of several places are added.
    pub current: &'static [&'static str],
    /// How much there is to do. Numbers of several places are added.
    pub total: &'static [&'static str],
    /// Where a failure is explained.
    pub message: &'static [&'static str],
}

impl JobFacts {
    /// The states are at these places, JSON pointers such as `/status` or `/jobs/*/status`.
    pub const fn at(status: &'static [&'static str]) -> Self {
        Self {
            status,
            running: &[],
            waiting: &[],
            between: &[],
            done: &[],
            failed: &[],
            is_optional: false,
            current: &[],
            total: &[],
            message: &[],
        }
    }

    /// States in which the server works on it. A state that is in no list counts as one of them.
    #[must_use]
    pub const fn running(self, running: &'static [&'static str]) -> Self {
        Self { running, ..self }
    }

    /// States in which the server waits for another request of the caller.
    #[must_use]
    pub const fn waiting(self, waiting: &'static [&'static str]) -> Self {
        Self { waiting, ..self }
    }

    /// States in which it has ended and has done what it should.
    #[must_use]
    pub const fn done(self, done: &'static [&'static str]) -> Self {
        Self { done, ..self }
    }

    /// States in which it has ended and has not done what it should.
    #[must_use]
    pub const fn failed(self, failed: &'static [&'static str]) -> Self {
        Self { failed, ..self }
    }

    /// The numbers that show how far it is: what is done, and how much there is to do.
    #[must_use]
    pub const fn progress(
        self,
        current: &'static [&'static str],
        total: &'static [&'static str],
    ) -> Self {
        Self {
            current,
            total,
            ..self
        }
    }

    /// Where a failure is explained.
    #[must_use]
    pub const fn message(self, message: &'static [&'static str]) -> Self {
        Self { message, ..self }
    }

    /// What a response shows; none if it has no status where there must be one.
    ///
    /// A job with several parts is running as long as one of them is; then it has failed if one of
    /// them has, and waits if one of them waits.
    pub(crate) fn read(&self, response: &Value) -> Option<JobStatus> {
        let states: BTreeSet<&str> = values(response, self.status)
            .into_iter()
            .filter_map(Value::as_str)
            .collect();
        if states.is_empty() && !self.is_optional {
            return None;
        }
        let any = |of: &[&str]| states.iter().any(|state| of.contains(state));
        let lists = [
            self.running,
            self.waiting,
            self.between,
            self.done,
            self.failed,
        ];
        let is_known = states
            .iter()
            .all(|state| lists.iter().any(|list| list.contains(state)));
        let phase = if any(self.running) || !is_known {
            JobPhase::Running
        } else if any(self.failed) {
            JobPhase::Failed
        } else if any(self.waiting) {
            JobPhase::Waiting
        } else if any(self.done) || states.is_empty() {
            JobPhase::Done
        } else {
            JobPhase::Running
        };
        Some(JobStatus {
            is_known,
            state: states.into_iter().collect::<Vec<_>>().join(", "),
            phase,
            current: sum(response, self.current),
            total: sum(response, self.total),
            message: self.explanation(response),
        })
    }

    fn explanation(&self, response: &Value) -> Option<String> {
        let texts = values(response, self.message).into_iter();
        let texts = texts.filter(|value| !value.is_null());
        let texts: Vec<String> = texts
            .map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
            .filter(|text| !text.is_empty() && text != "[]")
            .collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

/// What a job does, as far as its state shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobPhase {
    /// The server works on it, or will.
    Running,
    /// The server waits for another request of the caller: a bulk edit for the confirmation of its
    /// changes.
    Waiting,
    /// It has ended, and has done what it should. Single records may have failed: the record of the
    /// job shows them.
    Done,
    /// It has ended, and has not done what it should.
    Failed,
}

/// The status of a job at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobStatus {
    /// The state by FOLIO's name, `PARSING_IN_PROGRESS`. The different states of a job with several
    /// parts are separated by `, `.
    pub state: String,
    /// What the job does in this state.
    pub phase: JobPhase,
    /// Whether the state is one that this SDK knows. One that it does not know counts as running.
    pub is_known: bool,
    /// How much is done, in the unit of the operation (records, mostly), if the server shows it.
    pub current: Option<u64>,
    /// How much there is to do, in the same unit, if the server shows it.
    pub total: Option<u64>,
    /// The server's explanation, if it gives one.
    pub message: Option<String>,
}

impl JobStatus {
    /// A status for [`FolioClient::poll`](crate::FolioClient::poll): a state by its name, and what
    /// the job does in it.
    ///
    /// ```
    /// use folio_sdk::{JobPhase, JobStatus};
    ///
    /// let status = JobStatus::new("BUSY", JobPhase::Running).progress(3, 10);
    /// assert_eq!(status.to_string(), "BUSY (3 of 10)");
    /// ```
    pub fn new(state: impl Into<String>, phase: JobPhase) -> Self {
        Self {
            state: state.into(),
            phase,
            is_known: true,
            current: None,
            total: None,
            message: None,
        }
    }

    /// How much is done, and how much there is to do.
    #[must_use]
    pub fn progress(mut self, current: u64, total: u64) -> Self {
        (self.current, self.total) = (Some(current), Some(total));
        self
    }

    /// The server's explanation.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// The state and the progress: `COMMIT_IN_PROGRESS (120 of 300)`.
impl std::fmt::Display for JobStatus {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match &*self.state {
            "" => "no state",
            state => state,
        })?;
        match (self.current, self.total) {
            (Some(current), Some(total)) => write!(out, " ({current} of {total})"),
            (Some(current), None) => write!(out, " ({current})"),
            _ => Ok(()),
        }
    }
}

/// The values at these places.
fn values<'a>(response: &'a Value, places: &[&str]) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for place in places {
        let mut level = vec![response];
        for segment in place.split('/').skip(1) {
            level = level
                .into_iter()
                .flat_map(|value| match (segment, value) {
                    ("*", Value::Array(elements)) => elements.iter().collect(),
                    _ => value.get(segment).into_iter().collect::<Vec<_>>(),
                })
                .collect();
        }
        found.extend(level);
    }
    found
}

fn sum(response: &Value, places: &[&str]) -> Option<u64> {
    let numbers = values(response, places).into_iter();
    numbers
        .filter_map(|value| {
            let text = || value.as_str()?.parse().ok();
            value.as_u64().or_else(text)
        })
        .reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JOB: JobFacts = JobFacts::at(&["/status"])
        .running(&["NEW", "BUSY"])
        .waiting(&["REVIEW"])
        .done(&["READY"])
        .failed(&["BROKEN"])
        .progress(&["/progress/current"], &["/progress/total"])
        .message(&["/error", "/errors/*/text"]);

    #[test]
    fn a_state_shows_what_the_job_does() {
        for (state, phase, is_known) in [
            ("NEW", JobPhase::Running, true),
            ("REVIEW", JobPhase::Waiting, true),
            ("READY", JobPhase::Done, true),
            ("BROKEN", JobPhase::Failed, true),
            // Of a newer release.
            ("ALMOST", JobPhase::Running, false),
            ("ready", JobPhase::Running, false),
            ("", JobPhase::Running, false),
        ] {
            let status = JOB.read(&json!({"status": state})).unwrap();
            assert_eq!(
                (status.phase, status.is_known),
                (phase, is_known),
                "{state}"
            );
        }
        for none in [
            json!({}),
            json!({"status": null}),
            json!({"status": 5}),
            json!([]),
            json!(null),
        ] {
            assert_eq!(JOB.read(&none), None, "{none}");
        }
    }

    #[test]
    fn progress_and_explanations_are_read_where_they_are() {
        let status = JOB
            .read(&json!({
                "status": "BROKEN", "progress": {"current": 3, "total": "10"},
                "error": null, "errors": [{"text": "one"}, {"code": 5}, {"text": "two"}],
            }))
            .unwrap();
        assert_eq!((status.current, status.total), (Some(3), Some(10)));
        assert_eq!(status.message.as_deref(), Some("one; two"));
        assert_eq!(status.to_string(), "BROKEN (3 of 10)");
        let status = JOB
            .read(&json!({"status": "NEW", "progress": {"current": -1, "total": 2.5}}))
            .unwrap();
        assert_eq!(
            (status.current, status.total, status.message),
            (None, None, None)
        );
    }

    #[test]
    fn a_job_with_parts_runs_as_long_as_one_of_them_does() {
        let parts = JobFacts {
            between: &["MERGED"],
            current: &["/*/merged", "/*/sent"],
            ..JobFacts::at(&["/*/status"])
                .running(&["BUSY"])
                .done(&["READY"])
                .failed(&["BROKEN"])
        };
        let phase = |states: &[&str]| {
            let rows: Vec<Value> = states
                .iter()
                .map(|state| json!({"status": state, "merged": 1, "sent": 2}))
                .collect();
            let status = parts.read(&json!(rows))?;
            assert_eq!(status.current, Some(3 * states.len() as u64));
            Some(status.phase)
        };
        assert_eq!(phase(&[]), None);
        assert_eq!(phase(&["BUSY", "READY"]), Some(JobPhase::Running));
        assert_eq!(phase(&["MERGED", "MERGED"]), Some(JobPhase::Running));
        assert_eq!(phase(&["MERGED", "READY"]), Some(JobPhase::Done));
        assert_eq!(phase(&["BROKEN", "BUSY"]), Some(JobPhase::Running));
        assert_eq!(phase(&["BROKEN", "READY"]), Some(JobPhase::Failed));
        assert_eq!(phase(&["BROKEN", "MERGED"]), Some(JobPhase::Failed));
    }

    #[test]
    fn where_a_status_is_optional_nothing_is_in_progress_without_one() {
        let refresh = JobFacts {
            is_optional: true,
            ..JobFacts::at(&["/running/status", "/failed/status"])
                .running(&["BUSY"])
                .failed(&["BROKEN"])
        };
        for (list, phase) in [
            (json!({}), JobPhase::Done),
            (json!({"running": {"status": "BUSY"}}), JobPhase::Running),
            // The failure is of an earlier refresh.
            (
                json!({"running": {"status": "BUSY"}, "failed": {"status": "BROKEN"}}),
                JobPhase::Running,
            ),
            (json!({"failed": {"status": "BROKEN"}}), JobPhase::Failed),
        ] {
            assert_eq!(refresh.read(&list).unwrap().phase, phase, "{list}");
        }
    }
}
