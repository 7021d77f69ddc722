//! The documents that result from a module's descriptions.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{OPENAPI, RAML, Release, bytes, notes};

#[test]
fn raml_becomes_facts() {
    let release = Release::raml(RAML);
    let report = release.import().unwrap();
    assert_eq!(
        report.modules,
        ["mod-books 1.2.3: 8 operations, 1 untyped, 1 unrouted left out"]
    );
    assert_eq!(notes(&report), [] as [&str; 0]);
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
fn lists_are_told_from_what_only_looks_like_one() {
    let list = |path: &str, parameters: &[&str], status: u16, schema: Value| {
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}))
            .collect();
        let answer =
            json!({"description": "", "content": {"application/json": {"schema": schema}}});
        let responses = json!({status.to_string(): answer});
        (
            path.to_owned(),
            json!({"get": {"operationId": path, "parameters": parameters, "responses": responses}}),
        )
    };
    let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let collection = |items: &str, record: &str| {
        json!({"type": "object", "properties": {
            items: {"type": "array", "items": of(record)}, "totalRecords": {"type": "integer"},
        }})
    };
    let record = |fields: &[&str], required: &[&str]| {
        let properties: serde_json::Map<String, Value> = fields
            .iter()
            .map(|name| ((*name).to_owned(), json!({"type": "string"})))
            .collect();
        json!({"type": "object", "properties": properties, "required": required})
    };
    let all = &["query", "limit", "offset"];
    let either = |one: &str, other: &str| json!({"oneOf": [of(one), of(other)]});
    let paths: serde_json::Map<String, Value> = [
        list("/made", all, 201, of("Shelves")),
        list("/neighbours", &["query", "limit"], 200, of("Shelves")),
        list("/failures", &["limit", "offset"], 200, of("Failures")),
        list("/rejected", all, 200, of("Rejected")),
        list("/either", all, 200, either("Shelves", "Ids")),
        list("/strict", all, 200, either("Strict", "Ids")),
    ]
    .into_iter()
    .collect();
    let root = json!({
        "openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": paths,
        "components": {"schemas": {
            "Shelves": collection("shelves", "Shelf"), "Ids": collection("shelves", "ShelfId"), "Strict": collection("shelves", "Named"),
            "Failures": collection("errors", "Failure"),
            "Rejected": {"type": "object", "properties": {"errors": {"type": "array", "items": of("Failure")}}},
            "Shelf": record(&["id", "name"], &[]), "ShelfId": record(&["id"], &[]), "Named": record(&["id", "name"], &["name"]),
            "Failure": record(&["message"], &[]),
        }},
    });
    let release = Release::openapi(&[("api/shelves.yaml", &root.to_string())]);
    release.import().unwrap();
    let document = release.document();
    let paging: std::collections::BTreeMap<&str, &Value> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, item)| (&**path, &item["get"]["x-folio"]["paging"]))
        .collect();
    assert_eq!(
        json!(paging),
        json!({
            "/made": {"style": "cql", "items": "shelves"},
            // Without an offset only the first ones can be had.
            "/neighbours": null,
            // A list of errors, and the errors of what is no list.
            "/failures": {"style": "offset", "items": "errors"},
            "/rejected": null,
            // Records or their ids: the record can hold both, also if it must have a name. Required
            // fields that are absent are no error of a client.
            "/either": {"style": "cql", "items": "shelves", "record": "#/components/schemas/Shelf"},
            "/strict": {"style": "cql", "items": "shelves", "record": "#/components/schemas/Named"},
        })
    );
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
        notes(&report),
        ["mod-books: the override `no-such-field` has no effect any more: remove it"]
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

#[test]
fn a_stand_in_that_is_not_there_is_told_and_left_out() {
    let release = Release::raml(RAML);
    release.write(
        "specs/selection.toml",
        "[test]\n[test.stand-ins]\nmod-old = \"../earlier\"\n",
    );
    let report = release.import().unwrap();
    assert_eq!(report.modules.len(), 1);
    assert_eq!(report.notes.len(), 1);
    assert!(
        notes(&report)[0].starts_with("mod-old: not in "),
        "{:?}",
        report.notes
    );
}

