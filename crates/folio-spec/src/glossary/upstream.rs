//! Compares the glossary with the prose of FOLIO's own descriptions, so that none of it is copied.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::lookup::Glossary;
use super::names::COMMON;
use crate::base::error::{Error, Result};
use crate::base::yaml::{Kind, Node};

/// The number of words in a row that must not be the same.
pub const RUN: usize = 8;

/// The keys of prose in RAML, JSON schemas and OpenAPI.
const PROSE: [&str; 6] = [
    "$comment",
    "content",
    "description",
    "displayName",
    "summary",
    "title",
];

/// The deepest folder that is read.
const MAX_DEPTH: usize = 16;

/// The prose of a module, without case and punctuation.
#[derive(Default)]
struct Prose {
    texts: HashSet<String>,
    runs: HashSet<String>,
}

/// The sentences of the glossary that also occur in the descriptions below `folder`, which has one
/// directory per release with one per module.
///
/// # Errors
/// The directory cannot be read, or has no descriptions.
pub fn compare(glossary: &Glossary, folder: &Path) -> Result<Vec<Error>> {
    let mut releases = folders(folder)?;
    // The folder of one release is as good.
    if folder.join("manifest.json").is_file() {
        releases = vec![folder.to_path_buf()];
    }
    let mut findings = Vec::new();
    let mut everything = Prose::default();
    for (name, file) in &glossary.files {
        let mut prose = Prose::default();
        if name == COMMON {
            for release in &releases {
                for module in folders(release)? {
                    prose.read(&module, 0);
                }
            }
        } else {
            releases
                .iter()
                .for_each(|release| prose.read(&release.join(name), 0));
        }
        // A module may have a directory without text: its descriptor contains all known facts.
        let has_folder = releases.iter().any(|release| release.join(name).is_dir());
        if prose.texts.is_empty() && !has_folder {
            let problem = format!(
                "no descriptions of {name} found; expected directories of releases with directories of modules"
            );
            findings.push(Error::file(folder, problem));
        }
        for (what, sentence) in file.sentences() {
            if let Some(problem) = prose.problem(&sentence.text) {
                let line = sentence.line.to_string();
                findings.push(Error::at(&file.path, line, format!("{what}: {problem}")));
            }
        }
        everything.texts.extend(prose.texts);
    }
    if everything.texts.is_empty() && !glossary.files.is_empty() {
        return Err(Error::file(folder, "has no descriptions to compare with"));
    }
    Ok(findings)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: std::io::Error| Error::file(folder, format!("cannot be read: {error}"));
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

impl Prose {
    /// Reads all descriptions below a directory. An unparsable one is read as one text.
    fn read(&mut self, path: &Path, depth: usize) {
        if path.is_dir() {
            if depth < MAX_DEPTH {
                for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
                    self.read(&entry.path(), depth + 1);
                }
            }
            return;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let is_yaml = matches!(&*extension, "raml" | "yaml" | "yml");
        if !is_yaml && !matches!(&*extension, "json" | "schema") {
            return;
        }
        let Ok(text) = std::fs::read_to_string(path) else {
            return;
        };
        let json = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}'));
        match (json, Node::parse(path, &text)) {
            (Ok(value), _) => self.json(&value),
            (_, Ok(node)) => self.node(&node),
            _ => self.add(&text),
        }
    }

    fn json(&mut self, value: &Value) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    match value {
                        Value::String(text) if PROSE.contains(&key.as_str()) => self.add(text),
                        value => self.json(value),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.json(value)),
            _ => {}
        }
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Mapping(entries) => {
                for (key, value) in entries {
                    match &value.kind {
                        Kind::Scalar(text, _) if PROSE.contains(&key.as_str()) => self.add(text),
                        _ => self.node(value),
                    }
                }
            }
            Kind::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Kind::Scalar(..) | Kind::Null => {}
        }
    }

    fn add(&mut self, text: &str) {
        let words = words(text);
        self.runs
            .extend(words.windows(RUN).map(|run| run.join(" ")));
        self.texts.insert(words.join(" "));
    }

    fn problem(&self, sentence: &str) -> Option<String> {
        let words = words(sentence);
        if self.texts.contains(&words.join(" ")) {
            return Some(format!("equals FOLIO's description: \"{sentence}\""));
        }
        let mut runs = words.windows(RUN).map(|run| run.join(" "));
        let run = runs.find(|run| self.runs.contains(run))?;
        Some(format!(
            "a description of FOLIO has the same {RUN} words in a row: \"{run}\""
        ))
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}
