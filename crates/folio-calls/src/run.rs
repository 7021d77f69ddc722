//! The calls of all operations, in all their forms.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use folio_sdk::{ErrorKind, FolioClient, RetryPolicy};
use serde_json::Value;

use crate::calls::MODULES;
use crate::check;
use crate::document::{At, Operation, Parameter, Release};
use crate::json::Json;
use crate::program::{Call, Input, Received, Sent};
use crate::server::{Response, Server};
use crate::values::{TEXTS, Values};

/// What is called.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of the random values.
    pub seed: u64,
    /// Random requests an operation, and random responses for each described success.
    pub rounds: u64,
    /// The one module, where it is not all.
    pub module: Option<String>,
}

impl Plan {
    /// What the environment says.
    pub fn from_env() -> Self {
        let number = |name: &str, default| {
            let text = std::env::var(name).ok();
            text.and_then(|text| text.parse().ok()).unwrap_or(default)
        };
        Self {
            seed: number("FOLIO_CALLS_SEED", 16),
            rounds: number("FOLIO_CALLS_ROUNDS", 4),
            module: std::env::var("FOLIO_CALLS_MODULE").ok(),
        }
    }
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The operations of the documents.
    pub operations: usize,
    /// Those that were called.
    pub called: usize,
    /// Requests with all parameters, with the required ones, with hostile text.
    pub requests: [usize; 3],
    /// Requests that the client rejects, since their text would lead elsewhere.
    pub rejected: usize,
    /// Random responses.
    pub responses: usize,
    /// Values that were made and that the schema does not allow; they are not sent.
    pub invalid: usize,
    /// What was not tested, by reason.
    pub untested: BTreeMap<String, BTreeSet<String>>,
    /// What is wrong.
    pub failures: Vec<String>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.called += other.called;
        for (one, more) in self.requests.iter_mut().zip(other.requests) {
            *one += more;
        }
        self.rejected += other.rejected;
        self.responses += other.responses;
        self.invalid += other.invalid;
        for (reason, operations) in other.untested {
            self.untested.entry(reason).or_default().extend(operations);
        }
        self.failures.extend(other.failures);
    }

    /// The table.
    pub fn shown(&self) -> String {
        let [all, required, hostile] = self.requests;
        let mut text = format!(
            "{} operations, {} of them called\n{all} requests with all parameters, {required} with the required ones, {hostile} with hostile text\n\
             {} requests rejected by the client, nothing was sent\n{} random responses\n{} values that are not valid by their schema were made and not sent\n",
            self.operations, self.called, self.rejected, self.responses, self.invalid
        );
        for (reason, operations) in &self.untested {
            let _ = writeln!(text, "not tested: {reason}: {}", operations.len());
            for operation in operations {
                let _ = writeln!(text, "    {operation}");
            }
        }
        text
    }
}

/// Runs the plan.
pub fn run(plan: &Plan, release: Arc<Release>) -> Report {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let modules: Arc<Vec<String>> = Arc::new(
        release
            .modules
            .keys()
            .filter(|name| plan.module.as_ref().is_none_or(|only| only == *name))
            .cloned()
            .collect(),
    );
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (plan, release) = (plan.clone(), release.clone());
            let (modules, next) = (modules.clone(), next.clone());
            runtime.spawn(async move {
                let mut report = Report::default();
                while let Some(module) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    report.add(of_module(&plan, &release, module).await);
                }
                report
            })
        })
        .collect();
    let mut report = Report::default();
    for worker in workers {
        report.add(runtime.block_on(worker).unwrap());
    }
    report.failures.sort();
    report
}

async fn of_module(plan: &Plan, release: &Release, module: &str) -> Report {
    let modules: Vec<String> = release.modules.keys().cloned().collect();
    let server = Server::start(&modules).await.unwrap();
    let folio = FolioClient::builder(server.url())
        .tenant("campus")
        .token("token")
        .retry(RetryPolicy::none())
        .max_request_line(1 << 20)
        .build()
        .unwrap();
    let calls = MODULES.iter().find(|(name, _)| *name == module);
    let mut report = Report::default();
    for operation in release.operations(module) {
        report.operations += 1;
        let found = calls.and_then(|(_, calls)| calls.iter().find(|(id, _)| *id == operation.id));
        let Some((_, call)) = found else {
            report
                .failures
                .push(format!("{}: the SDK has no call", operation.shown()));
            continue;
        };
        report.called += 1;
        let mut run = Run {
            folio: &folio,
            server: &server,
            release,
            operation,
            call: *call,
            report: &mut report,
            validators: BTreeMap::new(),
        };
        run.all(plan).await;
    }
    report
}

