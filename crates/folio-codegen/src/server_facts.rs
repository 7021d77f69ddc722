//! The server's behaviour for an operation: `x-folio.facts` of a canonical document.

use serde_json::Value;

use crate::document::Document;
use crate::error::Error;
use crate::job_facts::JobFacts;

/// The server's behaviour, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerFacts {
    pub(crate) deletes: Option<Deletes>,
    pub(crate) creates: Option<String>,
    pub(crate) absent: Option<String>,
    pub(crate) effect: bool,
    pub(crate) sensitive: bool,
    pub(crate) versioned: bool,
    /// Fields of the body that are not sent, by their paths.
    pub(crate) omits: Vec<String>,
    /// Whether the client reads the record around a PUT, because the server does not report that it
    /// is missing.
    pub(crate) is_verified: bool,
    /// Of `x-folio.interfaceType`: several modules provide the interface.
    pub(crate) multiple: bool,
    /// The response shows the status of a job.
    pub(crate) job: Option<JobFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deletes {
    Record,
    Query,
    Body,
    All,
    Selected(Vec<String>),
}

impl ServerFacts {
    /// Reads the facts of the operation at a path.
    pub(crate) fn read(
        document: &Document,
        path: &str,
        at: &str,
        operation: &Value,
    ) -> Result<Self, Error> {
        let multiple = match operation.pointer("/x-folio/interfaceType") {
            None => false,
            Some(Value::String(kind)) if kind == "multiple" => true,
            Some(other) => {
                let problem = format!("expected \"multiple\", found {other}");
                let at = format!("{at}/x-folio/interfaceType");
                return Err(Error::document(&document.name, at, problem));
            }
        };
        let Some(facts) = operation.pointer("/x-folio/facts") else {
            return Ok(Self {
                multiple,
                ..Self::default()
            });
        };
        let wrong = |key: &str, expected: &str| {
            let problem = format!("expected {expected}, found {}", facts[key]);
            Error::document(&document.name, format!("{at}/x-folio/facts/{key}"), problem)
        };
        let text = |key: &str, known: &[&str]| match facts.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if known.contains(&&**text) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(key, &format!("one of {}", known.join(", ")))),
        };
        let flag = |key: &str| match facts.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(wrong(key, "true or false")),
        };
        let omits = match facts.get("omits") {
            None => Vec::new(),
            Some(Value::Array(paths)) => {
                let paths = paths.iter().map(|path| path.as_str().map(str::to_owned));
                let paths: Option<Vec<String>> = paths.collect();
                paths.ok_or_else(|| wrong("omits", "a list of paths"))?
            }
            Some(_) => return Err(wrong("omits", "a list of paths")),
        };
        let deletes = match facts.get("deletes") {
            None => None,
            Some(Value::Array(ways)) => {
                let ways: Option<Vec<String>> = ways
                    .iter()
                    .map(|way| way.as_str().map(str::to_owned))
                    .collect();
                let ways = ways.filter(|ways| !ways.is_empty());
                Some(Deletes::Selected(ways.ok_or_else(|| {
                    wrong("deletes", "a list of names of parameters")
                })?))
            }
            Some(_) => match text("deletes", &["record", "query", "body", "all"])?.as_deref() {
                Some("query") => Some(Deletes::Query),
                Some("body") => Some(Deletes::Body),
                Some("all") => Some(Deletes::All),
                _ => Some(Deletes::Record),
            },
        };
        let job = facts.get("longRunning").map(JobFacts::read).transpose();
        let job = job.map_err(|expected| wrong("longRunning", expected))?;
        let absent = text("absent", &["ignored", "created"])?;
        Ok(Self {
            deletes,
            creates: text("creates", &["record", "new-id", "nothing"])?,
            is_verified: absent
                .as_deref()
                .is_some_and(|absent| can_verify(document, path, absent)),
            absent,
            effect: flag("effect")?,
            sensitive: flag("sensitive")?,
            versioned: flag("versioned")?,
            omits,
            multiple,
            job,
        })
    }

    /// Whether the SDK does something else than with an operation of which nothing is known.
    pub(crate) fn matters(&self) -> bool {
        self.deletes.is_some()
            || matches!(self.creates.as_deref(), Some("record" | "new-id"))
            || self.is_verified
            || self.effect
            || self.sensitive
            || self.versioned
            || !self.omits.is_empty()
            || self.job.is_some()
    }

    /// The facts of an operation that two modules have: if they differ, the more conservative ones.
    pub(crate) fn narrow(&mut self, other: &Self) {
        if self.deletes != other.deletes {
            let everything = [&self.deletes, &other.deletes].contains(&&Some(Deletes::All));
            self.deletes = everything.then_some(Deletes::All);
        }
        if self.creates != other.creates {
            let replaces = |facts: &Self| facts.creates.as_deref() == Some("new-id");
            self.creates = (replaces(self) || replaces(other)).then(|| "new-id".to_owned());
        }
        if !self.is_verified {
            self.absent.clone_from(&other.absent);
            self.is_verified = other.is_verified;
        }
        self.effect |= other.effect;
        self.sensitive |= other.sensitive;
        self.versioned &= other.versioned;
        // A field that one of them takes is sent.
        self.omits.retain(|path| other.omits.contains(path));
        if self.job != other.job {
            self.job = None;
        }
    }
}

/// Whether a record of a PUT can be looked for, and its absence is an error: it is read at the path
/// of the PUT, and, where the PUT would create it, there is a POST that is meant for that.
/// Otherwise the PUT is how the record is made: a setting by its key (`PUT /ldp/config/{key}`), an
/// upload (`PUT /settings/upload`).
fn can_verify(document: &Document, path: &str, absent: &str) -> bool {
    let has = |path: &str, method: &str| document.root["paths"][path].get(method).is_some();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    has(path, "get") && (absent == "ignored" || has(parent, "post"))
}
