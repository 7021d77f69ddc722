//! The declarations of a RAML document and its libraries: types, traits, resource types.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::types::Types;
use crate::base::error::Result;
use crate::base::files::{Within, clean, is_yaml};
use crate::base::yaml::{Kind, Node};

/// Prose and examples, which are not read here. They are removed before parameters are inserted, so
/// that a missing example, or a description with an unknown parameter, is harmless.
const PROSE: [&str; 6] = [
    "description",
    "displayName",
    "documentation",
    "example",
    "examples",
    "usage",
];

/// How deep libraries and resources are nested.
pub(super) const MAX_DEPTH: usize = 64;

/// The declarations of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) types: Types,
    pub(super) traits: BTreeMap<String, Declared>,
    pub(super) resource_types: BTreeMap<String, Declared>,
}

/// A trait or resource type, with the scope that its own names are looked up in.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) node: Node,
    pub(super) scope: Option<Box<Scope>>,
}

/// The files of a module, each read once.
pub(super) struct Reader {
    within: Within,
    files: HashMap<PathBuf, Node>,
    open: Vec<PathBuf>,
}

impl Reader {
    /// A reader of the module whose files are `within`.
    pub(super) fn new(within: &Within) -> Self {
        Self {
            within: within.clone(),
            files: HashMap::new(),
            open: Vec::new(),
        }
    }

    /// A YAML file, read once, with all that it includes but schemas.
    pub(super) fn fragment(&mut self, file: &Path) -> Result<Node> {
        if let Some(node) = self.files.get(file) {
            return Ok(node.clone());
        }
        let node = strip(&Node::read(file)?);
        self.files.insert(file.into(), node.clone());
        Ok(node)
    }

    /// The target of an `!include`: the tree of a RAML or YAML file; schemas stay includes.
    pub(super) fn include(&mut self, node: &Node) -> Result<Node> {
        if node.tag.as_deref() != Some("include") {
            return Ok(node.clone());
        }
        let path = include_path(node)?;
        if let Some(problem) = self.within.problem(&path) {
            return Err(node.error(problem));
        }
        if !is_yaml(&path) {
            return Ok(node.clone());
        }
        if self.open.contains(&path) {
            return Err(node.error(format!(
                "`!include` goes round in a circle: {} includes itself",
                path.display()
            )));
        }
        if !path.is_file() {
            return Err(node.error(format!(
                "the included file {} does not exist",
                path.display()
            )));
        }
        self.open.push(path.clone());
        let read = self.fragment(&path).and_then(|read| self.include(&read));
        self.open.pop();
        read
    }

    /// The declarations of a document.
    pub(super) fn scope(&mut self, root: &Node, depth: usize) -> Result<Scope> {
        if depth > MAX_DEPTH {
            return Err(root.error("`uses` goes round in a circle, or deeper than 64 libraries"));
        }
        let mut scope = Scope::default();
        for (name, library) in root.get("uses").map(Node::entries).unwrap_or_default() {
            let path = include_path(library)?;
            if let Some(problem) = self.within.problem(&path) {
                return Err(library.error(problem));
            }
            if !path.is_file() {
                return Err(library.error(format!("the library {} does not exist", path.display())));
            }
            let library = self.fragment(&path)?;
            let inner = self.scope(&library, depth + 1)?;
            // The declarations of a library are resolved with the names of the library.
            let home = |declared: &Declared| Declared {
                node: declared.node.clone(),
                scope: declared
                    .scope
                    .clone()
                    .or_else(|| Some(Box::new(inner.clone()))),
            };
            for (own, declared) in &inner.traits {
                scope.traits.insert(format!("{name}.{own}"), home(declared));
            }
            for (own, declared) in &inner.resource_types {
                scope
                    .resource_types
                    .insert(format!("{name}.{own}"), home(declared));
            }
            scope.types.libraries.insert(name.clone(), inner.types);
        }
        for key in ["types", "schemas"] {
            let Some(node) = root.get(key) else { continue };
            let node = self.include(node)?;
            for (name, declared) in declarations(&node) {
                let declared = self.include(declared)?;
                scope.types.declared.insert(name.clone(), declared);
            }
        }
        for (key, is_trait) in [("traits", true), ("resourceTypes", false)] {
            let Some(node) = root.get(key) else { continue };
            let node = self.include(node)?;
            for (name, declared) in declarations(&node) {
                let node = self.include(declared)?;
                if node.tag.as_deref() == Some("include") {
                    return Err(node.error("expected a RAML fragment"));
                }
                let own = match node.get("uses") {
                    Some(_) => Some(Box::new(self.scope(&node, depth + 1)?)),
                    None => None,
                };
                let declared = Declared { node, scope: own };
                if is_trait {
                    scope.traits.insert(name.clone(), declared);
                } else {
                    scope.resource_types.insert(name.clone(), declared);
                }
            }
        }
        Ok(scope)
    }
}

