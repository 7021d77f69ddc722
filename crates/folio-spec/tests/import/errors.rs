//! Invalid input: errors state the file, the position and the expected content; and nothing is
//! written.

use insta::assert_snapshot;

use crate::support::{OPENAPI, RAML, Release, bytes, with};

/// The text with one part of it replaced, which has to be there.
fn replaced(files: &[(&str, &'static str)], name: &str, from: &str, to: &str) -> String {
    let (_, text) = files.iter().find(|(known, _)| *known == name).unwrap();
    assert!(text.contains(from), "{from} in {name}");
    text.replacen(from, to, 1)
}

const RAML_CASES: &[(&str, &str, &str, &str)] = &[
    (
        "a missing include",
        "ramls/books.raml",
        "!include book.json",
        "!include bock.json",
    ),
    (
        "a missing library",
        "ramls/books.raml",
        "own: library.raml",
        "own: libary.raml",
    ),
    (
        "a missing trait file",
        "ramls/books.raml",
        "traits/paged.raml",
        "traits/pages.raml",
    ),
    (
        "broken YAML",
        "ramls/books.raml",
        "    get:\n      is:",
        "    get: {\n      is:",
    ),
    (
        "a tab for indentation",
        "ramls/traits/paged.raml",
        "  query?:",
        "\tquery?:",
    ),
    (
        "a key that stands twice",
        "ramls/books.raml",
        "mediaType:",
        "title: again\nmediaType:",
    ),
    (
        "broken JSON",
        "ramls/book.json",
        "\"title\": {",
        "\"title\" {",
    ),
    (
        "JSON that ends early",
        "ramls/books.json",
        "\"required\": [\"books\", \"totalRecords\"]\n}",
        "",
    ),
    (
        "a file that a schema refers to is missing",
        "ramls/books.json",
        "book.json",
        "tome.json",
    ),
    (
        "a pointer into nothing",
        "ramls/book.json",
        "author.json#/definitions/uuid",
        "author.json#/definitions/uid",
    ),
    (
        "an unknown trait",
        "ramls/books.raml",
        "[paged: {defaultLimit: 10}, language]",
        "[pages, language]",
    ),
    (
        "an unknown resource type",
        "ramls/books.raml",
        "    type:\n      collection:",
        "    type:\n      collections:",
    ),
    (
        "an unknown type",
        "ramls/books.raml",
        "type: own.loan\n      responses",
        "type: own.lone\n      responses",
    ),
    (
        "a parameter that is not given",
        "ramls/books.raml",
        "schemaCollection: books",
        "schemaCollections: books",
    ),
    (
        "an unknown function",
        "ramls/types/collection.raml",
        "!singularize",
        "!singular",
    ),
    ("no header", "ramls/books.raml", "#%RAML 1.0\n", ""),
    (
        "RAML 0.8",
        "ramls/books.raml",
        "#%RAML 1.0\n",
        "#%RAML 0.8\n",
    ),
    (
        "a fragment as a root",
        "ramls/books.raml",
        "#%RAML 1.0\n",
        "#%RAML 1.0 Library\n",
    ),
    (
        "a method that is a list",
        "ramls/books.raml",
        "  /unrouted:\n    get:\n      responses:\n        200:",
        "  /unrouted:\n    get: [1]",
    ),
    (
        "a type that leads back to itself",
        "ramls/library.raml",
        "type: string\n    enum: [lost, found]",
        "type: reason",
    ),
    (
        "a schema that is only a reference to itself",
        "common/author.json",
        "{\"type\": \"string\", \"pattern\"",
        "{\"$ref\": \"#/definitions/uuid\", \"pattern\"",
    ),
    (
        "a library that uses itself",
        "ramls/library.raml",
        "types:",
        "uses:\n  again: library.raml\ntypes:",
    ),
    (
        "a resource type that leads back to itself",
        "ramls/types/collection.raml",
        "get:\n",
        "type: collection\nget:\n",
    ),
    (
        "a broken descriptor",
        "ModuleDescriptor.json",
        "\"provides\": [",
        "\"provides\": [,",
    ),
    (
        "provides that is no list",
        "ModuleDescriptor.json",
        "\"provides\": [",
        "\"provides\": 1, \"provided\": [",
    ),
];

const OPENAPI_CASES: &[(&str, &str, &str, &str)] = &[
    (
        "another version",
        "api/shelves.yaml",
        "openapi: 3.0.0",
        "swagger: '2.0'",
    ),
    (
        "a missing file",
        "api/shelves.yaml",
        "parameters/limit.yaml",
        "parameters/limits.yaml",
    ),
    (
        "a missing schema file",
        "api/schemas/shelf.yaml",
        "$ref: 'shelf.yaml'",
        "$ref: 'shelve.yaml'",
    ),
    (
        "a pointer into nothing",
        "api/shelves.yaml",
        "'#/components/schemas/Room'\n      disc",
        "'#/components/schemas/Rom'\n      disc",
    ),
    (
        "a response that is not there",
        "api/shelves.yaml",
        "#/components/responses/Problem",
        "#/components/responses/Problems",
    ),
    (
        "a parameter without a name",
        "api/parameters/limit.yaml",
        "name: limit",
        "nam: limit",
    ),
    (
        "broken YAML",
        "api/schemas/shelf.yaml",
        "required: [kind]",
        "required: [kind",
    ),
    (
        "broken JSON",
        "api/schemas/common.json",
        "{\"definitions\": {",
        "{\"definitions\": {{",
    ),
    (
        "a circle of references",
        "api/parameters/limit.yaml",
        "name: limit\nin: query\n",
        "$ref: limit.yaml\n",
    ),
];

#[test]
fn bad_raml_says_where_and_what_was_expected() {
    for (name, file, from, to) in RAML_CASES {
        let text = replaced(RAML, file, from, to);
        let release = Release::raml(&with(RAML, file, &text));
        assert_snapshot!(format!("raml, {name}"), release.error());
    }
}

#[test]
fn bad_openapi_says_where_and_what_was_expected() {
    for (name, file, from, to) in OPENAPI_CASES {
        let text = replaced(OPENAPI, file, from, to);
        let release = Release::openapi(&with(OPENAPI, file, &text));
        assert_snapshot!(format!("openapi, {name}"), release.error());
    }
}

#[test]
fn a_bad_release_says_what_is_wrong_with_it() {
    let release = Release::raml(RAML);
    let manifest = std::fs::read_to_string(release.path("from/manifest.json")).unwrap();
    for (name, text) in [
        ("no list", "{}".to_owned()),
        ("broken", "[{".to_owned()),
        ("a module without a name", "[{}]".to_owned()),
        (
            "another format",
            manifest.replace("\"format\":\"raml\"", "\"format\":\"wsdl\""),
        ),
        (
            "a root that is not there",
            manifest.replace("ramls/books.raml", "ramls/none.raml"),
        ),
        (
            "a descriptor that is not there",
            manifest.replace("ModuleDescriptor.json", "None.json"),
        ),
    ] {
        release.write("from/manifest.json", &text);
        assert_snapshot!(format!("manifest, {name}"), release.error());
    }
    std::fs::remove_file(release.path("from/manifest.json")).unwrap();
    // Then what is in the folder is found.
    release.import_with(true).unwrap();
    release.write("from/manifest.json", &manifest);
    for (name, text) in [
        ("broken", "[test"),
        ("another key", "[test]\nmodule = []\n"),
        ("an unknown module", "[test]\nmodules = [\"mod-boks\"]\n"),
    ] {
        release.write("specs/selection.toml", text);
        assert_snapshot!(format!("selection, {name}"), release.error());
    }
    std::fs::remove_file(release.path("specs/selection.toml")).unwrap();
    for (name, text) in [
        ("broken", "[[fix]"),
        (
            "no reason",
            "[[fix]]\nname = \"x\"\nat = \"/x\"\nremove = true\n",
        ),
        (
            "nothing to do",
            "[[fix]]\nname = \"x\"\nreason = \"y\"\nat = \"/x\"\n",
        ),
    ] {
        release.write("specs/overrides/mod-books.toml", text);
        assert_snapshot!(format!("override, {name}"), release.error());
    }
}

#[test]
fn after_an_error_everything_is_as_it_was() {
    let release = Release::raml(RAML);
    release.import().unwrap();
    let before = bytes(&release.path("specs/test"));
    for (_, file, from, to) in RAML_CASES {
        let old = RAML.iter().find(|(name, _)| name == file).unwrap().1;
        release.write(
            &format!("from/mod-books/{file}"),
            &replaced(RAML, file, from, to),
        );
        release.import_with(true).unwrap_err();
        assert_eq!(before, bytes(&release.path("specs/test")));
        release.write(&format!("from/mod-books/{file}"), old);
    }
    release.import().unwrap();
    assert_eq!(before, bytes(&release.path("specs/test")));
    let left: Vec<_> = std::fs::read_dir(release.path("specs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["test"]);
}

#[test]
fn what_would_take_all_memory_or_the_stack_is_refused() {
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..12).map(|level| {
            let before = level - 1;
            format!(
                "a{level}: &a{level} [{}]\n",
                vec![format!("*a{before}"); 10].join(", ")
            )
        }))
        .collect();
    let text = format!("#%RAML 1.0\ntitle: x\n{bomb}");
    assert_snapshot!(
        "aliases of aliases",
        Release::raml(&with(RAML, "ramls/books.raml", &text)).error()
    );

    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = format!("#%RAML 1.0\ntitle: {deep}\n");
    assert_snapshot!(
        "deep YAML",
        Release::raml(&with(RAML, "ramls/books.raml", &text)).error()
    );
    let text = format!("{{\"definitions\": {deep}}}");
    assert_snapshot!(
        "deep JSON",
        Release::raml(&with(RAML, "ramls/book.json", &text)).error()
    );

    // A schema that is nested as deep as JSON may be, and one whose references go on through many
    // files.
    let nested = format!(
        "{}{{\"type\": \"string\"}}{}",
        "{\"type\": \"array\", \"items\": ".repeat(60),
        "}".repeat(60)
    );
    Release::raml(&with(RAML, "ramls/book.json", &nested))
        .import()
        .unwrap();
    let chain: Vec<(String, String)> = (0..3000)
        .map(|number| (format!("ramls/c{number}.json"), format!("{{\"type\": \"object\", \"properties\": {{\"next\": {{\"$ref\": \"c{}.json\"}}}}}}", (number + 1) % 3000)))
        .collect();
    let mut files = with(
        RAML,
        "ramls/book.json",
        r#"{"type": "object", "properties": {"next": {"$ref": "c0.json"}}}"#,
    );
    files.extend(
        chain
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    let release = Release::raml(&files);
    match release.import_with(true) {
        Ok(_) => {}
        Err(error) => assert_snapshot!("a long chain of schemas", error.problem),
    }
}

#[test]
fn what_is_broken_upstream_is_told_and_the_rest_is_imported() {
    let missing = replaced(
        RAML,
        "ramls/book.json",
        "\"../common/author.json",
        "\"../common/autor.json",
    );
    let release = Release::raml(&with(RAML, "ramls/book.json", &missing));
    let report = release.import().unwrap();
    let told = |report: &folio_spec::Report| {
        let folder = format!("{}/", release.folder.path().display());
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        problems.join("\n").replace(&folder, "")
    };
    assert_snapshot!("told, a schema that is nowhere", told(&report));
    let book = &release.document()["components"]["schemas"]["Book"];
    assert_eq!(book["properties"]["title"]["type"], "string");

    release.write("from/mod-books/ramls/books.raml", "#%RAML 1.0\ntitle: {");
    let report = release.import().unwrap();
    assert_snapshot!("told, a root that cannot be read", told(&report));
    let list = &release.document()["paths"]["/book-storage/books"]["get"];
    assert_eq!(list["x-folio"]["untyped"], true);
    assert_eq!(list["operationId"], "list_books");
}
