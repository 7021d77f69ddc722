//! Many tasks, short tokens, a gateway that fails: every call ends right, nothing is written twice,
//! and no task waits for ever.
//!
//! The short form is a test like others, by a clock of its own: waits take a tenth of their time.
//! The long form is 50 tasks of 200 calls with tokens that live 3 s: `FOLIO_SOAK=long cargo test
//! --release -p folio-sdk --test soak -- --nocapture` prints its figures. `FOLIO_SOAK_SEED` draws
//! other faults.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{Error, FolioClient, Id, RetryPolicy, cql};
use folio_test_support::clock::run_alone;
use folio_test_support::sandbox::admin;
use serde_json::{Value, json};
use tokio::time::Instant;

/// How large it is.
struct Scale {
    tasks: usize,
    calls: usize,
    token: Duration,
    timeout: Duration,
}

const SHORT: Scale = Scale {
    tasks: 20,
    calls: 48,
    token: Duration::from_secs(1),
    timeout: Duration::from_secs(2),
};

const LONG: Scale = Scale {
    tasks: 50,
    calls: 200,
    token: Duration::from_secs(3),
    timeout: Duration::from_secs(1),
};

const STORAGE: &str = "/instance-storage/instances";
const TYPE: &str = "30fffe0e-e985-4144-b2e2-1e8179bdb41f";

/// What a task has done, and what must be in the store for it.
#[derive(Default)]
struct Report {
    /// Titles and versions of the instances that must be there.
    instances: BTreeMap<String, (String, i64)>,
    /// Groups that were made without an identifier, and whether the server said so.
    groups: Vec<(String, bool)>,
    /// Conflicts after an answer that was lost: the first attempt had worked.
    own_conflicts: usize,
    slowest: Duration,
    finished: Duration,
    /// How far the task was when the first one finished.
    progress_at_first: usize,
}

struct Task {
    folio: FolioClient,
    number: usize,
    /// The instance that it works on: identifier, title, version.
    current: (String, String, i64),
    report: Report,
}

impl Task {
    fn title(&self, call: usize) -> String {
        format!("task{:03} call{call:04}", self.number)
    }

    /// One of eight calls. What it gives is checked here, and what it leaves behind at the end.
    async fn call(&mut self, call: usize) -> Result<(), Error> {
        let path = format!("{STORAGE}/{}", self.current.0);
        match call % 8 {
            0 => {
                // An identifier made here: to send it again does no harm.
                let (id, title) = (Id::new_v4().to_string(), self.title(call));
                let record =
                    json!({"id": id, "title": title, "source": "FOLIO", "instanceTypeId": TYPE});
                let made = self
                    .folio
                    .folio_post(STORAGE, &record)
                    .idempotent(true)
                    .await;
                match made {
                    Ok(made) => assert_eq!(made["id"], id),
                    // The first attempt had made it: mod-inventory-storage says so with 400.
                    Err(error)
                        if error.attempts() > 1 && error.to_string().contains("already exists") =>
                    {
                        self.report.own_conflicts += 1
                    }
                    Err(error) => return Err(error),
                }
                self.report.instances.insert(id.clone(), (title.clone(), 1));
                self.current = (id, title, 1);
            }
            2 | 5 => {
                let title = self.title(call);
                let mut record: Value = self.folio.folio_get(&path, None).await?;
                assert_eq!(record["_version"], self.current.2, "written twice");
                record["title"] = title.clone().into();
                match self.folio.folio_put(&path, &record).await {
                    Ok(_) => {}
                    Err(error) if error.is_conflict() && error.attempts() > 1 => {
                        self.report.own_conflicts += 1
                    }
                    Err(error) => return Err(error),
                }
                let version = self.current.2 + 1;
                self.current = (self.current.0.clone(), title.clone(), version);
                self.report
                    .instances
                    .insert(self.current.0.clone(), (title, version));
            }
            3 => {
                // Without an identifier: what was sent is not sent again, and the error says that
                // it may be there.
                let group = self.title(call);
                let made = self
                    .folio
                    .folio_post("/groups", &json!({"group": group}))
                    .await;
                if let Err(error) = &made {
                    assert!(error.is_retryable(), "{error:#}");
                }
                self.report.groups.push((group, made.is_ok()));
            }
            4 => {
                let query = cql::field("id").eq(&self.current.0);
                let mut list = self
                    .folio
                    .folio_get_all::<Value>(STORAGE, "instances")
                    .query(query)
                    .limit(2);
                let first = list.next().await.unwrap()?;
                assert_eq!(
                    (&first["id"], &first["title"]),
                    (
                        &self.current.0.clone().into(),
                        &self.current.1.clone().into()
                    )
                );
                if let Some(more) = list.next().await {
                    panic!("there is one, and then came {}", more?);
                }
            }
            7 if call % 16 == 7 => {
                self.folio.folio_delete(&path).await?;
                self.report.instances.remove(&self.current.0);
            }
            _ => {
                let record: Value = self.folio.folio_get(&path, None).await?;
                assert_eq!(
                    (&record["title"], &record["_version"]),
                    (&self.current.1.clone().into(), &self.current.2.into())
                );
            }
        }
        Ok(())
    }
}

#[test]
fn every_call_ends_right_though_tokens_are_short_and_much_fails() {
    if std::env::var("FOLIO_SOAK").is_ok_and(|form| form == "long") {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(soak(LONG));
    }
    run_alone(Duration::from_millis(1), soak(SHORT));
}

