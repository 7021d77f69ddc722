//! The files of a module and the schemas in them, by position.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::reference::{absolute, resolve};
use crate::base::error::{Error, Result};
use crate::base::files::{Within, clean, is_yaml, read_json};
use crate::base::pointer::escaped;
use crate::base::yaml::Node;

/// All schemas by where they are: `file#/pointer`, or `file!name` for a type declared in RAML.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    /// The folder that all files have to lie in.
    within: Option<Within>,
    files: HashMap<PathBuf, Value>,
    /// The OpenAPI documents of the module. Files that are meant to be bundled into one refer to
    /// its components as to their own.
    roots: Vec<PathBuf>,
    declared: BTreeMap<String, Value>,
    /// Names under which RAML roots declare a schema.
    pub(crate) names: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Schemas {
    /// The target of a reference, with its own references made absolute.
    pub(crate) fn get(&mut self, reference: &str, from: &Path) -> Result<Value> {
        if let Some(value) = self.declared.get(reference) {
            return Ok(value.clone());
        }
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let path = PathBuf::from(file);
        self.load(&path, from)?;
        let own = std::iter::once(&path);
        let bundled = self
            .roots
            .iter()
            .filter(|_| pointer.starts_with("/components/"));
        let found = own
            .chain(bundled)
            .find_map(|file| Some((file.clone(), self.files.get(file)?.pointer(pointer)?)));
        let Some((path, found)) = found else {
            return Err(Error::at(
                from,
                self.place(reference, from),
                format!("the reference `{reference}` leads nowhere: {file} has no `{pointer}`"),
            ));
        };
        let mut found = found.clone();
        absolute(&mut found, &path, 0)?;
        Ok(found)
    }

    /// The position of a reference in its file, as a JSON pointer.
    pub(super) fn place(&self, reference: &str, from: &Path) -> String {
        fn find(value: &Value, from: &Path, reference: &str, at: &mut String) -> bool {
            let length = at.len();
            let mut inside = |step: &str, value: &Value| {
                at.push('/');
                at.push_str(&escaped(step));
                let found = match value {
                    Value::String(text) => {
                        matches!(step, "$ref") && resolve(text, from) == reference
                    }
                    value => find(value, from, reference, at),
                };
                if !found {
                    at.truncate(length);
                }
                found
            };
            match value {
                Value::Object(map) => map.iter().any(|(key, value)| inside(key, value)),
                Value::Array(list) => list
                    .iter()
                    .enumerate()
                    .any(|(index, value)| inside(&index.to_string(), value)),
                _ => false,
            }
        }
        let mut place = String::new();
        if let Some(document) = self.files.get(from) {
            find(document, from, reference, &mut place);
        }
        place
    }

    /// The folder of the module.
    pub(crate) fn folder(&self) -> &Path {
        self.within.as_ref().map_or(Path::new(""), Within::folder)
    }

    /// The error of a file that a description names, if it is outside the module's directory.
    pub(super) fn problem(&self, path: &Path) -> Option<String> {
        self.within.as_ref()?.problem(path)
    }

    /// The target of a pointer in a file that was read.
    pub(super) fn find(&self, path: &Path, pointer: &str) -> Option<&Value> {
        self.files.get(path)?.pointer(pointer)
    }

    /// Notes an OpenAPI document of the module, see `roots`.
    pub(super) fn add_root(&mut self, file: PathBuf) {
        self.roots.push(file);
    }

    /// Whether RAML declares a schema under a key, `file!name`.
    pub(super) fn is_declared(&self, key: &str) -> bool {
        self.declared.contains_key(key)
    }

    /// Declares a schema under a key, `file!name`.
    pub(super) fn declare(&mut self, key: String, schema: Value) {
        self.declared.insert(key, schema);
    }

    /// Reads a file that `from` refers to, if it was not read before.
    pub(super) fn load(&mut self, path: &Path, from: &Path) -> Result<()> {
        if self.files.contains_key(path) {
            return Ok(());
        }
        let reference = format!("{}#", path.display());
        if let Some(problem) = self.within.as_ref().and_then(|within| within.problem(path)) {
            return Err(Error::at(from, self.place(&reference, from), problem));
        }
        if !path.is_file() {
            return Err(Error::at(
                from,
                self.place(&reference, from),
                format!("refers to {}, which does not exist", path.display()),
            ));
        }
        let value = if is_yaml(path) {
            Node::read(path)?.json()
        } else {
            read_json(path)?
        };
        self.files.insert(path.into(), value);
        Ok(())
    }

    /// Reads the files of a module only.
    pub(crate) fn keep_within(&mut self, folder: &Path) -> Result<Within> {
        let within = Within::new(folder)?;
        self.within = Some(within.clone());
        Ok(within)
    }

    /// Takes a document for the file of a path.
    pub(crate) fn give(&mut self, path: &Path, document: Value) {
        self.files.insert(clean(path), document);
    }

    /// The file of a reference, whole, with nothing resolved.
    pub(crate) fn document(&mut self, path: &Path) -> Result<&Value> {
        self.load(path, path)?;
        Ok(self.files.get(path).unwrap_or(&Value::Null))
    }

    /// Counts a name under which a root declares a schema.
    pub(super) fn vote(&mut self, reference: &str, name: &str) {
        *self
            .names
            .entry(reference.to_owned())
            .or_default()
            .entry(name.to_owned())
            .or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_that_leads_nowhere_is_reported_at_its_place() {
        let mut schemas = Schemas::default();
        let file = Path::new("/m/a.json");
        schemas.give(file, json!({"properties": {"a/b": {"$ref": "#/definitions/X"}}, "definitions": {"Y": {"$ref": "#/z"}}}));
        let error = schemas.get("/m/a.json#/definitions/X", file).unwrap_err();
        assert_eq!(error.place, "/properties/a~1b/$ref");
        assert!(error.problem.contains("leads nowhere"), "{error}");
        let found = schemas.get("/m/a.json#/definitions/Y", file).unwrap();
        assert_eq!(found, json!({"$ref": "/m/a.json#/z"}));
    }

    #[test]
    fn files_that_are_bundled_refer_to_the_components_of_the_root() {
        let mut schemas = Schemas::default();
        let (root, part) = (Path::new("/m/api.yaml"), Path::new("/m/part.yaml"));
        schemas.give(
            root,
            json!({"components": {"schemas": {"A": {"type": "object"}}}}),
        );
        schemas.give(part, json!({}));
        let reference = "/m/part.yaml#/components/schemas/A";
        assert!(schemas.get(reference, part).is_err());
        schemas.add_root(root.to_owned());
        assert_eq!(
            schemas.get(reference, part).unwrap(),
            json!({"type": "object"})
        );
    }

    #[test]
    fn files_outside_the_folder_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join("mod-a");
        std::fs::create_dir(&module).unwrap();
        std::fs::write(folder.path().join("secret.json"), "{}").unwrap();
        let mut schemas = Schemas::default();
        schemas.keep_within(&module).unwrap();
        let outside = folder.path().join("secret.json");
        let error = schemas.document(&outside).unwrap_err();
        assert!(
            error.problem.contains("only its own files are read"),
            "{error}"
        );
        let missing = schemas.document(&module.join("none.json")).unwrap_err();
        assert!(missing.problem.contains("does not exist"), "{missing}");
    }
}
