//! Nothing is read from outside a module's directory.

use crate::support::{OPENAPI, RAML, Release, with};

/// A file beside the release that nobody may read.
fn secret(release: &Release) -> String {
    release.write(
        "secret.json",
        r#"{"type": "object", "properties": {"leaked": {"type": "string"}}}"#,
    );
    release.write("secret.raml", "#%RAML 1.0 Library\ntypes:\n  leaked: !include secret.json\ntraits:\n  leaked:\n    queryParameters:\n      leaked:\n");
    release.path("secret.json").display().to_string()
}

/// Imports; nothing of what lies outside is in the document, and it is told.
fn leaks_nothing(release: &Release) {
    let report = release.import().unwrap();
    assert!(!release.document().to_string().contains("leaked"));
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert!(
        problems
            .iter()
            .any(|problem| problem.contains("out of the module's folder")),
        "{problems:#?}"
    );
    assert!(release.error().contains("out of the module's folder"));
}

#[test]
fn references_of_json_and_openapi_stay_in_the_folder() {
    for reference in [
        "../../../secret.json",
        "ABSOLUTE",
        "file:ABSOLUTE",
        "schemas/../../../../secret.json",
        "../api/../../../secret.json",
    ] {
        let release = Release::openapi(OPENAPI);
        let reference = reference.replace("ABSOLUTE", &secret(&release));
        for place in [
            "schemas/shelf.yaml",
            "schemas/common.json#/definitions/tags",
            "parameters/limit.yaml",
        ] {
            let text = include_str!("releases/shelves.yaml").replace(place, &reference);
            release.write("from/mod-books/api/shelves.yaml", &text);
            leaks_nothing(&release);
        }
    }
}

#[test]
fn includes_of_raml_stay_in_the_folder() {
    for path in ["../../../secret", "ABSOLUTE"] {
        for (known, extension) in [
            ("book.json", "json"),
            ("library.raml", "raml"),
            ("traits/paged.raml", "raml"),
        ] {
            let release = Release::raml(RAML);
            let absolute = secret(&release);
            let path = path.replace("ABSOLUTE", absolute.trim_end_matches(".json"));
            let text =
                include_str!("releases/books.raml").replace(known, &format!("{path}.{extension}"));
            release.write("from/mod-books/ramls/books.raml", &text);
            leaks_nothing(&release);
        }
    }
}

#[test]
fn roots_and_descriptors_of_a_manifest_stay_in_the_folder() {
    let release = Release::raml(RAML);
    let absolute = secret(&release);
    for path in ["../../secret.raml", &absolute] {
        for (roots, descriptor) in [(path, "ModuleDescriptor.json"), ("ramls/books.raml", path)] {
            let manifest = serde_json::json!([{"module": "mod-books", "version": "1.2.3", "tag": "v1.2.3", "commit": "0", "kind": "raml",
                "roots": [{"path": roots, "format": "raml"}], "descriptor": descriptor}]);
            release.write("from/manifest.json", &manifest.to_string());
            leaks_nothing(&release);
        }
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    use std::os::unix::fs::symlink;

    for name in [
        "ramls/book.json",
        "common/author.json",
        "ModuleDescriptor.json",
    ] {
        let release = Release::raml(RAML);
        secret(&release);
        std::fs::remove_file(release.path(&format!("from/mod-books/{name}"))).unwrap();
        symlink(
            release.path("secret.json"),
            release.path(&format!("from/mod-books/{name}")),
        )
        .unwrap();
        leaks_nothing(&release);
    }
    // A link within the folder is a file of it.
    let release = Release::raml(&with(RAML, "ramls/book.json", ""));
    release.write(
        "from/mod-books/elsewhere/book.json",
        include_str!("releases/book.json"),
    );
    symlink(
        release.path("from/mod-books/elsewhere/book.json"),
        release.path("from/mod-books/ramls/book.json"),
    )
    .unwrap();
    release.import_with(true).unwrap();
    // The folder of a module is no link out of the release.
    let release = Release::raml(RAML);
    std::fs::rename(release.path("from/mod-books"), release.path("elsewhere")).unwrap();
    symlink(release.path("elsewhere"), release.path("from/mod-books")).unwrap();
    let error = release.error();
    assert!(
        error.contains("out of the folder of the release"),
        "{error}"
    );
}

#[test]
fn versions_are_not_looked_up_above_the_folder() {
    let descriptor =
        include_str!("releases/descriptor.json").replace("\"2.1\"", "\"${bookVersion}\"");
    let release = Release::raml(&with(RAML, "ModuleDescriptor.json", &descriptor));
    release.write("from/gradle.properties", "bookVersion=leaked");
    release.import().unwrap();
    assert!(!release.document().to_string().contains("leaked"));
}
