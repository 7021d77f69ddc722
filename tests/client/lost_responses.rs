//! Random sequences of writes through a server that loses requests and responses, against a model
//! that counts how often each was applied.
//!
//! The rules: a write that is reported as a success was applied exactly once; one that failed was
//! not applied; one that failed with
//! [`Error::is_outcome_unknown`](folio_sdk::Error::is_outcome_unknown) was applied at most once.
//! And nothing that another client wrote is lost where `_version` guards records.
//!
//! `FOLIO_LOST_RESPONSES` is the number of writes (4,000 by default), `FOLIO_LOST_RESPONSES_SEED`
//! the seed of the first of the sequences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use folio_sdk::inventory_storage::Instance;
use folio_sdk::{Creates, Error, Facts, FolioClient, Method, Operation, Request, RetryPolicy};
use folio_test_support::clock::run_alone;
use folio_test_support::sandbox::id;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const INSTANCES: &str = "/instance-storage/instances";
const USERS: &str = "/users";
const HOLDINGS: &str = "/holdings-storage/holdings";
const POLICIES: &str = "/loan-policy-storage/loan-policies";
const COLLECTIONS: [&str; 4] = [INSTANCES, USERS, HOLDINGS, POLICIES];

/// A Spring module: it assigns its own id to a record.
static POST_NOTE: Operation = Operation::new("create_note", Method::POST, "/my-notes")
    .with_facts(Facts::unknown().creates(Creates::RecordWithNewId));

/// It stores nothing, though its body has an id.
static POST_EMAIL: Operation = Operation::new("create_email", Method::POST, "/email");

/// A GET that takes a number from a sequence.
static NEXT_NUMBER: Operation = Operation::new("get_number", Method::GET, "/numbers/next")
    .with_facts(Facts::unknown().has_effect());

/// How many records of a collection the writes go to.
const RECORDS: usize = 3;

/// Records have the writes that were applied to them here: `write-7`, and `foreign-8` of other
/// clients.
const LOG: &str = "administrativeNotes";

/// The header that names a write that has no body.
const NAME: &str = "x-write";

#[derive(Clone, Debug)]
struct Asked {
    method: String,
    path: String,
    name: String,
    body: String,
}

#[derive(Debug)]
enum Reply {
    Answer(u16, String),
    /// Closes the connection.
    Drop,
    /// Sends nothing until the client gives up.
    Stall,
    /// Closes the connection in the middle of a response.
    Break,
}

/// The fault of a request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The request is lost.
    Before(Loss),
    /// It is carried out, and its response is lost.
    After(Loss),
    /// No response; it is executed later, after so many other requests.
    Late(u32),
    /// The gateway does not find the module.
    NoModule,
}

#[derive(Clone, Copy, Debug)]
enum Loss {
    Drop,
    Stall,
    Break,
    Status(u16),
}

