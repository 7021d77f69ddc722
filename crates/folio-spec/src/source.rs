//! What a module's descriptions say, whatever language they are in: operations and schemas, before anything is normalised.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::canonical::METHODS;
use crate::error::{Error, Result};
use crate::files::{Within, clean};
use crate::node::{Kind, Node};
use crate::raml::{self, Types};

/// An operation as its source describes it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// In lower case.
    pub method: String,
    /// The path, `/users/{userId}`.
    pub path: String,
    /// The root document it stands in, relative to the module's folder.
    pub root: String,
    /// The operationId of OpenAPI.
    pub upstream_id: Option<String>,
    /// Path and query parameters; headers too.
    pub parameters: Vec<Parameter>,
    /// What is sent.
    pub request: Option<Request>,
    /// What comes back, by status.
    pub responses: BTreeMap<String, Content>,
    /// Whether the source calls it deprecated.
    pub deprecated: bool,
    /// Whether it is a `post` that a collection's resource type describes.
    pub collection_post: bool,
    /// Whether RMB serves it.
    pub rmb: bool,
    /// The commit of a description that is newer than the release.
    pub supplement: Option<String>,
    /// The first version of the module that a description of this project's own is valid for.
    pub ours: Option<String>,
}

impl Operation {
    /// Whether it is said what comes back when it succeeds: a body, or that there is none (204).
    pub(crate) fn says_what_it_gives(&self) -> bool {
        self.responses.iter().any(|(status, content)| {
            status == "204" || status.starts_with('2') && !content.is_empty()
        })
    }
}

/// Bodies by their media types; the schema where there is one, with absolute references.
pub type Content = BTreeMap<String, Option<Value>>;

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header` or `cookie`.
    pub place: String,
    /// Whether it has to be given.
    pub required: bool,
    /// Its schema.
    pub schema: Value,
    /// How it is written, where the description says it.
    pub written: Written,
}

/// How a description says that a parameter is written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// OpenAPI's `style`.
    pub style: Option<String>,
    /// OpenAPI's `explode`.
    pub explode: Option<bool>,
    /// The media type of OpenAPI's `content`.
    pub content: Option<String>,
}

/// How a parameter is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As text; a list as one parameter an element, an object as one a property.
    Plain,
    /// A list in one parameter: the style whose delimiter stands between the elements.
    Joined(&'static str),
    /// An object as one parameter a property, `name[property]`.
    Deep,
}

impl Parameter {
    /// How it is sent, by its schema.
    ///
    /// # Errors
    /// It is described in a form that the SDK does not write.
    pub(crate) fn form(&self, schema: &Value) -> std::result::Result<Form, String> {
        let Written {
            style,
            explode,
            content,
        } = &self.written;
        if let Some(media_type) = content {
            return Err(format!("is written as {}", media_type.escape_debug()));
        }
        let usual = if self.place == "query" {
            "form"
        } else {
            "simple"
        };
        let style = style.as_deref().unwrap_or(usual);
        let explode = explode.unwrap_or(style == "form");
        let is_list = schema.get("type").and_then(Value::as_str) == Some("array");
        let is_scalar = matches!(
            schema.get("type").and_then(Value::as_str),
            Some("string" | "integer" | "number" | "boolean")
        );
        match (style, explode) {
            ("form", true) if self.place == "query" => Ok(Form::Plain),
            ("form" | "spaceDelimited" | "pipeDelimited", _)
                if self.place == "query" && is_scalar =>
            {
                Ok(Form::Plain)
            }
            ("spaceDelimited" | "pipeDelimited", true) if self.place == "query" && is_list => {
                Ok(Form::Plain)
            }
            ("form", false) if self.place == "query" && is_list => Ok(Form::Joined("form")),
            ("spaceDelimited", false) if self.place == "query" && is_list => {
                Ok(Form::Joined("spaceDelimited"))
            }
            ("pipeDelimited", false) if self.place == "query" && is_list => {
                Ok(Form::Joined("pipeDelimited"))
            }
            ("deepObject", _) if self.place == "query" => Ok(Form::Deep),
            ("simple", _) if self.place != "query" => Ok(Form::Plain),
            _ => Err(format!(
                "has the style `{}`, explode {explode}",
                style.escape_debug()
            )),
        }
    }

    /// Its name; several, where RAML has an expression between slashes that is a choice of words, and none where it is another: nobody can
    /// tell what matches it.
    pub(crate) fn names(&self) -> Vec<&str> {
        let expression = self
            .name
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix('/'));
        let Some(expression) = expression else {
            return vec![&self.name];
        };
        let words = expression.trim_start_matches('^').trim_end_matches('$');
        let words = words
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(words);
        let is_word = |word: &str| {
            let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
            !word.is_empty() && word.chars().all(is_plain)
        };
        match words.split('|').all(is_word) {
            true => words.split('|').collect(),
            false => Vec::new(),
        }
    }
}

/// What an operation takes.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whether it has to be given.
    pub required: bool,
    /// The bodies.
    pub content: Content,
}

/// All schemas by where they stand: `file#/pointer`, or `file!name` for a type declared in RAML.
#[derive(Debug, Default)]
pub struct Schemas {
    /// The folder that all files have to lie in.
    within: Option<Within>,
    files: HashMap<PathBuf, Value>,
    /// The OpenAPI documents of the module. Files that are meant to be bundled into one refer to its components as to their own.
    roots: Vec<PathBuf>,
    declared: BTreeMap<String, Value>,
    /// Names under which RAML roots declare what stands somewhere.
    pub names: BTreeMap<String, BTreeMap<String, usize>>,
    /// Whether what cannot be read ends the import. Otherwise it is anything, and is told at the end.
    pub strict: bool,
    /// What could not be read, each once.
    pub problems: Vec<Error>,
    /// Overrides that describe what need not be described here.
    pub stale: Vec<String>,
    /// What is read and left out, since the SDK has no place for it: what it is, and what is said of it.
    pub omitted: Vec<(String, String)>,
    /// Whether no descriptor routes what the module describes: an edge module answers at the paths of its own server.
    pub(crate) unrouted: bool,
}

