//! Small releases, created anew for the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use folio_codegen::{Document, Options, Specs, generate};
use folio_spec::{Error, Import, Report, import};
use folio_test_support::files::scratch;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with one release of one module, `mod-books`, and a place for what is imported.
pub(crate) struct Release {
    pub(crate) folder: TempDir,
}

/// RAML that most tests begin with: a collection as RMB's modules have them.
pub(crate) const RAML: &[(&str, &str)] = &[
    ("ramls/books.raml", include_str!("releases/books.raml")),
    (
        "ramls/types/collection.raml",
        include_str!("releases/collection.raml"),
    ),
    (
        "ramls/types/member.raml",
        include_str!("releases/member.raml"),
    ),
    (
        "ramls/traits/paged.raml",
        include_str!("releases/paged.raml"),
    ),
    ("ramls/library.raml", include_str!("releases/library.raml")),
    ("ramls/book.json", include_str!("releases/book.json")),
    ("ramls/books.json", include_str!("releases/books_list.json")),
    ("common/author.json", include_str!("releases/author.json")),
    (
        "ModuleDescriptor.json",
        include_str!("releases/descriptor.json"),
    ),
];

/// OpenAPI over several files.
pub(crate) const OPENAPI: &[(&str, &str)] = &[
    ("api/shelves.yaml", include_str!("releases/shelves.yaml")),
    (
        "api/parameters/limit.yaml",
        include_str!("releases/limit.yaml"),
    ),
    (
        "api/schemas/shelf.yaml",
        include_str!("releases/shelf.yaml"),
    ),
    (
        "api/schemas/common.json",
        include_str!("releases/common.json"),
    ),
];

impl Release {
    pub(crate) fn raml(files: &[(&str, &str)]) -> Self {
        Self::of("raml", "ramls/books.raml", files)
    }

    pub(crate) fn openapi(files: &[(&str, &str)]) -> Self {
        Self::of("openapi", "api/shelves.yaml", files)
    }

    /// A file that is empty is left out: that is how a test takes one away.
    fn of(format: &str, root: &str, files: &[(&str, &str)]) -> Self {
        let release = Self { folder: scratch() };
        let has_descriptor = files
            .iter()
            .any(|(name, text)| *name == "ModuleDescriptor.json" && !text.is_empty());
        let manifest = json!([{
            "module": "mod-books", "version": "1.2.3", "tag": "v1.2.3", "commit": "0", "kind": format,
            "roots": [{"path": root, "format": format}],
            "descriptor": if has_descriptor { "ModuleDescriptor.json".into() } else { Value::Null },
        }]);
        release.write("from/manifest.json", &manifest.to_string());
        for (name, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
            release.write(&format!("from/mod-books/{name}"), text);
        }
        release
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn import(&self) -> Result<Report, Error> {
        self.import_with(false)
    }

    pub(crate) fn import_with(&self, strict: bool) -> Result<Report, Error> {
        import(&Import {
            release: "test".to_owned(),
            from: self.path("from"),
            out: self.path("specs/test"),
            specs: self.path("specs"),
            modules: Vec::new(),
            strict,
        })
    }

    /// The document of the module.
    pub(crate) fn document(&self) -> Value {
        let text = std::fs::read_to_string(self.path("specs/test/mod-books.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The error without the folder that it happened in.
    pub(crate) fn error(&self) -> String {
        let error = self.import_with(true).unwrap_err().to_string();
        error.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// The files, one of them with other text.
pub(crate) fn with<'a>(
    files: &[(&'a str, &'a str)],
    name: &'a str,
    text: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let mut files: Vec<_> = files
        .iter()
        .copied()
        .filter(|(known, _)| *known != name)
        .collect();
    files.push((name, text));
    files
}

/// All files of a folder with their bytes.
pub(crate) fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.strip_prefix(folder).unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// What was noted, without the kinds.
pub(crate) fn notes(report: &Report) -> Vec<String> {
    let told = report.notes.iter();
    told.map(|note| format!("{}: {}", note.module, note.what))
        .collect()
}

/// The code of documents, which has to be Rust.
pub(crate) fn code(documents: folio_spec::Release) -> BTreeMap<String, String> {
    let modules = documents.modules.into_iter();
    let specs = Specs {
        common: Document::new("common", documents.common),
        modules: modules
            .map(|(name, root)| Document::new(name, root))
            .collect(),
        files: Vec::new(),
    };
    let files = generate(&specs, Options { schemas: true }).unwrap();
    for (name, text) in &files {
        if let Err(error) = syn::parse_file(text) {
            panic!("{name} is no Rust: {error}");
        }
    }
    files
}
