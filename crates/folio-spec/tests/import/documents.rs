//! What becomes of a module's descriptions.

use insta::assert_json_snapshot;

use crate::support::{OPENAPI, RAML, Release, bytes};

#[test]
fn raml_becomes_facts() {
    let release = Release::raml(RAML);
    let report = release.import().unwrap();
    assert_eq!(
        report.modules,
        ["mod-books 1.2.3: 8 operations, 1 untyped, 1 unrouted left out"]
    );
    assert_eq!(report.notes, [] as [&str; 0]);
    assert_json_snapshot!("raml", release.document());
    let text = release.document().to_string();
    assert!(!text.contains("Prose") && !text.contains("never"), "{text}");
}

#[test]
fn openapi_becomes_facts() {
    let release = Release::openapi(OPENAPI);
    release.import().unwrap();
    assert_json_snapshot!("openapi", release.document());
    assert!(!release.document().to_string().contains("Prose"));
}

#[test]
fn the_same_sources_give_the_same_bytes_wherever_they_lie() {
    let (one, other) = (Release::raml(RAML), Release::raml(RAML));
    one.import().unwrap();
    let first = bytes(&one.path("specs/test"));
    one.import().unwrap();
    other.import().unwrap();
    assert_eq!(first, bytes(&one.path("specs/test")));
    assert_eq!(first, bytes(&other.path("specs/test")));
    let names: Vec<_> = first
        .iter()
        .map(|(name, _)| name.display().to_string())
        .collect();
    assert_eq!(names, ["common.json", "mod-books.json", "release.json"]);
    // What was there before and is no longer imported is gone.
    one.write("specs/test/mod-gone.json", "{}");
    one.import().unwrap();
    assert_eq!(first, bytes(&one.path("specs/test")));
}

#[test]
fn an_override_mends_a_document_and_is_reported_when_it_no_longer_does() {
    let release = Release::raml(RAML);
    release.write(
        "specs/overrides/mod-books.toml",
        r#"
[[fix]]
name = "title-may-be-absent"
reason = "real records lack it"
at = "/components/schemas/Book/required"
without = "title"

[[fix]]
name = "price-is-text"
reason = "the server takes text"
at = "/components/schemas/Book/properties/price"
set = { type = "string" }

[[fix]]
name = "no-such-field"
reason = "it was mended upstream"
at = "/components/schemas/Book/properties/nothing"
remove = true
"#,
    );
    let report = release.import().unwrap();
    assert_eq!(
        report.notes,
        ["mod-books: the override `no-such-field` no longer changes anything: remove it"]
    );
    let book = &release.document()["components"]["schemas"]["Book"];
    assert_eq!(book["required"], serde_json::json!([]));
    assert_eq!(
        book["properties"]["price"],
        serde_json::json!({"type": "string"})
    );
}

#[test]
fn a_module_may_come_from_another_releases_folder() {
    let release = Release::raml(RAML);
    release.write(
        "specs/selection.toml",
        "[test]\nmodules = [\"mod-books\", \"mod-old\"]\n[test.stand-ins]\nmod-old = \"../earlier\"\n",
    );
    release.write(
        "earlier/manifest.json",
        r#"[{"module": "mod-old", "version": "0.9.0", "kind": "openapi", "roots": [{"path": "a.yaml", "format": "openapi"}]}]"#,
    );
    release.write(
        "earlier/mod-old/a.yaml",
        "openapi: 3.0.0\npaths:\n  /old-things/{id}:\n    get:\n      responses:\n        '204': {description: x}\n",
    );
    let report = release.import().unwrap();
    assert_eq!(report.modules.len(), 2);
    let text = std::fs::read_to_string(release.path("specs/test/release.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(index["modules"]["mod-old"]["standIn"], "earlier");
}
