//! The generated code of small documents, as snapshots.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::path::Path;

use folio_codegen::{Document, Options, Specs, generate};
use serde_json::json;

fn documents() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents")
}

#[test]
fn a_small_module_gives_records_by_table_and_thin_builders() {
    let specs = Specs::read(&documents(), |module| module == "mod-books").unwrap();
    let files = generate(&specs, Options { schemas: true }).unwrap();
    for (name, text) in files {
        insta::assert_snapshot!(name.replace('.', "_"), text);
    }
}

#[test]
fn fields_and_parameters_of_one_name_are_told_apart_and_what_is_so_named_keeps_it() {
    let parameter = |name: &str| json!({"in": "query", "name": name, "required": false, "schema": {"type": "string"}});
    let text = json!({"type": "string"});
    let module = Document::new(
        "mod-books",
        json!({
            "openapi": "3.0.3", "info": {"title": "mod-books", "version": "1.0.0"},
            "paths": {"/books": {"get": {
                "operationId": "find_books",
                "parameters": [parameter("ID"), parameter("id"), parameter("send")],
                "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}},
            }}},
            "components": {"schemas": {"Book": {
                "type": "object", "required": ["ID"],
                "properties": {"ID": text, "Id": text, "id": text, "iD": text, "i_d": text, "type": text, "Type": text, "self": text},
            }}},
        }),
    );
    let specs = Specs {
        common: Document::new("common", json!({})),
        modules: vec![module],
        files: Vec::new(),
    };
    let files = generate(&specs, Options { schemas: true }).unwrap();
    let lines = |start: &str| -> Vec<&str> {
        let lines = files["books.rs"].lines().map(str::trim);
        lines.filter(|line| line.starts_with(start)).collect()
    };
    insta::assert_debug_snapshot!([
        lines("pub i"),
        lines("pub r#"),
        lines("pub fn i"),
        lines("\"")
    ]);
}
