//! Reports on imported documents: their operations, problems and differences.

use std::path::Path;

use folio_spec::{Release as Documents, check, diff, routes};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{OPENAPI, RAML, Release};

fn imported(release: &Release) -> Documents {
    release.import().unwrap();
    Documents::read(&release.path("specs/test")).unwrap()
}

#[test]
fn every_operation_is_a_line() {
    let lines: Vec<String> = [Release::raml(RAML), Release::openapi(OPENAPI)]
        .iter()
        .flat_map(|release| {
            routes(&imported(release), None)
                .map(|line| line.to_string())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_imported_passes_the_check() {
    for release in [Release::raml(RAML), Release::openapi(OPENAPI)] {
        assert_eq!(check(&imported(&release)), []);
    }
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    for entry in std::fs::read_dir(committed).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("release.json").is_file() {
            assert_eq!(check(&Documents::read(&folder).unwrap()), []);
        }
    }
}

#[test]
fn every_mistake_is_found_and_told_where_it_stands() {
    let changes: [(&str, Value); 16] = [
        ("/openapi", json!("3.1.0")),
        ("/x-folio/module", json!("mod-book")),
        (
            "/paths/~1book-storage~1books/get/operationId",
            json!("list-books"),
        ),
        (
            "/paths/~1book-storage~1books/post/operationId",
            json!("get_book"),
        ),
        (
            "/paths/~1book-storage~1books~1{bookId}/get/parameters/0/name",
            json!("id"),
        ),
        (
            "/paths/~1book-storage~1books/get/parameters/0/name",
            json!("lang"),
        ),
        (
            "/components/schemas/Books/properties/books/items/$ref",
            json!("#/components/schemas/Tome"),
        ),
        (
            "/components/schemas/Author/x-folio",
            json!({"$ref": "other.json#/x"}),
        ),
        ("/components/schemas/book", json!({"type": "string"})),
        ("/components/schemas/Option", json!({"type": "object"})),
        (
            "/components/schemas/Author/required",
            json!(["name", "nothing"]),
        ),
        (
            "/paths/~1book-storage~1books/get/operationId",
            json!("match"),
        ),
        (
            "/paths/~1book-storage~1books/get/x-folio/paging/style",
            json!("pages"),
        ),
        (
            "/paths/~1book-storage~1books/get/x-folio/paging/items",
            json!("tomes"),
        ),
        (
            "/paths/~1book-storage~1books/get/x-folio/paging/key",
            json!("number"),
        ),
        (
            "/paths/~1book-storage~1books/get/x-folio/paging",
            json!({"style": "erm", "record": "#/components/schemas/Tome"}),
        ),
    ];
    let sound = imported(&Release::raml(RAML));
    let mut told = String::new();
    for (at, value) in changes {
        let mut broken = sound.clone();
        let document = broken.modules.get_mut("mod-books").unwrap();
        let (parent, last) = at.rsplit_once('/').unwrap();
        let parent = document.pointer_mut(parent).unwrap();
        parent[last.replace("~1", "/")] = value;
        let findings = check(&broken);
        assert!(!findings.is_empty(), "{at}");
        for finding in findings {
            told += &format!("{finding}\n");
        }
    }
    assert_snapshot!(told);
}

#[test]
fn what_differs_is_told_and_marked_if_it_breaks_a_program() {
    let old = imported(&Release::raml(RAML));
    let same = imported(&Release::raml(RAML));
    assert_eq!(diff(&old, &same), []);

    let mut new = old.clone();
    let document = new.modules.get_mut("mod-books").unwrap();
    for (at, value) in [
        ("/info/version", json!("2.0.0")),
        (
            "/paths/~1book-storage~1books/get/operationId",
            json!("list_all_books"),
        ),
        (
            "/paths/~1book-storage~1books/get/parameters/3/schema",
            json!({"type": "integer"}),
        ),
        (
            "/paths/~1book-storage~1books/get/parameters/1/required",
            json!(true),
        ),
        (
            "/paths/~1book-storage~1books/get/x-folio/permissions",
            json!(["books.read"]),
        ),
        (
            "/paths/~1book-storage~1books/get/x-folio/paging",
            Value::Null,
        ),
        (
            "/paths/~1book-storage~1books/post/requestBody/required",
            json!(false),
        ),
        // Its interface has this version now, which is told once.
        (
            "/paths/~1book-storage~1books/post/x-folio/interface",
            json!("book-storage 2.0"),
        ),
        (
            "/paths/~1book-storage~1books~1{bookId}/get/x-folio/interface",
            json!("covers 1.0"),
        ),
        (
            "/paths/~1book-storage~1books~1{bookId}/get/responses/200/content/application~1json/schema",
            json!({"type": "string"}),
        ),
        (
            "/paths/~1book-storage~1shelves",
            json!({"get": {"operationId": "list_shelves", "responses": {}}}),
        ),
        (
            "/components/schemas/Book/properties/title",
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (
            "/components/schemas/Book/properties/price",
            json!({"type": "number", "maximum": 100}),
        ),
        (
            "/components/schemas/Book/properties/kind/enum",
            json!(["print", "audio"]),
        ),
        (
            "/components/schemas/Book/properties/weight",
            json!({"type": "number"}),
        ),
        ("/components/schemas/Book/required", json!(["id", "weight"])),
        (
            "/components/schemas/Shelf",
            json!({"type": "object", "properties": {}}),
        ),
        // What is only given may be required: nobody has to send it.
        (
            "/components/schemas/Books/properties/page",
            json!({"type": "integer"}),
        ),
        (
            "/components/schemas/Books/required",
            json!(["books", "page", "totalRecords"]),
        ),
        (
            "/paths/~1book-storage~1books~1{bookId}/get/parameters/0/schema",
            json!({"type": "integer"}),
        ),
        (
            "/paths/~1book-storage~1books~1{bookId}/get/deprecated",
            json!(true),
        ),
        (
            "/paths/~1book-storage~1books/post/requestBody/content/text~1plain",
            json!({}),
        ),
        (
            "/x-folio/interfaces",
            json!({"book-storage": "2.0", "covers": "1.0"}),
        ),
    ] {
        let (parent, last) = at.rsplit_once('/').unwrap();
        let parent = document.pointer_mut(parent).unwrap();
        parent[last.replace("~1", "/")] = value;
    }
    let remove = |document: &mut Value, parent: &str, key: &str| {
        document
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(key)
            .unwrap();
    };
    remove(document, "/paths", "/book-storage/covers/{id}");
    remove(document, "/components/schemas/Book/properties", "loose");
    remove(document, "/components/schemas", "Author");
    new.modules.insert(
        "mod-shelves".to_owned(),
        json!({"paths": {"/shelves": {"get": {"operationId": "list_shelves"}}}}),
    );
    let told: Vec<String> = diff(&old, &new)
        .iter()
        .map(|change| format!("{} {change}", change.module))
        .collect();
    assert_snapshot!("diff", told.join("\n"));
    let back: Vec<String> = diff(&new, &old)
        .iter()
        .map(|change| change.json().to_string())
        .collect();
    assert_snapshot!("diff_back", back.join("\n"));
}
