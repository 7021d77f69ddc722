//! RAML 1.0, as far as descriptions of FOLIO modules and the standard they follow go: resources with resource types and traits, libraries,
//! fragments, types. What it gives is one list of operations with all of that applied.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::canonical::METHODS;
use crate::error::{Error, Result};
use crate::files::{Within, clean};
use crate::node::{Kind, Node};
use crate::words;

/// An operation with everything that its resource types and traits add.
#[derive(Clone, Debug)]
pub struct Operation {
    /// In lower case.
    pub method: String,
    /// From the root, `/users/{userId}`.
    pub path: String,
    /// The method with resource types and traits merged in.
    pub node: Node,
    /// The parameters of the path by their names.
    pub uri_parameters: Vec<(String, Node)>,
    /// Which resource types were applied to the resource.
    pub resource_types: Vec<String>,
    /// Why nothing of it can be told but its method and path: an unknown trait or resource type, a missing argument.
    pub problem: Option<Error>,
}

/// A root document.
#[derive(Debug)]
pub struct Api {
    /// The file of the root.
    pub file: PathBuf,
    /// Its media types, for bodies that name none.
    pub media_types: Vec<String>,
    /// The names that it declares for types.
    pub types: Types,
    /// Its operations in the order of the file.
    pub operations: Vec<Operation>,
}

/// The types that a document and its libraries declare.
#[derive(Clone, Debug, Default)]
pub struct Types {
    declared: BTreeMap<String, Node>,
    libraries: BTreeMap<String, Types>,
}

impl Types {
    /// The declaration of `name` or `library.name`, with the types in whose sight it stands.
    pub fn get(&self, name: &str) -> Option<(&Node, &Self)> {
        if let Some(node) = self.declared.get(name) {
            return Some((node, self));
        }
        let (library, rest) = name.split_once('.')?;
        self.libraries.get(library)?.get(rest)
    }

    /// The declaration of `name` in the library whose file is `file`: traits and resource types of a library name its types without its
    /// name.
    pub fn of_library(&self, name: &str, file: &Path) -> Option<(&Node, &Self)> {
        self.libraries.values().find_map(|library| {
            let own = library.declared.get(name);
            let own = own.filter(|node| node.file.as_path() == file);
            own.map(|node| (node, library))
                .or_else(|| library.of_library(name, file))
        })
    }

    /// All names that can be used here, those of libraries as `library.name`.
    pub fn names(&self) -> Vec<String> {
        let inner = self.libraries.iter().flat_map(|(library, types)| {
            let names = types.names().into_iter();
            names.map(move |name| format!("{library}.{name}"))
        });
        self.declared.keys().cloned().chain(inner).collect()
    }

    /// The names declared here and what they stand for.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.declared.iter()
    }
}

/// What is prose or example, and read by nobody here. It is left out before parameters are put in, so that an example that is missing, or a
/// description that names an unknown parameter, stops nothing.
const PROSE: [&str; 6] = [
    "description",
    "displayName",
    "documentation",
    "example",
    "examples",
    "usage",
];

const MAX_DEPTH: usize = 64;

/// Reads a root document of the module whose files are `within`.
pub fn read(file: &Path, within: &Within) -> Result<Api> {
    within.check(file)?;
    let mut reader = Reader {
        within: within.clone(),
        files: HashMap::new(),
        open: Vec::new(),
    };
    let root = reader.fragment(file)?;
    header(&root, file, &[""])?;
    let scope = reader.scope(&root, 0)?;
    let media_types = match root.get("mediaType") {
        Some(node) => match node.text() {
            Some(text) => vec![text.to_owned()],
            None => node
                .elements()
                .iter()
                .filter_map(|n| n.text().map(str::to_owned))
                .collect(),
        },
        None => Vec::new(),
    };
    let mut operations = Vec::new();
    for (key, node) in root.entries() {
        if key.starts_with('/') {
            reader.resource(&scope, key, node, &[], 0, &mut operations)?;
        }
    }
    Ok(Api {
        file: file.into(),
        media_types,
        types: scope.types,
        operations,
    })
}

