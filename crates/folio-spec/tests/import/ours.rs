//! Descriptions of this project's own: their effect on an import, and their generation from the
//! sources of a Grails module.

use std::collections::BTreeMap;
use std::path::Path;

use folio_spec::{Checkout, Describe, describe, merged};
use serde_json::{Value, json};

use crate::support::{RAML, Release};

fn text() -> Value {
    json!({"type": "string"})
}

fn gives(schema: Value) -> Value {
    json!({"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}})
}

/// A description of `mod-books` since a version.
fn ours(since: &str, paths: Value) -> String {
    json!({
        "openapi": "3.0.3", "info": {"title": "mod-books", "version": since}, "paths": paths,
        "x-folio": {"module": "mod-books", "since": since},
        "components": {"schemas": {"Own": {"type": "object", "properties": {"title": text(), "shelf": text()}}}},
    })
    .to_string()
}

fn with_routes(routes: &[(&str, &str)]) -> Release {
    let release = Release::raml(RAML);
    let mut descriptor: Value =
        serde_json::from_str(include_str!("releases/descriptor.json")).unwrap();
    let handlers = descriptor["provides"][0]["handlers"]
        .as_array_mut()
        .unwrap();
    for (method, pattern) in routes {
        handlers.push(json!({"methods": [method], "pathPattern": pattern, "permissionsRequired": ["books.all"]}));
    }
    release.write(
        "from/mod-books/ModuleDescriptor.json",
        &descriptor.to_string(),
    );
    release
}

#[test]
fn what_this_project_describes_goes_before_what_the_module_publishes() {
    let release = with_routes(&[
        ("GET", "/book-storage/settings*"),
        ("GET", "/book-storage/more*"),
    ]);
    let own = json!({"$ref": "#/components/schemas/Own"});
    let paths = json!({
        "/book-storage/books/{id}": {"get": gives(own.clone())},
        "/book-storage/settings/sizes": {"get": gives(own.clone())},
        "/book-storage/more/things": {"get": gives(own.clone())},
        "/book-storage/settings{+rest}": {"get": gives(json!({}))},
        "/book-storage/nowhere": {"get": gives(own)},
    });
    release.write("specs/ours/mod-books/1.2.0.json", &ours("1.2.0", paths));
    // Of another version of the module.
    release.write("specs/ours/mod-books/1.3.0.json", &ours("1.3.0", json!({})));
    let report = release.import_with(true).unwrap();
    // The one that the descriptor does not route is no operation, and is not reported either.
    assert_eq!(
        report.modules,
        ["mod-books 1.2.3: 12 operations, 2 untyped, 1 unrouted left out"]
    );
    let document = release.document();
    let get = |path: &str| document["paths"][path]["get"].clone();
    assert_eq!(get("/book-storage/books/{id}")["x-folio"]["ours"], "1.2.0");
    assert_eq!(
        get("/book-storage/books")["x-folio"]["source"],
        "ramls/books.raml"
    );
    let settings = get("/book-storage/settings/sizes");
    assert_eq!(settings["x-folio"]["permissions"], json!(["books.all"]));
    let rest = get("/book-storage/settings{+rest}");
    assert_eq!(rest["x-folio"]["ours"], "1.2.0");
    assert_eq!(rest["parameters"][0]["name"], "+rest");
    assert_eq!(get("/book-storage/more{+rest}")["x-folio"]["untyped"], true);
    assert_eq!(
        document["components"]["schemas"]["Own"]["x-folio"]["sources"],
        json!(["mod-books/specs/ours/mod-books.json#/components/schemas/Own"])
    );
}

#[test]
fn a_description_that_is_broken_ends_the_import() {
    let release = Release::raml(RAML);
    release.write("specs/ours/mod-books/1.0.0.json", &ours("2.0.0", json!({})));
    assert_eq!(
        release.error(),
        "specs/ours/mod-books/1.0.0.json:/x-folio: expected `x-folio` of mod-books since 1.0.0"
    );
}

#[test]
fn modules_of_rmb_have_what_it_serves() {
    let release = with_routes(&[("GET", "/_/jsonSchemas")]);
    let paths =
        json!({"/_/jsonSchemas": {"get": gives(json!({}))}, "/_/ramls": {"get": gives(json!({}))}});
    let library = ours("0.0.0", paths).replace("mod-books", "raml-module-builder");
    release.write("specs/ours/raml-module-builder/0.0.0.json", &library);
    release.import_with(true).unwrap();
    let document = release.document();
    assert_eq!(
        document["paths"]["/_/jsonSchemas"]["get"]["x-folio"]["source"],
        "specs/ours/raml-module-builder.json"
    );
    assert_eq!(document["paths"]["/_/ramls"], Value::Null);
}

const SHELF: &str = r#"package org.example

class Shelf extends Furniture implements MultiTenant<Shelf>, Labelled {
  String code
  Set<Book> books
  RefdataValue state
  Size size
  Closure work
  static hasMany = [books: Book, notes: String]
  static constraints = {
    code (nullable: false, bindable: false)
  }
  enum Size { LOW, HIGH }
}
"#;

const FILES: [(&str, &str); 7] = [
    ("domain/Shelf.groovy", SHELF),
    (
        "domain/Furniture.groovy",
        "abstract class Furniture {\n  String id\n  Date dateCreated\n}\n",
    ),
    (
        "domain/Book.groovy",
        "class Book implements MultiTenant<Book> {\n  String title\n  Shelf owner\n}\n",
    ),
    (
        "controllers/ShelfController.groovy",
        "class ShelfController { }\n",
    ),
    (
        "views/shelf/_shelf.gson",
        "json g.render(shelf, [excludes: ['notes']]) {\n  count shelf.books.size()\n  full shelf.full\n}\n",
    ),
    (
        "lib/RefdataValue.groovy",
        "class RefdataValue implements MultiTenant<RefdataValue> {\n  String id\n  String value\n}\n",
    ),
    (
        "specs/ours/mod-shelves/recipe.toml",
        r#"
        module = "mod-shelves"
        repository = "https://example.org/mod-shelves"
        domain = ["domain", "kit:lib"]
        views = ["views"]
        read = ["controllers/ShelfController.groovy", "controllers/GoneController.groovy"]
        not-data = ["Closure"]
        [libraries]
        kit = "https://example.org/kit"
        [traits.Labelled]
        labels = "{[string]}"
        [records.Rack]
        class = "Shelf"
        views = ["shelf/_shelf"]
        without = ["notes"]
        fields = { count = "integer!", full = "boolean!", gone = "string" }
        also = { colour = '"red" | "blue"', weight = "number since 2.0.0" }
        [records.Lamp]
        class = "Lamp"
        [[resource]]
        path = "/shelves"
        record = "Rack"
        except = ["DELETE"]
        query = { deep = "boolean", wide = "boolean since 2.0.0" }
        [[call]]
        call = "POST /shelves/{id}/clear"
        takes = "{boolean}"
        status = [204]
        [[call]]
        call = "GET /lamps"
        list = "Lamp"
    "#,
    ),
];

fn shelves(folder: &Path, since: &str) -> Result<Value, folio_spec::Error> {
    let checkout = |tag: &str| Checkout {
        folder: folder.to_owned(),
        tag: tag.to_owned(),
    };
    describe(&Describe {
        recipe: folder.join("specs/ours/mod-shelves/recipe.toml"),
        source: checkout("v1.0.4"),
        libraries: BTreeMap::from([("kit".to_owned(), checkout("v9"))]),
        since: since.to_owned(),
    })
}

fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_description_is_made_of_domain_classes_views_and_a_recipe() {
    let folder = written(&FILES);
    let document = shelves(folder.path(), "1.0.0").unwrap();
    let schemas = &document["components"]["schemas"];
    let rack = &schemas["Rack"]["properties"];
    let read_only = |of: Value| {
        let mut of = of;
        of["readOnly"] = true.into();
        of
    };
    assert_eq!(
        *rack,
        json!({
            "id": text(), "code": read_only(text()), "dateCreated": read_only(json!({"type": "string", "format": "date-time"})),
            "books": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}, "state": {"$ref": "#/components/schemas/RefdataValue"},
            "size": {"type": "string", "enum": ["LOW", "HIGH"]}, "labels": {"type": "object", "additionalProperties": {"type": "array", "items": text()}},
            "count": read_only(json!({"type": "integer"})), "full": read_only(json!({"type": "boolean"})), "colour": {"type": "string", "enum": ["red", "blue"]},
        })
    );
    // A class that declares no id has a number; an element of a collection may be sent as one to
    // delete.
    assert_eq!(
        schemas["Book"]["properties"]["id"],
        json!({"type": "integer"})
    );
    assert_eq!(
        schemas["Book"]["properties"]["_delete"],
        json!({"type": "boolean", "writeOnly": true})
    );
    assert_eq!(
        schemas["Book"]["properties"]["owner"],
        json!({"$ref": "#/components/schemas/Rack"})
    );
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/shelves", "/shelves/{id}", "/shelves/{id}/clear"]);
    assert_eq!(
        document["paths"]["/shelves/{id}"]
            .as_object()
            .unwrap()
            .len(),
        2
    );
    let list = &document["paths"]["/shelves"]["get"];
    assert_eq!(list["parameters"].as_array().unwrap().len(), 10);
    assert_eq!(
        list["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"][1]["$ref"],
        "#/components/schemas/RackResults"
    );
    assert_eq!(
        document["paths"]["/shelves/{id}/clear"]["post"]["responses"],
        json!({"204": {"description": ""}})
    );
    assert_eq!(
        document["x-folio"],
        json!({"module": "mod-shelves", "since": "1.0.0", "sources": [
            {"repository": "https://example.org/mod-shelves", "tag": "v1.0.4", "files": [
                "controllers/ShelfController.groovy", "domain/Book.groovy", "domain/Furniture.groovy", "domain/Shelf.groovy", "views/shelf/_shelf.gson"]},
            {"repository": "https://example.org/kit", "tag": "v9", "files": ["lib/RefdataValue.groovy"]},
        ]})
    );
    let later = shelves(folder.path(), "2.1.0").unwrap();
    assert_eq!(
        later["components"]["schemas"]["Rack"]["properties"]["weight"],
        json!({"type": "number"})
    );
    assert_eq!(
        later["paths"]["/shelves"]["get"]["parameters"]
            .as_array()
            .unwrap()
            .len(),
        11
    );
}

#[test]
fn what_the_recipe_does_not_know_is_an_error() {
    let told = |file: &str, from: &str, to: &str| {
        let mut files = FILES.to_vec();
        let changed = files
            .iter()
            .find(|(name, _)| *name == file)
            .unwrap()
            .1
            .replace(from, to);
        files.push((file, &changed));
        let folder = written(&files);
        let error = shelves(folder.path(), "1.0.0").unwrap_err().to_string();
        error.rsplit("recipe.toml:").next().unwrap().to_owned()
    };
    assert_eq!(
        told("views/shelf/_shelf.gson", "count ", "height "),
        "records.Rack.height: a view of [\"shelf/_shelf\"] writes `height`, which the recipe does not contain"
    );
    assert_eq!(
        told("domain/Shelf.groovy", "Closure work", "Drawer work"),
        "records.Rack.work: the type `Drawer` is unknown"
    );
    let recipe = "specs/ours/mod-shelves/recipe.toml";
    assert_eq!(
        told(recipe, "takes = \"{boolean}\"", "takes = \"Rak\""),
        "POST /shelves/{id}/clear: the record `Rak` is unknown"
    );
    assert_eq!(
        told(recipe, "\"integer!\"", "\"int\""),
        "records.Rack.count: expected a type, found `int`"
    );
    assert_eq!(
        told(recipe, "POST /shelves/{id}/clear", "POST /shelves"),
        "POST /shelves: the operation occurs twice"
    );
}

#[test]
fn a_version_that_differs_in_nothing_is_noted_at_the_one_before() {
    let folder = written(&FILES);
    let out = |since: &str| {
        folder
            .path()
            .join(format!("specs/ours/mod-shelves/{since}.json"))
    };
    let first = shelves(folder.path(), "1.0.0").unwrap();
    std::fs::write(out("1.0.0"), first.to_string()).unwrap();
    let (path, document) = merged(&out("1.1.0"), shelves(folder.path(), "1.1.0").unwrap()).unwrap();
    assert_eq!(
        (path, &document["x-folio"]["same"]),
        (out("1.0.0"), &json!(["v1.0.4"]))
    );
    let (path, document) = merged(&out("2.0.0"), shelves(folder.path(), "2.0.0").unwrap()).unwrap();
    assert_eq!(
        (path, &document["x-folio"]["since"]),
        (out("2.0.0"), &json!("2.0.0"))
    );
}
