//! Embeds the canonical documents in the sandbox, which serves the operations that they describe.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={problem}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=FOLIO_SPECS_DIR");
    let variable =
        |name: &str| std::env::var(name).map_err(|_| format!("cargo did not set {name}"));
    let folder = match std::env::var_os("FOLIO_SPECS_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => {
            let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
            // A link to those of the workspace, which a package has as a folder. Where there are no
            // links, it is a file.
            match root.join("specs") {
                specs if specs.is_dir() => specs,
                _ => root.join("../../specs/trillium"),
            }
        }
    };
    println!("cargo::rerun-if-changed={}", folder.display());
    let said = |error: std::io::Error| {
        format!(
            "{}: {error}; FOLIO_SPECS_DIR names another folder of canonical documents",
            folder.display()
        )
    };
    let folder = folder.canonicalize().map_err(said)?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(said)? {
        let path = entry.map_err(said)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && path.file_stem().is_some_and(|stem| stem != "release")
        {
            names.push(path);
        }
    }
    names.sort();
    let out = PathBuf::from(variable("OUT_DIR")?);
    let mut documents = String::from("const DOCUMENTS: &[(&str, &str)] = &[\n");
    let mut routes = String::from("const ROUTES: &[(&str, &str, &str, &[&str], bool)] = &[\n");
    let mut lists = String::from("const LISTS: &[(&str, &str, &str)] = &[\n");
    for path in names {
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let broken = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| broken(&error))?;
        let document: Value = serde_json::from_str(&text).map_err(|error| broken(&error))?;
        index(&name, &document, &mut routes, &mut lists);
        let file = out.join(format!("{name}.json"));
        write(&file, &document.to_string())?;
        let _ = writeln!(documents, "    ({name:?}, include_str!({file:?})),");
    }
    let mut text = format!("{documents}];\n{routes}];\n{lists}];\n");
    let release = folder.join("release.json");
    println!("cargo::rerun-if-changed={}", release.display());
    if release.exists() {
        let _ = writeln!(
            text,
            "const RELEASE: &str = include_str!({:?});",
            release.display().to_string()
        );
    } else {
        text.push_str("const RELEASE: &str = \"{}\";\n");
    }
    write(&out.join("documents.rs"), &text)
}

/// Writes down what the sandbox needs to know of all documents at once, so that a program parses
/// those only whose records it meets: method, path, module, permissions and kind of each route;
/// path, module and array of each list.
fn index(module: &str, document: &Value, routes: &mut String, lists: &mut String) {
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let permissions: Vec<&str> = operation
                .pointer("/x-folio/permissions")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let method = method.to_uppercase();
            let raml = operation
                .pointer("/x-folio/source")
                .and_then(Value::as_str)
                .is_some_and(|source| source.ends_with(".raml"));
            let _ = writeln!(
                routes,
                "    ({method:?}, {path:?}, {module:?}, &{permissions:?}, {raml}),"
            );
        }
        let items = item.pointer("/get/x-folio/paging/items");
        if let Some(items) = items.and_then(Value::as_str) {
            let _ = writeln!(lists, "    ({path:?}, {module:?}, {items:?}),");
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