/// The kinds of the first line, `#%RAML 1.0 Trait`.
fn header(root: &Node, file: &Path, expected: &[&str]) -> Result<()> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let first = text
        .trim_start_matches('\u{feff}')
        .lines()
        .next()
        .unwrap_or_default()
        .trim();
    match first.strip_prefix("#%RAML 1.0") {
        Some(kind) if expected.contains(&kind.trim()) || expected.is_empty() => Ok(()),
        Some(kind) => Err(root.error(format!(
            "expected a RAML 1.0 root document, found the fragment `{}`",
            kind.trim()
        ))),
        None => Err(Error::at(
            file,
            "1:1",
            format!(
                "expected `#%RAML 1.0` in the first line, found `{}`",
                first.chars().take(40).collect::<String>()
            ),
        )),
    }
}

/// What a document declares.
#[derive(Clone, Debug, Default)]
struct Scope {
    types: Types,
    traits: BTreeMap<String, Declared>,
    resource_types: BTreeMap<String, Declared>,
}

/// A trait or resource type, with the scope that its own names are looked up in.
#[derive(Clone, Debug)]
struct Declared {
    node: Node,
    scope: Option<Box<Scope>>,
}

struct Reader {
    within: Within,
    files: HashMap<PathBuf, Node>,
    open: Vec<PathBuf>,
}

impl Reader {
    /// A YAML file, read once, with all that it includes but schemas.
    fn fragment(&mut self, file: &Path) -> Result<Node> {
        if let Some(node) = self.files.get(file) {
            return Ok(node.clone());
        }
        let node = strip(&Node::read(file)?);
        self.files.insert(file.into(), node.clone());
        Ok(node)
    }

    /// What an `!include` stands for: the tree of a RAML or YAML file; schemas stay includes.
    fn include(&mut self, node: &Node) -> Result<Node> {
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

    fn scope(&mut self, root: &Node, depth: usize) -> Result<Scope> {
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
            // What a library declares is read by the names of the library.
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

    fn resource(
        &mut self,
        scope: &Scope,
        path: &str,
        node: &Node,
        outer: &[(String, Node)],
        depth: usize,
        operations: &mut Vec<Operation>,
    ) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(node.error("resources nested deeper than 64 levels"));
        }
        let node = self.include(node)?;
        let mut resource = node.clone();
        let mut applied = Vec::new();
        let parameters = reserved(path, "");
        // The traits of a method, then of the resource, then those that its resource types add, the nearest first; each with the scope
        // that its name is looked up in.
        let mut traits = vec![(scope.clone(), resource.clone())];
        // The nearest resource type first: what is there already stays.
        let mut next = resource.get("type").cloned();
        let mut from = scope.clone();
        let mut problem = None;
        remove(&mut resource, "type");
        while let Some(reference) = next.take() {
            if reference.is_null() {
                break;
            }
            let filled = self.resource_type(&reference, &from, &parameters, &mut applied);
            let (mut filled, own) = match filled {
                Ok(filled) => filled,
                Err(error) => {
                    problem = Some(error);
                    break;
                }
            };
            if let Some(own) = own {
                from = own;
            }
            next = filled.get("type").cloned();
            remove(&mut filled, "type");
            remove(&mut filled, "uses");
            traits.push((from.clone(), filled.clone()));
            merge(&mut resource, &filled);
        }
        let mut uri = outer.to_vec();
        for (name, parameter) in resource
            .get("uriParameters")
            .map(Node::entries)
            .unwrap_or_default()
        {
            uri.retain(|(known, _)| known != name);
            uri.push((name.clone(), parameter.clone()));
        }
        for (key, method) in resource.entries() {
            let name = key.strip_suffix('?').unwrap_or(key);
            if !METHODS.contains(&name) || key.ends_with('?') {
                continue;
            }
            let read = match &problem {
                Some(problem) => Err(problem.clone()),
                None => self.method(method, name, path, &traits),
            };
            let (node, problem) = match read {
                Ok(node) => (node, None),
                Err(problem) => (
                    Node {
                        kind: Kind::Mapping(Vec::new()),
                        ..method.clone()
                    },
                    Some(problem),
                ),
            };
            let twice = operations
                .iter_mut()
                .find(|known| known.method == name && known.path == path);
            if let Some(known) = twice {
                // Which of both is meant nobody can tell.
                known.problem =
                    Some(method.error(format!("`{name}` of {path} is described twice")));
                continue;
            }
            operations.push(Operation {
                method: name.to_owned(),
                path: path.to_owned(),
                node,
                uri_parameters: uri.clone(),
                resource_types: applied.clone(),
                problem,
            });
        }
        for (key, inner) in resource.entries() {
            if key.starts_with('/') {
                self.resource(
                    scope,
                    &format!("{path}{key}"),
                    inner,
                    &uri,
                    depth + 1,
                    operations,
                )?;
            }
        }
        Ok(())
    }