async fn soak(scale: Scale) {
    let seed = std::env::var("FOLIO_SOAK_SEED").map_or(7, |seed| seed.parse().unwrap());
    let sandbox = Sandbox::builder()
        .access_token_lifetime(scale.token)
        .seed(seed)
        .keep_exchanges(1_000_000)
        .start()
        .await
        .unwrap();
    let kind = json!({"id": TYPE, "name": "unspecified", "code": "zzz", "source": "rdacontent"});
    sandbox.load("diku", "/instance-types", vec![kind]).unwrap();
    for path in ["/instance-storage", "/groups"] {
        let faults = [
            (0.05, Effect::status(503, "busy")),
            (0.02, Effect::BreakBody),
            (0.01, Effect::Delay(scale.timeout * 3 / 2)),
        ];
        for (probability, effect) in faults {
            sandbox.fault(Fault::new(effect).path(path).probability(probability));
        }
    }
    let folio = admin(&sandbox)
        .timeout(scale.timeout)
        .retry(
            RetryPolicy::default()
                .max_attempts(10)
                .initial_backoff(Duration::from_millis(10)),
        )
        .connect()
        .await
        .unwrap();

    let started = Instant::now();
    let done: Arc<Vec<AtomicUsize>> =
        Arc::new((0..scale.tasks).map(|_| AtomicUsize::new(0)).collect());
    let tasks: Vec<_> = (0..scale.tasks)
        .map(|number| {
            let (folio, done) = (folio.clone(), Arc::clone(&done));
            let mut task = Task {
                folio,
                number,
                current: Default::default(),
                report: Report::default(),
            };
            tokio::spawn(async move {
                for call in 0..scale.calls {
                    let asked = Instant::now();
                    task.call(call)
                        .await
                        .unwrap_or_else(|error| panic!("task {number}, call {call}: {error:#}"));
                    task.report.slowest = task.report.slowest.max(asked.elapsed());
                    done[number].fetch_add(1, Ordering::SeqCst);
                }
                task.report.finished = started.elapsed();
                task.report.progress_at_first = done
                    .iter()
                    .map(|done| done.load(Ordering::SeqCst))
                    .min()
                    .unwrap_or_default();
                task.report
            })
        })
        .collect();
    let mut reports = Vec::new();
    for task in tasks {
        reports.push(task.await.unwrap());
    }
    let elapsed = started.elapsed();
    folio.close().await.unwrap();

    // The store: each write once, and what was deleted is gone.
    let stored = |path| sandbox.records("diku", path).unwrap();
    let text = |record: &Value, field: &str| record[field].as_str().unwrap().to_owned();
    let instances: BTreeMap<String, (String, i64)> = stored(STORAGE)
        .iter()
        .map(|record| {
            (
                text(record, "id"),
                (text(record, "title"), record["_version"].as_i64().unwrap()),
            )
        })
        .collect();
    let expected: BTreeMap<String, (String, i64)> = reports
        .iter()
        .flat_map(|report| report.instances.clone())
        .collect();
    assert_eq!(instances, expected);
    let groups: Vec<String> = stored("/groups")
        .iter()
        .map(|record| text(record, "group"))
        .collect();
    let distinct: BTreeSet<&String> = groups.iter().collect();
    assert_eq!(distinct.len(), groups.len(), "a group was made twice");
    let in_doubt = reports
        .iter()
        .flat_map(|report| &report.groups)
        .filter(|(group, made)| {
            assert!(
                !made || distinct.contains(group),
                "{group} was said to be made"
            );
            !made
        });
    let in_doubt = in_doubt.count();

    // One renewal an expiry: from its last quarter on, a token of 3 s is renewed while others use
    // it.
    let exchanges = sandbox.exchanges();
    let renewals = exchanges
        .iter()
        .filter(|exchange| exchange.path == "/authn/refresh")
        .count();
    let most = (elapsed.as_secs_f64() / (scale.token.as_secs_f64() * 0.75)).ceil() as usize;
    assert!(renewals <= most, "{renewals} renewals in {elapsed:?}");
    assert!(renewals >= 1, "no token expired: the run was too short");
    assert_eq!((sandbox.logins(), sandbox.refreshes()), (1, renewals));

    // No task starves: when the first one is done, all others are well on their way.
    let first = reports.iter().min_by_key(|report| report.finished).unwrap();
    let last = reports.iter().map(|report| report.finished).max().unwrap();
    let slowest = reports.iter().map(|report| report.slowest).max().unwrap();
    assert!(
        first.progress_at_first * 10 >= scale.calls,
        "{} of {} calls when the first task was done",
        first.progress_at_first,
        scale.calls
    );

    let requests = exchanges
        .iter()
        .filter(|exchange| !exchange.path.starts_with("/authn"))
        .count();
    let busy = exchanges
        .iter()
        .filter(|exchange| exchange.status == Some(503))
        .count();
    let refused = exchanges
        .iter()
        .filter(|exchange| exchange.status == Some(401))
        .count();
    println!(
        "{} tasks x {} calls in {:.1} s: {requests} requests, {busy} answered 503, {refused} answered 401; 1 login, {renewals} renewals; \
         {} repeated writes had worked the first time, {in_doubt} creations without id in doubt, none made twice; \
         tasks finished after {:.1} to {:.1} s (the slowest had done {} of {} calls when the first was done), slowest call {:.2} s; seed {seed}",
        scale.tasks,
        scale.calls,
        elapsed.as_secs_f64(),
        reports
            .iter()
            .map(|report| report.own_conflicts)
            .sum::<usize>(),
        first.finished.as_secs_f64(),
        last.as_secs_f64(),
        first.progress_at_first,
        scale.calls,
        slowest.as_secs_f64(),
    );
}
