//! The calls of all operations, in all their forms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use folio_sdk::{ErrorKind, FolioClient, RetryPolicy};
use serde::de::IgnoredAny;

use crate::calls::MODULES;
use crate::check;
use crate::compare::unlike;
use crate::document::{Operation, Release};
use crate::plan::{Plan, Report};
use crate::program::{Call, Input, Received};
use crate::rejected::{deletes_more, leads_elsewhere};
use crate::server::{Response, Server};
use crate::values::Values;

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
pub(crate) struct Run<'a, 'r> {
    pub(crate) folio: &'r FolioClient,
    pub(crate) server: &'r Server,
    pub(crate) release: &'a Release,
    pub(crate) operation: Operation<'a>,
    pub(crate) call: Call,
    pub(crate) report: &'r mut Report,
    /// By the address of the schema.
    pub(crate) validators: BTreeMap<usize, Result<jsonschema::Validator, String>>,
}

/// Which parameters a request has.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum RequestKind {
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
            for kind in [RequestKind::All, RequestKind::Required] {
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
                    let Some(mut input) = self.input(&mut sent, RequestKind::Required) else {
                        break;
                    };
                    if let (true, Some((media_type, _))) = (media_types > 1, content.get(index)) {
                        input.accept = (*media_type).to_owned();
                    }
                    self.report.responses += 1;
                    self.one(RequestKind::Required, input, &response).await;
                }
            }
        }
    }

    pub(crate) fn skip(&mut self, reason: impl Into<String>) {
        let untested = self.report.untested.entry(reason.into()).or_default();
        untested.insert(self.operation.shown());
    }

    pub(crate) fn fail(&mut self, problem: &str, input: &Input) {
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

    /// One call: the received request, and the decoded response.
    pub(crate) async fn one(
        &mut self,
        kind: RequestKind,
        input: Input,
        usual: &(Response, Received),
    ) {
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
            // Such a response would look like an empty list.
            Err(error)
                if error.kind() == ErrorKind::Decode
                    && lacks_its_list(&self.operation, &response.body) =>
            {
                None
            }
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
}

/// Whether a response has other properties in place of its list. Only `totalRecords` without a list
/// is an empty list.
fn lacks_its_list(operation: &Operation<'_>, body: &[u8]) -> bool {
    let (Some(list), Ok(body)) = (
        operation.list,
        serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body),
    ) else {
        return false;
    };
    let only_counts = |name: &String| matches!(&**name, "totalRecords" | "resultInfo");
    !body.contains_key(list) && !body.keys().all(only_counts)
}