    /// A resource type with its parameters put in, and the scope that its own names are looked up in, where that is another.
    fn resource_type(
        &mut self,
        reference: &Node,
        from: &Scope,
        parameters: &HashMap<String, Node>,
        applied: &mut Vec<String>,
    ) -> Result<(Node, Option<Scope>)> {
        let (name, mut given) = application(reference)?;
        let declared = from.resource_types.get(&name).cloned().ok_or_else(|| {
            unknown(
                reference,
                "resource type",
                &name,
                from.resource_types.keys(),
            )
        })?;
        if applied.contains(&name) {
            return Err(reference.error(format!("the resource type `{name}` leads back to itself")));
        }
        applied.push(name.clone());
        given.extend(parameters.clone());
        let filled = substitute(
            &declared.node,
            &given,
            &format!("resource type `{name}`"),
            reference,
        )?;
        Ok((filled, declared.scope.map(|scope| *scope)))
    }

    /// A method with its traits: its own and those of its resource, as the resource and each of its types name them.
    fn method(
        &mut self,
        method: &Node,
        name: &str,
        path: &str,
        traits: &[(Scope, Node)],
    ) -> Result<Node> {
        let mut node = self.include(method)?;
        if node.is_null() {
            node.kind = Kind::Mapping(Vec::new());
        }
        if !matches!(node.kind, Kind::Mapping(_)) {
            return Err(node.error(format!(
                "expected a mapping under `{name}`, found {}",
                node.what()
            )));
        }
        let optional = format!("{name}?");
        let mut seen = HashSet::new();
        for (scope, level) in traits {
            let own = level.get(name).or_else(|| level.get(&optional));
            let lists = [own.and_then(|own| own.get("is")), level.get("is")];
            for list in lists.into_iter().flatten() {
                let list = without(list, &mut seen);
                self.traits(scope, &list, path, name, &mut node, 0)?;
            }
        }
        Ok(node)
    }

