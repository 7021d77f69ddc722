//! Compares statements of sentences with facts of the documents: values in backticks with the
//! listed ones, and the records that a DELETE deletes.

use std::collections::BTreeSet;

use super::file::Sentence;
use super::lookup::Glossary;
use super::names::{COMMON, field_name};
use super::subjects::{Known, Module, Subjects};
use crate::base::error::Error;
use crate::canonical::facts::{Deletes, DeletesKind};

/// Compares the statements of sentences about a module with its documents. A sentence for several
/// fields is reported once.
pub(crate) fn check(glossary: &Glossary, name: &str, subjects: &Subjects) -> Vec<Error> {
    let Some(module) = subjects.modules.get(name) else {
        return Vec::new();
    };
    let mut truth = Truth {
        glossary,
        name,
        names: names(module).collect(),
        findings: Vec::new(),
        reported: BTreeSet::new(),
    };
    let shared = subjects.modules.get(COMMON);
    truth.names.extend(shared.into_iter().flat_map(names));
    for (record, fields) in &module.records {
        for (path, known) in fields {
            let sentence = glossary.of(name).field(record, path, module.is_own(record));
            truth.values(&format!("{record}.{path}"), known, sentence);
        }
    }
    for (route, parameters) in &module.operations {
        for (parameter, known) in parameters {
            let sentence = glossary.of(name).parameter(route, parameter);
            truth.values(&format!("{parameter} of {route}"), known, sentence);
        }
    }
    for (route, deletes) in &module.deletes {
        truth.deletes(route, deletes);
    }
    truth.findings
}

/// The names that a sentence may have in backticks beside values.
fn names(module: &Module) -> impl Iterator<Item = &str> {
    let records = module.records.keys().map(String::as_str);
    records
        .chain(module.field_names())
        .chain(module.parameter_names())
}

struct Truth<'a> {
    glossary: &'a Glossary,
    name: &'a str,
    names: BTreeSet<&'a str>,
    findings: Vec<Error>,
    reported: BTreeSet<(String, usize)>,
}

impl Truth<'_> {
    /// The file and line of a sentence of this module are not known where a default is used, so
    /// that it is looked for.
    fn report(&mut self, sentence: &Sentence, problem: String) {
        let files = [self.name, COMMON].into_iter();
        let file = files
            .filter_map(|file| self.glossary.files.get(file))
            .find(|file| file.sentences().any(|(_, other)| other == sentence));
        let Some(file) = file else { return };
        if self.reported.insert((sentence.text.clone(), sentence.line)) {
            let line = sentence.line.to_string();
            self.findings.push(Error::at(&file.path, line, problem));
        }
    }

    fn values(&mut self, what: &str, known: &Known, sentence: Option<&Sentence>) {
        let Some(sentence) = sentence.filter(|_| !known.values.is_empty()) else {
            return;
        };
        let is_known = |text: &&str| {
            known.values.contains(*text) || self.names.contains(text) || *text == field_name(what)
        };
        let unknown: Vec<&str> = quoted(&sentence.text)
            .filter(|text| !is_known(text))
            .collect();
        if let Some(first) = unknown.first() {
            let values: Vec<&str> = known.values.iter().map(String::as_str).collect();
            let problem = format!(
                "{what} of {}: `{first}` is not one of its values: {}",
                self.name,
                values.join(", ")
            );
            self.report(sentence, problem);
        }
    }

    fn deletes(&mut self, route: &str, deletes: &Deletes) {
        let Some(sentence) = self.glossary.of(self.name).operation(route) else {
            return;
        };
        let words: Vec<&str> = sentence
            .text
            .split(|c: char| !c.is_alphanumeric())
            .collect();
        let has = |expected: &[&str]| words.iter().any(|word| expected.contains(word));
        let problem = match deletes {
            Deletes::Kind(DeletesKind::All) if !has(&["all", "every", "everything", "whole"]) => {
                "the server deletes all records, regardless of the request, but the sentence does not contain `all`"
            }
            Deletes::Kind(DeletesKind::Query) if !has(&["query", "CQL", "match"]) => {
                "the server deletes the records that the query selects, but the sentence does not mention the query"
            }
            _ => return,
        };
        self.report(sentence, format!("{route}: {problem}: {:?}", sentence.text));
    }
}

/// The text in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
