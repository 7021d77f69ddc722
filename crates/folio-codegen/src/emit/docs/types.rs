//! Documentation of records, their fields, and enums.

use std::collections::{BTreeMap, BTreeSet};

use super::example::{handle_example, record_example, simple_lists};
use super::links;
use super::route::plain;
use super::schema_facts::facts;
use crate::context::Context;
use crate::document::{COMMON, Document, list};
use crate::emit::collections::Collection;
use crate::error::Error;
use crate::facts::Operation;
use crate::model::{Field, Record};
use crate::schemas;
use crate::subject::{Subject, since};
use crate::template::Code;
use crate::text::{code, prose};

/// What is known of the generated types of a document, for their documentation.
pub(crate) struct Types<'a> {
    context: Context<'a>,
    operations: &'a [Operation],
    /// The lists whose calls need no parameters, each with the type of its records.
    lists: Vec<(&'a Operation, String)>,
    /// The records that are in a collection.
    stored: BTreeSet<&'a str>,
    /// By the names of the types.
    subjects: BTreeMap<String, Subject<'a>>,
}

impl<'a> Types<'a> {
    pub(crate) fn of(
        context: &'a Context<'a>,
        operations: &'a [Operation],
        collections: &[Collection<'a>],
    ) -> Result<Self, Error> {
        let stored = collections.iter().map(|collection| collection.record);
        Ok(Self {
            context: *context,
            operations,
            lists: simple_lists(context, operations),
            stored: stored.collect(),
            subjects: schemas::subjects(context)?,
        })
    }

    /// What a type describes.
    fn subject(&self, name: &str) -> Option<&Subject<'a>> {
        self.subjects.get(name)
    }

    /// The first call of the module.
    pub(crate) fn handle_example(&self) -> Vec<String> {
        handle_example(&self.context, self.operations, &self.lists)
    }

    /// The documentation of a record.
    pub(crate) fn record(&self, record: &Record) -> Code {
        let document = self.context.document;
        let subject = self.subject(&record.name);
        let mut docs = vec![match subject.and_then(Subject::sentence) {
            Some(sentence) => prose(sentence),
            None => within(document, subject),
        }];
        let schema = subject.map(|subject| subject.schema);
        let folio = schema.and_then(|schema| schema.get("x-folio"));
        if folio.is_some_and(|folio| folio.get("locking") == Some(&true.into())) {
            docs.push(String::new());
            docs.push("Guarded by `_version` (optimistic locking): send back what was read. A PUT with an outdated `_version` is rejected ([`is_conflict`](crate::Error::is_conflict)).".into());
        }
        docs.extend(record_example(
            &self.context,
            &self.lists,
            record,
            self.stored.contains(&*record.name),
        ));
        let sources = folio.map_or(&[][..], |folio| list(folio, "sources"));
        docs.extend(origin(document, subject, sources));
        Code::docs(docs)
    }

    /// The documentation of a field of a record: its sentence, then its facts.
    pub(crate) fn field(&self, record: &Record, field: &Field) -> Code {
        let (mut docs, facts) = self.parts(record, field);
        let facts = sentence_of(field, facts);
        match (docs.is_empty(), facts) {
            (false, Some(facts)) => docs.extend([String::new(), facts]),
            (true, facts) => docs.push(facts.unwrap_or_else(|| code(&field.key))),
            (false, None) => {}
        }
        Code::docs(docs)
    }

    /// The documentation of a required field where the record is made: its sentence.
    pub(crate) fn required(&self, record: &Record, field: &Field) -> Code {
        let (docs, facts) = self.parts(record, field);
        let facts = facts.into_iter().filter(|it| it != REQUIRED).collect();
        let sentence = docs
            .into_iter()
            .next()
            .or_else(|| sentence_of(field, facts));
        Code::docs([sentence.unwrap_or_else(|| code(&field.key))])
    }

