//! Nothing lost, nothing twice: harvests of which the server, the records and the program itself
//! make it hard.
//!
//! `FOLIO_HARVEST_RECORDS` says how many records there are; without it few enough for every run of
//! the tests.

#[path = "../../examples/harvest/output.rs"]
mod output;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::users::Usergroup;
use folio_sdk::{Checkpoint, Error, FolioClient, GetAllRequest, RecordStream, RetryPolicy};
use folio_test_support::files::scratch;
use futures_util::{Stream, StreamExt};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use output::Job;

fn count(otherwise: u64) -> u64 {
    std::env::var("FOLIO_HARVEST_RECORDS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(otherwise)
}

fn random_id(random: &mut fastrand::Rng) -> String {
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes())
        .into_uuid()
        .to_string()
}

async fn connect(url: &str) -> FolioClient {
    let policy = RetryPolicy::default()
        .initial_backoff(Duration::from_millis(2))
        .max_attempts(12)
        .without_budget();
    FolioClient::builder(url)
        .tenant("diku")
        .credentials("admin", "secret")
        .retry(policy)
        .connect()
        .await
        .unwrap()
}

/// Everything that can go wrong with a request and pass, each as often as the others: together 3 in
/// 100.
fn go_wrong(sandbox: &Sandbox) {
    let too_many = Effect::Answer {
        status: 429,
        headers: vec![("retry-after".to_owned(), "0".to_owned())],
        body: "slow down".to_owned(),
    };
    let effects = [
        Effect::status(408, "timeout"),
        too_many,
        Effect::status(502, "<html>Bad Gateway</html>"),
        Effect::status(503, "busy"),
        Effect::status(504, "timeout"),
        Effect::Drop,
        Effect::DropAnswer,
        Effect::BreakBody,
        Effect::Delay(Duration::from_millis(30)),
        Effect::Truncate,
        Effect::NullElement,
    ];
    let each = 0.03 / effects.len() as f64;
    for effect in effects {
        sandbox.fault(
            Fault::new(effect)
                .method("GET")
                .path("/groups")
                .probability(each),
        );
    }
}

struct Groups {
    sandbox: Sandbox,
    folio: FolioClient,
    /// Those that are there all the time.
    lasting: BTreeSet<String>,
    writing: Arc<AtomicBool>,
    writers: Vec<tokio::task::JoinHandle<u64>>,
}

/// A FOLIO in which much goes wrong while others write: they delete groups that were there and
/// create new ones.
async fn trouble(count: u64) -> Groups {
    let sandbox = Sandbox::builder()
        .tenant("diku")
        .user("admin", "secret")
        .access_token_lifetime(Duration::from_secs(if count < 50_000 { 2 } else { 5 }))
        .keep_exchanges(0)
        .start()
        .await
        .unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    let mut ids = || random_id(&mut random);
    let lasting: BTreeSet<String> = (0..count).map(|_| ids()).collect();
    let fleeting: Vec<String> = (0..count / 10).map(|_| ids()).collect();
    let group = |id: &String| json!({"id": id, "group": format!("group {id}"), "desc": "all that is known of it"});
    sandbox
        .load(
            "diku",
            "/groups",
            lasting.iter().chain(&fleeting).map(group).collect(),
        )
        .unwrap();
    go_wrong(&sandbox);
    let writing = Arc::new(AtomicBool::new(true));
    let mut writers = Vec::new();
    for seed in 0..2 {
        let (url, writing) = (sandbox.url().to_owned(), Arc::clone(&writing));
        let mut doomed: Vec<String> = fleeting.iter().skip(seed).step_by(2).cloned().collect();
        writers.push(tokio::spawn(async move {
            let folio = connect(&url).await;
            let mut random = fastrand::Rng::with_seed(seed as u64);
            let mut written = 0;
            while writing.load(Ordering::Relaxed) {
                let id = random_id(&mut random);
                let group = json!({"id": id, "group": format!("new {id}")});
                folio.folio_post("/groups", &group).await.unwrap();
                doomed.push(id);
                let id = doomed.swap_remove(random.usize(..doomed.len()));
                folio.folio_delete(format!("/groups/{id}")).await.unwrap();
                written += 2;
                // Real time: the sandbox has a thread of its own, and the readers should be ahead
                // of the writers.
                tokio::time::sleep(Duration::from_micros(500)).await;
            }
            written
        }));
    }
    let folio = connect(sandbox.url()).await;
    Groups {
        sandbox,
        folio,
        lasting,
        writing,
        writers,
    }
}

impl Groups {
    fn generic(&self) -> GetAllRequest<Value> {
        let list = self.folio.folio_get_all("/groups", "usergroups");
        list.by_id().limit(page(count(RECORDS)))
    }