/// The calls of one operation.
struct Run<'a, 'r> {
    folio: &'r FolioClient,
    server: &'r Server,
    release: &'a Release,
    operation: Operation<'a>,
    call: Call,
    report: &'r mut Report,
    /// By the address of the schema.
    validators: BTreeMap<usize, Result<jsonschema::Validator, String>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    All,
    Required,
    Hostile,
}

impl<'a> Run<'a, '_> {
    async fn all(&mut self, plan: &Plan) {
        let release = self.release;
        let seed = self
            .operation
            .shown()
            .bytes()
            .fold(plan.seed, |seed, byte| {
                seed.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)
            });
        let mut sent = Values::new(release, seed, false);
        let mut given = Values::new(release, seed ^ 1, true);
        let Some(usual) = self.response(&mut given, None) else {
            return;
        };
        for _ in 0..plan.rounds {
            for kind in [Kind::All, Kind::Required] {
                if let Some(input) = self.input(&mut sent, kind) {
                    self.one(kind, input, &usual).await;
                }
            }
        }
        self.hostile(&mut sent, &usual).await;
        let successes = self.operation.successes.clone();
        for (status, content) in &successes {
            let media_types = content.len().max(1);
            for index in 0..media_types {
                for _ in 0..plan.rounds {
                    let Some(response) = self.response(&mut given, Some((*status, index))) else {
                        break;
                    };
                    let Some(mut input) = self.input(&mut sent, Kind::Required) else {
                        break;
                    };
                    if let (true, Some((media_type, _))) = (media_types > 1, content.get(index)) {
                        input.accept = (*media_type).to_owned();
                    }
                    self.report.responses += 1;
                    self.one(Kind::Required, input, &response).await;
                }
            }
        }
    }

    fn skip(&mut self, reason: impl Into<String>) {
        let untested = self.report.untested.entry(reason.into()).or_default();
        untested.insert(self.operation.shown());
    }

    fn fail(&mut self, problem: &str, input: &Input) {
        // One of a kind is enough.
        let shown: String = format!("{input:?}").chars().take(600).collect();
        let problem: String = problem.chars().take(1200).collect();
        let text = format!(
            "{} ({}): {problem}\n      with {shown}",
            self.operation.shown(),
            self.operation.id
        );
        self.report.failures.push(text);
    }

    /// Text in each parameter that changes its meaning unless it is escaped.
    async fn hostile(&mut self, values: &mut Values<'a>, usual: &(Response, Received)) {
        let long = "long/ü?%2F ".repeat(900);
        let texts: Vec<&str> = TEXTS.into_iter().chain(["", &long]).collect();
        let Some(input) = self.input(values, Kind::All) else {
            return;
        };
        for index in 0..self.operation.parameters.len() {
            let Parameter {
                place,
                name,
                schema,
                ..
            } = self.operation.parameters[index].clone();
            let schema = self.release.target(schema).schema;
            let is_text = match schema["type"].as_str() {
                Some("array") => {
                    let items = schema.get("items").unwrap_or(&Value::Null);
                    let items = At {
                        schema: items,
                        ..self.operation.parameters[index].schema
                    };
                    matches!(
                        self.release.target(items).schema["type"].as_str(),
                        Some("string") | None
                    )
                }
                kind => matches!(kind, Some("string") | None),
            };
            // Sizes of pages are numbers, whatever a module writes.
            let is_size = matches!(name, "limit" | "offset");
            if !is_text && place != "path" || is_size {
                continue;
            }
            for text in &texts {
                let mut input = input.clone();
                let text = (*text).to_owned();
                match place {
                    "path" => input
                        .path
                        .iter_mut()
                        .filter(|(known, _)| known == name)
                        .for_each(|known| known.1.clone_from(&text)),
                    "query" => {
                        input.query.retain(|(known, _)| known != name);
                        let values = match schema["type"] == "array" {
                            true => vec![text.clone(), "second".to_owned(), text],
                            false => vec![text],
                        };
                        input.query.push((name.to_owned(), values));
                    }
                    // A header cannot hold a line break, and spaces around its value are not part of it.
                    "header" if text.trim() == text && text.is_ascii() && !text.contains('\n') => {
                        input.headers.retain(|(known, _)| known != name);
                        input.headers.push((name.to_owned(), text));
                    }
                    _ => continue,
                }
                self.one(Kind::Hostile, input, usual).await;
            }
        }
    }

    /// One call: what arrives, and what is made of the response.
    async fn one(&mut self, kind: Kind, input: Input, usual: &(Response, Received)) {
        let (response, wanted) = usual;
        self.server.respond(response.clone());
        let step = match (self.call)(self.folio, &input) {
            Ok(step) => step,
            Err(problem) => return self.fail(&problem, &input),
        };
        let received = step.await;
        let arrived = self.server.arrived();
        if let Err(error) = &received
            && error.kind() == ErrorKind::Request
            && arrived.is_empty()
            && (leads_elsewhere(&self.operation, &input) || deletes_more(&self.operation, &input))
        {
            self.report.rejected += 1;
            return;
        }
        let mut arrived = arrived;
        if let (true, Some(put)) = (
            self.operation.is_looked_for,
            arrived
                .iter()
                .find(|request| request.method == "PUT")
                .cloned(),
        ) {
            arrived.retain(|request| request.method != "GET" || request.path != put.path);
        }
        let [arrived] = &arrived[..] else {
            let said = received.map_or_else(|error| format!("{error:#}"), |it| format!("{it:?}"));
            let problem = format!("{} requests arrived; {said}", arrived.len());
            return self.fail(&problem, &input);
        };
        self.report.requests[kind as usize] += 1;
        if let Err(problem) = check::request(&self.operation, &input, arrived) {
            self.fail(&problem, &input);
        }
        let problem = match received {
            Err(error) => {
                let body = String::from_utf8_lossy(&response.body);
                Some(format!(
                    "a described response is an error: {error:#}; it was {body}"
                ))
            }
            Ok(received) => unlike(wanted, &received),
        };
        if let Some(problem) = problem {
            self.fail(&format!("status {}: {problem}", response.status), &input);
        }
    }

    /// What is sent.
    fn input(&mut self, values: &mut Values<'a>, kind: Kind) -> Option<Input> {
        let mut input = Input::default();
        // A DELETE of what is selected: the first way, or all parameters.
        let way = self.operation.ways.first().cloned().unwrap_or_default();
        for parameter in self.operation.parameters.clone() {
            let is_wanted =
                parameter.required || kind == Kind::All || way.contains(&parameter.name);
            if !is_wanted {
                continue;
            }
            let name = parameter.name.to_owned();
            let mut made = values.parameter(parameter.schema);
            let is_list = self.release.target(parameter.schema).schema["type"] == "array";
            match parameter.place {
                "path" => {
                    let mut text = made.pop().unwrap_or_default();
                    if matches!(text.as_str(), "" | "." | ".." | "../../etc")
                        || name.starts_with('+')
                    {
                        text = "some/path".to_owned();
                    }
                    input.path.push((name, text));
                }
                "query" => {
                    // A list without elements is not sent, and no parameter of a DELETE may be empty.
                    if made.is_empty() {
                        made.push("x".to_owned());
                    }
                    if !is_list {
                        made.truncate(1);
                    }
                    // Sizes of pages.
                    if matches!(parameter.name, "limit" | "offset") {
                        let digits = |text: &String| -> String {
                            text.chars().filter(char::is_ascii_digit).take(5).collect()
                        };
                        made = made
                            .iter()
                            .map(|text| format!("1{}", digits(text)))
                            .collect();
                    }
                    input.query.push((name, made));
                }
                "header" => {
                    let text = made.pop().unwrap_or_default();
                    let is_plain =
                        text.trim() == text && text.bytes().all(|byte| (32..127).contains(&byte));
                    input.headers.push((
                        name,
                        if is_plain {
                            text
                        } else {
                            "plain text".to_owned()
                        },
                    ));
                }
                place => {
                    let reason = format!("a parameter in the {place}: {name}");
                    self.skip(reason);
                }
            }
        }
        if let Some((required, content)) = self.operation.body.clone()
            && (required || kind == Kind::All || self.operation.deletes_body)
            && !content.is_empty()
        {
            let index = fastrand::usize(..content.len());
            let (media_type, schema) = content[index];
            let body = self.body(values, media_type, schema)?;
            input.body = Some((media_type.to_owned(), body));
        }
        Some(input)
    }

    fn body(&mut self, values: &mut Values<'a>, media_type: &str, schema: At<'a>) -> Option<Sent> {
        let properties = &self.release.target(schema).schema["properties"];
        if is_json(media_type) || media_type == "application/x-www-form-urlencoded" {
            let made = self.valid(values, schema, false);
            return made.map(|value| Sent::Json(value.to_string()));
        }
        if media_type == "multipart/form-data" {
            let parts = properties
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, part)| {
                    let part = self
                        .release
                        .target(At {
                            schema: part,
                            ..schema
                        })
                        .schema;
                    let is_file = part["format"] == "binary";
                    let file = is_file.then(|| "list ü;1.csv".to_owned());
                    (name.clone(), file, "a,b\r\n\"1\",--2\r\n".to_owned())
                });
            return Some(Sent::Form(parts.collect()));
        }
        Some(Sent::Bytes(
            "<bytes>\u{0}\r\n ü</bytes>".as_bytes().to_vec(),
        ))
    }

    /// A response, and what the SDK is to make of it. `None`: the first that is described.
    fn response(
        &mut self,
        values: &mut Values<'a>,
        which: Option<(u16, usize)>,
    ) -> Option<(Response, Received)> {
        let first = self
            .operation
            .successes
            .first()
            .map(|(status, _)| (*status, 0));
        let Some((status, index)) = which.or(first) else {
            let body = bytes::Bytes::from_static(b"{\"a\": [1.10, null]}");
            let response = Response {
                status: 200,
                media_type: Some("application/json".to_owned()),
                body: body.clone(),
            };
            return Some((response, Received::Raw(200, body.to_vec())));
        };
        let successes = self.operation.successes.clone();
        let (_, content) = successes.iter().find(|(known, _)| *known == status)?;
        let Some((media_type, schema)) = content.get(index) else {
            let response = Response {
                status,
                ..Response::default()
            };
            return Some((response, Received::Nothing));
        };
        let of = |media_type: &str, body: String, received| {
            let response = Response {
                status,
                media_type: Some(media_type.to_owned()),
                body: body.into(),
            };
            Some((response, received))
        };
        if media_type.contains("stream+json") || media_type.contains("ndjson") {
            let item = self.line(*schema);
            let lines: Option<Vec<String>> = (0..3)
                .map(|_| {
                    self.valid(values, item, true)
                        .map(|value| value.to_string())
                })
                .collect();
            let lines = lines?;
            return of(media_type, lines.join("\n"), Received::Lines(lines));
        }
        if is_json(media_type) {
            let mut made = self.valid(values, *schema, true)?;
            // Servers also write `null` into lists whose descriptions have none. Of a response that is a list itself the SDK loses them: there
            // is no record that could keep how the list was written.
            if matches!(made, Json::Object(_)) {
                values.add_nulls(&mut made);
            }
            let json = made.to_string();
            return of(media_type, json.clone(), Received::Json(json));
        }
        let text = "<a>ü\r\n \u{1}</a>,\"b\"".to_owned();
        let is_text = media_type.starts_with("text/") || media_type.contains("xml");
        let received = match is_text {
            true => Received::Text(text.clone()),
            false => Received::Bytes(text.clone().into_bytes()),
        };
        let media_type = if *media_type == "*/*" {
            "application/pdf"
        } else {
            media_type
        };
        of(media_type, text, received)
    }

    /// What stands in a line of a response that has a line a record: the record, where the list of them is described.
    fn line(&self, at: At<'a>) -> At<'a> {
        let at = self.release.target(at);
        let of = |schema| At {
            schema,
            name: "",
            ..at
        };
        if at.schema["type"] == "array" {
            return of(&at.schema["items"]);
        }
        let properties = at.schema["properties"].as_object().into_iter().flatten();
        let mut lists = properties.filter(|(_, property)| property["type"] == "array");
        match (at.name.ends_with("Collection"), lists.next(), lists.next()) {
            (true, Some((_, list)), None) => of(&list["items"]),
            _ => at,
        }
    }

    /// A value that jsonschema finds valid.
    fn valid(&mut self, values: &mut Values<'a>, at: At<'a>, is_response: bool) -> Option<Json> {
        let key = std::ptr::from_ref(at.schema) as usize;
        let release = self.release;
        let validator = self.validators.entry(key).or_insert_with(|| {
            let schema = release.json_schema(at);
            jsonschema::options()
                .with_draft(jsonschema::Draft::Draft4)
                // Servers write offsets without a colon.
                .with_format("date-time", |_| true)
                .with_format("regex", |_| true)
                .build(&schema)
                .map_err(|error| error.to_string())
        });
        let mut problem = String::new();
        match validator {
            Err(error) => problem.push_str(error),
            Ok(validator) => {
                for _ in 0..24 {
                    let made = values.of(at);
                    let value: Value = serde_json::from_str(&made.to_string()).unwrap();
                    match validator.iter_errors(&value).next() {
                        None => return Some(made),
                        Some(error) => {
                            problem = format!("{}: {error}", error.instance_path());
                        }
                    }
                    self.report.invalid += 1;
                }
            }
        }
        let what = if is_response { "response" } else { "body" };
        let problem: String = problem.chars().take(200).collect();
        self.skip(format!("no valid {what} could be made ({problem})"));
        None
    }
}

