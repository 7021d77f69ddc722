//! The glossary: errors of a file are reported with their line, missing sentences are listed, and
//! nothing is copied from FOLIO.

use std::fs;
use std::path::Path;

use folio_spec::Release;
use folio_spec::glossary::Glossary;
use folio_spec::glossary::command::{Report, Request, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder `specs` with two releases of a module and shared records.
struct Specs {
    folder: TempDir,
}

impl Specs {
    fn new() -> Self {
        let specs = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let user = json!({"properties": {
            "id": {"type": "string"},
            "barcode": {"type": "string"},
            "metadata": {"$ref": "common.json#/components/schemas/Metadata"},
            "status": {"type": "string", "enum": ["Active", "Inactive"]},
            "personal": {"type": "object", "properties": {"lastName": {"type": "string"}}},
            "proxies": {"type": "array", "items": {"type": "object", "properties": {"since": {"type": "string"}}}},
            "links": {"type": "object", "additionalProperties": {"type": "object", "properties": {"url": {"type": "string"}}}},
        }});
        let paths = json!({
            "/users": {
                "get": {"parameters": [{"name": "query", "in": "query"}]},
                "delete": {"x-folio": {"facts": {"deletes": "all"}}},
            },
            "/users/{userId}": {"get": {"parameters": [{"name": "userId", "in": "path"}]}},
        });
        specs.document("new", "mod-users", json!({"User": user}), &paths);
        let old = json!({"User": {"properties": {"enrolled": {"type": "string"}}}});
        specs.document("old", "mod-users", old, &json!({}));
        let shared = json!({"Metadata": {"properties": {"createdDate": {"type": "string"}}}});
        for release in ["new", "old"] {
            specs.document(release, "common", shared.clone(), &json!({}));
        }
        fs::create_dir(specs.path().join("glossary")).unwrap();
        specs
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn document(&self, release: &str, name: &str, schemas: Value, paths: &Value) {
        let folder = self.path().join(release);
        fs::create_dir_all(&folder).unwrap();
        let document = json!({"components": {"schemas": schemas}, "paths": paths});
        fs::write(folder.join(format!("{name}.json")), document.to_string()).unwrap();
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path().join("glossary").join(format!("{name}.toml"));
        fs::write(file, text).unwrap();
    }

    fn releases(&self) -> Vec<Release> {
        let read = |name: &&str| Release::read(&self.path().join(name)).unwrap();
        ["new", "old"].iter().map(read).collect()
    }

    fn run(&self, request: Request) -> Report {
        let request = Request {
            specs: self.path().into(),
            write: true,
            ..request
        };
        run(&request, &self.releases()).unwrap()
    }

    /// What is wrong, each as `file:line: problem` without the folder.
    fn errors(&self) -> Vec<String> {
        self.errors_of(Request::default())
    }

    fn errors_of(&self, request: Request) -> Vec<String> {
        let folder = format!("{}/", self.path().join("glossary").display());
        let errors = self.run(request).errors;
        let errors = errors.iter();
        errors
            .map(|error| error.to_string().replace(&folder, ""))
            .collect()
    }

    /// The problems of a file of mod-users.
    fn check(&self, text: &str) -> Vec<String> {
        self.write("mod-users", text);
        self.errors()
    }
}

const WHOLE: &str = r#"
[fields]
id = "The UUID under which everything else refers to it."
[parameters]
userId = "Whom the operation reads."
[records.User]
summary = "A person or an account of a program."
[records.User.fields]
barcode = "What staff scan from the library card."
metadata = "Who stored it and when."
status = "Whether the account may be used: `Active` or `Inactive`."
personal = "What is known about the person."
"personal.lastName" = "By which people are sorted."
proxies = "On whose account it may act."
"proxies[].since" = "From when on it may act."
links = "Pages about the person, by topic."
"links{}.url" = "Where the page is."
enrolled = "When the person joined."
[operations."GET /users"]
summary = "Lists those that match."
[operations."GET /users".parameters]
query = "Which of them are wanted, in CQL."
[operations."DELETE /users"]
summary = "Deletes all of them."
[operations."GET /users/{userId}"]
summary = "Reads one of them."
"#;

#[test]
fn fields_of_all_releases_in_objects_lists_and_maps_are_covered() {
    let specs = Specs::new();
    assert_eq!(specs.check(WHOLE), [""; 0]);
    let report = specs.run(Request {
        modules: vec!["mod-users".to_owned()],
        missing: true,
        ..Request::default()
    });
    let row = report.lines[1]
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert_eq!(
        row,
        "mod-users 100% (1/1) 100% (11/11) 100% (3/3) 100% (2/2)"
    );
}

#[test]
fn what_has_no_sentence_is_listed_and_a_skeleton_has_a_place_for_it() {
    let specs = Specs::new();
    let text = WHOLE
        .replace("barcode = \"What staff scan from the library card.\"\n", "")
        .replace("\"proxies[].since\" = \"From when on it may act.\"\n", "")
        .replace("userId = \"Whom the operation reads.\"\n", "")
        .replace("summary = \"Reads one of them.\"\n", "");
    specs.write("mod-users", &text);
    let of_users = || Request {
        modules: vec!["mod-users".to_owned()],
        ..Request::default()
    };
    let missing = specs
        .run(Request {
            missing: true,
            ..of_users()
        })
        .lines;
    assert!(missing[1].contains("81% (9/11)"), "{missing:?}");
    assert_eq!(
        missing[2..6],
        [
            "  field User.barcode",
            "  field User.proxies[].since",
            "  operation GET /users/{userId}",
            "  parameter userId of GET /users/{userId}",
        ]
    );
    let skeleton = specs.run(Request {
        skeleton: true,
        ..of_users()
    });
    let skeleton = skeleton.lines.join("\n");
    assert_eq!(
        skeleton.trim_end(),
        r#"# mod-users.toml

[records.User.fields]
barcode = "" # string
"proxies[].since" = "" # string

[operations."GET /users/{userId}"]
summary = ""

[operations."GET /users/{userId}".parameters]
userId = "" # any"#
    );
    // What is filled in is a file that has no errors, and nothing is missing any more.
    let filled = skeleton
        .replace("barcode = \"\"", "barcode = \"What staff scan.\"")
        .replace("since\" = \"\"", "since\" = \"From when on.\"")
        .replace("summary = \"\"", "summary = \"Reads one.\"")
        .replace("userId = \"\"", "userId = \"Whom to read.\"");
    let whole = text.replace("[operations.\"GET /users/{userId}\"]\n", "");
    let (head, fields) = filled.split_once("[records.User.fields]\n").unwrap();
    assert_eq!(head, "# mod-users.toml\n\n");
    let (fields, operations) = fields.split_once("\n\n").unwrap();
    let whole = whole.replace(
        "[records.User.fields]\n",
        &format!("[records.User.fields]\n{fields}\n"),
    );
    assert_eq!(specs.check(&(whole + operations)), [""; 0]);
    let missing = specs
        .run(Request {
            missing: true,
            ..of_users()
        })
        .lines;
    assert_eq!(missing.len(), 3, "{missing:?}");
}

#[test]
fn unknown_names_are_reported_with_the_nearest_one_that_exists() {
    let specs = Specs::new();
    let errors = specs.check(
        r#"[fields]
barcodes = "What staff scan."
[parameters]
qery = "Which ones are wanted."
[records.Usr]
summary = "A person."
[records.User.fields]
"personal.lastname" = "By which people are sorted."
[operations."GET /user"]
summary = "Lists those that match."
[operations."GET /users".parameters]
userId = "Whom to read."
"#,
    );
    assert_eq!(
        errors,
        [
            "mod-users.toml:2: no field is named `barcodes`; the nearest is `barcode`",
            "mod-users.toml:4: no parameter is named `qery`; the nearest is `query`",
            "mod-users.toml:5: no record is named `Usr`; the nearest is `User`",
            "mod-users.toml:8: User has no field `personal.lastname`; the nearest is `personal.lastName`",
            "mod-users.toml:9: there is no operation `GET /user`; the nearest is `GET /users`",
            "mod-users.toml:12: GET /users has no parameter `userId`",
        ]
    );
    specs.write("mod-users", WHOLE);
    specs.write("mod-user", "[fields]\n");
    assert_eq!(
        specs.errors(),
        ["mod-user.toml: no release has a document `mod-user.json`; the nearest is `mod-users`"]
    );
}

#[test]
fn sentences_must_be_sentences() {
    let specs = Specs::new();
    let long = format!("What {}.", "staff ".repeat(40).trim_end());
    for (sentence, problem) in [
        ("", "the sentence is empty"),
        ("  ", "the sentence is empty"),
        (
            "what staff scan.",
            "the sentence does not start with a capital letter",
        ),
        (
            "What staff scan",
            "the sentence does not end with a full stop",
        ),
        (
            "What staff scan...",
            "the sentence does not end with a full stop",
        ),
        ("What  staff scan.", "the sentence has surplus spaces"),
        (" What staff scan.", "the sentence has surplus spaces"),
        (r"What\nstaff scan.", "the sentence has a line break"),
        (
            r"What \u202e staff scan.",
            "the sentence has a control character or an invisible one",
        ),
        (
            "What `staff scan.",
            "the sentence has a backtick without its partner",
        ),
        (&*long, "the sentence has 245 characters; the most are 200"),
        ("The barcode.", "the sentence only repeats the name"),
        ("Barcodes.", "the sentence only repeats the name"),
        (
            "The barcode of the user.",
            "the sentence only repeats the name",
        ),
        ("The user's barcode.", "the sentence only repeats the name"),
    ] {
        let errors = specs.check(&format!(
            "[records.User.fields]\nbarcode = \"{sentence}\"\n"
        ));
        assert_eq!(errors.len(), 1, "{sentence}: {errors:?}");
        let expected = format!("mod-users.toml:2: field User.barcode: {problem}: ");
        assert!(errors[0].starts_with(&expected), "{sentence}: {errors:?}");
    }
    for sentence in [
        "`X` is not allowed.",
        "What staff scan.",
        "13 digits that staff scan.",
    ] {
        let errors = specs.check(&format!(
            "[records.User.fields]\nbarcode = \"{sentence}\"\n"
        ));
        assert_eq!(errors, [""; 0], "{sentence}");
    }
}

#[test]
fn one_sentence_for_two_things_is_reported() {
    let specs = Specs::new();
    let errors = specs.check(
        r#"[records.User.fields]
barcode = "What staff scan."
enrolled = "What staff scan."
[operations."GET /users"]
summary = "Reads them."
[operations."GET /users/{userId}"]
summary = "Reads them."
"#,
    );
    assert_eq!(
        errors,
        [
            "mod-users.toml:3: `enrolled` has the same sentence as `barcode`: \"What staff scan.\"",
            "mod-users.toml:7: `GET /users/{userId}` has the same sentence as `GET /users`: \"Reads them.\"",
        ]
    );
    let errors = specs.check(
        "[fields]\nid = \"How it is referred to.\"\n[records.User.fields]\nid = \"How it is referred to.\"\n",
    );
    assert_eq!(
        errors,
        ["mod-users.toml:4: field User.id: duplicates [fields] of mod-users.toml"]
    );
}

#[test]
fn broken_files_are_reported_with_their_lines() {
    let specs = Specs::new();
    for (text, expected) in [
        ("[fields]\nid = \n", "mod-users.toml:2: broken TOML: "),
        (
            "[fields]\nid = \"One.\"\nid = \"Two.\"\n",
            "mod-users.toml:3: broken TOML: duplicate key",
        ),
        (
            "[field]\n",
            "mod-users.toml:1: unknown key `field`; expected `summary`, `fields`, ",
        ),
        (
            "[fields]\nid = 3\n",
            "mod-users.toml:2: `id`: expected a sentence in quotes, found integer",
        ),
        (
            "[records.User.fields]\npersonal.lastName = \"By which people are sorted.\"\n",
            "mod-users.toml:2: `personal` is a table, not a sentence; put a key with dots in quotes",
        ),
        (
            "[records.User]\ntext = \"A person.\"\n",
            "mod-users.toml:2: unknown key `text` of User; expected",
        ),
        (
            "records = 1\n",
            "mod-users.toml:1: records: expected a table, found integer",
        ),
        (
            "[operations.\"GET /users\"]\nfields = 1\n",
            "mod-users.toml:2: unknown key `fields` of GET /users; expected `summary` or `parameters`",
        ),
    ] {
        let errors = specs.check(text);
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        assert!(errors[0].starts_with(expected), "{text}: {errors:?}");
    }
}

#[test]
fn values_and_deletions_that_a_sentence_names_are_those_of_the_documents() {
    let specs = Specs::new();
    let errors = specs.check(
        r#"[records.User.fields]
status = "Either `Active` or `Blocked`, see `barcode`."
[operations."DELETE /users"]
summary = "Deletes those that match the query."
"#,
    );
    assert_eq!(
        errors,
        [
            "mod-users.toml:2: User.status of mod-users: `Blocked` is not one of its values: Active, Inactive",
            "mod-users.toml:4: DELETE /users: the server deletes all records, regardless of the request, but the sentence does not contain `all`: \"Deletes those that match the query.\"",
        ]
    );
}

#[test]
fn shared_records_and_defaults_are_looked_up_in_the_common_file() {
    let specs = Specs::new();
    specs.write(
        "common",
        "[fields]\nid = \"How it is referred to.\"\nstatus = \"How it is.\"\n[parameters]\nquery = \"Which ones are wanted.\"\n[records.Metadata]\nsummary = \"Who did it and when.\"\n[records.Metadata.fields]\ncreatedDate = \"When it was stored.\"\n",
    );
    specs.write(
        "mod-users",
        "[fields]\nstatus = \"Whether it is in use.\"\n[records.Metadata.fields]\ncreatedDate = \"When the user was stored.\"\n",
    );
    assert_eq!(specs.errors(), [""; 0]);
    let (glossary, errors) = Glossary::read(&specs.path().join("glossary"));
    assert_eq!(errors, []);
    let field = |record, path| {
        let sentence = glossary.of("mod-users").field(record, path, false);
        sentence.map(|sentence| sentence.text.as_str())
    };
    assert_eq!(field("User", "id"), Some("How it is referred to."));
    assert_eq!(field("User", "status"), Some("Whether it is in use."));
    assert_eq!(field("User", "barcode"), None);
    assert_eq!(
        field("Metadata", "createdDate"),
        Some("When the user was stored.")
    );
    let record = |module, is_own| glossary.of(module).record("Metadata", is_own).is_some();
    assert!(record("common", false) && record("mod-users", false));
    // A record of the module's own is another one than the shared record of its name.
    assert!(!record("mod-users", true));
    let query = glossary.of("mod-users").parameter("GET /users", "query");
    assert_eq!(
        query.map(|query| query.text.as_str()),
        Some("Which ones are wanted.")
    );
    assert_eq!(glossary.of("mod-users").operation("GET /users"), None);
}

#[test]
fn less_coverage_than_demanded_is_an_error() {
    let specs = Specs::new();
    specs.write(
        "coverage",
        "mod-users = { fields = 100, operations = 60 }\nmod-user = {}\n",
    );
    specs.write(
        "mod-users",
        &WHOLE.replace("summary = \"Reads one of them.\"\n", ""),
    );
    assert_eq!(
        specs.errors(),
        ["coverage.toml: no release has a module `mod-user`"]
    );
    let text = WHOLE
        .replace("summary = \"Reads one of them.\"\n", "")
        .replace("summary = \"Lists those that match.\"\n", "")
        .replace("barcode = \"What staff scan from the library card.\"\n", "");
    specs.write(
        "coverage",
        "mod-users = { fields = 100, operations = 60 }\n",
    );
    specs.write("mod-users", &text);
    assert_eq!(
        specs.errors(),
        [
            "mod-users.toml: fields of mod-users: 90% (10/11) have a sentence; coverage.toml requires 100%",
            "mod-users.toml: operations of mod-users: 33% (1/3) have a sentence; coverage.toml requires 60%",
        ]
    );
    specs.write("coverage", "mod-users = { fields = 100, operation = 60 }\n");
    let request = Request {
        specs: specs.path().into(),
        ..Request::default()
    };
    let error = run(&request, &specs.releases()).unwrap_err().to_string();
    assert!(
        error.contains("coverage.toml:1: unknown field `operation`"),
        "{error}"
    );
}

#[test]
fn sentences_of_folio_are_reported() {
    let specs = Specs::new();
    let upstream = specs.path().join("upstream");
    let ramls = upstream.join("old/mod-users/ramls");
    fs::create_dir_all(&ramls).unwrap();
    let schema = json!({"properties": {
        "barcode": {"description": "What staff\n   scan, at the desk!"},
        "id": {"description": "Of all things that one might say about an identifier this is the least."},
    }});
    fs::write(ramls.join("user.json"), schema.to_string()).unwrap();
    fs::write(
        ramls.join("users.raml"),
        "#%RAML 1.0\ntitle: Users\n/users:\n  get:\n    description: |\n      Lists what a query finds,\n      page by page and in its order\n",
    )
    .unwrap();
    let compare = |text: &str| {
        specs.write("mod-users", text);
        specs.errors_of(Request {
            against: Some(upstream.clone()),
            ..Request::default()
        })
    };
    let errors = compare(
        r#"[records.User.fields]
barcode = "What staff scan at the desk."
id = "We know that one might say about an identifier this and more."
enrolled = "Something that one might say about an identifier."
[operations."GET /users"]
summary = "Lists what a query finds, page by page, and more."
"#,
    );
    assert_eq!(
        errors,
        [
            "mod-users.toml:2: User.barcode: equals FOLIO's description: \"What staff scan at the desk.\"",
            "mod-users.toml:3: User.id: a description of FOLIO has the same 8 words in a row: \"that one might say about an identifier this\"",
            "mod-users.toml:6: GET /users: a description of FOLIO has the same 8 words in a row: \"lists what a query finds page by page\"",
        ]
    );
    // A folder without descriptions would make the comparison worthless.
    fs::remove_dir_all(upstream.join("old")).unwrap();
    let request = Request {
        specs: specs.path().into(),
        against: Some(upstream),
        ..Request::default()
    };
    let error = run(&request, &specs.releases()).unwrap_err().to_string();
    assert!(
        error.ends_with("has no descriptions to compare with"),
        "{error}"
    );
}

#[test]
fn a_module_without_prose_is_compared_with_nothing() {
    let specs = Specs::new();
    let upstream = specs.path().join("upstream");
    // Another module has prose, so the folder as a whole is worth a comparison.
    let other = upstream.join("old/mod-other");
    fs::create_dir_all(&other).unwrap();
    let schema = json!({"description": "Something about another module."});
    fs::write(other.join("schema.json"), schema.to_string()).unwrap();
    specs.write("common", "");
    specs.write("mod-users", "");
    let errors = || {
        let request = Request {
            against: Some(upstream.clone()),
            ..Request::default()
        };
        let of_users = |error: &String| error.contains("no descriptions of mod-users");
        specs
            .errors_of(request)
            .into_iter()
            .filter(of_users)
            .count()
    };
    assert_eq!(errors(), 1, "the module is not in the folder at all");
    fs::create_dir_all(upstream.join("old/mod-users")).unwrap();
    assert_eq!(errors(), 0, "its descriptor alone states nothing in prose");
}

#[test]
fn the_glossary_of_this_project_is_complete() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let read = |name: &&str| Release::read(&specs.join(name)).unwrap();
    let releases: Vec<Release> = ["ramsons", "sunflower", "trillium"]
        .iter()
        .map(read)
        .collect();
    let request = Request {
        specs,
        ..Request::default()
    };
    let report = run(&request, &releases).unwrap();
    let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let row = |name: &str| report.lines.iter().find(|line| line.starts_with(name));
    let users = row("mod-users ").unwrap();
    assert_eq!(users.matches("100%").count(), 4, "{users}");
}
