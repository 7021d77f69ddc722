//! The examples among the sources of a release, and the schema that each is of.
//!
//! Descriptions name both beside each other: `type: user` and `example: !include user.sample`,
//! `schemaItem` and `exampleItem`, in OpenAPI `schema: {$ref: …}` and `example: {$ref: …}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An example.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) module: String,
    /// In the folder of the module.
    pub(crate) path: String,
    pub(crate) file: PathBuf,
    /// The file of the schema, in the folder of the module.
    pub(crate) schema: Option<String>,
    /// It is a list, and the schema is of its elements.
    pub(crate) is_list: bool,
}

/// The examples of a release; none where its sources are absent.
pub(crate) fn of_release(release: &str) -> Vec<Example> {
    let what = format!("examples of {release}");
    let Some(root) = super::shared(&what, &format!("folio-specs/{release}")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&root).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            of_module(&folder, &mut found);
        }
    }
    found.sort_by(|one, other| (&one.module, &one.path).cmp(&(&other.module, &other.path)));
    found
}

fn of_module(folder: &Path, found: &mut Vec<Example>) {
    let mut files = Vec::new();
    files_in(folder, &mut files);
    let mut schemas = BTreeMap::new();
    for file in &files {
        let kind = file.extension().unwrap_or_default().to_string_lossy();
        if matches!(&*kind, "raml" | "yaml" | "yml") {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            named(&text, file.parent().unwrap(), &mut schemas);
        }
    }
    for file in files {
        let path = file
            .strip_prefix(folder)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let kind = file.extension().unwrap_or_default().to_string_lossy();
        let is_example = kind == "sample"
            || path
                .split('/')
                .any(|part| part.starts_with("example") || part == "samples");
        // Descriptions and traits that lie among examples are none.
        if !is_example || matches!(&*kind, "raml" | "yaml" | "yml") {
            continue;
        }
        let (schema, is_list) = schemas.get(&file).cloned().unwrap_or_default();
        let schema: Option<PathBuf> = schema;
        found.push(Example {
            module: folder.file_name().unwrap().to_string_lossy().into_owned(),
            path,
            schema: schema.and_then(|schema| {
                Some(
                    schema
                        .strip_prefix(folder)
                        .ok()?
                        .to_string_lossy()
                        .into_owned(),
                )
            }),
            is_list,
            file,
        });
    }
}

fn files_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_in(&path, files),
            false => files.push(path),
        }
    }
}

/// `a/b/../c` as `a/c`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => _ = plain.pop(),
            std::path::Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// The examples that a description names, each with the file of its schema and whether it is a list
/// of such records.
fn named(text: &str, folder: &Path, found: &mut BTreeMap<PathBuf, (Option<PathBuf>, bool)>) {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .map(|line| (line.len() - line.trim_start().len(), line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    // The types of a RAML by their names.
    let declared: BTreeMap<&str, &str> = lines
        .iter()
        .filter_map(|(_, line)| {
            let (name, file) = line.split_once(": !include ")?;
            Some((name.trim_matches('"'), file.trim()))
        })
        .collect();
    // What stands at a key: the rest of the line, or a reference on the next one.
    let value = |index: usize, rest: &'_ str| -> String {
        let next = lines.get(index + 1).map_or("", |(_, line)| line);
        let text = match rest.trim() {
            "" => next.strip_prefix("$ref:").unwrap_or_default(),
            rest => rest,
        };
        text.trim()
            .trim_start_matches("!include ")
            .trim()
            .trim_matches(['"', '\''])
            .to_owned()
    };
    for (index, (depth, line)) in lines.iter().enumerate() {
        let Some((key, rest)) = line
            .split_once(':')
            .filter(|(key, _)| key.starts_with("example"))
        else {
            continue;
        };
        let file = value(index, rest);
        if !(rest.contains("!include") || file.contains('/')) {
            continue;
        }
        let wanted = |other: &str| {
            let suffix = key
                .trim_start_matches("examples")
                .trim_start_matches("example");
            other == format!("schema{suffix}") || suffix.is_empty() && other == "type"
        };
        // Its siblings, before and behind it.
        let siblings = |step: isize| {
            let mut at = index;
            std::iter::from_fn(move || {
                at = at.checked_add_signed(step)?;
                Some(at)
            })
        };
        let schema = [-1, 1].into_iter().flat_map(|step| {
            siblings(step)
                .map_while(|at| Some((at, lines.get(at).filter(|(other, _)| other >= depth)?)))
                .filter(|(_, (other, _))| other == depth)
        });
        let schema = schema.into_iter().find_map(|(at, (_, line))| {
            let (key, rest) = line.split_once(':')?;
            wanted(key).then(|| value(at, rest))
        });
        let Some(schema) = schema else { continue };
        let is_list = schema.ends_with("[]");
        let name = schema.trim_end_matches("[]").trim_matches(['(', ')']);
        let file = plain(&folder.join(file));
        let schema = declared.get(name).copied().unwrap_or(name);
        if schema.contains('.') {
            found.insert(file, (Some(plain(&folder.join(schema))), is_list));
        }
    }
}