/// The server and what it knows: the records, and how often each write was applied.
struct Model {
    random: fastrand::Rng,
    records: BTreeMap<String, Value>,
    /// How often each write was applied, by the life of the record: what is deleted and created
    /// again is another record. Without versions a server cannot tell the two.
    applied: BTreeMap<(String, u64), u32>,
    lives: BTreeMap<String, u64>,
    late: Vec<(u32, Asked)>,
    /// What other clients wrote, by record.
    foreign: BTreeMap<String, BTreeSet<String>>,
    count: u64,
    /// What happened since the last write began.
    trace: Vec<String>,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            records: BTreeMap::new(),
            applied: BTreeMap::new(),
            lives: BTreeMap::new(),
            late: Vec::new(),
            foreign: BTreeMap::new(),
            count: 0,
            trace: Vec::new(),
        }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }

    fn loss(&mut self) -> Loss {
        match self.random.u32(..20) {
            // They take their time.
            0 => Loss::Stall,
            1..=7 => Loss::Drop,
            8..=9 => Loss::Break,
            n => Loss::Status([408, 429, 500, 502, 503, 504][n as usize % 6]),
        }
    }

    fn fault(&mut self, is_write: bool) -> Option<Fault> {
        if !self.chance(if is_write { 45 } else { 8 }) {
            return None;
        }
        let loss = self.loss();
        Some(match self.random.u32(..10) {
            0..=2 => Fault::Before(loss),
            // A limiter rejects a request before anybody carries it out.
            3..=6 if matches!(loss, Loss::Status(429)) => Fault::Before(loss),
            3..=6 => Fault::After(loss),
            7..=8 => Fault::Late(self.random.u32(..4)),
            _ => Fault::NoModule,
        })
    }

    fn handle(&mut self, asked: &Asked) -> Reply {
        for entry in &mut self.late {
            entry.0 = entry.0.saturating_sub(1);
        }
        self.carry_out_late(|left| left == 0);
        let is_write = asked.method != "GET" || asked.path == NEXT_NUMBER.path;
        if is_write && self.chance(8) {
            self.meddle(&asked.path);
        }
        let fault = self.fault(is_write);
        let reply = match fault {
            None => self.carry_out(asked),
            Some(Fault::Before(loss)) => lost(loss),
            Some(Fault::After(loss)) => {
                self.carry_out(asked);
                lost(loss)
            }
            Some(Fault::Late(after)) => {
                self.late.push((after + 1, asked.clone()));
                Reply::Drop
            }
            Some(Fault::NoModule) => Reply::Answer(
                404,
                "No suitable module found for path and tenant".to_owned(),
            ),
        };
        if is_write && self.chance(8) {
            self.meddle(&asked.path);
        }
        let shown = format!("{reply:?}");
        self.trace.push(format!(
            "{} {} {} {fault:?} -> {}",
            asked.method,
            asked.path,
            asked.body,
            shown.get(..200).unwrap_or(&shown)
        ));
        reply
    }

    /// Carries out what was to be carried out later.
    fn carry_out_late(&mut self, is_due: impl Fn(u32) -> bool) {
        let (due, rest) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(left, _)| is_due(*left));
        self.late = rest;
        let due: Vec<(u32, Asked)> = due;
        for (_, asked) in due {
            let reply = self.carry_out(&asked);
            self.trace.push(format!(
                "late: {} {} -> {reply:?}",
                asked.method, asked.path
            ));
        }
    }

    /// Another client writes to the record, or deletes it, or creates it.
    fn meddle(&mut self, path: &str) {
        let number = self.next();
        let deletes = self.chance(15);
        let Some(record) = self.records.get_mut(path) else {
            return;
        };
        if deletes {
            self.records.remove(path);
            self.foreign.remove(path);
            self.trace.push(format!("foreign: deleted {path}"));
            if self.chance(50) {
                let mut record = stored(path, new_record(path, number), number);
                // Not a version that the record before had: optimistic locking would take it for
                // the same record.
                if !record["_version"].is_null() {
                    record["_version"] = json!(1_000 * number);
                }
                self.records.insert(path.to_owned(), record);
                self.lives.insert(path.to_owned(), number);
                self.trace.push(format!("foreign: created {path}"));
            }
            return;
        }
        let name = format!("foreign-{number}");
        record[LOG].as_array_mut().unwrap().push(json!(name));
        record["title"] = json!(name);
        if number.is_multiple_of(3) {
            record["count"] = json!(record["count"].as_i64().unwrap_or_default() + 1);
        }
        if let Some(version) = record["_version"].as_i64() {
            record["_version"] = json!(version + 1);
        }
        self.foreign
            .entry(path.to_owned())
            .or_default()
            .insert(name.clone());
        self.trace.push(format!("foreign: wrote {name} to {path}"));
    }

    /// What a module does, as was recorded.
    fn carry_out(&mut self, asked: &Asked) -> Reply {
        let number = self.next();
        let text = |status, text: &str| Reply::Answer(status, text.to_owned());
        match asked.method.as_str() {
            "GET" if asked.path == NEXT_NUMBER.path => {
                self.apply(&asked.name, &asked.path);
                Reply::Answer(200, json!({"number": number}).to_string())
            }
            "GET" => match self.records.get(&asked.path) {
                Some(record) => Reply::Answer(200, record.to_string()),
                None => text(404, "Not found"),
            },
            "POST" if asked.path == POST_NOTE.path || asked.path == POST_EMAIL.path => {
                let mut record: Value = serde_json::from_str(&asked.body).unwrap();
                record["id"] = json!(id(number as usize));
                self.apply_all(&asked.path, &record, None);
                Reply::Answer(201, record.to_string())
            }
            "POST" => {
                let record: Value = serde_json::from_str(&asked.body).unwrap();
                let path = format!("{}/{}", asked.path, record["id"].as_str().unwrap());
                if self.records.contains_key(&path) {
                    return match number % 3 {
                        0 => text(
                            422,
                            r#"{"errors":[{"message":"id value already exists in table","type":"1","code":"-1","parameters":[]}]}"#,
                        ),
                        1 => text(400, "duplicate key value violates unique constraint"),
                        _ => text(409, "exists"),
                    };
                }
                self.lives.insert(path.clone(), number);
                self.apply_all(&path, &record, None);
                let record = stored(&asked.path, record, number);
                self.records.insert(path, record.clone());
                Reply::Answer(201, record.to_string())
            }
            "PUT" => self.replace(asked, number),
            "DELETE" => {
                if self.records.remove(&asked.path).is_none() {
                    return text(404, "Not found");
                }
                self.foreign.remove(&asked.path);
                self.apply(&asked.name, &asked.path);
                text(204, "")
            }
            _ => text(405, "no"),
        }
    }

    fn replace(&mut self, asked: &Asked, number: u64) -> Reply {
        let mut record: Value = serde_json::from_str(&asked.body).unwrap();
        let before = self.records.get(&asked.path).cloned();
        match &before {
            None if asked.path.starts_with(HOLDINGS) => return Reply::Answer(204, String::new()),
            None if asked.path.starts_with(POLICIES) => {}
            None => return Reply::Answer(404, "Not found".to_owned()),
            Some(before) => {
                let (now, sent) = (before["_version"].as_i64(), record["_version"].as_i64());
                if now.is_some() && now != sent {
                    return Reply::Answer(
                        409,
                        format!(
                            "ERROR: Cannot update record because it has been changed (optimistic locking): Stored _version is {}, _version of request is {} (23F09)",
                            now.unwrap_or_default(),
                            sent.unwrap_or_default()
                        ),
                    );
                }
            }
        }
        if before.is_none() {
            self.lives.insert(asked.path.clone(), number);
        }
        self.apply_all(&asked.path, &record, before.as_ref());
        record = stored(&asked.path, record, number);
        if let Some(before) = before {
            if let Some(version) = before["_version"].as_i64() {
                record["_version"] = json!(version + 1);
            }
            record["metadata"]["createdDate"] = before["metadata"]["createdDate"].clone();
        }
        self.records.insert(asked.path.clone(), record);
        Reply::Answer(204, String::new())
    }

    /// Counts the writes whose names a record has, and that had not before.
    fn apply_all(&mut self, path: &str, record: &Value, before: Option<&Value>) {
        let names = |record: &Value| -> Vec<String> {
            let log = record[LOG].as_array().into_iter().flatten();
            log.filter_map(Value::as_str)
                .filter(|name| name.starts_with("write-"))
                .map(str::to_owned)
                .collect()
        };
        let mut old = before.map(names).unwrap_or_default();
        for name in names(record) {
            if let Some(at) = old.iter().position(|other| *other == name) {
                old.swap_remove(at);
            } else {
                self.apply(&name, path);
            }
        }
    }

    fn apply(&mut self, name: &str, path: &str) {
        let life = self.lives.get(path).copied().unwrap_or_default();
        *self.applied.entry((name.to_owned(), life)).or_default() += 1;
    }

    /// How often a write was applied to one and the same record.
    fn times(&self, name: &str) -> u32 {
        let lives = self
            .applied
            .range((name.to_owned(), 0)..=(name.to_owned(), u64::MAX));
        lives.map(|(_, times)| *times).max().unwrap_or_default()
    }
}

