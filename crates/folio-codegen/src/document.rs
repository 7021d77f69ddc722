//! Canonical documents, as `folio-spec` writes them (`docs/canonical-documents.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::glossary::Entries;
use crate::json::{kind, read_json};
use crate::sources::Sources;

/// The name under which the document of shared records is known.
pub(crate) const COMMON: &str = "common";

/// The methods of OpenAPI that FOLIO's modules use.
pub(crate) const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// How a reference to a component of the same document begins.
pub(crate) const LOCAL: &str = "#/components/schemas/";

/// How a reference to a shared component begins.
pub(crate) const SHARED: &str = "common.json#/components/schemas/";

/// The other files of a directory: the sources of the import.
const RELEASE: &str = "release";

/// The types that documentation can link to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// Their paths, by `module.Record`.
    pub(crate) paths: BTreeMap<String, String>,
    /// Whether the code is for any modules, so that a link to another module has a condition.
    pub(crate) are_conditional: bool,
}

/// One canonical document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The module, `mod-users`, or `common`.
    pub name: String,
    /// The content.
    pub root: Value,
    /// What the glossary says of it.
    pub(crate) entries: Entries<String>,
    /// Where the sources of the release are.
    pub(crate) sources: Arc<Sources>,
    /// The types that documentation can link to: those of the build.
    pub(crate) links: Arc<Links>,
}

impl Document {
    /// Takes a document that was read already.
    pub fn new(name: impl Into<String>, root: Value) -> Self {
        Self {
            name: name.into(),
            root,
            entries: Entries::default(),
            sources: Arc::default(),
            links: Arc::default(),
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// The file cannot be read or is not JSON.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self::new(name, read_json(path)?))
    }

    /// The names of the modules that a folder has documents of.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn modules(folder: &Path) -> Result<BTreeSet<String>, Error> {
        let mut names: BTreeSet<String> = files(folder)?.into_keys().collect();
        names.remove(COMMON);
        Ok(names)
    }

    /// The module's name without `mod-`: its feature. `mod-login-keycloak` is `login-keycloak`.
    pub fn feature(&self) -> &str {
        feature_of(&self.name)
    }

    /// The version of the module that the document states.
    pub(crate) fn version(&self) -> Option<&str> {
        self.root.pointer("/info/version")?.as_str()
    }

    /// The records of the document by their names.
    pub(crate) fn schemas(&self) -> Result<&Map<String, Value>, Error> {
        static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
        match self.root.pointer("/components/schemas") {
            None => Ok(NONE.get_or_init(Map::new)),
            Some(Value::Object(schemas)) => Ok(schemas),
            Some(other) => Err(Error::document(
                &self.name,
                "/components/schemas",
                format!("expected an object, found {}", kind(other)),
            )),
        }
    }

    /// The component that a reference at a position of this document targets. This is the only
    /// place that resolves references: the component is read in its own document.
    ///
    /// # Errors
    /// It has no target.
    pub(crate) fn resolve<'a>(
        &'a self,
        common: &'a Self,
        at: &str,
        reference: &str,
    ) -> Result<Component<'a>, Error> {
        let (document, name) = match reference.strip_prefix(LOCAL) {
            Some(name) => (self, Some(name)),
            None => (common, reference.strip_prefix(SHARED)),
        };
        if let Some(name) = name
            && let Some((name, schema)) = document.schemas()?.get_key_value(name)
        {
            return Ok(Component {
                document,
                name,
                schema,
            });
        }
        let problem = format!(
            "the reference `{reference}` leads nowhere: expected {LOCAL}Name or {SHARED}Name"
        );
        Err(Error::document(&self.name, at, problem))
    }
}

/// So many references in place of each other are a circle.
const LONGEST_CHAIN: usize = 16;

/// The position of a schema: the document in which its references are resolved, and the one of
/// shared records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home<'a> {
    pub(crate) document: &'a Document,
    pub(crate) common: &'a Document,
}

impl<'a> Home<'a> {
    /// The component that a reference leads to.
    ///
    /// # Errors
    /// It leads nowhere.
    pub(crate) fn resolve(self, at: &str, reference: &str) -> Result<Component<'a>, Error> {
        self.document.resolve(self.common, at, reference)
    }

    /// The same in another document.
    pub(crate) fn of(self, document: &'a Document) -> Self {
        Self { document, ..self }
    }

    /// The schema at the end of a chain of references, and its position. A schema without a
    /// reference, or with one without a target, is returned itself.
    pub(crate) fn follow(self, schema: &'a Value) -> (Self, &'a Value) {
        let (mut home, mut schema) = (self, schema);
        for _ in 0..LONGEST_CHAIN {
            let Some(Value::String(reference)) = schema.get("$ref") else {
                break;
            };
            let Ok(found) = home.resolve("", reference) else {
                break;
            };
            (home, schema) = (home.of(found.document), found.schema);
        }
        (home, schema)
    }

    /// An error at a place of the document.
    pub(crate) fn error(self, at: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::document(&self.document.name, at, problem)
    }
}

/// The target of a reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Component<'a> {
    /// The document that it is in.
    pub(crate) document: &'a Document,
    pub(crate) name: &'a str,
    pub(crate) schema: &'a Value,
}