    fn typed(&self) -> RecordStream<Usergroup> {
        let list = self.folio.users().list_groups();
        list.limit(page(count(RECORDS))).stream()
    }

    /// Takes all records and looks at how often each came.
    async fn all_come_once(
        self,
        what: &str,
        mut ids: impl Stream<Item = Result<String, Error>> + Unpin,
    ) {
        let started = Instant::now();
        let mut came: BTreeMap<String, u32> = BTreeMap::new();
        while let Some(id) = ids.next().await {
            *came.entry(id.unwrap()).or_default() += 1;
        }
        self.writing.store(false, Ordering::Relaxed);
        let mut written = 0;
        for writer in self.writers {
            written += writer.await.unwrap();
        }
        let twice: Vec<&String> = came
            .iter()
            .filter(|(_, times)| **times > 1)
            .map(|(id, _)| id)
            .collect();
        let lost: Vec<&String> = self
            .lasting
            .iter()
            .filter(|id| !came.contains_key(*id))
            .collect();
        assert!(
            twice.is_empty() && lost.is_empty(),
            "{what}: {} twice, {} lost of {}",
            twice.len(),
            lost.len(),
            self.lasting.len()
        );
        println!(
            "{what}: {} records that lasted and {} others in {:.1?}, while {written} were written, {} logins, {} renewals; none lost, none twice",
            self.lasting.len(),
            came.len() - self.lasting.len(),
            started.elapsed(),
            self.sandbox.logins(),
            self.sandbox.refreshes(),
        );
    }
}

fn page(count: u64) -> u32 {
    // Enough pages for every kind of trouble.
    u32::try_from((count / 200).clamp(20, 250)).unwrap()
}

fn id_of(group: Result<Value, Error>) -> Result<String, Error> {
    group.map(|group| group["id"].as_str().unwrap().to_owned())
}

fn typed_id(group: Result<Usergroup, Error>) -> Result<String, Error> {
    group.map(|group| group.id.unwrap().to_string())
}

const RECORDS: u64 = 5_000;

#[tokio::test]
async fn a_generic_stream_loses_nothing_and_repeats_nothing() {
    let groups = trouble(count(RECORDS)).await;
    let ids = groups.generic().stream().map(id_of);
    groups.all_come_once("generic stream", ids).await;
}

#[tokio::test]
async fn a_typed_stream_loses_nothing_and_repeats_nothing() {
    let groups = trouble(count(RECORDS)).await;
    let ids = groups.typed().map(typed_id);
    groups.all_come_once("typed stream", ids).await;
}

#[tokio::test]
async fn a_generic_harvest_loses_nothing_and_repeats_nothing() {
    let groups = trouble(count(RECORDS)).await;
    let harvest = groups.folio.harvest(groups.generic());
    let ids = harvest.stream().map(id_of);
    groups.all_come_once("generic harvest", ids).await;
}

#[tokio::test]
async fn a_typed_harvest_in_order_loses_nothing_and_repeats_nothing() {
    let groups = trouble(count(RECORDS)).await;
    let harvest = groups.folio.harvest(groups.typed()).ordered();
    let ids = harvest.stream().map(typed_id);
    groups.all_come_once("typed harvest in order", ids).await;
}

#[tokio::test]
async fn a_typed_harvest_loses_nothing_and_repeats_nothing() {
    let groups = trouble(count(RECORDS)).await;
    let harvest = groups.folio.harvest(groups.typed());
    let ids = harvest.stream().map(typed_id);
    groups.all_come_once("typed harvest", ids).await;
}

/// All groups as the server wrote them.
fn raw(folio: &FolioClient, page: u32) -> GetAllRequest<Box<RawValue>> {
    let list = folio.folio_get_all("/groups", "usergroups");
    list.by_id().limit(page)
}

/// The job of the process that is killed.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn the_process_that_is_killed() {
    let variable = |name: &str| std::env::var(name).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let folio = connect(&variable("HARVEST_URL")).await;
        let list = raw(&folio, 50);
        let output = variable("HARVEST_OUTPUT");
        let job = Job {
            output: Path::new(&output),
            every: 100,
        };
        job.run(
            folio.harvest(list).parallel(6),
            std::future::pending(),
            |_| {},
        )
        .await
        .unwrap();
    });
}

fn lines(path: &Path) -> Vec<String> {
    let file = std::fs::File::open(path).unwrap();
    let mut text = String::new();
    match path.extension().and_then(|name| name.to_str()) {
        Some("gz") => flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text),
        Some("zst") => zstd::Decoder::new(file).unwrap().read_to_string(&mut text),
        _ => std::io::BufReader::new(file).read_to_string(&mut text),
    }
    .unwrap();
    text.lines().map(str::to_owned).collect()
}