#[test]
fn a_newer_description_types_what_the_release_routes() {
    let release = Release::raml(&[(
        "ModuleDescriptor.json",
        r#"{"provides": [{"id": "books", "version": "1.0", "handlers": [
            {"methods": ["GET"], "pathPattern": "/books"},
            {"methods": ["GET"], "pathPattern": "/books/{id}/export*"},
            {"methods": ["GET"], "pathPattern": "/books/{id}"}]}]}"#,
    )]);
    release.write(
        "from/manifest.json",
        r#"[{"module": "mod-books", "version": "1.0.0", "kind": "descriptor-only", "roots": [], "descriptor": "ModuleDescriptor.json",
            "supplement": {"commit": "abc", "roots": [{"path": "supplement/a.yaml", "format": "openapi"}]}}]"#,
    );
    release.write(
        "from/mod-books/supplement/a.yaml",
        r#"openapi: 3.1.0
components:
  schemas:
    Book: {type: object, properties: {id: {type: [string, "null"]}}}
    Books: {type: array, items: {$ref: '#/components/schemas/Book'}}
    Page: {allOf: [{type: object, properties: {total: {type: integer}}}, {properties: {results: {$ref: '#/components/schemas/Books'}}}]}
paths:
  /books:
    get:
      parameters: {$ref: 'parameters.yaml'}
      responses:
        '200':
          content:
            application/json:
              schema: {oneOf: [{$ref: '#/components/schemas/Page'}, {$ref: '#/components/schemas/Books'}]}
  /books/{bookId}/export/all:
    get:
      responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Books'}}}}}
  /authors:
    get:
      responses: {'200': {description: newer than the release}}
"#,
    );
    release.write(
        "from/mod-books/supplement/parameters.yaml",
        "- {in: query, name: perPage, schema: {type: integer}}\n- {in: query, name: stats, schema: {type: boolean}}\n",
    );
    let report = release.import_with(true).unwrap();
    assert_eq!(
        report.modules,
        ["mod-books 1.0.0: 4 operations, 2 untyped, 0 unrouted left out"]
    );
    assert_json_snapshot!("supplement", release.document()["paths"]);
}

#[test]
fn a_newer_description_stands_for_one_that_says_nothing_of_what_comes_back() {
    let release = Release::raml(&[]);
    release.write(
        "from/manifest.json",
        r#"[{"module": "mod-books", "version": "1.0.0", "kind": "raml", "descriptor": "ModuleDescriptor.json",
            "roots": [{"path": "books.raml", "format": "raml"}],
            "supplement": {"commit": "abc", "roots": [{"path": "supplement/a.yaml", "format": "openapi"}]}}]"#,
    );
    release.write(
        "from/mod-books/ModuleDescriptor.json",
        r#"{"provides": [{"id": "books", "version": "1.0", "handlers": [
            {"methods": ["GET", "PUT"], "pathPattern": "/books/{id}"}]}]}"#,
    );
    release.write(
        "from/mod-books/books.raml",
        "#%RAML 1.0\ntitle: Books\n/books/{bookId}:\n  get:\n    responses: {200: {description: fine}}\n  put:\n    body: {application/json: {type: string}}\n    responses: {200: {body: {text/plain: }}}\n",
    );
    release.write(
        "from/mod-books/supplement/a.yaml",
        r#"openapi: 3.1.0
components:
  schemas:
    Book: {type: object, properties: {id: {type: string}}}
paths:
  /books/{id}:
    get:
      responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}}
    put:
      responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}}
"#,
    );
    release.import_with(true).unwrap();
    let document = release.document();
    let item = &document["paths"]["/books/{id}"];
    assert_eq!(item["get"]["x-folio"]["supplement"], "abc", "{document:#}");
    assert_eq!(
        item["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Book"
    );
    let kept = &document["paths"]["/books/{bookId}"]["put"];
    assert!(kept["responses"]["200"]["content"]["text/plain"].is_object());
    assert!(kept["requestBody"].is_object());
}