/// The file that an `!include` or `uses` names.
pub(super) fn include_path(node: &Node) -> Result<PathBuf> {
    let text = node.text().ok_or_else(|| {
        node.error(format!(
            "expected the path of a file, found {}",
            node.what()
        ))
    })?;
    let base = node.file.parent().unwrap_or(Path::new(""));
    Ok(clean(&base.join(text.trim())))
}

/// Declarations: a mapping, or a list of mappings as RAML 0.8 had it.
fn declarations(node: &Node) -> Vec<(&String, &Node)> {
    match &node.kind {
        Kind::Sequence(list) => list
            .iter()
            .flat_map(|node| node.entries().iter().map(|(k, v)| (k, v)))
            .collect(),
        _ => node.entries().iter().map(|(k, v)| (k, v)).collect(),
    }
}

/// A tree without prose and examples.
fn strip(node: &Node) -> Node {
    let mut node = node.clone();
    node.kind = match node.kind {
        Kind::Mapping(entries) => Kind::Mapping(
            entries
                .into_iter()
                // Under `properties` and parameters these words are names.
                .filter(|(key, _)| !PROSE.contains(&key.as_str()))
                .map(|(key, value)| {
                    let value = if matches!(
                        key.as_str(),
                        "properties"
                            | "queryParameters"
                            | "uriParameters"
                            | "headers"
                            | "formParameters"
                    ) {
                        named(&value)
                    } else {
                        strip(&value)
                    };
                    (key, value)
                })
                .collect(),
        ),
        Kind::Sequence(elements) => Kind::Sequence(elements.iter().map(strip).collect()),
        other => other,
    };
    node
}

/// The values of a mapping stripped, its keys unchanged: they are names that the description gives.
fn named(node: &Node) -> Node {
    let mut node = node.clone();
    if let Kind::Mapping(entries) = &mut node.kind {
        for (_, value) in entries {
            *value = strip(value);
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_left_out_except_where_it_is_a_name() {
        let text = "description: x\nget:\n  description: y\n  queryParameters:\n    description:\n      example: z\n";
        let node = strip(&Node::parse(Path::new("a.raml"), text).unwrap());
        let expected = serde_json::json!({"get": {"queryParameters": {"description": {}}}});
        assert_eq!(node.json(), expected);
    }

    #[test]
    fn libraries_are_read_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "api.raml",
            "#%RAML 1.0\nuses:\n  lib: lib.raml\ntypes:\n  Own: string\ntraits:\n  paged: {}\n",
        );
        write(
            "lib.raml",
            "#%RAML 1.0 Library\nuses:\n  deep: deep.raml\ntypes:\n  A: string\nresourceTypes:\n  item: {}\n",
        );
        write("deep.raml", "#%RAML 1.0 Library\ntypes:\n  B: integer\n");
        let mut reader = Reader::new(&Within::new(folder.path()).unwrap());
        let root = reader.fragment(&folder.path().join("api.raml")).unwrap();
        let scope = reader.scope(&root, 0).unwrap();
        assert_eq!(scope.types.names(), ["Own", "lib.A", "lib.deep.B"]);
        assert_eq!(scope.traits.keys().collect::<Vec<_>>(), ["paged"]);
        assert_eq!(
            scope.resource_types.keys().collect::<Vec<_>>(),
            ["lib.item"]
        );

        write("lib.raml", "#%RAML 1.0 Library\nuses:\n  again: lib.raml\n");
        let mut reader = Reader::new(&Within::new(folder.path()).unwrap());
        let error = reader.scope(&root, 0).unwrap_err();
        assert!(error.problem.contains("goes round in a circle"), "{error}");
    }
}
