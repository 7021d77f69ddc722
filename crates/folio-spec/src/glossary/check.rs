//! Compares the glossary with the documents: unknown names, defects of sentences, and missing
//! sentences.

use std::collections::BTreeMap;
use std::fmt;

use folio_codegen::glossary::Section;

use super::file::{File, Sentence};
use super::lookup::Glossary;
use super::names::{COMMON, field_name};
use super::nearest::hint;
use super::subjects::{Known, Module, Subjects};
use super::{sentence, truth};
use crate::base::error::Error;

/// How much of a module has a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Records.
    pub records: Share,
    /// Fields of records.
    pub fields: Share,
    /// Operations.
    pub operations: Share,
    /// Parameters of operations.
    pub parameters: Share,
}

/// A part of a number of things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that have a sentence.
    pub described: usize,
    /// All.
    pub all: usize,
}

impl Share {
    pub(crate) fn count(&mut self, is_described: bool) {
        self.all += 1;
        self.described += usize::from(is_described);
    }

    /// In percent, rounded down: 100 is all.
    pub fn percent(self) -> usize {
        (self.described * 100).checked_div(self.all).unwrap_or(100)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = format!("{}% ({}/{})", self.percent(), self.described, self.all);
        out.pad(&share)
    }
}

/// The names without a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A record.
    Record(String),
    /// A field of a record, by its path.
    Field(String, String),
    /// An operation, `GET /users`.
    Operation(String),
    /// A parameter of an operation.
    Parameter(String, String),
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(record) => write!(out, "record {record}"),
            Self::Field(record, path) => write!(out, "field {record}.{path}"),
            Self::Operation(route) => write!(out, "operation {route}"),
            Self::Parameter(route, name) => write!(out, "parameter {name} of {route}"),
        }
    }
}

/// The errors in the files.
pub fn check(glossary: &Glossary, subjects: &Subjects) -> Vec<Error> {
    let mut findings = Vec::new();
    // The readable part of a broken file may contain an incomplete sentence.
    for (name, file) in glossary.files.iter().filter(|(_, file)| !file.is_broken) {
        match subjects.modules.get(name) {
            Some(module) => Checker {
                file,
                module,
                name,
                glossary,
                subjects,
                findings: &mut findings,
            }
            .check(),
            None => {
                let names = subjects.modules.keys().map(String::as_str);
                let problem = format!(
                    "no release has a document `{name}.json`{}",
                    hint(name, names)
                );
                findings.push(Error::file(&file.path, problem));
            }
        }
        findings.extend(truth::check(glossary, name, subjects));
    }
    findings
}

/// The share of a module that has a sentence, and the names without one.
pub fn coverage(glossary: &Glossary, name: &str, module: &Module) -> (Coverage, Vec<Missing>) {
    let mut coverage = Coverage::default();
    let mut missing = Vec::new();
    let mut count = |share: &mut Share, is_described: bool, what: &dyn Fn() -> Missing| {
        share.count(is_described);
        if !is_described {
            missing.push(what());
        }
    };
    for (record, fields) in &module.records {
        let is_own = module.is_own(record);
        let described = glossary.of(name).record(record, is_own).is_some();
        count(&mut coverage.records, described, &|| {
            Missing::Record(record.clone())
        });
        for path in fields.keys() {
            let described = glossary.of(name).field(record, path, is_own).is_some();
            count(&mut coverage.fields, described, &|| {
                Missing::Field(record.clone(), path.clone())
            });
        }
    }
    for (route, parameters) in &module.operations {
        let described = glossary.of(name).operation(route).is_some();
        count(&mut coverage.operations, described, &|| {
            Missing::Operation(route.clone())
        });
        for parameter in parameters.keys() {
            let described = glossary.of(name).parameter(route, parameter).is_some();
            count(&mut coverage.parameters, described, &|| {
                Missing::Parameter(route.clone(), parameter.clone())
            });
        }
    }
    (coverage, missing)
}

struct Checker<'a> {
    file: &'a File,
    module: &'a Module,
    name: &'a str,
    glossary: &'a Glossary,
    subjects: &'a Subjects,
    findings: &'a mut Vec<Error>,
}

impl<'a> Checker<'a> {
    fn check(mut self) {
        self.defaults();
        if let Some(summary) = &self.file.summary {
            self.sentence("the module", summary, &[]);
        }
        self.references();
        for (name, record) in &self.file.records {
            self.record(name, record);
        }
        for (route, operation) in &self.file.operations {
            self.operation(route, operation);
        }
        self.duplicates();
    }

    fn report(&mut self, line: usize, problem: String) {
        let error = Error::at(&self.file.path, line.to_string(), problem);
        self.findings.push(error);
    }

    fn sentence(&mut self, what: &str, sentence: &Sentence, names: &[&str]) {
        if let Some(problem) = sentence::problem(&sentence.text, names) {
            self.report(
                sentence.line,
                format!("{what}: {problem}: {:?}", sentence.text),
            );
        }
    }

