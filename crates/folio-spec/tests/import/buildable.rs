//! Accepted descriptions can be built: legal but unusual descriptions become documents that `check`
//! accepts, and code that is valid Rust.

use std::process::Command;

use folio_codegen::{Document, Options, Specs, generate};
use folio_spec::{Import, NoteKind as Kind, Release as Documents, check, import};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// OpenAPI documents by names, each with something that once broke the generated code: records
/// within themselves, one name in path and query, names that differ in case, names of Rust, names
/// that two modules share, bodies and answers of one short name, and so on.
fn hostile() -> Map<String, Value> {
    serde_json::from_str(include_str!("releases/hostile.json")).unwrap()
}

/// Imports each document as a module.
fn imported(documents: &Map<String, Value>) -> (TempDir, folio_spec::Report) {
    let folder = TempDir::new().unwrap();
    let mut manifest = Vec::new();
    for (name, document) in documents {
        let module = format!("mod-{name}");
        let home = folder.path().join("from").join(&module);
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join("api.yaml"), document.to_string()).unwrap();
        manifest.push(
            json!({"module": module, "version": "1.0.0", "kind": "openapi", "descriptor": null,
            "roots": [{"path": "api.yaml", "format": "openapi"}]}),
        );
    }
    std::fs::write(
        folder.path().join("from/manifest.json"),
        json!(manifest).to_string(),
    )
    .unwrap();
    let report = import(&Import {
        release: "test".to_owned(),
        from: folder.path().join("from"),
        out: folder.path().join("specs/test"),
        specs: folder.path().join("specs"),
        modules: Vec::new(),
        strict: false,
    })
    .unwrap();
    (folder, report)
}

#[test]
fn strange_descriptions_become_code() {
    let (folder, report) = imported(&hostile());
    let documents = Documents::read(&folder.path().join("specs/test")).unwrap();
    let findings = check(&documents);
    assert!(findings.is_empty(), "{findings:#?}");
    let specs = Specs {
        common: Document::new("common", documents.common.clone()),
        modules: documents
            .modules
            .iter()
            .map(|(name, root)| Document::new(name, root.clone()))
            .collect(),
        files: Vec::new(),
    };
    let files = generate(&specs, Options { schemas: true }).unwrap();
    for (name, text) in &files {
        assert!(syn::parse_file(text).is_ok(), "{name}");
    }
    // A record that two modules share has one type, under the name that both know it by.
    assert!(files["common.rs"].contains("pub struct SummaryDto {"));
    assert!(
        files["dto1.rs"].contains("pub use crate::common::")
            && files["dto1.rs"].contains("SummaryDto")
    );
    // `request` is a name of the SDK.
    assert!(files["pathquery.rs"].contains("pub fn get_a(&self, id: impl rt::Display)"));
    assert!(files["pathquery.rs"].contains("self.0.query(\"id\""));
    // Only what cannot be a type is untyped, and it is told with module, schema and operation.
    let untyped: Vec<String> = report
        .notes
        .iter()
        .filter(|note| note.kind == Kind::Unread)
        .map(|note| format!("{} {}", note.module, note.subject))
        .collect();
    for expected in [
        "mod-many mod-many.json:/components/schemas/GetAResponse/required",
        "mod-recursion4 mod-recursion4.json:/components/schemas/A",
        "mod-recursion5 mod-recursion5.json:/components/schemas/A",
    ] {
        assert!(
            untyped.iter().any(|told| told == expected),
            "{expected}: {untyped:#?}"
        );
    }
    for name in [
        "recursion",
        "recursion2",
        "dto1",
        "dto2",
        "dto3",
        "foobar",
        "pathquery",
        "answer",
        "params",
        "bodies",
    ] {
        let told: Vec<_> = untyped
            .iter()
            .filter(|told| told.starts_with(&format!("mod-{name} ")))
            .collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}

/// Compiles them in one crate, the SDK. It takes a minute or two, and is run by `.ci/specs`.
#[test]
#[ignore = "compiles the SDK"]
fn strange_descriptions_compile() {
    let (folder, _) = imported(&hostile());
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new(env!("CARGO"))
        .args([
            "check",
            "--quiet",
            "--locked",
            "-p",
            "folio-sdk",
            "--no-default-features",
        ])
        .env("FOLIO_SPECS_DIR", folder.path().join("specs/test"))
        .current_dir(root)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}