    fn parts(&self, record: &Record, field: &Field) -> (Vec<String>, Vec<String>) {
        let subject = self.subject(&record.name);
        let described = subject.and_then(|subject| subject.field(&field.key));
        let Some(described) = described else {
            return (Vec::new(), required(field));
        };
        let mut known = facts(&described);
        known.extend(required(field));
        if subject.is_some_and(|subject| subject.is_response_only(&field.key)) {
            known.push("only in responses: it is not sent".into());
        }
        known.extend(described.since().map(introduced));
        let sentence = described.sentence().map(prose);
        (sentence.into_iter().collect(), known)
    }

    /// The documentation of an enum or union: what it is the value of.
    pub(crate) fn values(&self, name: &str) -> Code {
        let subject = self.subject(name);
        let place = subject.and_then(Subject::name);
        let sentence = subject.and_then(Subject::sentence);
        let docs = match (place, sentence) {
            (Some(place), Some(sentence)) if place.contains('.') => {
                format!("{}: {}", code(&place), prose(sentence))
            }
            (_, Some(sentence)) => prose(sentence),
            (Some(place), None) if place.contains('.') => {
                format!("The values of {}.", code(&place))
            }
            _ => return Code::default(),
        };
        Code::docs([&*docs, ""])
    }
}

/// The facts of a field as a sentence; its name in JSON is one, where it is another.
fn sentence_of(field: &Field, facts: Vec<String>) -> Option<String> {
    let name = (field.key != field.name).then(|| format!("{} in JSON", code(&field.key)));
    let text = name.into_iter().chain(facts).collect::<Vec<_>>().join("; ");
    (!text.is_empty()).then(|| format!("{}.", capitalised(&text)))
}

/// Text with its first letter in upper case.
fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest).collect()
}

const REQUIRED: &str = "required";

fn required(field: &Field) -> Vec<String> {
    match field.required {
        true => vec![REQUIRED.to_owned()],
        false => Vec::new(),
    }
}

/// The release that introduced something.
pub(super) fn introduced(release: &str) -> String {
    format!("since {}", plain(&capitalised(release)))
}

/// What a record without a sentence is: a part of another one, or one of a module.
fn within(document: &Document, subject: Option<&Subject<'_>>) -> String {
    match subject.and_then(Subject::name) {
        Some(name) if name.contains('.') => format!("The value of {}.", code(&name)),
        _ if document.name == COMMON => "A record of several modules.".to_owned(),
        _ => format!("A record of {}.", document.name),
    }
}

/// Where a record is described, and since when there is it.
fn origin(
    document: &Document,
    subject: Option<&Subject<'_>>,
    sources: &[serde_json::Value],
) -> Vec<String> {
    // Modules share files, which have one path in each, and read versions of them.
    let mut paths = BTreeSet::new();
    let pages: Vec<String> = sources
        .iter()
        .filter_map(|source| source.as_str()?.split_once('/'))
        .filter(|(_, path)| paths.insert(*path))
        .take(3)
        .map(|(module, path)| links::source(document, module, path))
        .collect();
    let mut facts = Vec::new();
    if document.name != COMMON {
        let version = document.version().map(plain).unwrap_or_default();
        facts.push(format!("`{}` {version}", document.name));
    }
    if !pages.is_empty() {
        facts.push(format!("described in {}", pages.join(", ")));
    }
    facts.extend(subject.and_then(Subject::since).map(introduced));
    match facts.is_empty() {
        true => Vec::new(),
        false => vec![String::new(), format!("Source: {}.", facts.join("; "))],
    }
}

/// What a module is for.
pub(crate) fn sentence_of_module(document: &Document) -> Vec<String> {
    let version = document.version().unwrap_or_default();
    let mut facts = vec![format!("`{}` {}", document.name, plain(version))];
    facts.extend(since(document, "").map(introduced));
    match &document.entries.summary {
        Some(sentence) => vec![
            prose(sentence),
            String::new(),
            format!("{}.", facts.join("; ")),
        ],
        None => vec![format!("{}.", facts.join("; "))],
    }
}