impl Schemas {
    /// What a reference leads to, with its own references made absolute.
    pub fn get(&mut self, reference: &str, from: &Path) -> Result<Value> {
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

    /// Where in a file a reference stands, as a JSON pointer.
    fn place(&self, reference: &str, from: &Path) -> String {
        fn find(value: &Value, from: &Path, reference: &str, at: &mut String) -> bool {
            let length = at.len();
            let mut inside = |step: &str, value: &Value| {
                at.push('/');
                at.push_str(&step.replace('~', "~0").replace('/', "~1"));
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

    fn load(&mut self, path: &Path, from: &Path) -> Result<()> {
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

    /// What stands for a schema that cannot be read: anything, and the problem is told.
    pub(crate) fn anything(&mut self, problem: Error) -> Result<Value> {
        self.forgive(problem)?;
        Ok(json!({}))
    }

    /// Keeps a problem for the report, unless it is to end the import.
    pub(crate) fn forgive(&mut self, problem: Error) -> Result<()> {
        if self.strict {
            return Err(problem);
        }
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        Ok(())
    }

    /// Notes something that is described and that no document has.
    pub(crate) fn omit(&mut self, subject: String, what: String) {
        let omitted = (subject, what);
        if !self.omitted.contains(&omitted) {
            self.omitted.push(omitted);
        }
    }

    /// The folder of the module.
    pub(crate) fn folder(&self) -> PathBuf {
        let within = self.within.as_ref();
        within
            .map(|within| within.folder().to_path_buf())
            .unwrap_or_default()
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
    pub fn document(&mut self, path: &Path) -> Result<&Value> {
        self.load(path, path)?;
        Ok(self.files.get(path).unwrap_or(&Value::Null))
    }

    fn vote(&mut self, reference: &str, name: &str) {
        *self
            .names
            .entry(reference.to_owned())
            .or_default()
            .entry(name.to_owned())
            .or_default() += 1;
    }
}

fn is_yaml(path: &Path) -> bool {
    matches!(
        path.extension().and_then(|e| e.to_str()),
        Some("yaml" | "yml" | "raml")
    )
}

/// Reads a JSON file.
pub fn read_json(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::file(path, format!("cannot be read: {error}")))?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        Error::at(
            path,
            format!("{}:{}", error.line(), error.column()),
            format!("broken JSON: {error}"),
        )
    })
}

/// Makes the references of a schema absolute: `file#/pointer`.
fn absolute(value: &mut Value, file: &Path, depth: usize) -> Result<()> {
    if depth > 128 {
        return Err(Error::file(file, "nested deeper than 128 levels"));
    }
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = resolve(reference, file);
            }
            if let Some(Value::Object(mapping)) = map
                .get_mut("discriminator")
                .and_then(|d| d.get_mut("mapping"))
            {
                for target in mapping.values_mut() {
                    if let Value::String(name) = target {
                        let local = !name.contains(['#', '/', '.']);
                        *name = resolve(
                            &if local {
                                format!("#/components/schemas/{name}")
                            } else {
                                name.clone()
                            },
                            file,
                        );
                    }
                }
            }
            for (key, value) in map {
                if !matches!(key.as_str(), "example" | "examples" | "enum" | "default") {
                    absolute(value, file, depth + 1)?;
                }
            }
        }
        Value::Array(list) => {
            for value in list {
                absolute(value, file, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn resolve(reference: &str, file: &Path) -> String {
    let (target, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    // A reference is a URI: both parts may be percent-encoded.
    let (target, pointer) = (&*decoded(target), &*decoded(pointer));
    let path = match target {
        "" => file.to_path_buf(),
        // A name of a RAML type that was declared beside the schema is tried later, under the file it would be.
        target => clean(
            &file
                .parent()
                .unwrap_or(Path::new(""))
                .join(target.strip_prefix("file:").unwrap_or(target)),
        ),
    };
    // A pointer without its first slash is a mistake that several modules make and every tool of theirs takes.
    let slash = if pointer.is_empty() || pointer.starts_with('/') {
        ""
    } else {
        "/"
    };
    format!("{}#{slash}{pointer}", path.display())
}

/// Text with its percent-encoding taken away; what encodes nothing, or no text, stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| {
            after
                .get(at)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
        let encoded = hex(0)
            .zip(hex(1))
            .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match encoded.filter(|_| byte == b'%') {
            Some(encoded) => {
                bytes.push(encoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

// ---------------------------------------------------------------- RAML

/// Reads a RAML root.
pub fn raml(module: &Path, root: &str, schemas: &mut Schemas) -> Result<Vec<Operation>> {
    let file = clean(&module.join(root));
    let within = schemas.keep_within(module)?;
    let api = raml::read(&file, &within)?;
    for (name, node) in api.types.iter() {
        let schema = match declared(node, &api.types, schemas, name, 0) {
            Ok(schema) => schema,
            // What refers to it meets it again.
            Err(problem) => schemas.anything(problem)?,
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            schemas.vote(reference, name);
        }
    }
    let mut operations = Vec::new();
    for operation in &api.operations {
        let read = match &operation.problem {
            None => raml_operation(operation, root, &api, schemas),
            Some(problem) => Err(problem.clone()),
        };
        match read {
            Ok(operation) => operations.push(operation),
            Err(problem) => {
                schemas.forgive(problem)?;
                operations.push(crate::module::untyped(&operation.method, &operation.path));
            }
        }
    }
    Ok(operations)
}

fn raml_operation(
    operation: &raml::Operation,
    root: &str,
    api: &raml::Api,
    schemas: &mut Schemas,
) -> Result<Operation> {
    let node = &operation.node;
    let mut parameters = Vec::new();
    for (name, parameter) in &operation.uri_parameters {
        let schema = parameter_schema(parameter, &api.types, schemas)?;
        parameters.push(Parameter {
            name: name.trim_end_matches('?').to_owned(),
            place: "path".into(),
            required: true,
            schema,
            written: Written::default(),
        });
    }
    for (place, key) in [("query", "queryParameters"), ("header", "headers")] {
        for (name, parameter) in node.get(key).map(Node::entries).unwrap_or_default() {
            let schema = parameter_schema(parameter, &api.types, schemas)?;
            let required = match parameter.get("required").and_then(Node::text) {
                Some(text) => text == "true",
                // RAML: what has no `required` is required, unless its name ends with `?`. RMB reads it as optional, and it is
                // RMB that serves these.
                None => false,
            };
            parameters.push(Parameter {
                name: name.trim_end_matches('?').to_owned(),
                place: place.into(),
                required,
                schema,
                written: Written::default(),
            });
        }
    }
    if let Some(described) = node.get("queryString") {
        // The whole query string as one object: each of its properties is a parameter.
        parameters.push(Parameter {
            name: "queryString".to_owned(),
            place: "query".into(),
            required: true,
            schema: declaration(described, &api.types, schemas, 0)?,
            written: Written::default(),
        });
    }
    let request = match node.get("body") {
        None => None,
        Some(body) => {
            let content = content(body, &api.media_types, &api.types, schemas)?;
            (!content.is_empty()).then_some(Request {
                required: true,
                content,
            })
        }
    };
    let mut responses = BTreeMap::new();
    for (status, response) in node.get("responses").map(Node::entries).unwrap_or_default() {
        let content = match response.get("body") {
            None => Content::new(),
            Some(body) => content(body, &api.media_types, &api.types, schemas)?,
        };
        responses.insert(status.clone(), content);
    }
    Ok(Operation {
        method: operation.method.clone(),
        path: operation.path.clone(),
        root: root.to_owned(),
        upstream_id: None,
        parameters,
        request,
        responses,
        deprecated: false,
        collection_post: operation.method == "post"
            && operation
                .resource_types
                .iter()
                .any(|name| name.contains("collection")),
        rmb: true,
        supplement: None,
        ours: None,
    })
}

fn content(
    body: &Node,
    media_types: &[String],
    types: &Types,
    schemas: &mut Schemas,
) -> Result<Content> {
    let mut content = Content::new();
    let named: Vec<&(String, Node)> = body
        .entries()
        .iter()
        .filter(|(key, _)| key.contains('/'))
        .collect();
    if named.is_empty() {
        // A body without a media type has the document's; one that is nothing at all is not described.
        if !body.is_null() || body.tag.is_some() {
            let schema = body_schema(body, types, schemas)?;
            for media_type in media_types {
                content.insert(media_type.clone(), schema.clone());
            }
        }
        return Ok(content);
    }
    for (media_type, node) in named {
        content.insert(media_type.clone(), body_schema(node, types, schemas)?);
    }
    Ok(content)
}

fn body_schema(node: &Node, types: &Types, schemas: &mut Schemas) -> Result<Option<Value>> {
    if node.tag.is_none()
        && (node.is_null()
            || node.text().is_some_and(|text| text.trim().is_empty())
            || matches!(&node.kind, Kind::Mapping(entries) if entries.is_empty()))
    {
        return Ok(None);
    }
    // `{type: X}` is X.
    if let [(key, value)] = node.entries()
        && matches!(key.as_str(), "type" | "schema")
    {
        if value.tag.is_none()
            && value.text().is_none_or(|text| text.trim().is_empty())
            && value.entries().is_empty()
        {
            return Ok(None);
        }
        return declaration(value, types, schemas, 0).map(Some);
    }
    declaration(node, types, schemas, 0).map(Some)
}

/// The schema of a named declaration: a reference to where it stands.
fn declared(
    node: &Node,
    types: &Types,
    schemas: &mut Schemas,
    name: &str,
    depth: usize,
) -> Result<Value> {
    if node.tag.as_deref() == Some("include") || node.text().is_some() {
        return declaration(node, types, schemas, depth);
    }
    let key = format!("{}!{name}", node.file.display());
    if !schemas.declared.contains_key(&key) {
        schemas.declared.insert(key.clone(), json!({}));
        let schema = declaration(node, types, schemas, depth + 1)?;
        schemas.declared.insert(key.clone(), schema);
    }
    Ok(json!({"$ref": key}))
}

/// The schema of a type expression or an inline declaration.
fn declaration(node: &Node, types: &Types, schemas: &mut Schemas, depth: usize) -> Result<Value> {
    if depth > 64 {
        return Err(
            node.error("types nested deeper than 64 levels, or a type that leads back to itself")
        );
    }
    if node.tag.as_deref() == Some("include") {
        let path = raml::include_path(node)?;
        let out = schemas
            .within
            .as_ref()
            .and_then(|within| within.problem(&path));
        if let Some(problem) = out {
            return schemas.anything(node.error(problem));
        }
        if !path.is_file() {
            return schemas.anything(node.error(format!(
                "the included file {} does not exist",
                path.display()
            )));
        }
        // An XML schema: what is sent is text, and nothing here reads more of it.
        if path.extension().is_some_and(|extension| extension == "xsd") {
            return Ok(json!({}));
        }
        let reference = format!("{}#", path.display());
        if let Err(problem) = schemas.load(&path, &node.file) {
            return schemas.anything(problem);
        }
        return Ok(json!({"$ref": reference}));
    }
    if node.is_null() {
        return Ok(json!({"type": "string"}));
    }
    if let Some(text) = node.text() {
        return expression(node, text.trim(), types, schemas, depth);
    }
    if let Kind::Sequence(parents) = &node.kind {
        let parts: Vec<Value> = parents
            .iter()
            .map(|p| declaration(p, types, schemas, depth + 1))
            .collect::<Result<_>>()?;
        return Ok(json!({"allOf": parts}));
    }
    let base = match node.get("type").or_else(|| node.get("schema")) {
        Some(base) => declaration(base, types, schemas, depth + 1)?,
        None if node.get("properties").is_some() => json!({"type": "object"}),
        None if node.get("items").is_some() => json!({"type": "array"}),
        None => json!({"type": "string"}),
    };
    let mut own = Map::new();
    for (key, value) in node.entries() {
        match key.as_str() {
            "properties" => {
                let mut properties = Map::new();
                let mut required = Vec::new();
                for (name, property) in value.entries() {
                    let (plain, mut needed) = match name.strip_suffix('?') {
                        Some(plain) => (plain, false),
                        None => (name.as_str(), true),
                    };
                    if let Some(said) = property.get("required").and_then(Node::text) {
                        needed = said == "true";
                    }
                    properties.insert(
                        plain.to_owned(),
                        declaration(property, types, schemas, depth + 1)?,
                    );
                    if needed {
                        required.push(Value::from(plain));
                    }
                }
                own.insert("properties".into(), properties.into());
                own.insert("required".into(), required.into());
            }
            "items" => {
                own.insert(
                    "items".into(),
                    declaration(value, types, schemas, depth + 1)?,
                );
            }
            "enum"
            | "pattern"
            | "minLength"
            | "maxLength"
            | "minimum"
            | "maximum"
            | "format"
            | "multipleOf"
            | "minItems"
            | "maxItems"
            | "uniqueItems"
            | "minProperties"
            | "maxProperties"
            | "additionalProperties" => {
                own.insert(key.clone(), value.json());
            }
            // `default: null` is none.
            "default" if !value.is_null() => _ = own.insert(key.clone(), value.json()),
            _ => {}
        }
    }
    let Value::Object(mut base) = base else {
        return Ok(base);
    };
    if base.contains_key("$ref") && !own.is_empty() {
        // Of a named type with a default it is still that type; what is an object besides is one that has fields.
        let default = own.remove("default");
        if own.contains_key("properties") || own.contains_key("additionalProperties") {
            own.insert("type".into(), "object".into());
        }
        let parts = match own.is_empty() {
            true => json!([base]),
            false => json!([base, own]),
        };
        let mut whole = json!({"allOf": parts});
        if let Some(default) = default {
            whole["default"] = default;
        }
        return Ok(match (own.is_empty(), whole.get("default")) {
            (true, None) => base.into(),
            _ => whole,
        });
    }
    base.extend(own);
    Ok(base.into())
}

fn expression(
    node: &Node,
    text: &str,
    types: &Types,
    schemas: &mut Schemas,
    depth: usize,
) -> Result<Value> {
    if text.starts_with('{') {
        let mut schema: Value = match serde_json::from_str(text) {
            Ok(schema) => schema,
            Err(error) => {
                return schemas.anything(node.error(format!("broken JSON in a schema: {error}")));
            }
        };
        absolute(&mut schema, &node.file, 0)?;
        return Ok(schema);
    }
    if text.contains('|') {
        let parts: Vec<&str> = text
            .trim_matches(['(', ')'])
            .split('|')
            .map(str::trim)
            .collect();
        let nil = parts.contains(&"nil");
        let parts: Vec<Value> = parts
            .into_iter()
            .filter(|part| *part != "nil")
            .map(|part| expression(node, part, types, schemas, depth + 1))
            .collect::<Result<_>>()?;
        return Ok(match (&parts[..], nil) {
            ([only], true) => json!({"allOf": [only], "nullable": true}),
            _ => json!({"oneOf": parts, "nullable": nil}),
        });
    }
    if let Some(items) = text.strip_suffix("[]") {
        let items = expression(
            node,
            items.trim().trim_matches(['(', ')']),
            types,
            schemas,
            depth + 1,
        )?;
        return Ok(json!({"type": "array", "items": items}));
    }
    if let Some(optional) = text.strip_suffix('?') {
        return expression(node, optional, types, schemas, depth + 1);
    }
    Ok(match text {
        "string" | "object" | "boolean" | "integer" | "number" | "array" => json!({"type": text}),
        "any" | "nil" => json!({}),
        "file" => json!({"type": "string", "format": "binary"}),
        "date-only" => json!({"type": "string", "format": "date"}),
        "datetime" => json!({"type": "string", "format": "date-time"}),
        "time-only" | "datetime-only" => json!({"type": "string"}),
        name => {
            let found = types
                .get(name)
                .or_else(|| types.of_library(name, &node.file));
            let Some((found, sight)) = found else {
                let known = types.names();
                return schemas.anything(node.error(format!(
                    "unknown type `{name}`; declared are: {}",
                    known.join(", ")
                )));
            };
            let (found, sight) = (found.clone(), sight.clone());
            declared(&found, &sight, schemas, name, depth + 1)?
        }
    })
}

fn parameter_schema(node: &Node, types: &Types, schemas: &mut Schemas) -> Result<Value> {
    let schema = declaration(node, types, schemas, 0)?;
    // `repeat: true` is how RAML 0.8 says that a parameter is a list.
    Ok(match node.get("repeat").and_then(Node::text) {
        Some("true") => json!({"type": "array", "items": schema}),
        _ => schema,
    })
}

// ---------------------------------------------------------------- OpenAPI

/// Reads an OpenAPI root; `base` goes before its paths.
pub fn openapi(
    module: &Path,
    root: &str,
    base: &str,
    schemas: &mut Schemas,
) -> Result<Vec<Operation>> {
    let file = clean(&module.join(root));
    schemas.keep_within(module)?;
    let document = schemas.document(&file)?.clone();
    schemas.roots.push(file.clone());
    let version = document
        .get("openapi")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !version.starts_with("3.") {
        return Err(Error::file(
            &file,
            format!("expected `openapi: 3.x`, found `{version}`"),
        ));
    }
    let mut operations = Vec::new();
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let own = own_base(&document, &paths);
    let base = match own {
        Some(own) if base.is_empty() && schemas.unrouted => own,
        _ => base,
    };
    for (path, item) in paths {
        let read = follow(&item, &file, schemas).and_then(|(item, home)| {
            let shared = list(&item, "parameters", &home, schemas)?;
            Ok((item, home, shared))
        });
        let (item, home, shared) = match read {
            Ok(read) => read,
            Err(problem) => {
                schemas.forgive(problem)?;
                continue;
            }
        };
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let path = format!("{}{path}", base.trim_end_matches('/'));
            match openapi_operation(operation, method, path, root, &home, &shared, schemas) {
                Ok(operation) => operations.push(operation),
                Err(problem) => schemas.forgive(problem)?,
            }
        }
    }
    Ok(operations)
}

/// The path of a server that is given without a host, unless the paths begin with it themselves.
fn own_base<'a>(document: &'a Value, paths: &Map<String, Value>) -> Option<&'a str> {
    let server = document.pointer("/servers/0/url")?.as_str()?;
    let base = server.trim_end_matches('/');
    let begins = |path: &String| {
        path.strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let applies = base.starts_with('/') && !base.starts_with("//") && !paths.keys().any(begins);
    applies.then_some(base)
}

fn openapi_operation(
    operation: &Value,
    method: &str,
    path: String,
    root: &str,
    home: &Path,
    shared: &[(Value, PathBuf)],
    schemas: &mut Schemas,
) -> Result<Operation> {
    let mut parameters = Vec::new();
    for (parameter, home) in list(operation, "parameters", home, schemas)?
        .into_iter()
        .chain(shared.to_vec())
    {
        let text = |key: &str| {
            parameter
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let (Some(name), Some(place)) = (text("name"), text("in")) else {
            return Err(Error::file(
                &home,
                format!("a parameter of {method} {path} without `name` or `in`"),
            ));
        };
        if parameters
            .iter()
            .any(|known: &Parameter| known.name == name && known.place == place)
        {
            continue;
        }
        let schema = parameter.get("schema").or_else(|| {
            parameter
                .get("content")?
                .as_object()?
                .values()
                .next()?
                .get("schema")
        });
        let mut schema = schema.cloned().unwrap_or_else(|| json!({"type": "string"}));
        absolute(&mut schema, &home, 0)?;
        let required = parameter.get("required") == Some(&Value::Bool(true));
        parameters.push(Parameter {
            name,
            place,
            required,
            schema,
            written: Written {
                style: text("style"),
                explode: parameter.get("explode").and_then(Value::as_bool),
                content: parameter
                    .get("content")
                    .and_then(Value::as_object)
                    .and_then(|content| content.keys().next().cloned()),
            },
        });
    }
    let request = match operation.get("requestBody") {
        None => None,
        Some(body) => {
            let (body, home) = follow(body, home, schemas)?;
            let required = body.get("required") == Some(&Value::Bool(true));
            Some(Request {
                required,
                content: openapi_content(&body, &home)?,
            })
        }
    };
    let mut responses = BTreeMap::new();
    for (status, response) in operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let (response, home) = follow(response, home, schemas)?;
        responses.insert(status.clone(), openapi_content(&response, &home)?);
    }
    Ok(Operation {
        method: method.to_owned(),
        path,
        root: root.to_owned(),
        upstream_id: operation
            .get("operationId")
            .and_then(Value::as_str)
            .map(str::to_owned),
        parameters,
        request,
        responses,
        deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
        collection_post: false,
        rmb: false,
        supplement: None,
        ours: None,
    })
}

fn openapi_content(of: &Value, home: &Path) -> Result<Content> {
    let mut content = Content::new();
    for (media_type, value) in of
        .get("content")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let mut schema = value.get("schema").cloned();
        if let Some(schema) = &mut schema {
            absolute(schema, home, 0)?;
        }
        content.insert(media_type.clone(), schema);
    }
    Ok(content)
}

/// Follows `$ref` to the value and the file it stands in.
fn follow(value: &Value, home: &Path, schemas: &mut Schemas) -> Result<(Value, PathBuf)> {
    let mut value = value.clone();
    let mut home = home.to_path_buf();
    for _ in 0..32 {
        let Some(Value::String(reference)) = value.get("$ref") else {
            return Ok((value, home));
        };
        let target = resolve(reference, &home);
        let (file, pointer) = target.split_once('#').unwrap_or((&target, ""));
        let path = PathBuf::from(file);
        schemas.load(&path, &home)?;
        let found = schemas
            .files
            .get(&path)
            .and_then(|root| root.pointer(pointer))
            .cloned();
        value = found.ok_or_else(|| {
            Error::at(
                &home,
                schemas.place(&target, &home),
                format!("the reference `{reference}` leads nowhere: {file} has no `{pointer}`"),
            )
        })?;
        home = path;
    }
    Err(Error::file(
        &home,
        "references that lead back to themselves",
    ))
}

/// A list of what may be references; the list itself may be one.
fn list(
    of: &Value,
    key: &str,
    home: &Path,
    schemas: &mut Schemas,
) -> Result<Vec<(Value, PathBuf)>> {
    let Some(list) = of.get(key) else {
        return Ok(Vec::new());
    };
    let (list, home) = follow(list, home, schemas)?;
    let mut all = Vec::new();
    for value in list.as_array().into_iter().flatten() {
        let (value, home) = follow(value, &home, schemas)?;
        match value {
            Value::Array(inner) => {
                for value in &inner {
                    all.push(follow(value, &home, schemas)?);
                }
            }
            value => all.push((value, home)),
        }
    }
    Ok(all)
}
