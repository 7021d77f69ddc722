//! Finds the roots of a module's descriptions and its descriptor in its repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::base::files::{Within, clean, read_json, slashes};
use crate::canonical::operation::METHODS;
use crate::read::descriptor::{self, Descriptor};
use crate::read::schemas::Schemas;

/// Directories without API descriptions of the module: build outputs, tests and their copies,
/// tools.
const SKIPPED: [&str; 9] = [
    ".git",
    ".github",
    "build",
    "dist",
    "examples",
    "node_modules",
    "target",
    "test",
    "tests",
];

/// The locations of descriptors, the most likely first.
const DESCRIPTORS: [&str; 5] = [
    "descriptors/ModuleDescriptor-template.json",
    "service/src/main/okapi/ModuleDescriptor-template.json",
    "src/main/resources/descriptors/ModuleDescriptor.json",
    "descriptors/ModuleDescriptor.json",
    "ModuleDescriptor.json",
];

/// The deepest folder that is looked into.
const MAX_DEPTH: usize = 12;

/// Adds `roots`, `descriptor` and `kind` to a module's entry in a manifest. `foreign` are the
/// directories of its submodules: their files are referenced, but are not APIs of the module.
pub fn discover(folder: &Path, foreign: &BTreeSet<PathBuf>, entry: &mut Value) {
    let mut files = Vec::new();
    walk(folder, Path::new(""), foreign, 0, &mut files);
    // Documentation-only descriptions are read after the others: the first description of a route
    // counts.
    files.sort_by_key(|file| (file.starts_with("docs"), file.clone()));
    let descriptor = descriptor_of(folder, &files);
    let routes = descriptor
        .as_ref()
        .and_then(|path| descriptor::read(&folder.join(path), &Within::new(folder).ok()?).ok());
    let roots: Vec<Value> = files
        .iter()
        .filter_map(|file| root(folder, file, routes.as_ref()))
        .collect();
    let has = |format: &str| roots.iter().any(|root| root["format"] == format);
    entry["kind"] = match (has("raml"), has("openapi"), &descriptor) {
        (true, true, _) => "mixed",
        (true, false, _) => "raml",
        (false, true, _) => "openapi",
        (false, false, Some(_)) => "descriptor-only",
        (false, false, None) => "none",
    }
    .into();
    entry["roots"] = roots.into();
    entry["descriptor"] = descriptor.map(|path| slashes(&path)).into();
}

fn walk(
    folder: &Path,
    inside: &Path,
    foreign: &BTreeSet<PathBuf>,
    depth: usize,
    files: &mut Vec<PathBuf>,
) {
    if depth > MAX_DEPTH || foreign.contains(inside) {
        return;
    }
    let entries = std::fs::read_dir(folder.join(inside)).into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let path = inside.join(&name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && is_skipped(&name.to_string_lossy()) => {}
            Ok(kind) if kind.is_dir() => walk(folder, &path, foreign, depth + 1, files),
            Ok(kind) if kind.is_file() => files.push(path),
            _ => {}
        }
    }
}

/// Whether a folder holds no API of the module: by its name, or by a word of it,
/// `okapi-test-auth-module`.
pub(crate) fn is_skipped(name: &str) -> bool {
    SKIPPED.contains(&name)
        || name.split(['-', '_', '.']).any(|word| {
            matches!(
                word,
                "test" | "tests" | "mock" | "mocks" | "example" | "examples" | "sample" | "samples"
            )
        })
}

fn descriptor_of(folder: &Path, files: &[PathBuf]) -> Option<PathBuf> {
    let usual = DESCRIPTORS.iter().map(PathBuf::from);
    let named = files.iter().filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        // Okapi has the schema of descriptors under this name.
        name.starts_with("ModuleDescriptor")
            && name.ends_with(".json")
            && read_json(&folder.join(file)).is_ok_and(|root| root["provides"].is_array())
    });
    usual
        .chain(named.cloned())
        .find(|path| folder.join(path).is_file())
}

