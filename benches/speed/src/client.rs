//! One job of one client in a separate process, which has its own CPU time and memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use folio_sdk::inventory_storage::Instance;
use folio_sdk::{Collection, FolioClient, Harvest, HarvestStream, RawRecord, RetryPolicy};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::baseline;
use crate::measure::{Failure, Seen, report};

const PATH: &str = "/instance-storage/instances";

/// Runs a job and prints its cost, as JSON on one line.
pub(crate) async fn run(job: &str, url: &str, page: u32, records: u64) -> Result<(), Failure> {
    let start = Instant::now();
    let seen = match job {
        "hand-typed" => hand::<baseline::lossless::Instances>(url, page).await?,
        "hand-typed-plain" => hand::<baseline::plain::Instances>(url, page).await?,
        "hand-value" => hand::<Value>(url, page).await?,
        "bytes" => bytes(url, page).await?,
        "ours-typed" => typed(url, page).await?,
        "ours-value" => generic::<Value>(url, page, value_length).await?,
        "ours-raw" => generic::<RawRecord>(url, page, |raw| raw.get().len()).await?,
        "ours-harvest" => {
            let folio = connect(url).await?;
            all(begin(&folio, page).stream(), title_length).await?
        }
        "ours-harvest-raw" => {
            let folio = connect(url).await?;
            let harvest = begin::<RawRecord>(&folio, page);
            all(harvest.stream(), |raw| raw.get().len()).await?
        }
        "ours-harvest-ordered" => {
            let folio = connect(url).await?;
            all(begin(&folio, page).ordered().stream(), title_length).await?
        }
        "ours-harvest-tasks" => in_tasks(begin(&connect(url).await?, page)).await?,
        "ours-upsert" => upsert(url, records).await?,
        "hand-one-by-one" => one_by_one(url, records).await?,
        other => return Err(format!("no such job: {other}").into()),
    };
    report(&seen, start.elapsed().as_secs_f64())
}

pub(crate) fn title_length(instance: &Instance) -> usize {
    instance.title.len()
}

fn value_length(value: &Value) -> usize {
    value["title"].as_str().unwrap_or_default().len()
}

/// A page in the hand-written loops.
trait Page: DeserializeOwned {
    /// Uses each record, and returns the identifier of the last.
    fn read(&self, seen: &mut Seen) -> Option<String>;
}

impl Page for baseline::lossless::Instances {
    fn read(&self, seen: &mut Seen) -> Option<String> {
        for instance in &self.instances {
            seen.add(instance.title.len());
        }
        self.instances.last()?.id.map(|id| id.to_string())
    }
}

impl Page for baseline::plain::Instances {
    fn read(&self, seen: &mut Seen) -> Option<String> {
        for instance in &self.instances {
            seen.add(instance.title.len());
        }
        self.instances.last()?.id.map(|id| id.to_string())
    }
}

impl Page for Value {
    fn read(&self, seen: &mut Seen) -> Option<String> {
        let instances = self["instances"].as_array()?;
        for instance in instances {
            seen.add(value_length(instance));
        }
        Some(instances.last()?["id"].as_str()?.to_owned())
    }
}

/// A typical hand-written loop: request a page, decode it, request the next.
async fn hand<T: Page>(url: &str, page: u32) -> Result<Seen, Failure> {
    let client = reqwest::Client::new();
    let mut seen = Seen::default();
    let mut last = None;
    loop {
        let before = seen.records;
        let request = client.get(address(url, page, last.as_deref())?);
        let request = request
            .header("x-okapi-tenant", "diku")
            .header("x-okapi-token", "a");
        let answer = request.send().await?.error_for_status()?;
        last = answer.json::<T>().await?.read(&mut seen);
        if seen.records == before {
            return Ok(seen);
        }
    }
}

fn address(url: &str, page: u32, last: Option<&str>) -> Result<reqwest::Url, Failure> {
    let query = match last {
        Some(last) => format!("id>\"{last}\" sortBy id"),
        None => "cql.allRecords=1 sortBy id".to_owned(),
    };
    Ok(reqwest::Url::parse_with_params(
        &format!("{url}{PATH}"),
        [("query", query), ("limit", page.to_string())],
    )?)
}