fn lost(loss: Loss) -> Reply {
    match loss {
        Loss::Drop => Reply::Drop,
        Loss::Stall => Reply::Stall,
        Loss::Break => Reply::Break,
        Loss::Status(status) => Reply::Answer(
            status,
            "proxyClient failure: Connection was closed".to_owned(),
        ),
    }
}

/// The operation of a name that mod-inventory-storage has.
fn inventory_operation(name: &str) -> &'static Operation {
    let mut operations = folio_sdk::inventory_storage::OPERATIONS.iter();
    operations.find(|it| it.name == name).unwrap()
}

fn new_record(path: &str, number: u64) -> Value {
    let id = path.rsplit('/').next().unwrap();
    json!({"id": id, "title": format!("title {number}"), "count": 0, LOG: []})
}

/// The record that a server stores for a sent one.
fn stored(path: &str, mut record: Value, number: u64) -> Value {
    if path.starts_with(INSTANCES) || path.starts_with(HOLDINGS) {
        record["_version"] = json!(1);
        record["hrid"] = json!("hrid");
        record["statusUpdatedDate"] =
            json!(format!("2026-01-01T00:00:00.{:03}+0000", number % 1000));
    }
    if record["languages"].is_null() {
        record["languages"] = json!([]);
    }
    if record[LOG].is_null() {
        record[LOG] = json!([]);
    }
    let date = format!("2026-01-01T00:00:00.{:03}+00:00", number % 1000);
    record["metadata"] = json!({"createdDate": format!("{date}{number}"), "updatedDate": date});
    record
}