/// Whether a path with these values would not be the path of the operation: no client can send it.
fn leads_elsewhere(operation: &Operation<'_>, input: &Input) -> bool {
    let is_dot = |segment: &str| matches!(segment, "." | "..");
    let is_alone = |name: &str| {
        operation
            .path
            .split('/')
            .any(|segment| segment == format!("{{{name}}}"))
    };
    input
        .path
        .iter()
        .any(|(name, value)| match name.starts_with('+') {
            true => value
                .split('/')
                .any(|segment| segment.is_empty() || is_dot(segment)),
            false => is_alone(name) && (value.is_empty() || is_dot(value)),
        })
}

/// Whether a DELETE would delete more than is meant: a selection that is empty, a query that the server ignores.
fn deletes_more(operation: &Operation<'_>, input: &Input) -> bool {
    let is_empty = |name: &str| {
        input
            .query
            .iter()
            .any(|(known, values)| known == name && values.iter().any(String::is_empty))
    };
    let selects_nothing = match &input.body {
        Some((_, Sent::Json(json))) => json == "{}" || json == "[]",
        _ => false,
    };
    operation.ways.iter().flatten().any(|name| is_empty(name))
        || operation.deletes_body && selects_nothing
        || operation.deletes_all && input.query.iter().any(|(name, _)| name == "query")
}