/// The same without parsing: the limit of the server. The key of the last record is found from the
/// end.
async fn bytes(url: &str, page: u32) -> Result<Seen, Failure> {
    let client = reqwest::Client::new();
    let mut seen = Seen::default();
    let mut last: Option<String> = None;
    loop {
        let answer = client
            .get(address(url, page, last.as_deref())?)
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await?;
        let text = std::str::from_utf8(&answer)?;
        let Some(at) = text.rfind("\"id\":\"") else {
            return Ok(seen);
        };
        last = text.get(at + 6..at + 42).map(str::to_owned);
        seen.records += u64::from(page);
        seen.sum += answer.len() as u64;
    }
}

pub(crate) async fn connect(url: &str) -> Result<FolioClient, Failure> {
    let client = FolioClient::builder(url)
        .tenant("diku")
        .credentials("admin", "secret")
        .retry(RetryPolicy::none());
    Ok(client.connect().await?)
}

async fn typed(url: &str, page: u32) -> Result<Seen, Failure> {
    let folio = connect(url).await?;
    let mut instances = folio
        .inventory_storage()
        .list_instances()
        .limit(page)
        .stream();
    let mut seen = Seen::default();
    while let Some(instance) = instances.next().await {
        seen.add(instance?.title.len());
    }
    Ok(seen)
}

async fn generic<T: DeserializeOwned + Send + 'static>(
    url: &str,
    page: u32,
    length: impl Fn(&T) -> usize,
) -> Result<Seen, Failure> {
    let folio = connect(url).await?;
    let mut instances = folio
        .folio_get_all::<T>(PATH, "instances")
        .by_id()
        .limit(page)
        .stream();
    let mut seen = Seen::default();
    while let Some(instance) = instances.next().await {
        seen.add(length(&instance?));
    }
    Ok(seen)
}

/// A harvest of 16 requests in flight, before it starts.
pub(crate) fn begin<T: DeserializeOwned + Send + 'static>(
    folio: &FolioClient,
    page: u32,
) -> Harvest<T> {
    let list = folio
        .folio_get_all::<T>(PATH, "instances")
        .by_id()
        .limit(page);
    folio.harvest(list).parallel(16)
}

pub(crate) async fn all<T: DeserializeOwned + Send + 'static>(
    mut records: HarvestStream<T>,
    length: impl Fn(&T) -> usize,
) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    while let Some(record) = records.next().await {
        seen.add(length(&record?));
    }
    Ok(seen)
}

/// The records of a harvest, each decoded, used and dropped in one of as many tasks as the runtime
/// has threads.
pub(crate) async fn in_tasks(harvest: Harvest<Instance>) -> Result<Seen, Failure> {
    let counts = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
    let counted = Arc::clone(&counts);
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let run = harvest.for_each_concurrent(threads, move |instance| {
        let counts = Arc::clone(&counted);
        async move {
            counts.0.fetch_add(1, Ordering::Relaxed);
            counts
                .1
                .fetch_add(instance?.title.len() as u64, Ordering::Relaxed);
            Ok::<_, folio_sdk::Error>(())
        }
    });
    run.await?;
    Ok(Seen {
        records: counts.0.load(Ordering::Relaxed),
        sum: counts.1.load(Ordering::Relaxed),
    })
}

fn instances(records: u64) -> Result<impl Iterator<Item = Instance> + Send + 'static, Failure> {
    let instance: Instance = serde_json::from_value(crate::sample::instance(0))?;
    Ok((0..records).map(move |n| {
        let mut instance = instance.clone();
        instance.id = Some(format!("{n:08x}-0000-4000-8000-000000000000").into());
        instance.version = None;
        instance
    }))
}

async fn upsert(url: &str, records: u64) -> Result<Seen, Failure> {
    let folio = connect(url).await?;
    let collection = Collection::new(PATH, "instances")
        .batch("/instance-storage/batch/synchronous", "instances")
        .retrieve("/instance-storage/instances/retrieve");
    let report = folio.upsert_at(collection, instances(records)?).run().await;
    let records = report.created;
    report.ok()?;
    Ok(Seen {
        records,
        sum: records,
    })
}

async fn one_by_one(url: &str, records: u64) -> Result<Seen, Failure> {
    let client = reqwest::Client::new();
    let mut seen = Seen::default();
    for instance in instances(records)? {
        let answer = client
            .post(format!("{url}{PATH}"))
            .header("x-okapi-tenant", "diku")
            .header("x-okapi-token", "a")
            .json(&instance)
            .send()
            .await?;
        answer.error_for_status()?.bytes().await?;
        seen.add(1);
    }
    Ok(seen)
}
