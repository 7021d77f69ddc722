//! Reads the records that mod-search finds beyond its window, with a resource job.
//!
//! The job lists the ids of all records, and the records are then read by their ids.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::page_body::PageBody;
use super::record_key::key_of;
use crate::client::FolioClient;
use crate::engine::retry::{self, Attempts, Bounds, Failed, Retried};
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::retry::RetryPolicy;

const JOBS: &str = "/search/resources/jobs";

/// The timeout of a job.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// The maximum interval between two status requests.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    #[serde(skip_serializing)]
    id: Option<String>,
    query: String,
    entity_type: String,
    #[serde(skip_serializing)]
    status: Option<String>,
}

/// The ids that a job found, as the server sent them: parsed when they are needed.
pub(crate) struct ResourceIds {
    page: PageBody,
    body: Bytes,
    /// The next ids.
    ready: Vec<String>,
    /// The last requested ids.
    asked: Vec<String>,
    ended: bool,
}

/// Starts a resource job of mod-search that lists the ids of all records of a query.
pub(super) async fn find(
    client: FolioClient,
    base: Request,
    kind: &'static str,
    query: String,
) -> Result<ResourceIds> {
    let job = Job {
        id: None,
        query,
        entity_type: kind.to_owned(),
        status: None,
    };
    // A duplicate job is harmless.
    let create = base.like(Method::POST, JOBS).json(&job).idempotent(true);
    let response = client.execute(create).await?;
    let job: Job = response.json()?;
    let Some(id) = job.id else {
        let problem = "the resource job has no id".to_owned();
        return Err(Error::unexpected(
            response.exchange().clone(),
            problem,
            response.body(),
        ));
    };
    let mut polling = Polling {
        client: &client,
        base: &base,
        path: format!("{JOBS}/{id}"),
        created: Some(response),
        policy: polling_policy(),
        attempts: Attempts::new(None),
    };
    retry::run(&mut polling).await?;
    let path = polling.path;
    let response = client
        .execute(base.like(Method::GET, &format!("{path}/ids")))
        .await?;
    Ok(ResourceIds {
        page: PageBody::new(&response, Some("ids".into()), "id".into(), 0, false),
        body: response.into_body(),
        ready: Vec::new(),
        asked: Vec::new(),
        ended: false,
    })
}

/// A job whose status is polled until it is complete.
struct Polling<'a> {
    client: &'a FolioClient,
    base: &'a Request,
    path: String,
    /// The response to its creation, which contains its first status.
    created: Option<Response>,
    policy: RetryPolicy,
    attempts: Attempts,
}

/// 50 ms before the second status request, and up to 5 s before later ones.
fn polling_policy() -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(u32::MAX)
        .initial_backoff(Duration::from_millis(50))
        .max_backoff(LONGEST_PAUSE)
        .deadline(PATIENCE + LONGEST_PAUSE)
        .without_budget()
}

impl Retried for Polling<'_> {
    type Output = ();

    async fn attempt(&mut self) -> Result<(), Failed> {
        let response = match self.created.take() {
            Some(response) => response,
            None => {
                let status = self.base.like(Method::GET, &self.path);
                self.client.execute(status).await?
            }
        };
        let status = response.json::<Job>()?.status;
        if status.as_deref() == Some("COMPLETED") {
            return Ok(());
        }
        let is_running = status
            .as_deref()
            .is_none_or(|status| status == "IN_PROGRESS");
        let waited = self.attempts.started.elapsed().as_millis();
        let waited = Duration::from_millis(u64::try_from(waited).unwrap_or(u64::MAX));
        let error = Error::paging(
            response.exchange().clone(),
            format!(
                "the resource job {} of mod-search did not complete: its status is {} after {waited:?}; split the query",
                self.path.rsplit('/').next().unwrap_or_default(),
                status.unwrap_or_default()
            ),
        );
        Err(match is_running {
            true => Failed::transient(error),
            false => Failed::permanent(error),
        })
    }

    fn attempts(&mut self) -> &mut Attempts {
        &mut self.attempts
    }

    fn bounds(&self) -> Bounds<'_> {
        self.client.session().bounds(&self.policy)
    }

    /// Without jitter: only this client polls the job.
    fn random(&self) -> f64 {
        1.0
    }
}

impl ResourceIds {
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.ended
    }

    /// Puts back the last requested ids, if there are several: the request for them was too long
    /// for the server.
    pub(super) fn ask_for_fewer(&mut self) -> bool {
        let asked = std::mem::take(&mut self.asked);
        let is_divisible = asked.len() > 1;
        self.ready.splice(0..0, asked);
        is_divisible
    }

    fn fill(&mut self, most: usize) -> Result<()> {
        while self.ready.len() < most && !self.ended {
            match self.page.skip() {
                Some(span) => {
                    let span = span?;
                    self.ready
                        .extend(key_of(self.body.get(span).unwrap_or_default(), "id"));
                }
                None => self.ended = true,
            }
        }
        Ok(())
    }

    /// The request for the next ids: as many as `asking` can put into one.
    pub(super) fn next(
        &mut self,
        client: &FolioClient,
        most: u32,
        asking: impl Fn(&[String]) -> Request,
    ) -> Result<Option<Request>> {
        self.fill(usize::try_from(most.min(200)).unwrap_or(200))?;
        if self.ready.is_empty() {
            return Ok(None);
        }
        let ready = &self.ready;
        let (request, count) = client.divide(ready.len(), |count| {
            asking(ready.get(..count).unwrap_or(ready))
        });
        self.asked = self.ready.drain(..count).collect();
        // So that it is known whether these were the last.
        self.fill(1)?;
        Ok(Some(request))
    }
}
