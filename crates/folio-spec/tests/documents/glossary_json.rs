//! The glossary as JSON: what it says beside the sentences, and that a stale file is found.

use std::fs;
use std::path::Path;

use folio_spec::Release;
use folio_spec::glossary::command::{Report, Request, run};
use serde_json::{Value, json};

/// Two releases of one module, the older one first.
fn releases(folder: &Path, older: (Value, Value), newer: (Value, Value)) -> Vec<Release> {
    // Their names are in the order of the alphabet; that of the folders is another.
    for (name, release, (schemas, paths)) in [("x", "ramsons", older), ("a", "sunflower", newer)] {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        let document = json!({"components": {"schemas": schemas}, "paths": paths, "x-folio": {"release": release}});
        fs::write(folder.join("mod-users.json"), document.to_string()).unwrap();
    }
    let read = |name: &str| Release::read(&folder.join(name)).unwrap();
    vec![read("a"), read("x")]
}

fn glossary(folder: &Path, releases: &[Release], write: bool) -> Report {
    let request = Request {
        specs: folder.into(),
        write,
        ..Request::default()
    };
    run(&request, releases).unwrap()
}

fn written(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("glossary/mod-users.sentences")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_an_older_release_is_known_to_lack_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let made_from =
        |source: &str| json!({"properties": {"a": {}}, "x-folio": {"sources": [source]}});
    let parameters = |names: &[&str]| -> Value {
        names
            .iter()
            .map(|name| json!({"name": name, "in": "query"}))
            .collect()
    };
    let older = (
        json!({
            "User": {"properties": {"id": {}, "personal": {"properties": {"name": {}}}, "tags": {"$ref": "#/components/schemas/Old"}}},
            "Old": made_from("mod-users/old.json"),
        }),
        json!({
            "/users": {"get": {"parameters": parameters(&["query"])}},
            "/users/{id}": {"get": {}},
            "/any": {"get": {"x-folio": {"untyped": true}}},
        }),
    );
    let newer = (
        json!({
            "User": {"properties": {
                "id": {}, "barcode": {},
                "personal": {"properties": {"name": {}, "pronouns": {}}},
                // Described in place now: whether its parts are new is not known.
                "tags": {"properties": {"list": {}}},
            }},
            // The same file under another name.
            "Renamed": made_from("mod-users/old.json"),
            "New": made_from("mod-users/new.json"),
        }),
        json!({
            "/users": {"get": {"parameters": parameters(&["query", "limit"])}, "post": {}},
            "/users/{userId}": {"get": {}},
            "/any": {"get": {"parameters": parameters(&["x"])}},
        }),
    );
    let releases = releases(folder.path(), older, newer);
    fs::create_dir(folder.path().join("glossary")).unwrap();
    let report = glossary(folder.path(), &releases, true);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    let since = &written(folder.path())["since"];
    let expected = json!({
        "User.barcode": "sunflower", "User.personal.pronouns": "sunflower", "New": "sunflower",
        "GET /users limit": "sunflower", "POST /users": "sunflower",
    });
    assert_eq!(*since, expected);
}

#[test]
fn a_field_identifies_the_record_that_its_route_gives() {
    let folder = tempfile::tempdir().unwrap();
    let group = json!({"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Usergroup"}}}}}});
    let release = || {
        let schemas = json!({"User": {"properties": {"patronGroup": {}}}, "Usergroup": {"properties": {"group": {}}}});
        (
            schemas,
            json!({"/groups/{groupId}": {"get": group.clone()}}),
        )
    };
    let releases = releases(folder.path(), release(), release());
    fs::create_dir(folder.path().join("glossary")).unwrap();
    let write = |references: &str| {
        let text = format!("summary = \"People and their groups.\"\n[references]\n{references}\n");
        fs::write(folder.path().join("glossary/mod-users.toml"), text).unwrap();
        let report = glossary(folder.path(), &releases, true);
        report
            .errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let errors =
        write("patronGroup = \"mod-users /groups/{groupId}\"\n\"Usergroup.group\" = \"none\"");
    assert_eq!(errors, Vec::<String>::new());
    let file = written(folder.path());
    assert_eq!(
        file["references"],
        json!({"patronGroup": "mod-users.Usergroup", "Usergroup.group": ""})
    );
    assert_eq!(file["summary"], "People and their groups.");
    for (references, expected) in [
        (
            "other = \"mod-users /groups/{groupId}\"",
            ":3: references: no field is named `other`",
        ),
        (
            "patronGroup = \"mod-users /groups\"",
            ":3: references: GET of `mod-users /groups` gives no record",
        ),
    ] {
        let errors = write(references);
        assert!(
            errors.len() == 1 && errors[0].contains(expected),
            "{errors:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_what_the_sentences_give_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let release = || (json!({"User": {"properties": {"id": {}}}}), json!({}));
    let releases = releases(folder.path(), release(), release());
    fs::create_dir(folder.path().join("glossary")).unwrap();
    let stale = || {
        let errors = glossary(folder.path(), &releases, false).errors;
        errors
            .iter()
            .filter(|error| error.to_string().contains("--write"))
            .count()
    };
    assert_eq!(
        stale(),
        2,
        "common.sentences and mod-users.sentences are absent"
    );
    glossary(folder.path(), &releases, true);
    assert_eq!(stale(), 0);
    fs::write(
        folder.path().join("glossary/mod-users.toml"),
        "summary = \"People.\"\n",
    )
    .unwrap();
    assert_eq!(stale(), 1);
}