#[test]
fn an_override_renames_a_key_and_may_name_the_places_of_several_releases() {
    let release = Release::raml(RAML);
    release.write(
        "specs/overrides/mod-books.toml",
        r#"
[[fix]]
name = "books-are-a-stream"
reason = "the server writes a record a line"
at = "/paths/~1book-storage~1books/get/responses/200/content/application~1json"
rename = "application/stream+json"

[[fix]]
name = "price-is-text"
reason = "the record had another name before"
at = ["/components/schemas/OldBook/properties/price", "/components/schemas/Book/properties/price"]
set = { type = "string" }
"#,
    );
    let report = release.import_with(true).unwrap();
    assert_eq!(notes(&report), [] as [&str; 0]);
    let document = release.document();
    let content = &document["paths"]["/book-storage/books"]["get"]["responses"]["200"]["content"];
    let media_types: Vec<&String> = content.as_object().unwrap().keys().collect();
    assert_eq!(media_types, ["application/stream+json"]);
    assert_eq!(
        document["components"]["schemas"]["Book"]["properties"]["price"]["type"],
        "string"
    );
}

#[test]
fn an_answer_that_a_description_leaves_out_can_be_described_by_an_override() {
    let text = "#%RAML 1.0\ntitle: Books\n/books:\n  get:\n    queryParameters: {isbn: string}\n    responses: {200: {description: fine}}\n";
    let release = Release::raml(&[
        ("ramls/books.raml", text),
        (
            "ramls/book.json",
            r#"{"type": "object", "properties": {"id": {"type": "string"}}}"#,
        ),
    ]);
    release.write(
        "specs/overrides/mod-books.toml",
        "[[describe]]\nname = \"books-are-given\"\nreason = \"x\"\noperation = \"GET /books\"\nresponse = \"ramls/book.json\"\n",
    );
    let report = release.import_with(true).unwrap();
    assert_eq!(notes(&report), [] as [&str; 0]);
    let document = release.document();
    let get = &document["paths"]["/books"]["get"];
    assert_eq!(
        get["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Book"
    );
    assert_eq!(get["parameters"][0]["name"], "isbn");
}

#[test]
fn parameters_that_are_named_by_an_expression_are_those_that_it_lists() {
    let text = r#"#%RAML 1.0
title: Books
/isbn/validator:
  get:
    queryParameters:
      /^(isbn|isbn10|isbn13)$/: {type: string}
      /^x-.*$/: {type: string}
      plain?: {type: integer}
    responses: {204: }
"#;
    let release = Release::raml(&[("ramls/books.raml", text)]);
    release.import_with(true).unwrap();
    let document = release.document();
    let parameters = &document["paths"]["/isbn/validator"]["get"]["parameters"];
    let names: Vec<&str> = parameters
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["isbn", "isbn10", "isbn13", "plain"]);
}

#[test]
fn a_property_of_an_object_in_the_query_that_is_a_parameter_itself_stands_once() {
    let text = r#"openapi: 3.0.0
paths:
  /shelves:
    get:
      parameters:
        - {in: query, name: width, schema: {type: integer}}
        - {in: query, name: filter, schema: {type: object, properties: {width: {type: string}, height: {type: string}}}}
      responses: {'204': {description: x}}
"#;
    let release = Release::openapi(&[("api/shelves.yaml", text)]);
    release.import_with(true).unwrap();
    let document = release.document();
    let parameters = &document["paths"]["/shelves"]["get"]["parameters"];
    let told: Vec<String> = parameters
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| format!("{} {}", parameter["name"], parameter["schema"]["type"]))
        .collect();
    assert_eq!(told, [r#""width" "integer""#, r#""height" "string""#]);
}

#[test]
fn objects_of_which_nothing_is_described_keep_their_names() {
    let release = Release::raml(&[]);
    let module = |name: &str| {
        format!(
            r#"{{"module": "{name}", "version": "1.0.0", "kind": "openapi", "roots": [{{"path": "a.yaml", "format": "openapi"}}]}}"#
        )
    };
    let both = format!("[{}, {}]", module("mod-books"), module("mod-shelves"));
    release.write("from/manifest.json", &both);
    let api = |schemas: &[&str]| {
        let declared: String = schemas
            .iter()
            .map(|name| format!("    {name}: {{type: object}}\n"))
            .collect();
        let paths: String = schemas
            .iter()
            .map(|name| {
                format!("  /{name}:\n    get: {{responses: {{'200': {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/{name}'}}}}}}}}}}}}\n")
            })
            .collect();
        format!("openapi: 3.0.0\ncomponents:\n  schemas:\n{declared}paths:\n{paths}")
    };
    release.write("from/mod-books/a.yaml", &api(&["errors", "book"]));
    release.write("from/mod-shelves/a.yaml", &api(&["errors", "shelf"]));
    release.import_with(true).unwrap();
    let document = release.document();
    let reference = |path: &str| {
        document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            ["$ref"]
            .clone()
    };
    assert_eq!(reference("/book"), "#/components/schemas/Book");
    assert_eq!(
        reference("/errors"),
        "common.json#/components/schemas/Errors"
    );
}

#[test]
fn a_discriminator_that_names_no_property_is_none() {
    let text = r#"openapi: 3.0.0
components:
  schemas:
    Book: {type: object, properties: {kind: {type: string}}, discriminator: {propertyName: {$ref: '#/components/schemas/Book'}}}
    Shelf: {type: object, properties: {kind: {type: string}}, discriminator: {propertyName: kind, mapping: {a: '#/components/schemas/None', b: 7}}}
paths:
  /books:
    get: {responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}}}
  /shelves:
    get: {responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Shelf'}}}}}}
"#;
    let release = Release::openapi(&[("api/shelves.yaml", text)]);
    release.import().unwrap();
    let document = release.document();
    assert!(
        document["components"]["schemas"]["Book"]
            .get("discriminator")
            .is_none()
    );
    assert_eq!(
        document["components"]["schemas"]["Shelf"]["discriminator"],
        serde_json::json!({"propertyName": "kind", "mapping": {}})
    );
}

