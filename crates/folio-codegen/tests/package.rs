//! The code that a package holds, of small documents: each build gets the same bytes from it as
//! from the generator. `examples/alone.rs` compares them for the releases of FOLIO.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use folio_codegen::{Options, Specs, fingerprint, generate, package};
use folio_sdk_build::Package;
use serde_json::{Value, json};

const MODULES: [&str; 3] = ["mod-authors", "mod-books", "mod-shelf"];

fn module(name: &str, schemas: &Value) -> Value {
    json!({
        "openapi": "3.0.3", "info": {"title": name, "version": "1.0.0"}, "paths": {},
        "x-folio": {"release": "oak"}, "components": {"schemas": schemas},
    })
}

/// Documents with what depends on the modules of a build: links from one to another, shared records
/// of each kind, some of which lead to others.
fn write_specs(root: &Path) {
    let text = json!({"type": "string"});
    let shared = |name: &str| json!({"$ref": format!("common.json#/components/schemas/{name}")});
    let own = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let common = json!({"info": {"title": "common", "version": "oak"}, "x-folio": {"release": "oak"},
    "components": {"schemas": {
        "Note": {"type": "object", "required": ["text"], "properties": {"text": text, "kind": own("Kind"), "authorId": text}},
        "Kind": {"type": "string", "enum": ["long", "short"]},
        "Tree": {"type": "object", "properties": {"left": own("Tree"), "names": own("Names")}},
        "Names": {"type": "array", "items": text},
        "Error": {"type": "object", "required": ["message", "text"], "properties": {"message": text, "text": text}},
    }}});
    let documents = [
        (
            "mod-authors",
            json!({"Author": {"type": "object", "properties": {"id": text, "note": shared("Note")}}}),
        ),
        (
            "mod-books",
            json!({"Book": {"type": "object", "required": ["id"], "properties": {
                "id": text, "authorId": text, "tree": shared("Tree"), "names": shared("Names")}}}),
        ),
        (
            "mod-shelf",
            json!({"Shelf": {"type": "object", "properties": {
                "bookId": text, "error": shared("Error"), "note": shared("Note")}}}),
        ),
    ];
    let glossary = json!({
        "fields": {"authorId": "The `id` of the author.", "bookId": "The `id` of the book."},
        "references": {"authorId": "mod-authors.Author", "bookId": "mod-books.Book"},
    });
    let features: BTreeMap<&str, Value> = MODULES
        .iter()
        .map(|name| {
            let feature = name.trim_start_matches("mod-");
            let facts = json!({"feature": feature, "releases": ["oak"], "bundles": []});
            (*name, facts)
        })
        .collect();
    let features = json!({"releases": ["oak"], "modules": features});
    std::fs::create_dir_all(root.join("specs/oak")).unwrap();
    std::fs::create_dir_all(root.join("specs/glossary")).unwrap();
    let write = |name: &str, value: &Value| {
        std::fs::write(root.join("specs").join(name), value.to_string()).unwrap();
    };
    write("features.json", &features);
    write("glossary/common.sentences", &glossary);
    write("oak/common.json", &common);
    for (name, schemas) in documents {
        write(&format!("oak/{name}.json"), &module(name, &schemas));
        write(&format!("glossary/{name}.sentences"), &glossary);
    }
}

/// The files that the generator writes for some modules.
fn generated(root: &Path, modules: &BTreeSet<String>, schemas: bool) -> BTreeMap<String, String> {
    let specs = Specs::read(&root.join("specs/oak"), |name| modules.contains(name)).unwrap();
    let specs = specs.describe(&root.join("specs/glossary")).unwrap();
    generate(&specs, Options { schemas }).unwrap()
}

#[test]
fn each_build_gets_from_the_package_what_the_generator_writes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write_specs(root);
    package(&root.join("specs"), &root.join("generated")).unwrap();
    let package = Package::open(root).unwrap().unwrap();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for choice in 0..1 << MODULES.len() {
        let chosen = MODULES.iter().enumerate();
        let chosen = chosen.filter(|(bit, _)| choice & (1 << bit) != 0);
        let modules: BTreeSet<String> = chosen.map(|(_, name)| (*name).to_owned()).collect();
        for schemas in [false, true] {
            let is_on = |feature: &str| schemas && feature == "schemars";
            let packaged = package.files("oak", &modules, is_on).unwrap();
            for (name, text) in generated(root, &modules, schemas) {
                assert_eq!(packaged[&name], text, "{name} of {modules:?}, {schemas}");
                texts.entry(name).or_default().insert(text);
            }
        }
    }
    // The documents have what makes builds differ: without and with schemas, and with links.
    let counts: Vec<(&str, usize)> = texts.iter().map(|(name, it)| (&**name, it.len())).collect();
    let expected = [
        ("api.rs", 8),
        ("authors.rs", 2),
        ("books.rs", 4),
        ("built.rs", 8),
        ("common.rs", 15),
        ("shelf.rs", 4),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn the_code_is_that_of_its_documents_its_features_and_its_generator() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write_specs(root);
    assert!(Package::open(root).unwrap().is_none());
    package(&root.join("specs"), &root.join("generated")).unwrap();
    let package = Package::open(root).unwrap().unwrap();
    let outdated = |generator| package.outdated("oak", generator).unwrap();
    assert_eq!(outdated(None), None);
    assert_eq!(outdated(Some(fingerprint())), None);
    let other = outdated(Some("0123456789abcdef")).unwrap();
    assert_eq!(other, "it is from another generator");
    for name in [
        "features.json",
        "glossary/mod-books.sentences",
        "oak/common.json",
        "oak/mod-shelf.json",
    ] {
        let path = root.join("specs").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text} ")).unwrap();
        assert_eq!(outdated(None).unwrap(), format!("specs/{name} was changed"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(outdated(None).unwrap(), format!("specs/{name} is missing"));
        std::fs::write(&path, text).unwrap();
        assert_eq!(outdated(None), None);
    }
}

#[test]
fn a_document_with_a_mark_of_conditions_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write_specs(root);
    let text = json!({"Book": {"type": "object", "title": "a\u{e000}b", "properties": {}}});
    let path = root.join("specs/oak/mod-books.json");
    std::fs::write(path, module("mod-books", &text).to_string()).unwrap();
    let error = package(&root.join("specs"), &root.join("generated")).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("mod-books.json: a character marks conditions"),
        "{error}"
    );
}