    fn traits(
        &mut self,
        scope: &Scope,
        list: &Node,
        path: &str,
        method: &str,
        target: &mut Node,
        depth: usize,
    ) -> Result<()> {
        if depth > 16 {
            return Err(list.error("traits lead back to themselves"));
        }
        let single = std::slice::from_ref(list);
        let references = if matches!(list.kind, Kind::Sequence(_)) {
            list.elements()
        } else {
            single
        };
        for reference in references {
            if reference.is_null() {
                continue;
            }
            let (name, mut given) = application(reference)?;
            let declared = scope
                .traits
                .get(&name)
                .cloned()
                .ok_or_else(|| unknown(reference, "trait", &name, scope.traits.keys()))?;
            given.extend(reserved(path, method));
            let mut filled = substitute(
                &declared.node,
                &given,
                &format!("trait `{name}`"),
                reference,
            )?;
            let inner = filled.get("is").cloned();
            remove(&mut filled, "is");
            remove(&mut filled, "uses");
            merge(target, &filled);
            if let Some(inner) = inner {
                let own = declared.scope.as_deref().unwrap_or(scope).clone();
                self.traits(&own, &inner, path, method, target, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// The file that an `!include` or `uses` names.
pub(crate) fn include_path(node: &Node) -> Result<PathBuf> {
    let text = node.text().ok_or_else(|| {
        node.error(format!(
            "expected the path of a file, found {}",
            node.what()
        ))
    })?;
    let base = node.file.parent().unwrap_or(Path::new(""));
    Ok(clean(&base.join(text.trim())))
}

fn is_yaml(path: &Path) -> bool {
    matches!(
        path.extension().and_then(|e| e.to_str()),
        Some("raml" | "yaml" | "yml")
    )
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

/// The values of a mapping stripped, its keys kept: they are names that the description gives.
fn named(node: &Node) -> Node {
    let mut node = node.clone();
    if let Kind::Mapping(entries) = &mut node.kind {
        for (_, value) in entries {
            *value = strip(value);
        }
    }
    node
}

/// The name in `type: name` or `type: {name: {parameter: value}}`, and the parameters.
fn application(reference: &Node) -> Result<(String, HashMap<String, Node>)> {
    if let Some(name) = reference.text() {
        return Ok((name.trim().to_owned(), HashMap::new()));
    }
    match reference.entries() {
        [(name, parameters)] => {
            let given = parameters
                .entries()
                .iter()
                .map(|(name, node)| (name.clone(), node.clone()))
                .collect();
            Ok((name.clone(), given))
        }
        _ => Err(reference.error(format!(
            "expected a name, or a mapping of one name to parameters, found {}",
            reference.what()
        ))),
    }
}

fn unknown<'a>(
    at: &Node,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Error {
    let known: Vec<&str> = known.map(String::as_str).collect();
    at.error(format!(
        "unknown {what} `{name}`; declared are: {}",
        if known.is_empty() {
            "none".into()
        } else {
            known.join(", ")
        }
    ))
}

/// The parameters that RAML gives: the path, the last part of it that is no parameter, the method.
fn reserved(path: &str, method: &str) -> HashMap<String, Node> {
    let name = path
        .rsplit('/')
        .find(|part| !part.is_empty() && !part.contains('{'))
        .unwrap_or_default();
    let scalar = |text: &str| Node {
        file: std::sync::Arc::new(PathBuf::new()),
        line: 0,
        column: 0,
        tag: None,
        kind: Kind::Scalar(text.to_owned(), true),
    };
    let mut given = HashMap::from([
        ("resourcePath".to_owned(), scalar(path)),
        ("resourcePathName".to_owned(), scalar(name)),
    ]);
    if !method.is_empty() {
        given.insert("methodName".to_owned(), scalar(method));
    }
    given
}

/// Puts parameters into a trait or resource type.
fn substitute(node: &Node, given: &HashMap<String, Node>, what: &str, at: &Node) -> Result<Node> {
    let mut filled = node.clone();
    filled.kind = match &node.kind {
        Kind::Scalar(text, quoted) => {
            let whole = text
                .trim()
                .strip_prefix("<<")
                .and_then(|t| t.strip_suffix(">>"))
                .filter(|t| !t.contains("<<") && !t.contains('|'));
            if let Some(value) = whole.and_then(|name| given.get(name.trim())) {
                return Ok(value.clone());
            }
            Kind::Scalar(fill(text, given, what, at)?, *quoted)
        }
        Kind::Sequence(elements) => Kind::Sequence(
            elements
                .iter()
                .map(|node| substitute(node, given, what, at))
                .collect::<Result<_>>()?,
        ),
        Kind::Mapping(entries) => Kind::Mapping(
            entries
                .iter()
                .map(|(key, node)| {
                    Ok((
                        fill(key, given, what, at)?,
                        substitute(node, given, what, at)?,
                    ))
                })
                .collect::<Result<_>>()?,
        ),
        Kind::Null => Kind::Null,
    };
    Ok(filled)
}

fn fill(text: &str, given: &HashMap<String, Node>, what: &str, at: &Node) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("<<") {
        let Some(length) = rest[start..].find(">>") else {
            break;
        };
        filled.push_str(&rest[..start]);
        let mut parts = rest[start + 2..start + length].split('|').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let value = given.get(name).ok_or_else(|| {
            at.error(format!(
                "the {what} needs the parameter `{name}`, and it is not given"
            ))
        })?;
        let mut value = value
            .text()
            .ok_or_else(|| {
                value.error(format!(
                    "the parameter `{name}` stands within text: expected a scalar, found {}",
                    value.what()
                ))
            })?
            .to_owned();
        for function in parts {
            value = apply(function, &value).ok_or_else(|| {
                at.error(format!("the {what} uses the unknown function `{function}`"))
            })?;
        }
        filled.push_str(&value);
        rest = &rest[start + length + 2..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The functions of RAML 1.0.
fn apply(function: &str, value: &str) -> Option<String> {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |c| {
            c.to_uppercase().to_string() + chars.as_str()
        })
    };
    let parts = || -> Vec<String> {
        let mut parts = vec![String::new()];
        for c in value.chars() {
            if matches!(c, '-' | '_' | ' ') {
                parts.push(String::new());
            } else {
                if c.is_uppercase()
                    && parts
                        .last()
                        .is_some_and(|p| p.ends_with(|l: char| l.is_lowercase()))
                {
                    parts.push(String::new());
                }
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
        parts.retain(|part| !part.is_empty());
        parts.iter().map(|part| part.to_lowercase()).collect()
    };
    Some(match function {
        "!singularize" => words::singular(value),
        "!pluralize" => words::plural(value),
        "!uppercase" => value.to_uppercase(),
        "!lowercase" => value.to_lowercase(),
        "!uppercamelcase" => parts().iter().map(|part| capital(part)).collect(),
        "!lowercamelcase" => parts()
            .iter()
            .enumerate()
            .map(|(i, part)| if i == 0 { part.clone() } else { capital(part) })
            .collect(),
        "!upperunderscorecase" => parts().join("_").to_uppercase(),
        "!lowerunderscorecase" => parts().join("_"),
        "!upperhyphencase" => parts().join("-").to_uppercase(),
        "!lowerhyphencase" => parts().join("-"),
        _ => return None,
    })
}

/// Merges what a trait or resource type says into what is there; what is there stays. `name?` is merged only where there is a `name`.
fn merge(target: &mut Node, source: &Node) {
    if target.is_null() && target.tag.is_none() {
        target.kind = optional_removed(source).kind;
        target.tag = source.tag.clone();
        return;
    }
    let (Kind::Mapping(to), Kind::Mapping(from)) = (&mut target.kind, &source.kind) else {
        return;
    };
    for (key, value) in from {
        let (name, optional) = match key.strip_suffix('?') {
            Some(name) if METHODS.contains(&name) => (name, true),
            _ => (key.as_str(), false),
        };
        match to.iter_mut().find(|(known, _)| known == name) {
            Some((_, there)) => merge(there, value),
            None if optional => {}
            None => to.push((name.to_owned(), optional_removed(value))),
        }
    }
}

fn optional_removed(node: &Node) -> Node {
    let mut node = node.clone();
    if let Kind::Mapping(entries) = &mut node.kind {
        entries.retain(|(key, _)| {
            !key.strip_suffix('?')
                .is_some_and(|name| METHODS.contains(&name))
        });
    }
    node
}

fn remove(node: &mut Node, key: &str) {
    if let Kind::Mapping(entries) = &mut node.kind {
        entries.retain(|(known, _)| known != key);
    }
}

/// The traits of a list that are applied for the first time with these arguments. With other arguments a trait is applied once more, as
/// raml-1-parser does.
fn without(list: &Node, seen: &mut HashSet<String>) -> Node {
    let elements = if matches!(list.kind, Kind::Sequence(_)) {
        list.elements().to_vec()
    } else {
        vec![list.clone()]
    };
    let mut left = list.clone();
    left.tag = None;
    left.kind = Kind::Sequence(
        elements
            .into_iter()
            .filter(|element| {
                let name = element.text().map(|name| name.trim().to_owned());
                seen.insert(name.unwrap_or_else(|| element.json().to_string()))
            })
            .collect(),
    );
    left
}