/// The documents of a release that a build needs.
#[derive(Clone, Debug)]
pub struct Specs {
    /// The records that several modules share.
    pub common: Document,
    /// The modules, in the order of their names.
    pub modules: Vec<Document>,
    /// The files that were read, for cargo to watch.
    pub files: Vec<PathBuf>,
}

impl Specs {
    /// Reads the documents of the modules that `wanted` accepts by their names, out of a folder
    /// such as `specs/trillium`.
    ///
    /// # Errors
    /// The folder or a document cannot be read.
    pub fn read(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let mut specs = Self {
            common: Document::new(COMMON, serde_json::json!({"components": {"schemas": {}}})),
            modules: Vec::new(),
            files: Vec::new(),
        };
        for (name, path) in files(folder)? {
            if name == COMMON {
                specs.common = Document::read(&path)?;
            } else if wanted(&name) {
                specs.modules.push(Document::read(&path)?);
            } else {
                continue;
            }
            specs.files.push(path);
        }
        specs.locate_sources(folder)?;
        Ok(specs)
    }

    /// Adds where the sources of the documents are: `release.json` says it.
    fn locate_sources(&mut self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(format!("{RELEASE}.json"));
        if path.is_file() {
            let sources = Arc::new(Sources::of(&read_json(&path)?));
            let modules = self.modules.iter_mut();
            for document in modules.chain([&mut self.common]) {
                document.sources = Arc::clone(&sources);
            }
            self.files.push(path);
        }
        Ok(())
    }
}

/// The documents of a folder, by the names of their modules.
pub(crate) fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let io = |source| Error::Io {
        path: folder.into(),
        source,
    };
    let mut paths = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if let Some(name) = name.strip_suffix(".json")
            && name != RELEASE
        {
            paths.insert(name.to_owned(), path);
        }
    }
    Ok(paths)
}

/// The name of a module without `mod-`.
pub(crate) fn feature_of(module: &str) -> &str {
    module.strip_prefix("mod-").unwrap_or(module)
}

/// A key as a step of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A text of a document, or nothing where it is absent.
pub(crate) fn string(
    document: &Document,
    at: &str,
    value: &Value,
    key: &str,
) -> Result<Option<String>, Error> {
    match value.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Error::document(
            &document.name,
            format!("{at}/{key}"),
            format!("expected a string, found {}", kind(other)),
        )),
    }
}

/// A list of texts of a document; empty if it is absent.
pub(crate) fn strings(
    document: &Document,
    at: &str,
    value: &Value,
    key: &str,
) -> Result<Vec<String>, Error> {
    let wrong = |found: &Value| {
        Error::document(
            &document.name,
            format!("{at}/{key}"),
            format!("expected a list of strings, found {}", kind(found)),
        )
    };
    match value.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item)))
            .collect(),
        Some(other) => Err(wrong(other)),
    }
}

/// An object of a document; empty if it is absent.
pub(crate) fn object<'a>(
    document: &Document,
    at: &str,
    value: Option<&'a Value>,
) -> Result<&'a Map<String, Value>, Error> {
    static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    match value {
        None => Ok(NONE.get_or_init(Map::new)),
        Some(Value::Object(map)) => Ok(map),
        Some(other) => Err(Error::document(
            &document.name,
            at,
            format!("expected an object, found {}", kind(other)),
        )),
    }
}

/// An array of a value; empty if it is absent.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    fn documents() -> (Document, Document) {
        let of = |name: &str, schemas: Value| {
            Document::new(name, json!({"components": {"schemas": schemas}}))
        };
        let module = of(
            "mod-test",
            json!({
                "Note": {"title": "own note"},
                "Alias": {"$ref": "common.json#/components/schemas/Alias"},
                "Loop": {"$ref": "#/components/schemas/Loop"},
            }),
        );
        let common = of(
            COMMON,
            json!({"Note": {"title": "shared note"}, "Alias": {"$ref": "#/components/schemas/Note"}}),
        );
        (module, common)
    }

    #[test]
    fn a_reference_leads_to_a_component_or_is_an_error_with_its_place() {
        let (module, common) = documents();
        for (reference, document, title) in [
            ("#/components/schemas/Note", "mod-test", "own note"),
            (
                "common.json#/components/schemas/Note",
                COMMON,
                "shared note",
            ),
        ] {
            let found = module.resolve(&common, "/here", reference).unwrap();
            assert_eq!((&*found.document.name, found.name), (document, "Note"));
            assert_eq!(found.schema["title"], title);
        }
        for reference in [
            "#/components/schemas/Book",
            "other.json#/X",
            "",
            "common.json#/X",
        ] {
            let error = module.resolve(&common, "/here", reference).unwrap_err();
            let expected = format!("mod-test: at /here: the reference `{reference}` leads nowhere");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn references_of_the_shared_document_are_read_there() {
        let (module, common) = documents();
        for (reference, document, expected) in [
            (
                "#/components/schemas/Alias",
                COMMON,
                json!({"title": "shared note"}),
            ),
            (
                "#/components/schemas/Loop",
                "mod-test",
                json!({"$ref": "#/components/schemas/Loop"}),
            ),
            ("#/nowhere", "mod-test", json!({"$ref": "#/nowhere"})),
        ] {
            let start = json!({"$ref": reference});
            let home = Home {
                document: &module,
                common: &common,
            };
            let (home, schema) = home.follow(&start);
            assert_eq!(
                (&*home.document.name, schema),
                (document, &expected),
                "{reference}"
            );
        }
    }
}