/// The entry of a file that is the root of a description.
fn root(folder: &Path, file: &Path, routes: Option<&Descriptor>) -> Option<Value> {
    let extension = file.extension()?.to_str()?;
    match extension {
        "raml" => {
            let text = std::fs::read(folder.join(file)).ok()?;
            let text = String::from_utf8_lossy(&text);
            let first = text
                .trim_start_matches('\u{feff}')
                .lines()
                .next()?
                .trim_end();
            (first == "#%RAML 1.0").then(|| json!({"path": slashes(file), "format": "raml"}))
        }
        "yaml" | "yml" | "json" => {
            let text = std::fs::read_to_string(folder.join(file)).ok()?;
            let is_root = match extension {
                "json" => {
                    text.contains("\"openapi\"")
                        && read_json(&folder.join(file)).ok()?.get("openapi").is_some()
                }
                _ => text
                    .trim_start_matches('\u{feff}')
                    .lines()
                    .any(|line| line.starts_with("openapi:") || line.starts_with("\"openapi\":")),
            };
            is_root.then(|| openapi(folder, file, routes))
        }
        _ => None,
    }
}

/// The entry of an OpenAPI root: the routes show whether the path of its server goes before its
/// paths.
fn openapi(folder: &Path, file: &Path, routes: Option<&Descriptor>) -> Value {
    let mut entry = json!({"path": slashes(file), "format": "openapi"});
    let mut schemas = Schemas::default();
    let Ok(document) = schemas.document(&clean(&folder.join(file))) else {
        return entry;
    };
    let server = document.pointer("/servers/0/url").and_then(Value::as_str);
    let base = base_path(server.unwrap_or_default());
    if base.is_empty() {
        return entry;
    }
    let served = |base: &str| {
        let paths = document.get("paths").and_then(Value::as_object);
        let operations = paths.into_iter().flatten().flat_map(|(path, item)| {
            let methods = METHODS
                .iter()
                .filter(|method| item.get(**method).is_some() || item.get("$ref").is_some());
            methods.map(move |method| (*method, format!("{base}{path}")))
        });
        operations
            .filter(|(method, path)| {
                routes.is_some_and(|routes| routes.route(method, path).is_some())
            })
            .count()
    };
    let applies = served(base) > served("");
    entry["base_path"] = base.into();
    entry["base_path_applies"] = applies.into();
    entry
}

/// The path of a server's URL, without a slash at its end.
fn base_path(url: &str) -> &str {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url,
    };
    let path = path.trim_end_matches('/');
    if path.starts_with('/') { path } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_descriptor_are_found_and_tests_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("ramls/a.raml", "#%RAML 1.0\n");
        write("ramls/trait.raml", "#%RAML 1.0 Trait\n");
        write("docs/api.yaml", "openapi: 3.0.1\n");
        write(
            "api/own.yaml",
            "openapi: 3.0.1\nservers: [{url: 'http://x/base/'}]\npaths: {/a: {get: {}}}\n",
        );
        write("src/test/b.raml", "#%RAML 1.0\n");
        write("shared/c.raml", "#%RAML 1.0\n");
        write(
            "descriptors/ModuleDescriptor-template.json",
            r#"{"provides": [{"id": "a", "version": "1.0", "handlers": [{"methods": ["GET"], "pathPattern": "/base/a"}]}]}"#,
        );
        let mut entry = json!({});
        discover(
            folder.path(),
            &BTreeSet::from([PathBuf::from("shared")]),
            &mut entry,
        );
        let expected = json!({
            "kind": "mixed",
            "descriptor": "descriptors/ModuleDescriptor-template.json",
            "roots": [
                {"path": "api/own.yaml", "format": "openapi", "base_path": "/base", "base_path_applies": true},
                {"path": "ramls/a.raml", "format": "raml"},
                {"path": "docs/api.yaml", "format": "openapi"},
            ],
        });
        assert_eq!(entry, expected);
    }

    #[test]
    fn a_base_path_is_that_of_the_server() {
        for (url, path) in [
            ("https://host:9130/a/b/", "/a/b"),
            ("https://host", ""),
            ("/a", "/a"),
            ("a", ""),
            ("", ""),
        ] {
            assert_eq!(base_path(url), path, "{url}");
        }
        assert!(
            is_skipped("okapi-test-auth-module") && is_skipped("build") && !is_skipped("latest")
        );
    }
}
