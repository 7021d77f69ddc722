//! The semantics of RAML and OpenAPI that are easily misread.

use folio_spec::{Node, NoteKind as Kind};
use serde_json::{Value, json};

use crate::support::{Release, notes};

/// RAML of one file, with these resources.
fn raml(resources: &str) -> Release {
    let text = format!(
        "#%RAML 1.0\ntitle: x\nmediaType: application/json\ntraits:\n  near:\n    queryParameters:\n      near:\n      both: {{type: integer}}\n  far:\n    queryParameters:\n      far:\n      both: {{type: string}}\n  needy:\n    queryParameters:\n      <<name>>:\nresourceTypes:\n  inner:\n    get?:\n      is: [far]\n  outer:\n    type: inner\n    get?:\n      responses: {{200: }}\n    is: [{{needy: {{name: outermost}}}}]\n{resources}"
    );
    Release::raml(&[("ramls/books.raml", &text)])
}

fn query(document: &Value, path: &str) -> Vec<String> {
    let parameters = document["paths"][path]["get"]["parameters"]
        .as_array()
        .unwrap();
    let query = parameters
        .iter()
        .filter(|parameter| parameter["in"] == "query");
    query
        .map(|parameter| {
            format!(
                "{}:{}",
                parameter["name"].as_str().unwrap(),
                parameter["schema"]["type"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn traits_of_all_levels_apply_the_nearest_first() {
    let release = raml(
        "/a:\n  type: outer\n  get:\n    is: [near]\n    responses:\n      200:\n/b:\n  type: outer\n  is: [near]\n  get:\n",
    );
    release.import_with(true).unwrap();
    let document = release.document();
    for path in ["/a", "/b"] {
        let mut found = query(&document, path);
        found.sort();
        assert_eq!(
            found,
            [
                "both:integer",
                "far:string",
                "near:string",
                "outermost:string"
            ],
            "{path}"
        );
    }
}

/// Compared with raml-1-parser 1.1.67.
#[test]
fn a_trait_is_applied_once_more_with_other_arguments() {
    let release = raml(
        "/a:\n  is: [{needy: {name: outer}}, {needy: {name: same}}]\n  get:\n    is: [{needy: {name: inner}}, {needy: {name: same}}]\n    responses:\n      200:\n",
    );
    release.import_with(true).unwrap();
    let mut found = query(&release.document(), "/a");
    found.sort();
    assert_eq!(found, ["inner:string", "outer:string", "same:string"]);
}

#[test]
fn a_named_type_with_a_default_is_that_type() {
    let text = "#%RAML 1.0\ntitle: x\ntypes:\n  Order: {type: string, enum: [asc, desc]}\n  Page: {type: integer, minimum: 1}\n/a:\n  get:\n    queryParameters:\n      order: {type: Order, default: asc}\n      none: {type: Order, default: null}\n      page: {type: Page, maximum: 9}\n    responses:\n      200:\n";
    let release = Release::raml(&[("ramls/books.raml", text)]);
    release.import_with(true).unwrap();
    let document = release.document();
    let schemas: Vec<&Value> = document["paths"]["/a"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| &parameter["schema"])
        .collect();
    let order = json!({"$ref": "#/components/schemas/Order"});
    assert_eq!(*schemas[0], json!({"allOf": [order], "default": "asc"}));
    assert_eq!(*schemas[1], order);
    let page = json!({"allOf": [{"type": "integer", "minimum": 1}, {"maximum": 9}]});
    assert_eq!(*schemas[2], page);
    assert_eq!(document["components"]["schemas"]["Order"]["type"], "string");
}

#[test]
fn a_trait_of_a_library_sees_the_types_of_its_library() {
    let release = Release::raml(&[
        (
            "ramls/books.raml",
            "#%RAML 1.0\ntitle: x\nuses: {lib: lib.raml}\n/a:\n  get:\n    is: [lib.ordered]\n    responses:\n      200:\n",
        ),
        (
            "ramls/lib.raml",
            "#%RAML 1.0 Library\ntypes:\n  Order: {type: string, enum: [asc, desc]}\ntraits:\n  ordered:\n    queryParameters:\n      order: {type: Order, required: false}\n",
        ),
    ]);
    release.import_with(true).unwrap();
    let document = release.document();
    let parameter = &document["paths"]["/a"]["get"]["parameters"][0];
    assert_eq!(parameter["schema"]["$ref"], "#/components/schemas/Order");
}

#[test]
fn one_broken_operation_leaves_the_others_typed() {
    for (broken, told) in [
        (
            "/x:\n  get:\n    is: [nowhere]\n",
            "unknown trait `nowhere`",
        ),
        (
            "/x:\n  type: nowhere\n  get:\n",
            "unknown resource type `nowhere`",
        ),
        (
            "/x:\n  get:\n    is: [needy]\n",
            "requires the parameter `name`",
        ),
        (
            "/x:\n  get:\n    responses:\n      200:\n/x:\n  get:\n",
            "is described twice",
        ),
        (
            "/x:\n  get:\n    responses:\n      200:\n        body:\n          application/json:\n            type: Nowhere\n",
            "unknown type `Nowhere`",
        ),
    ] {
        let release = raml(&format!(
            "{broken}/y:\n  get:\n    is: [near]\n    responses:\n      200:\n        body:\n          application/json:\n            type: string\n"
        ));
        let report = release.import().unwrap();
        let document = release.document();
        assert!(
            query(&document, "/y").contains(&"near:string".to_owned()),
            "{told}"
        );
        assert!(document["paths"]["/x"]["get"].is_object(), "{told}");
        assert!(
            notes(&report).iter().any(|note| note.contains(told)),
            "{told}: {:?}",
            report.notes
        );
        assert!(release.error().contains(told), "{told}");
    }
}

#[test]
fn a_query_string_is_an_object_whose_properties_are_parameters() {
    let release = raml(
        "/a:\n  get:\n    queryString:\n      type: object\n      properties:\n        needed: string\n        other?: integer\n    responses:\n      200:\n",
    );
    release.import_with(true).unwrap();
    assert_eq!(
        query(&release.document(), "/a"),
        ["needed:string", "other:integer"]
    );
}

fn openapi(path: &str, operation: Value, schemas: Value) -> Release {
    let document = json!({"openapi": "3.0.0", "paths": {path: {"get": operation}}, "components": {"schemas": schemas}});
    Release::openapi(&[("api/shelves.yaml", &document.to_string())])
}

fn ok(schema: Value) -> Value {
    json!({"responses": {"200": {"description": "x", "content": {"application/json": {"schema": schema}}}}})
}

#[test]
fn parameters_are_sent_as_described_or_left_to_the_caller() {
    let list = json!({"type": "array", "items": {"type": "string"}});
    let object = json!({"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "integer"}}});
    let mut operation = ok(json!({"type": "string"}));
    operation["parameters"] = json!([
        {"in": "query", "name": "plain", "schema": list},
        {"in": "query", "name": "comma", "explode": false, "schema": list},
        {"in": "query", "name": "pipe", "style": "pipeDelimited", "schema": list},
        {"in": "query", "name": "deep", "style": "deepObject", "explode": true, "schema": object},
        {"in": "query", "name": "flat", "schema": object},
        {"in": "query", "name": "pairs", "explode": false, "schema": object},
        {"in": "query", "name": "json", "content": {"application/json": {"schema": object}}},
        {"in": "cookie", "name": "session", "schema": {"type": "string"}},
    ]);
    let release = openapi("/a", operation, json!({}));
    let report = release.import_with(true).unwrap();
    let parameters = release.document()["paths"]["/a"]["get"]["parameters"].clone();
    let found: Vec<String> = parameters
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| {
            format!(
                "{} {} {}",
                parameter["name"].as_str().unwrap(),
                parameter["style"],
                parameter["explode"]
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "plain null null",
            "comma \"form\" false",
            "pipe \"pipeDelimited\" false",
            "deep[x] null null",
            "deep[y] null null",
            "x null null",
            "y null null"
        ]
    );
    let unsent: Vec<&str> = report
        .notes
        .iter()
        .filter(|note| note.kind == Kind::Unsent)
        .map(|note| &*note.what)
        .collect();
    assert_eq!(unsent.len(), 3, "{unsent:#?}");
    for name in ["`pairs`", "`json`", "`session`"] {
        assert!(
            unsent.iter().any(|what| what.contains(name)),
            "{name}: {unsent:#?}"
        );
    }
    // What is required and cannot be sent leaves the operation untyped.
    let mut operation = ok(json!({"type": "string"}));
    operation["parameters"] = json!([{"in": "path", "name": "id", "required": true, "style": "matrix", "schema": {"type": "string"}}]);
    let release = openapi("/a/{id}", operation, json!({}));
    release.import().unwrap();
    assert_eq!(
        release.document()["paths"]["/a/{id}"]["get"]["x-folio"]["untyped"],
        true
    );
}

#[test]
fn a_path_with_a_query_is_left_to_calls_by_path() {
    let release = openapi("/a?kind=x", ok(json!({"type": "string"})), json!({}));
    let report = release.import().unwrap();
    assert_eq!(release.document()["paths"], json!({}));
    assert!(
        notes(&report)
            .iter()
            .any(|note| note.contains("has a query")),
        "{:?}",
        report.notes
    );
}

#[test]
fn the_rest_of_a_path_is_an_argument() {
    let descriptor = r#"{"provides": [{"id": "books", "version": "1.0", "handlers": [
        {"methods": ["GET"], "pathPattern": "/export/*"}, {"methods": ["GET", "DELETE"], "pathPattern": "/settings*"}]}]}"#;
    let release = Release::openapi(&[
        ("api/shelves.yaml", "openapi: 3.0.0\npaths: {}\n"),
        ("ModuleDescriptor.json", descriptor),
    ]);
    release.import_with(true).unwrap();
    let document = release.document();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/export/{+rest}", "/settings{+rest}"]);
    assert_eq!(
        document["paths"]["/export/{+rest}"]["get"]["parameters"][0]["name"],
        "+rest"
    );
    // What such a DELETE deletes nobody knows.
    assert_eq!(
        document["paths"]["/settings{+rest}"]["delete"]["x-folio"].get("facts"),
        None
    );
}

#[test]
fn the_path_of_a_server_goes_before_the_paths_of_a_module_that_nothing_routes() {
    for (server, path, expected) in [
        ("/service/", "/items/{id}", "/service/items/{id}"),
        ("/items/", "/items/{id}", "/items/{id}"),
        ("https://example.org/service", "/items/{id}", "/items/{id}"),
    ] {
        let document = json!({"openapi": "3.0.0", "servers": [{"url": server}], "paths": {path: {"get": ok(json!({}))}}});
        let release = Release::openapi(&[("api/shelves.yaml", &document.to_string())]);
        release.import_with(true).unwrap();
        let document = release.document();
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, [expected]);
    }
}

/// The schema of a property, as it is in the document.
fn property(schema: Value) -> Value {
    let schemas = json!({"Book": {"type": "object", "properties": {"a": schema}}, "Other Part": {"type": "object", "properties": {"b": {"type": "string"}}}});
    let release = openapi(
        "/a",
        ok(json!({"$ref": "#/components/schemas/Book"})),
        schemas,
    );
    release.import_with(true).unwrap();
    release.document()["components"]["schemas"]["Book"]["properties"]["a"].clone()
}

#[test]
fn schemas_are_read_as_the_standards_say() {
    assert_eq!(
        property(json!({"$ref": "#/components/schemas/Other%20Part"})),
        json!({"$ref": "#/components/schemas/OtherPart"})
    );
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    // The stated type counts.
    assert_eq!(
        property(json!({"type": "string", "properties": {"x": text}})),
        text
    );
    // A tuple that has no other elements.
    assert_eq!(
        property(json!({"type": "array", "items": [text, number], "additionalItems": false}))["items"],
        json!({"anyOf": [text, number], "x-folio": {"name": "BookA"}})
    );
    assert_eq!(
        property(json!({"type": "array", "items": [text, number]}))["items"],
        json!({})
    );
    assert_eq!(
        property(json!({"type": "array", "prefixItems": [text, text], "items": false}))["items"],
        text
    );
    // The forms of null of 3.1.
    assert_eq!(
        property(json!({"type": ["string", "null"]})),
        json!({"type": "string", "nullable": true})
    );
    assert_eq!(
        property(json!({"oneOf": [text, {"type": "null"}]}))["nullable"],
        true
    );
}

#[test]
fn numbers_of_yaml_are_those_of_its_core_schema() {
    let read = |text: &str| Node::parse("x.yaml".as_ref(), text).unwrap().json();
    assert_eq!(
        read("[012, 0o14, 0xC, +1, 1e3, .5, '012', 0x, 0o9, 1_000]"),
        json!([12, 12, 12, 1, 1000.0, 0.5, "012", "0x", "0o9", "1_000"])
    );
}
