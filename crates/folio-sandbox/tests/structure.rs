//! No files of the sandbox import each other in a circle.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The files below a folder by their module paths, `cql::parser`.
fn files(folder: &Path, path: &[String], found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let file: PathBuf = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut path = path.to_vec();
        if file.is_dir() {
            path.push(name);
            files(&file, &path, found);
        } else if file.extension().is_some_and(|end| end == "rs") {
            if name != "mod" {
                path.push(name);
            }
            found.insert(path.join("::"), std::fs::read_to_string(&file).unwrap());
        }
    }
}

/// The paths that a `use` names: `a::{b, c::d}` are `a::b` and `a::c::d`.
fn named(before: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    if let Some((start, rest)) = tree.split_once('{') {
        let inner = &rest[..rest.rfind('}').unwrap()];
        let before = format!("{before}{}", start.trim());
        let (mut depth, mut from) = (0, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    named(&before, &inner[from..at], found);
                    from = at + 1;
                }
                _ => {}
            }
        }
        named(&before, &inner[from..], found);
    } else if !tree.is_empty() {
        let path = tree.split(" as ").next().unwrap();
        found.push(format!("{before}{path}"));
    }
}

/// What a file imports, as module paths from the root of the crate.
fn imports(own: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    for statement in text.split(';') {
        let Some((_, tree)) = statement.rsplit_once("use ") else {
            continue;
        };
        if let Some(tree) = tree.strip_prefix("crate::") {
            named("", tree, &mut found);
        } else if let Some(mut tree) = tree.strip_prefix("super::") {
            let mut above: Vec<&str> = own.split("::").collect();
            above.pop();
            while let Some(rest) = tree.strip_prefix("super::") {
                above.pop();
                tree = rest;
            }
            let before: String = above.iter().map(|name| format!("{name}::")).collect();
            named(&before, tree, &mut found);
        }
    }
    found
}

/// The first circle that begins with a file.
fn circle<'a>(
    graph: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    let here = *way.last().unwrap();
    for next in &graph[here] {
        if let Some(at) = way.iter().position(|file| file == next) {
            return Some(way[at..].to_vec());
        }
        if !done.contains(next) {
            way.push(next);
            if let Some(found) = circle(graph, way, done) {
                return Some(found);
            }
            way.pop();
        }
    }
    done.insert(here);
    None
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut texts = BTreeMap::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&source, &[], &mut texts);
    // The root has the public types that all build on, and the command is another crate.
    texts.retain(|path, _| path != "lib" && path != "main" && !path.starts_with("command"));
    assert!(texts.len() > 60);
    let file_of = |path: &str| {
        let mut path = path.to_owned();
        loop {
            if let Some((known, _)) = texts.get_key_value(&path) {
                return Some(known.as_str());
            }
            path.truncate(path.rfind("::")?);
        }
    };
    let graph: BTreeMap<&str, BTreeSet<&str>> = texts
        .iter()
        .map(|(own, text)| {
            let files = imports(own, text);
            let files = files.iter().filter_map(|path| file_of(path));
            (own.as_str(), files.filter(|file| file != own).collect())
        })
        .collect();
    // It sees what is there: the gateway hands requests on.
    assert!(graph["gateway"].contains("router") && graph["cql::compile"].contains("cql::plan"));
    let mut done = BTreeSet::new();
    for file in graph.keys() {
        if let Some(found) = circle(&graph, &mut vec![file], &mut done) {
            panic!("these files import each other: {}", found.join(" -> "));
        }
    }
}