#[test]
fn a_description_of_one_word_is_served_by_a_route_with_a_parameter() {
    let release = Release::openapi(&[
        (
            "ModuleDescriptor.json",
            r#"{"provides": [{"id": "x", "version": "1.0", "handlers": [
                {"methods": ["PUT"], "pathPattern": "/circ/{operation}/{id}"}]}]}"#,
        ),
        (
            "api/shelves.yaml",
            "openapi: 3.0.0\npaths:\n  /circ/recall/{id}:\n    put: {responses: {'204': {description: x}}}\n  /circ/{id}:\n    put: {responses: {'204': {description: x}}}\n",
        ),
    ]);
    let report = release.import_with(true).unwrap();
    assert_eq!(
        report.modules,
        ["mod-books 1.2.3: 2 operations, 1 untyped, 1 unrouted left out"]
    );
}

#[test]
fn an_operation_that_is_described_nowhere_else_can_be_described_by_an_override() {
    let release = Release::raml(RAML);
    release.write(
        "specs/overrides/mod-books.toml",
        r#"
[[describe]]
name = "covers-take-a-book"
reason = "the schema is published, the route is not"
operation = "DELETE /book-storage/covers/{id}"
response = "ramls/book.json"

[[describe]]
name = "books-are-known"
reason = "it was added upstream"
operation = "GET /book-storage/books"
"#,
    );
    let report = release.import_with(true).unwrap();
    assert_eq!(
        notes(&report),
        [
            "mod-books: the override `books-are-known (the module describes the operation itself by now)` has no effect any more: remove it"
        ]
    );
}

#[test]
fn what_has_a_name_in_the_documents_keeps_it() {
    let of = |paths: &[&str]| {
        let paths: String = paths
            .iter()
            .map(|path| {
                format!("  {path}:\n    get: {{responses: {{'204': {{description: x}}}}}}\n")
            })
            .collect();
        Release::openapi(&[(
            "api/shelves.yaml",
            &format!("openapi: 3.0.0\npaths:\n{paths}"),
        )])
    };
    let names = |release: &Release| -> Vec<String> {
        let document = release.document();
        let paths = document["paths"].as_object().unwrap().values();
        paths
            .map(|item| item["get"]["operationId"].as_str().unwrap().to_owned())
            .collect()
    };
    let both = of(&["/old/labels", "/new/labels"]);
    both.import().unwrap();
    assert_eq!(names(&both), ["get_new_labels", "get_old_labels"]);

    let old = of(&["/old/labels"]);
    old.import().unwrap();
    assert_eq!(names(&old), ["get_labels"]);
    both.write("specs/earlier/mod-books.json", &old.document().to_string());
    both.write("specs/earlier/release.json", "{}");
    std::fs::remove_dir_all(both.path("specs/test")).unwrap();
    both.import().unwrap();
    assert_eq!(names(&both), ["get_new_labels", "get_labels"]);
}