    /// The modules whose names the sections of the file may contain: for the common file all.
    fn modules(&self) -> Vec<&'a Module> {
        match self.name {
            COMMON => self.subjects.modules.values().collect(),
            _ => vec![self.module],
        }
    }

    /// The sections `[fields]` and `[parameters]`.
    fn defaults(&mut self) {
        let modules = self.modules();
        // A record of the module may reference a shared one, whose fields are looked up only in the
        // common file.
        let fields: Vec<&str> = modules
            .iter()
            .flat_map(|module| module.field_names())
            .collect();
        let parameters: Vec<&str> = modules
            .iter()
            .flat_map(|module| module.parameter_names())
            .collect();
        for (sentences, names, what) in [
            (&self.file.fields, fields, "field"),
            (&self.file.parameters, parameters, "parameter"),
        ] {
            for (name, sentence) in sentences {
                if names.contains(&&**name) {
                    self.sentence(&format!("{what} `{name}`"), sentence, &[name]);
                } else {
                    let hint = hint(name, names.iter().copied());
                    self.report(sentence.line, format!("no {what} is named `{name}`{hint}"));
                }
            }
        }
    }

    /// The section `[references]`: each field is there, and each route gives a record.
    fn references(&mut self) {
        let modules = self.modules();
        for (key, target) in &self.file.references {
            let is_known = modules.iter().any(|module| match key.split_once('.') {
                Some((record, path)) => module
                    .records
                    .get(record)
                    .is_some_and(|fields| fields.contains_key(path)),
                None => module.field_names().any(|name| name == key),
            });
            if !is_known {
                self.report(
                    target.line,
                    format!("references: no field is named `{key}`"),
                );
            }
            let targets = &self.subjects.targets;
            if targets.record(&target.text).is_none() {
                let hint = hint(&target.text, targets.routes());
                let problem = format!("references: GET of `{}` gives no record{hint}", target.text);
                self.report(target.line, problem);
            }
        }
    }

    fn record(&mut self, name: &str, record: &Section<Sentence>) {
        let own = self.module.records.get(name);
        let shared = self.subjects.modules.get(COMMON);
        let shared = shared.and_then(|shared| shared.records.get(name));
        let Some(fields) = own.or(shared) else {
            let hint = hint(name, self.module.records.keys().map(String::as_str));
            self.report(
                self.file.line(name),
                format!("no record is named `{name}`{hint}"),
            );
            return;
        };
        if let Some(summary) = &record.summary {
            self.sentence(&format!("record {name}"), summary, &[name]);
        }
        for (path, sentence) in &record.fields {
            let has = |fields: &BTreeMap<String, Known>| fields.contains_key(path);
            if !has(fields) && !shared.is_some_and(has) {
                let hint = hint(path, fields.keys().map(String::as_str));
                self.report(sentence.line, format!("{name} has no field `{path}`{hint}"));
                continue;
            }
            let what = format!("field {name}.{path}");
            self.sentence(&what, sentence, &[field_name(path), name]);
            let defaults = [self.name, COMMON];
            let same = defaults.iter().find(|file| {
                let file = self.glossary.files.get(**file);
                let default = file.and_then(|file| file.fields.get(field_name(path)));
                default.is_some_and(|default| default.text == sentence.text)
            });
            if let Some(file) = same {
                self.report(
                    sentence.line,
                    format!("{what}: duplicates [fields] of {file}.toml"),
                );
            }
        }
    }

    fn operation(&mut self, route: &str, operation: &Section<Sentence>) {
        let Some(parameters) = self.module.operations.get(route) else {
            let hint = hint(route, self.module.operations.keys().map(String::as_str));
            self.report(
                self.file.line(route),
                format!("there is no operation `{route}`{hint}"),
            );
            return;
        };
        if let Some(summary) = &operation.summary {
            self.sentence(route, summary, &[]);
        }
        for (name, sentence) in &operation.fields {
            if parameters.contains_key(name) {
                self.sentence(&format!("parameter `{name}` of {route}"), sentence, &[name]);
            } else {
                let hint = hint(name, parameters.keys().map(String::as_str));
                self.report(
                    sentence.line,
                    format!("{route} has no parameter `{name}`{hint}"),
                );
            }
        }
    }

    /// One sentence for several things is too unspecific for one of them: for records, for
    /// operations, for the fields of one record. Fields with the same name may have the same
    /// meaning in two objects of a record.
    fn duplicates(&mut self) {
        let summaries = |sections: &'a BTreeMap<String, Section<Sentence>>| {
            let named = sections.iter();
            named.filter_map(|(name, section)| Some((name.as_str(), section.summary.as_ref()?)))
        };
        let mut groups: Vec<Vec<(&str, &Sentence)>> = vec![
            summaries(&self.file.records).collect(),
            summaries(&self.file.operations).collect(),
        ];
        let tables = [&self.file.fields, &self.file.parameters].into_iter();
        let sections = self
            .file
            .records
            .values()
            .chain(self.file.operations.values());
        for table in tables.chain(sections.map(|section| &section.fields)) {
            groups.push(
                table
                    .iter()
                    .map(|(name, own)| (name.as_str(), own))
                    .collect(),
            );
        }
        for group in groups {
            let mut seen: BTreeMap<String, &str> = BTreeMap::new();
            for (name, sentence) in group {
                let text = sentence.text.to_lowercase();
                if text.trim().is_empty() {
                    continue;
                }
                if let Some(first) = seen.get(&text) {
                    if field_name(first) == field_name(name) {
                        continue;
                    }
                    let problem = format!(
                        "`{name}` has the same sentence as `{first}`: {:?}",
                        sentence.text
                    );
                    self.report(sentence.line, problem);
                } else {
                    seen.insert(text, name);
                }
            }
        }
    }
}