async fn serve(listener: TcpListener, model: Arc<Mutex<Model>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let model = Arc::clone(&model);
        tokio::spawn(async move { connection(stream, model).await });
    }
}

async fn connection(stream: TcpStream, model: Arc<Mutex<Model>>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut stream = BufReader::new(stream);
    loop {
        let asked = read(&mut stream).await?;
        let reply = model.lock().unwrap().handle(&asked);
        let response = match reply {
            Reply::Answer(204, _) => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            Reply::Answer(status, body) => {
                let media_type = if body.starts_with('{') { "application/json" } else { "text/plain" };
                format!("HTTP/1.1 {status} Whatever\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            }
            Reply::Break => "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\":".to_owned(),
            Reply::Drop => return None,
            Reply::Stall => {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await.ok()?;
                return None;
            }
        };
        stream.write_all(response.as_bytes()).await.ok()?;
        if response.contains("content-length: 100\r\n") && response.ends_with("{\"id\":") {
            return None;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await.ok()? > 2 {
        head.push_str(&line);
        line.clear();
    }
    let mut lines = head.lines();
    let mut words = lines.next()?.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let path = target.split('?').next()?.to_owned();
    let header = |wanted: &str| {
        let found = lines.clone().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted)
                .then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    let name = header(NAME);
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked {
        method,
        path,
        name,
        body: String::from_utf8(body).ok()?,
    })
}

/// A client, and the server that it writes to.
struct Run {
    folio: FolioClient,
    model: Arc<Mutex<Model>>,
    random: fastrand::Rng,
}

impl Run {
    async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let model = Arc::new(Mutex::new(Model::new(seed)));
        tokio::spawn(serve(listener, Arc::clone(&model)));
        let tiny = Duration::from_micros(200);
        let policy = RetryPolicy::default()
            .max_attempts(3)
            .initial_backoff(tiny)
            .max_backoff(tiny)
            .max_retry_after(tiny)
            .without_budget();
        let folio = FolioClient::builder(url)
            .tenant("diku")
            .token("token")
            .timeout(Duration::from_millis(10))
            .retry(policy)
            .build()
            .unwrap();
        Self {
            folio,
            model,
            random: fastrand::Rng::with_seed(seed ^ 0x5eed),
        }
    }

    /// One write, and whether its report is true. Gives its kind and what was reported.
    async fn step(&mut self, number: u64) -> Result<(&'static str, &'static str), String> {
        let name = format!("write-{number}");
        let collection = COLLECTIONS[self.random.usize(..COLLECTIONS.len())];
        let path = format!("{collection}/{}", id(self.random.usize(..RECORDS)));
        self.model.lock().unwrap().trace.clear();
        let (kind, result) = match self.random.u32(..20) {
            0..=3 => ("create", self.create(collection, &path, &name).await),
            4..=6 => ("replace", self.replace(&path, &name).await),
            7..=13 => ("update", self.update(&path, &name).await),
            14..=16 => ("delete", self.delete(&path, &name).await),
            17 => ("note", self.post(&POST_NOTE, &name).await),
            18 => ("email", self.post(&POST_EMAIL, &name).await),
            _ => (
                "number",
                self.send(Request::new(&NEXT_NUMBER, &[]).header(NAME, &name))
                    .await,
            ),
        };
        let mut model = self.model.lock().unwrap();
        let before_late = model.times(&name);
        model.carry_out_late(|_| true);
        let times = model.times(&name);
        let (reported, is_true) = match &result {
            // A DELETE is a success as well where the record was gone: another client may have
            // deleted it after an attempt that was lost.
            Ok(()) if kind == "delete" => ("success", times <= 1),
            // It was applied when it was reported.
            Ok(()) => ("success", before_late == 1 && times == 1),
            Err(error) if error.is_outcome_unknown() => ("outcome unknown", times <= 1),
            // The record was deleted by another client, and created again: the error says so.
            Err(error) if error.to_string().contains("re-created it") => {
                ("created again", times == 1)
            }
            // It was applied at most to a record that another client has deleted since.
            Err(error)
                if error
                    .to_string()
                    .contains("or the record was deleted since") =>
            {
                (
                    "not there",
                    times <= 1 && !model.records.contains_key(&path),
                )
            }
            Err(_) => ("failure", times == 0),
        };
        let is_kept = COLLECTIONS
            .iter()
            .filter(|it| **it != USERS && **it != POLICIES)
            .all(|collection| {
                let records = model
                    .records
                    .iter()
                    .filter(|(path, _)| path.starts_with(collection));
                records.into_iter().all(|(path, record)| {
                    let foreign = model.foreign.get(path).into_iter().flatten();
                    foreign
                        .into_iter()
                        .all(|name| record[LOG].as_array().unwrap().contains(&json!(name)))
                })
            });
        if is_true && is_kept {
            return Ok((kind, reported));
        }
        let mut problem = format!(
            "{kind} {name} of {path} was applied {times} times; what others wrote is kept: {is_kept}; it was reported as {reported}: {result:#?}\n"
        );
        for line in &model.trace {
            _ = writeln!(problem, "  {line}");
        }
        Err(problem)
    }

    async fn send(&self, request: Request) -> Result<(), Error> {
        self.folio.execute(request).await.map(drop)
    }

    async fn create(
        &mut self,
        collection: &'static str,
        path: &str,
        name: &str,
    ) -> Result<(), Error> {
        let mut record = new_record(path, 0);
        record[LOG] = json!([name]);
        if collection == INSTANCES && self.random.bool() {
            return self
                .send(Request::new(inventory_operation("create_instance"), &[]).json(&record))
                .await;
        }
        self.folio.folio_post(collection, &record).await.map(drop)
    }

    async fn replace(&mut self, path: &str, name: &str) -> Result<(), Error> {
        let stored = self.model.lock().unwrap().records.get(path).cloned();
        let mut record = stored.unwrap_or_else(|| {
            let mut record = new_record(path, 0);
            record["_version"] = json!(1);
            record
        });
        record[LOG].as_array_mut().unwrap().push(json!(name));
        if path.starts_with(INSTANCES) && self.random.bool() {
            let id = path.rsplit('/').next().unwrap();
            return self
                .send(Request::new(inventory_operation("update_instance"), &[id]).json(&record))
                .await;
        }
        self.folio.folio_put(path, &record).await.map(drop)
    }

    async fn update(&mut self, path: &str, name: &str) -> Result<(), Error> {
        if path.starts_with(INSTANCES) && self.random.bool() {
            let id = path.rsplit('/').next().unwrap();
            let change =
                |instance: &mut Instance| instance.administrative_notes.push(name.to_owned());
            return self.folio.update_with(id, change).await.map(drop);
        }
        let counts = self.random.bool();
        let change = |record: &mut Value| {
            record[LOG].as_array_mut().unwrap().push(json!(name));
            if counts {
                record["count"] = json!(record["count"].as_i64().unwrap_or_default() + 1);
            }
        };
        self.folio.update_at(path, change).await.map(drop)
    }

    async fn delete(&mut self, path: &str, name: &str) -> Result<(), Error> {
        self.send(Request::to(Method::DELETE, path).header(NAME, name))
            .await
    }

    async fn post(&self, operation: &'static Operation, name: &str) -> Result<(), Error> {
        let record = json!({"id": id(7), LOG: [name]});
        self.send(Request::new(operation, &[]).json(&record)).await
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// The reports of one sequence, by kind of write and outcome.
type Reports = BTreeMap<(&'static str, &'static str), u64>;

async fn sequence(seed: u64, writes: u64) -> Reports {
    let mut run = Run::start(seed).await;
    let mut reports = Reports::new();
    for number in 0..writes {
        match run.step(number).await {
            Ok(report) => *reports.entry(report).or_default() += 1,
            Err(problem) => panic!("seed {seed}, write {number}: {problem}"),
        }
    }
    reports
}

/// Half of the sequences, each with a server of its own, in a thread with a clock of its own.
fn half(seeds: impl Iterator<Item = u64>, writes: u64) -> Vec<Reports> {
    run_alone(Duration::from_millis(1), async {
        let sequences = seeds.map(|seed| tokio::spawn(sequence(seed, writes)));
        let sequences = futures_util::future::join_all(sequences.collect::<Vec<_>>()).await;
        sequences.into_iter().map(Result::unwrap).collect()
    })
}

#[test]
fn no_write_is_applied_twice_lost_or_reported_wrongly() {
    const SEQUENCES: u64 = 8;
    let writes = setting("FOLIO_LOST_RESPONSES", 4_000).div_ceil(SEQUENCES);
    let seed = setting("FOLIO_LOST_RESPONSES_SEED", 1);
    let mut reports = Reports::new();
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|first| {
            let seeds = (seed + first..seed + SEQUENCES).step_by(2);
            scope.spawn(move || half(seeds, writes))
        });
        for (report, count) in halves
            .into_iter()
            .flat_map(|half| half.join().unwrap())
            .flatten()
        {
            *reports.entry(report).or_default() += count;
        }
    });
    let mut table = String::new();
    for ((kind, reported), count) in &reports {
        _ = writeln!(table, "{kind:8} {reported:16} {count:7}");
    }
    println!("{table}");
    // Each kind of write ends in each way, or the run says little.
    for kind in [
        "create", "replace", "update", "delete", "note", "email", "number",
    ] {
        for reported in ["success", "outcome unknown"] {
            assert!(
                reports.contains_key(&(kind, reported)),
                "{kind} {reported}\n{table}"
            );
        }
    }
}
