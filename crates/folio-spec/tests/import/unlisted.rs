//! Directories of modules that no manifest lists: their contents are found as in their
//! repositories.

use std::collections::{BTreeMap, BTreeSet};

use folio_spec::{Import, import};
use serde_json::Value;

use crate::support::{OPENAPI, RAML, Release, bytes};

/// Moves the files of a release's module to another name.
fn put(release: &Release, module: &str, files: &[(&str, &str)], below: &str) {
    for (name, text) in files {
        release.write(&format!("from/{module}/{below}{name}"), text);
    }
}

fn documents(release: &Release) -> BTreeMap<String, Vec<u8>> {
    let files = bytes(&release.path("specs/test")).into_iter();
    files
        .map(|(path, text)| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                text,
            )
        })
        .collect()
}

fn read(release: &Release, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(release.path(&format!("specs/test/{file}"))).unwrap())
        .unwrap()
}

#[test]
fn without_a_manifest_the_same_is_found_as_it_lists() {
    for (name, release) in [
        ("raml", Release::raml(RAML)),
        ("openapi", Release::openapi(OPENAPI)),
    ] {
        release.import().unwrap();
        let listed = documents(&release);
        // What no file tells is named, and nothing else.
        release.write(
            "from/manifest.json",
            r#"[{"module": "mod-books", "version": "1.2.3", "tag": "v1.2.3", "commit": "0"}]"#,
        );
        let report = release.import_with(true).unwrap();
        assert_eq!(documents(&release), listed, "{name}");
        assert_eq!(report.notes.len(), 0, "{name}");

        std::fs::remove_file(release.path("from/manifest.json")).unwrap();
        let report = release.import_with(true).unwrap();
        let told: Vec<String> = report.notes.iter().map(ToString::to_string).collect();
        assert_eq!(documents(&release).len(), listed.len());
        let document = read(&release, "mod-books.json");
        match name {
            // Its descriptor tells the version.
            "raml" => assert!(told.is_empty() && document["info"]["version"] == "1.2.3"),
            _ => assert!(
                told.len() == 1
                    && told[0].starts_with("unversioned  mod-books")
                    && document["info"]["version"] == "",
                "{told:?}"
            ),
        }
        let before: Value = serde_json::from_slice(&listed["mod-books.json"]).unwrap();
        assert_eq!(document["paths"], before["paths"], "{name}");
        assert_eq!(document["components"], before["components"], "{name}");
    }
}

