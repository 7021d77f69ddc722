//! A file of the glossary, with the line of each sentence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::error::Error;

/// A file of the glossary.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// It is not valid TOML, so that only a part of it was read.
    pub is_broken: bool,
    /// The meaning of a field name in each record that does not override it.
    pub fields: BTreeMap<String, Sentence>,
    /// The same of parameters.
    pub parameters: BTreeMap<String, Sentence>,
    /// The records by their names in the document.
    pub records: BTreeMap<String, Record>,
    /// The operations, `GET /users/{userId}`; their fields are the parameters.
    pub operations: BTreeMap<String, Record>,
}

/// The sentences about a record or an operation.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The line of its heading.
    pub line: usize,
    /// The sentence about itself.
    pub summary: Option<Sentence>,
    /// The sentences about its fields or parameters.
    pub fields: BTreeMap<String, Sentence>,
}

/// A sentence and its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// The line in the file, from 1.
    pub line: usize,
    /// The text.
    pub text: String,
}

impl File {
    /// Parses the text of a file; unknown keys are reported as errors.
    pub fn parse(path: &Path, text: &str) -> (Self, Vec<Error>) {
        let mut reader = Reader {
            path,
            text,
            errors: Vec::new(),
        };
        let mut file = Self {
            path: path.into(),
            ..Self::default()
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        file.is_broken = !errors.is_empty();
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            reader.error(at, format!("broken TOML: {}", error.message()));
        }
        for (key, value) in table.get_ref() {
            let at = key.span().start;
            match key.get_ref().as_ref() {
                "fields" => file.fields = reader.sentences(at, value.get_ref(), "[fields]"),
                "parameters" => {
                    file.parameters = reader.sentences(at, value.get_ref(), "[parameters]");
                }
                "records" => {
                    file.records = reader.sections(at, value.get_ref(), "records", "fields");
                }
                "operations" => {
                    file.operations =
                        reader.sections(at, value.get_ref(), "operations", "parameters");
                }
                other => reader.error(
                    at,
                    format!("unknown key `{other}`; expected `fields`, `parameters`, `records` or `operations`"),
                ),
            }
        }
        (file, reader.errors)
    }

    /// All sentences of the file, with their subjects.
    pub fn sentences(&self) -> impl Iterator<Item = (String, &Sentence)> {
        let by_name =
            |of: &'static str, sentences| named(sentences, move |name| format!("{of} {name}"));
        let records = self.records.iter().flat_map(|(name, record)| {
            let summary = record.summary.iter().map(move |own| (name.clone(), own));
            summary.chain(named(&record.fields, move |field| {
                format!("{name}.{field}")
            }))
        });
        let operations = self.operations.iter().flat_map(|(name, operation)| {
            let summary = operation.summary.iter().map(move |own| (name.clone(), own));
            summary.chain(named(&operation.fields, move |parameter| {
                format!("{parameter} of {name}")
            }))
        });
        by_name("fields", &self.fields)
            .chain(by_name("parameters", &self.parameters))
            .chain(records)
            .chain(operations)
    }
}

fn named<'a>(
    sentences: &'a BTreeMap<String, Sentence>,
    name: impl Fn(&str) -> String + 'a,
) -> impl Iterator<Item = (String, &'a Sentence)> {
    sentences
        .iter()
        .map(move |(key, sentence)| (name(key), sentence))
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    errors: Vec<Error>,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    fn error(&mut self, at: usize, problem: impl Into<String>) {
        let line = self.line(at).to_string();
        self.errors.push(Error::at(self.path, line, problem));
    }

    fn table<'t, 'i>(
        &mut self,
        at: usize,
        value: &'t DeValue<'i>,
        what: &str,
    ) -> Option<&'t DeTable<'i>> {
        let table = value.as_table();
        if table.is_none() {
            self.error(
                at,
                format!("{what}: expected a table, found {}", value.type_str()),
            );
        }
        table
    }

    /// A table of sentences.
    fn sentences(
        &mut self,
        at: usize,
        value: &DeValue<'_>,
        what: &str,
    ) -> BTreeMap<String, Sentence> {
        let mut sentences = BTreeMap::new();
        for (key, value) in self.table(at, value, what).into_iter().flatten() {
            if let Some(sentence) = self.sentence(key.get_ref(), value) {
                sentences.insert(key.get_ref().to_string(), sentence);
            }
        }
        sentences
    }

    fn sentence(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Sentence> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => Some(Sentence {
                line: self.line(at),
                text: text.to_string(),
            }),
            // `personal.lastName = "…"` without quotes is a table.
            DeValue::Table(_) => {
                self.error(
                    at,
                    format!("`{key}` is a table, not a sentence; put a key with dots in quotes, \"{key}.name\""),
                );
                None
            }
            other => {
                self.error(
                    at,
                    format!(
                        "`{key}`: expected a sentence in quotes, found {}",
                        other.type_str()
                    ),
                );
                None
            }
        }
    }

    /// A table of records or operations, `what`; `inner` is the key of the sentences about their parts.
    fn sections(
        &mut self,
        at: usize,
        value: &DeValue<'_>,
        what: &str,
        inner: &str,
    ) -> BTreeMap<String, Record> {
        let mut sections = BTreeMap::new();
        for (name, value) in self.table(at, value, what).into_iter().flatten() {
            let at = name.span().start;
            let mut section = Record {
                line: self.line(at),
                ..Record::default()
            };
            let name = name.get_ref().to_string();
            for (key, value) in self.table(at, value.get_ref(), &name).into_iter().flatten() {
                match key.get_ref().as_ref() {
                    "summary" => section.summary = self.sentence("summary", value),
                    key_of_parts if key_of_parts == inner => {
                        let what = format!("{name}.{inner}");
                        section.fields = self.sentences(key.span().start, value.get_ref(), &what);
                    }
                    other => self.error(
                        key.span().start,
                        format!("unknown key `{other}` of {name}; expected `summary` or `{inner}`"),
                    ),
                }
            }
            sections.insert(name, section);
        }
        sections
    }
}
