//! What mod-search finds beyond its window: a resource job lists the ids of all, and the records are then read by their ids.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::page::{Page, key_of};
use crate::client::FolioClient;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;

const JOBS: &str = "/search/resources/jobs";

/// How long a job may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

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

/// The ids that a job found, as the server sent them: read when they are needed.
pub(crate) struct ResourceIds {
    page: Page,
    body: Bytes,
    /// Those that are next.
    ready: Vec<String>,
    /// Those that were asked for last.
    asked: Vec<String>,
    ended: bool,
}

/// Lets mod-search list the ids of all records that a query finds.
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
    // A job more does no harm.
    let create = base.like(Method::POST, JOBS).json(&job).idempotent(true);
    let mut response = client.execute(create).await?;
    let job: Job = response.json()?;
    let Some(id) = job.id else {
        let problem = "the resource job has no id".to_owned();
        return Err(Error::unexpected(
            response.exchange().clone(),
            problem,
            response.body(),
        ));
    };
    let path = format!("{JOBS}/{id}");
    let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(50));
    let mut status = job.status;
    while status.as_deref() != Some("COMPLETED") {
        if status
            .as_deref()
            .is_some_and(|status| status != "IN_PROGRESS")
            || waited > PATIENCE
        {
            let status = status.unwrap_or_default();
            return Err(Error::paging(
                response.exchange().clone(),
                format!(
                    "the resource job {id} of mod-search did not complete: it is {status} after {waited:?}; divide the query"
                ),
            ));
        }
        client.pause(pause).await?;
        waited += pause;
        pause = (pause * 2).min(Duration::from_secs(5));
        response = client.execute(base.like(Method::GET, &path)).await?;
        status = response.json::<Job>()?.status;
    }
    let response = client
        .execute(base.like(Method::GET, &format!("{path}/ids")))
        .await?;
    Ok(ResourceIds {
        page: Page::new(&response, Some("ids".into()), "id".into(), 0, false),
        body: response.into_body(),
        ready: Vec::new(),
        asked: Vec::new(),
        ended: false,
    })
}

impl ResourceIds {
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.ended
    }

    /// Puts back those that were asked for last, if there are several: the request for them was too long for the server.
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

    /// The request for the next of them: as many as `asking` can put into one.
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
