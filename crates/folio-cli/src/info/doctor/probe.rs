//! GET requests that show what the gateway accepts.

use std::time::{Duration, Instant};

use folio_sdk::{Error, FolioClient, Response};
use http::StatusCode;

use super::session::request;

/// How long the response to a long request line may take: some firewalls drop it without a response.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The outcome of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The response is that of the usual request.
    Accepted,
    /// The gateway rejects it, and accepts the usual request. The status, or the error.
    Rejected(String),
    /// Neither is certain.
    Unknown(String),
}

/// Sends GET requests for one path, which differ in their length only.
pub(super) struct Probe<'a> {
    folio: &'a FolioClient,
    /// A path to which the gateway responds.
    path: &'a str,
    /// The status of the response to a request without padding.
    usual: StatusCode,
    pub(super) times: Times,
}

/// How long the responses took.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    pub(super) slowest: Duration,
    /// The response of a gateway that has waited for too long, and the time until it arrived.
    pub(super) cut_off: Option<(StatusCode, Duration)>,
    /// The header `Keep-Alive` of a response.
    pub(super) keep_alive: Option<String>,
}

impl<'a> Probe<'a> {
    /// Sends the usual request.
    ///
    /// # Errors
    /// There is no response.
    pub(super) async fn start(folio: &'a FolioClient, path: &'a str) -> Result<Self, Error> {
        let mut probe = Self {
            folio,
            path,
            usual: StatusCode::OK,
            times: Times::default(),
        };
        let response = probe.send(path, None).await;
        probe.usual = match response {
            Ok(response) => response.status(),
            Err(error) => error.status().ok_or(error)?,
        };
        Ok(probe)
    }

    /// The length of a request line without padding, in bytes.
    pub(super) fn shortest(&self) -> usize {
        let base = url::Url::parse(self.folio.url());
        let base = base.map_or(0, |url| url.path().trim_end_matches('/').len());
        "GET  HTTP/1.1".len() + base + self.padded(0).len()
    }

    /// Sends a request line of so many bytes.
    pub(super) async fn line(&mut self, bytes: usize) -> Outcome {
        let path = self.padded(bytes.saturating_sub(self.shortest()));
        self.certain(&path, None).await
    }

    /// Sends a body of so many bytes. A GET has no use for it.
    pub(super) async fn body(&mut self, bytes: usize) -> Outcome {
        self.certain(self.path, Some(bytes)).await
    }

    /// Modules ignore unknown parameters (recorded).
    fn padded(&self, bytes: usize) -> String {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{separator}padding={}", self.path, "x".repeat(bytes))
    }

    /// The outcome of a request. One that may be that of a transient failure is confirmed by another
    /// request, if the gateway accepts the usual one meanwhile.
    async fn certain(&mut self, path: &str, body: Option<usize>) -> Outcome {
        let first = self.once(path, body).await;
        let Outcome::Unknown(_) = &first else {
            return first;
        };
        if self.once(self.path, None).await != Outcome::Accepted {
            return first;
        }
        match self.once(path, body).await {
            Outcome::Unknown(problem) if self.once(self.path, None).await == Outcome::Accepted => {
                Outcome::Rejected(problem)
            }
            other => other,
        }
    }

    async fn once(&mut self, path: &str, body: Option<usize>) -> Outcome {
        let (status, problem) = match self.send(path, body).await {
            Ok(response) => (Some(response.status()), String::new()),
            Err(error) => (error.status(), without_padding(&error.to_string())),
        };
        match status {
            Some(status) if status == self.usual || status.is_success() => Outcome::Accepted,
            Some(
                status @ (StatusCode::UNAUTHORIZED
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS),
            ) => Outcome::Unknown(status.to_string()),
            Some(status) if status.is_client_error() => Outcome::Rejected(status.to_string()),
            Some(status) => Outcome::Unknown(status.to_string()),
            None => Outcome::Unknown(problem),
        }
    }

    async fn send(&mut self, path: &str, body: Option<usize>) -> Result<Response, Error> {
        let started = Instant::now();
        let mut request = request(self.folio, path);
        if path != self.path {
            request = request.deadline(LONGEST_WAIT);
        }
        let request = match body {
            Some(bytes) => request.body(vec![b' '; bytes], "application/json"),
            None => request,
        };
        let outcome = request.send().await;
        self.times.add(started.elapsed(), &outcome);
        outcome
    }

    /// Sends the usual request, and returns its time.
    ///
    /// # Errors
    /// There is no response.
    pub(super) async fn time(&mut self) -> Result<Duration, Error> {
        let started = Instant::now();
        match self.send(self.path, None).await {
            Err(error) if error.status().is_none() => Err(error),
            _ => Ok(started.elapsed()),
        }
    }
}

impl Times {
    fn add(&mut self, elapsed: Duration, outcome: &Result<Response, Error>) {
        self.slowest = self.slowest.max(elapsed);
        match outcome {
            Ok(response) => {
                if let Some(header) = response.header("keep-alive") {
                    self.keep_alive = Some(header.to_owned());
                }
            }
            Err(error) => {
                let status = error.status();
                let cut_off = status.filter(|status| {
                    // 524: Cloudflare.
                    matches!(
                        *status,
                        StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT
                    ) || status.as_u16() == 524
                });
                self.cut_off = cut_off.map(|status| (status, elapsed)).or(self.cut_off);
            }
        }
    }

    /// For how many seconds the gateway states that it keeps an idle connection open.
    pub(super) fn idle_seconds(&self) -> Option<u64> {
        let parameters = self.keep_alive.as_deref()?.split(',');
        let mut timeout = parameters.filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("timeout")
                .then(|| value.trim().parse().ok())?
        });
        timeout.next()
    }
}

fn without_padding(text: &str) -> String {
    text.replace(&"x".repeat(64), "").replace("xx", "")
}