fn ids_of(lines: &[String]) -> BTreeSet<String> {
    let id = |line: &String| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["id"].as_str().unwrap().to_owned()
    };
    lines.iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_at_any_time_loses_nothing_and_repeats_nothing() {
    let folder = scratch();
    let records = count(RECORDS);
    let mut random = fastrand::Rng::with_seed(11);
    let ids: BTreeSet<String> = (0..records).map(|_| random_id(&mut random)).collect();
    for name in ["groups.jsonl", "groups.jsonl.gz", "groups.jsonl.zst"] {
        let sandbox = Sandbox::builder()
            .tenant("diku")
            .user("admin", "secret")
            .latency(Duration::from_millis(5))
            .keep_exchanges(0)
            .start()
            .await
            .unwrap();
        let group =
            |id: &String| json!({"id": id, "group": format!("a \" {{ group\n\u{2028} {id}")});
        sandbox
            .load("diku", "/groups", ids.iter().map(group).collect())
            .unwrap();
        let output = folder.path().join(name);
        let job = Job {
            output: &output,
            every: 100,
        };
        let read = || {
            Checkpoint::load(job.checkpoint())
                .unwrap()
                .map_or(0, |checkpoint| checkpoint.records())
        };
        let mut kills = 0;
        let mut behind = 0;
        loop {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "kills::the_process_that_is_killed", "--ignored"])
                .env("HARVEST_URL", sandbox.url())
                .env("HARVEST_OUTPUT", &output)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            // It gets a little further each time, and is killed wherever it then is; the last time
            // it may end. Another process: real time.
            let goal = read() + random.u64(1..records / 5);
            let status = loop {
                if kills < 5 && read() >= goal {
                    tokio::time::sleep(Duration::from_millis(random.u64(0..8))).await;
                    child.kill().unwrap();
                }
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            };
            if status.success() {
                break;
            }
            kills += 1;
            let mark = Checkpoint::load(job.checkpoint())
                .unwrap()
                .unwrap()
                .position();
            behind += u32::from(std::fs::metadata(&output).unwrap().len() > mark);
        }
        assert!(kills >= 3, "{kills}");
        let written = lines(&output);
        assert_eq!(written.len() as u64, records, "{name} after {kills} kills");
        assert_eq!(ids_of(&written), ids);
        println!(
            "{name}: {records} records once each after {kills} kills, {behind} of them with output that no checkpoint knew"
        );
        // The next night everything is read again, into the same file.
        let folio = connect(sandbox.url()).await;
        let list = raw(&folio, 50);
        let progress = job
            .run(folio.harvest(list), std::future::pending(), |_| {})
            .await
            .unwrap();
        assert_eq!(progress.records, records);
        let written = lines(&output);
        assert_eq!(written.len() as u64, records);
        assert_eq!(ids_of(&written), ids);
    }
}

#[tokio::test]
async fn a_harvest_that_is_told_to_stop_can_be_gone_on_with() {
    let folder = scratch();
    let output = folder.path().join("groups.jsonl.gz");
    let mut groups = trouble(2_000).await;
    groups.writing.store(false, Ordering::Relaxed);
    for writer in groups.writers.drain(..) {
        writer.await.unwrap();
    }
    let job = Job {
        output: &output,
        every: 10_000,
    };
    let list = || raw(&groups.folio, 20);
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let stopped = async { stopped.await.unwrap() };
    let progress = job
        .run(groups.folio.harvest(list()), stopped, |stream| {
            let mut figures = stream.watch(Duration::from_millis(1));
            tokio::spawn(async move {
                while figures.next().await.unwrap().records < 300 {}
                stop.send(()).unwrap();
            });
        })
        .await
        .unwrap();
    assert!(!progress.is_complete);
    let first = lines(&output).len();
    assert_eq!(first as u64, progress.records);
    let progress = job
        .run(groups.folio.harvest(list()), std::future::pending(), |_| {})
        .await
        .unwrap();
    assert!(progress.is_complete);
    let came = ids_of(&lines(&output));
    assert!(groups.lasting.is_subset(&came));
    assert_eq!(lines(&output).len(), came.len());
    // The next night everything is read again, into the same file.
    let progress = job
        .run(groups.folio.harvest(list()), std::future::pending(), |_| {})
        .await
        .unwrap();
    assert!(progress.is_complete);
    assert!(progress.records >= groups.lasting.len() as u64);
    let came = ids_of(&lines(&output));
    assert!(groups.lasting.is_subset(&came));
    assert_eq!(lines(&output).len(), came.len());
    // A file without its checkpoint is not written over.
    std::fs::remove_file(job.checkpoint()).unwrap();
    let error = job
        .run(groups.folio.harvest(list()), std::future::pending(), |_| {})
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("its checkpoint does not"),
        "{error}"
    );
}
