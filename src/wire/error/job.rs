//! Errors of jobs on the server: those that failed, wait, or did not end in time.

use super::causes::RECORD;
use super::kinds::{BadRecord, Error, ErrorKind};
use crate::value::time::Length;
use crate::wire::long_running::JobStatus;
use crate::wire::response::Response;
use crate::wire::server_message::text_of;
use std::time::Duration;

impl Error {
    /// The job ended and did not do what it should.
    pub(crate) fn job_failed(status: &JobStatus) -> Self {
        let message = format!("the job ended in the state {}", described(status));
        Self::of_job(ErrorKind::Job, message, Some(status))
    }

    /// The job does nothing until it gets another request.
    pub(crate) fn job_waits(status: &JobStatus, waited: Duration) -> Self {
        let message = format!(
            "the job has been in the state {} for {} and waits for another request",
            described(status),
            shown(waited)
        );
        Self::of_job(ErrorKind::Job, message, Some(status)).with_help(
            "send the request that the job waits for; `stop_at` accepts this state as an end",
        )
    }

    /// The job did not end in time.
    pub(crate) fn job_timeout(last: Option<&JobStatus>, timeout: Duration) -> Self {
        let timeout = shown(timeout);
        let seen = match last {
            Some(status) => format!("its last state is {}", described(status)),
            None => "its status could not be read".to_owned(),
        };
        let message = format!("the job did not end within {timeout}: {seen}");
        let error = Self::of_job(ErrorKind::Timeout, message, last).with_help("nothing was cancelled on the server: to continue to wait, call `until_done` again with the same id, with a longer `timeout`");
        match last {
            Some(status) if !status.is_known => error.with_help(
                "this SDK does not know the state; if it is an end, `stop_at` accepts it as one",
            ),
            _ => error,
        }
    }

    /// The status of a job could not be read for longer than is accepted.
    pub(crate) fn while_polling(mut self, last: Option<&JobStatus>, outage: Duration) -> Self {
        self.0.job_state = last.map(|status| status.state.as_str().into());
        self.with_help(format!(
            "the status of the job could not be read for {} (`max_outage`); the job itself may still run: call `until_done` again with the same id",
            shown(outage)
        ))
    }

    /// The response shows no status.
    pub(crate) fn no_job_status(response: &Response, places: &[&str]) -> Self {
        let places = places.join("`, `");
        Self::unexpected(
            response.exchange().clone(),
            format!("the response shows no status of a job at `{places}`"),
            response.body(),
        )
        .with_help("of a list: no job matches the query")
    }

    fn of_job(kind: ErrorKind, message: String, status: Option<&JobStatus>) -> Self {
        let mut error = Self::new(kind, message);
        error.0.job_state = status.map(|status| status.state.as_str().into());
        error
    }

    /// Adds the request that showed the status, and the record of the job.
    pub(crate) fn of_job_response(mut self, response: &Response) -> Self {
        let exchange = response.exchange();
        let secrets = exchange.secrets();
        if !exchange.sensitive {
            self.0.record = Some(BadRecord {
                index: 0,
                id: None,
                json: secrets
                    .excerpt(response.body(), 0, RECORD, text_of)
                    .unwrap_or_default(),
            });
        }
        self.0.message = secrets.shown(&self.0.message).into();
        self.on(exchange.clone())
    }
}

/// A state, its progress, and the server's explanation.
fn described(status: &JobStatus) -> String {
    match &status.message {
        Some(message) => format!("{status}: {message}"),
        None => status.to_string(),
    }
}

/// A duration in whole seconds, or exactly if it is short.
fn shown(duration: Duration) -> String {
    let duration = match duration.as_secs() {
        0..10 => duration,
        seconds => Duration::from_secs(seconds),
    };
    Length(duration).to_string()
}
