//! The glossary as JSON, which the build of the SDK reads: `<module>.sentences` beside `<module>.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use folio_codegen::glossary::{Entries, Section};
use serde_json::{Map, Value, json};

use super::file::Sentence;
use super::lookup::Glossary;
use super::names::COMMON;
use super::references::Targets;
use super::since::Since;
use super::subjects::Subjects;
use crate::base::error::{Error, Result};
use crate::canonical::release::Release;

/// The files as they should be, by their paths.
pub(super) fn files(
    folder: &Path,
    glossary: &Glossary,
    subjects: &Subjects,
    releases: &[Release],
) -> Vec<(PathBuf, String)> {
    let since = Since::of(releases);
    let nothing = Entries::default();
    let names = subjects.modules.keys();
    names
        .map(|name| {
            let file = glossary.files.get(name);
            let entries = file.map_or(&nothing, |file| &file.entries);
            let mut root = entries_of(entries, &subjects.targets);
            if name != COMMON {
                insert(&mut root, "since", json!(since.module(name)));
            }
            let text = serde_json::to_string_pretty(&root).unwrap_or_default() + "\n";
            (folder.join(format!("{name}.sentences")), text)
        })
        .collect()
}

/// Writes the files that differ, or reports them.
///
/// # Errors
/// A file cannot be written.
pub(super) fn update(files: Vec<(PathBuf, String)>, writes: bool) -> Result<Vec<Error>> {
    let mut stale = Vec::new();
    for (path, text) in files {
        if std::fs::read_to_string(&path).is_ok_and(|known| known == text) {
            continue;
        }
        if writes {
            std::fs::write(&path, text)
                .map_err(|error| Error::file(&path, format!("cannot be written: {error}")))?;
        } else {
            let problem = "is not what the TOML files and the documents give; `folio-spec glossary … --write` writes it";
            stale.push(Error::file(&path, problem));
        }
    }
    Ok(stale)
}

fn entries_of(entries: &Entries<Sentence>, targets: &Targets) -> Map<String, Value> {
    let mut root = Map::new();
    if let Some(summary) = &entries.summary {
        root.insert("summary".into(), json!(summary.text));
    }
    let references = entries.references.iter();
    let references: BTreeMap<&String, String> = references
        .filter_map(|(key, target)| Some((key, targets.record(&target.text)?)))
        .collect();
    insert(&mut root, "fields", texts(&entries.fields));
    insert(&mut root, "parameters", texts(&entries.parameters));
    insert(&mut root, "references", json!(references));
    insert(&mut root, "records", sections(&entries.records));
    insert(&mut root, "operations", sections(&entries.operations));
    root
}

fn texts(sentences: &BTreeMap<String, Sentence>) -> Value {
    let texts = sentences.iter();
    texts
        .map(|(key, sentence)| (key.clone(), json!(sentence.text)))
        .collect::<Map<String, Value>>()
        .into()
}

fn sections(sections: &BTreeMap<String, Section<Sentence>>) -> Value {
    let section = |section: &Section<Sentence>| {
        let mut root = Map::new();
        if let Some(summary) = &section.summary {
            root.insert("summary".into(), json!(summary.text));
        }
        insert(&mut root, "fields", texts(&section.fields));
        Value::Object(root)
    };
    let sections = sections.iter();
    sections
        .map(|(name, it)| (name.clone(), section(it)))
        .collect::<Map<String, Value>>()
        .into()
}

/// Adds an object, unless it is empty.
fn insert(root: &mut Map<String, Value>, key: &str, value: Value) {
    if value.as_object().is_some_and(|it| !it.is_empty()) {
        root.insert(key.into(), value);
    }
}
