//! A file of the glossary, with the line of each sentence.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use folio_codegen::glossary::{Entries, Section};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::error::Error;

/// A file of the glossary: its entries, and where they stand.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// It is not valid TOML, so that only a part of it was read.
    pub is_broken: bool,
    /// What it says.
    pub entries: Entries<Sentence>,
    /// The lines of the headings of records and operations.
    lines: BTreeMap<String, usize>,
}

impl Deref for File {
    type Target = Entries<Sentence>;

    fn deref(&self) -> &Entries<Sentence> {
        &self.entries
    }
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
            let entries = &mut file.entries;
            match key.get_ref().as_ref() {
                "summary" => entries.summary = reader.sentence("summary", value),
                "references" => {
                    entries.references = reader.sentences(at, value.get_ref(), "[references]");
                }
                "fields" => entries.fields = reader.sentences(at, value.get_ref(), "[fields]"),
                "parameters" => {
                    entries.parameters = reader.sentences(at, value.get_ref(), "[parameters]");
                }
                "records" => {
                    let (sections, lines) =
                        reader.sections(at, value.get_ref(), "records", "fields");
                    entries.records = sections;
                    file.lines.extend(lines);
                }
                "operations" => {
                    let (sections, lines) =
                        reader.sections(at, value.get_ref(), "operations", "parameters");
                    entries.operations = sections;
                    file.lines.extend(lines);
                }
                other => reader.error(
                    at,
                    format!("unknown key `{other}`; expected `summary`, `fields`, `parameters`, `references`, `records` or `operations`"),
                ),
            }
        }
        (file, reader.errors)
    }

    /// The line of the heading of a record or an operation.
    pub(crate) fn line(&self, name: &str) -> usize {
        self.lines.get(name).copied().unwrap_or_default()
    }

    /// All sentences of the file, with what each is about.
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
        let summary = self
            .summary
            .iter()
            .map(|own| ("the module".to_owned(), own));
        summary
            .chain(by_name("fields", &self.fields))
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

    /// A table of records or operations, `what`; `inner` is the key of the sentences about their
    /// parts.
    fn sections(
        &mut self,
        at: usize,
        value: &DeValue<'_>,
        what: &str,
        inner: &str,
    ) -> (BTreeMap<String, Section<Sentence>>, BTreeMap<String, usize>) {
        let mut sections = BTreeMap::new();
        let mut lines = BTreeMap::new();
        for (name, value) in self.table(at, value, what).into_iter().flatten() {
            let at = name.span().start;
            let mut section = Section::default();
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
            lines.insert(name.clone(), self.line(at));
            sections.insert(name, section);
        }
        (sections, lines)
    }
}