/// How what was received differs from what was sent.
fn unlike(wanted: &Received, received: &Received) -> Option<String> {
    match (wanted, received) {
        (Received::Json(wanted), Received::Json(received)) => differs(wanted, received),
        (Received::Json(wanted), Received::Raw(_, received)) => {
            differs(wanted, &String::from_utf8_lossy(received))
        }
        (Received::Lines(wanted), Received::Lines(received)) if wanted.len() == received.len() => {
            wanted
                .iter()
                .zip(received)
                .find_map(|(wanted, received)| differs(wanted, received))
        }
        // Text may come as bytes.
        (Received::Text(wanted), Received::Bytes(received) | Received::Raw(_, received)) => {
            (wanted.as_bytes() != received).then(|| "the bytes differ".to_owned())
        }
        (Received::Bytes(wanted), Received::Text(received)) => {
            (wanted != received.as_bytes()).then(|| "the text differs".to_owned())
        }
        (Received::Bytes(wanted), Received::Raw(_, received)) => {
            (wanted != received).then(|| "the bytes differ".to_owned())
        }
        (Received::Nothing, Received::Raw(_, received)) if received.is_empty() => None,
        (wanted, received) => {
            (wanted != received).then(|| format!("it was {wanted:?}, it is {received:?}"))
        }
    }
}

fn differs(wanted: &str, received: &str) -> Option<String> {
    match (Json::parse(wanted), Json::parse(received)) {
        (Ok(wanted), Ok(received)) => wanted.difference(&received),
        (_, Err(error)) => Some(format!("{error}: {received}")),
        (Err(error), _) => Some(format!("{error}: {wanted}")),
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}