#[test]
fn a_module_is_found_whatever_it_is_made_of() {
    let release = Release::raml(&[]);
    std::fs::remove_file(release.path("from/manifest.json")).unwrap();
    put(&release, "mod-books", RAML, "");
    // Its build file tells the version; that of its parent and of a dependency is another's.
    release.write(
        "from/mod-routes/pom.xml",
        "<project><parent><version>9.9.9</version></parent><artifactId>mod-routes</artifactId>
         <version>1.2.3-SNAPSHOT</version><dependencies><dependency><version>8.8.8</version></dependency></dependencies></project>",
    );
    // Two descriptions, one of each language; tests and what is built are none.
    let without_descriptor: Vec<_> = RAML
        .iter()
        .copied()
        .filter(|(name, _)| *name != "ModuleDescriptor.json")
        .collect();
    put(&release, "mod-both", &without_descriptor, "domain/nested/");
    put(&release, "mod-both", OPENAPI, "src/main/resources/");
    put(&release, "mod-both", OPENAPI, "src/test/resources/");
    put(&release, "mod-both", OPENAPI, "target/");
    release.write("from/mod-both/gradle.properties", "appVersion=2.0.1\n");
    // A submodule has the parts that others share: roots in it are none of the module.
    put(&release, "mod-shared", RAML, "");
    put(&release, "mod-shared", &without_descriptor, "raml-util/");
    release.write(
        "from/mod-shared/raml-util/ramls/other.raml",
        "#%RAML 1.0\ntitle: Other\n/others:\n  get:\n    responses:\n      200:\n",
    );
    release.write(
        "from/mod-shared/.gitmodules",
        "[submodule \"raml-util\"]\n\tpath = raml-util\n\turl = https://example.org/raml-util.git\n",
    );
    // Only a descriptor, and nothing at all.
    let descriptor = RAML
        .iter()
        .copied()
        .filter(|(name, _)| *name == "ModuleDescriptor.json");
    let template: Vec<_> = descriptor
        .map(|(name, text)| {
            (
                name,
                text.replace("mod-books-1.2.3", "@artifactId@-@version@"),
            )
        })
        .collect();
    for (name, text) in template {
        release.write(&format!("from/mod-routes/{name}"), &text);
    }
    release.write("from/notes/README.md", "nothing");
    release.write("from/.cache/openapi.yaml", "openapi: 3.0.0\n");
    release.write("from/left-out.json", "[]");

    release.import_with(true).unwrap();
    let index = read(&release, "release.json");
    let modules: Vec<&String> = index["modules"].as_object().unwrap().keys().collect();
    assert_eq!(
        modules,
        ["mod-books", "mod-both", "mod-routes", "mod-shared"]
    );
    assert_eq!(index["modules"]["mod-books"]["version"], "1.2.3");
    assert_eq!(index["modules"]["mod-routes"]["version"], "1.2.3-SNAPSHOT");
    assert_eq!(index["modules"]["mod-both"]["version"], "2.0.1");
    assert_eq!(index["modules"]["mod-both"]["kind"], "mixed");
    assert_eq!(index["modules"]["mod-routes"]["kind"], "descriptor-only");
    let both = read(&release, "mod-both.json");
    let sources: BTreeSet<&str> = both["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["x-folio"]["source"].as_str())
        .collect();
    assert_eq!(
        sources.into_iter().collect::<Vec<_>>(),
        [
            "domain/nested/ramls/books.raml",
            "src/main/resources/api/shelves.yaml"
        ]
    );
    let own = read(&release, "mod-shared.json");
    assert_eq!(own["paths"], {
        let mut same = read(&release, "mod-books.json")["paths"].take();
        let text = same.to_string().replace("mod-books", "mod-shared");
        same = serde_json::from_str(&text).unwrap();
        same
    });
    // The same folder gives the same bytes.
    let before = documents(&release);
    release.import_with(true).unwrap();
    assert_eq!(documents(&release), before);
}

#[test]
fn the_folder_of_one_module_or_of_none_is_an_error_that_says_so() {
    let release = Release::raml(RAML);
    let from = |path: &str| {
        import(&Import {
            release: "test".to_owned(),
            from: release.path(path),
            out: release.path("specs/test"),
            specs: release.path("specs"),
            modules: Vec::new(),
            strict: false,
        })
        .unwrap_err()
        .to_string()
    };
    assert!(from("from/mod-books").contains("is the folder of one module"));
    std::fs::create_dir(release.path("empty")).unwrap();
    assert!(from("empty").contains("has neither a manifest.json nor a folder of a module"));
    assert!(from("nowhere").contains("cannot be read"));
}

#[test]
fn a_stand_in_is_found_without_a_manifest_too() {
    let release = Release::raml(RAML);
    put(&release, "mod-shelves", OPENAPI, "");
    std::fs::create_dir_all(release.path("earlier")).unwrap();
    std::fs::rename(
        release.path("from/mod-shelves"),
        release.path("earlier/mod-shelves"),
    )
    .unwrap();
    release.write(
        "specs/selection.toml",
        "[test]\nmodules = [\"mod-books\", \"mod-shelves\", \"mod-gone\"]\n[test.stand-ins]\nmod-shelves = \"../earlier\"\nmod-gone = \"../earlier\"\n",
    );
    let report = release.import().unwrap();
    let index = read(&release, "release.json");
    assert_eq!(index["modules"]["mod-shelves"]["standIn"], "earlier");
    let told: Vec<String> = report.notes.iter().map(ToString::to_string).collect();
    assert!(
        told.iter()
            .any(|note| note.starts_with("omitted      mod-gone")),
        "{told:?}"
    );
}
